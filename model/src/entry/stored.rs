//! The fixed fields of the stored form.

use std::borrow::Cow;

use super::field::Field;
use super::fields::{Fields, Value};
use super::{Rejection, Stamp, metadata};
use crate::document::KEYWORD_LIMIT;
use crate::json::{Escapes, Kind, string};
use crate::{Level, Timestamp, level};

/// Appends the stored form of an entry; on rejection `out` is as it was.
pub(super) fn append(fields: &Fields<'_>, stamp: Stamp, out: &mut Vec<u8>) -> Result<(), Rejection> {
    let start = out.len();
    let written = write(fields, stamp, out);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

fn write(fields: &Fields<'_>, stamp: Stamp, out: &mut Vec<u8>) -> Result<(), Rejection> {
    let message = message(fields)?;
    let mut truncated: Vec<Cow<'static, str>> = Vec::new();

    out.extend_from_slice(b"{\"id\":\"");
    out.extend_from_slice(&stamp.id.to_text());
    out.extend_from_slice(b"\",\"receivedAt\":\"");
    let received_at = out.len();
    stamp.received_at.write_rfc3339(out);
    let received_at = received_at..out.len();
    out.extend_from_slice(b"\",\"timestamp\":\"");
    match (fields.time, fields.get(Field::Timestamp)) {
        // The time as it was sent, where that is how it is stored.
        (Some(_), Some(value)) if is_stored_form(value) => {
            out.extend_from_slice(value.inner().as_bytes());
        }
        (Some(time), _) => time.write_rfc3339(out),
        (None, Some(value)) => write_time(value, out)?,
        (None, None) => out.extend_from_within(received_at),
    }
    out.push(b'"');
    if let Some(value) = fields.get(Field::Level) {
        out.extend_from_slice(b",\"level\":");
        write_level(value, out, &mut truncated)?;
    }
    out.extend_from_slice(b",\"message\":");
    write_string(message, out);
    for (field, key) in [
        (Field::ResourceId, ",\"resourceId\":"),
        (Field::TraceId, ",\"traceId\":"),
        (Field::SpanId, ",\"spanId\":"),
        (Field::Commit, ",\"commit\":"),
    ] {
        if let Some(value) = fields.get(field) {
            out.extend_from_slice(key.as_bytes());
            write_keyword(field, value, out, &mut truncated)?;
        }
    }
    metadata::write(fields, out, &mut truncated)?;
    write_truncated(&truncated, out);
    out.push(b'}');
    Ok(())
}

fn message<'f, 'a>(fields: &'f Fields<'a>) -> Result<&'f Value<'a>, Rejection> {
    let field = Field::Message.name();
    match fields.get(Field::Message) {
        None => Err(Rejection::field(field, "missing: an entry needs a message, a string that may be empty")),
        Some(value) if value.kind == Kind::String => Ok(value),
        Some(value) => Err(Rejection::field(field, format!("must be a string, found {}", value.kind.name()))),
    }
}

fn write_time(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), Rejection> {
    let expected = "must be an RFC 3339 time such as 2023-09-15T08:00:00Z or 2023-09-15T10:00:00.123+02:00";
    let reject =
        |found: &str| Rejection::field(Field::Timestamp.name(), format!("{expected}, found {found}"));
    if value.kind != Kind::String {
        return Err(reject(value.kind.name()));
    }
    let text = value.decoded();
    let Some(time) = Timestamp::parse_rfc3339(text.as_bytes()) else {
        let more = if text.len() > 64 { "…" } else { "" };
        return Err(reject(&format!("{:?}{more}", string::cut(&text, 64))));
    };
    if is_canonical(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        time.write_rfc3339(out);
    }
    Ok(())
}

/// Whether the text of a value that was read as a time is the one that is stored.
fn is_stored_form(value: &Value<'_>) -> bool {
    value.kind == Kind::String
        && matches!(value.escapes, Escapes::Plain | Escapes::None)
        && is_canonical(value.inner().as_bytes())
}

/// Whether a valid RFC 3339 time is spelled as [`Timestamp::write_rfc3339`] would.
fn is_canonical(text: &[u8]) -> bool {
    let shape = matches!(text, [.., b'Z']) && text.get(10) == Some(&b'T') && text.get(17) != Some(&b'6');
    shape
        && match text.len() {
            20 => true,
            24 | 27 | 30 => text[19] == b'.' && !text.ends_with(b"000Z"),
            _ => false,
        }
}

fn write_level(
    value: &Value<'_>,
    out: &mut Vec<u8>,
    truncated: &mut Vec<Cow<'static, str>>,
) -> Result<(), Rejection> {
    if !matches!(value.kind, Kind::String | Kind::Number) {
        let found = value.kind.name();
        return Err(Rejection::field(
            Field::Level.name(),
            format!("must be a string or a number, found {found}"),
        ));
    }
    let text = value.decoded();
    match Level::recognise(&text) {
        Some(level) => string::write(level.as_str(), out),
        None => {
            let name = level::normalise(&text);
            if name.len() > KEYWORD_LIMIT {
                truncated.push(Field::Level.name().into());
            }
            string::write(&name, out);
        }
    }
    Ok(())
}

fn write_keyword(
    field: Field,
    value: &Value<'_>,
    out: &mut Vec<u8>,
    truncated: &mut Vec<Cow<'static, str>>,
) -> Result<(), Rejection> {
    check_scalar(field, value)?;
    if value.inner().len() > KEYWORD_LIMIT && value.decoded().len() > KEYWORD_LIMIT {
        truncated.push(field.name().into());
    }
    if value.kind == Kind::String {
        write_string(value, out);
    } else {
        string::write(value.text, out);
    }
    Ok(())
}

fn check_scalar(field: Field, value: &Value<'_>) -> Result<(), Rejection> {
    match value.kind {
        Kind::Object | Kind::Array => {
            let found = value.kind.name();
            Err(Rejection::field(
                field.name(),
                format!("must be a string, a number or a boolean, found {found}"),
            ))
        }
        _ => Ok(()),
    }
}

fn write_string(value: &Value<'_>, out: &mut Vec<u8>) {
    match value.escapes {
        Escapes::Plain => string::write(value.text, out),
        Escapes::LoneSurrogate => string::write(&value.decoded(), out),
        Escapes::None | Escapes::Some => out.extend_from_slice(value.text.as_bytes()),
    }
}

fn write_truncated(truncated: &[Cow<'static, str>], out: &mut Vec<u8>) {
    for (index, name) in truncated.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b",\"truncated\":[" } else { b"," });
        string::write(name, out);
    }
    if !truncated.is_empty() {
        out.push(b']');
    }
}
