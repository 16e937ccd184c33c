//! An entry as it is indexed: its stored form with what is searched beside it.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use bytes::Bytes;
use logpipeline_model::elasticsearch::{ERA_WITHIN, RAW_LIMIT};
use logpipeline_model::query::text;
use logpipeline_model::{Document, EntryId, Timestamp};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::parseable::is_parseable;
use crate::terms;

/// What `date_nanos` can hold, in nanoseconds of the Unix epoch.
pub(super) const WITHIN: RangeInclusive<i128> = 0..=i64::MAX as i128;

/// Bytes that the terms of one entry's metadata may take beyond eight times the entry's own.
const MOST_TERMS: usize = 1 << 20;

/// Appends the source of the entry's document.
pub(super) fn write(document: &Document<'_>, body: &Bytes, out: &mut Vec<u8>) {
    let time = document.timestamp;
    out.extend_from_slice(b"{\"@timestamp\":\"");
    nearest(time).write_rfc3339(out);
    out.extend_from_slice(b"\",\"search\":{\"era\":\"");
    out.extend_from_slice(era(time).as_bytes());
    out.push(b'"');
    write_terms(document, body.len(), out);
    out.push(b'}');
    if is_searched_as_stored(document, body) {
        // The stored form is an object with at least an id.
        out.push(b',');
        out.extend_from_slice(&body[1..]);
        return;
    }
    let fields = json!({
        "id": document.id.to_string(),
        "receivedAt": nearest(document.received_at).to_string(),
        "message": document.message,
        "level": document.level,
        "resourceId": document.resource_id,
        "traceId": document.trace_id,
        "spanId": document.span_id,
        "commit": document.commit,
        "original": String::from_utf8_lossy(body),
    });
    for (name, value) in fields.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        append(value, out);
    }
    out.push(b'}');
}

/// The stored form that [`write`] was given.
pub(super) fn stored_form(source: &RawValue) -> Option<Bytes> {
    let text = source.get();
    // What stands before the stored form is ours, and without braces within strings it would be a scan.
    let rest = skip_search(text)?;
    if rest.contains("\"original\":") {
        let value: Value = serde_json::from_str(text).ok()?;
        if let Some(original) = value.get("original").and_then(Value::as_str) {
            return Some(Bytes::copy_from_slice(original.as_bytes()));
        }
    }
    let mut body = Vec::with_capacity(rest.len() + 1);
    body.push(b'{');
    body.extend_from_slice(rest.as_bytes());
    Some(body.into())
}

/// What follows the fields that [`write`] puts first.
fn skip_search(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("{\"@timestamp\":\"")?;
    let rest = &rest[rest.find("\",\"search\":")? + 11..];
    let mut depth = 0_u32;
    let mut in_string = false;
    let mut bytes = rest.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if in_string => {
                bytes.next();
            }
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return rest[at + 1..].strip_prefix(',');
                }
            }
            _ => {}
        }
    }
    None
}

/// The time as `date_nanos` holds it, or the nearest it can.
pub(super) fn nearest(time: Timestamp) -> Timestamp {
    Timestamp::from_unix_nanos(time.unix_nanos().clamp(*WITHIN.start(), *WITHIN.end()))
}

/// Sorts entries whose times `date_nanos` does not tell apart.
pub(super) fn era(time: Timestamp) -> Cow<'static, str> {
    let nanos = time.unix_nanos();
    if WITHIN.contains(&nanos) {
        return Cow::Borrowed(ERA_WITHIN);
    }
    // Times have less than 80 bits; the bias makes them positive, so that they sort as text.
    let sortable = nanos + (1 << 100);
    let side = if nanos < 0 { '1' } else { '9' };
    Cow::Owned(format!("{side}{sortable:026x}"))
}

/// The time that [`nearest`] and [`era`] were made from.
pub(super) fn time_of(nearest: i64, era: &str) -> Option<Timestamp> {
    if era == ERA_WITHIN {
        return Some(Timestamp::from_unix_nanos(nearest.into()));
    }
    let sortable = i128::from_str_radix(era.get(1..)?, 16).ok()?;
    Some(Timestamp::from_unix_nanos(sortable - (1 << 100)))
}

/// Whether an engine that indexes the stored form as it is searches what the language does.
fn is_searched_as_stored(document: &Document<'_>, body: &[u8]) -> bool {
    let cut = |value: &Option<Cow<'_, str>>| {
        value.as_ref().is_some_and(|value| value.len() > logpipeline_model::document::KEYWORD_LIMIT - 4)
    };
    WITHIN.contains(&document.received_at.unix_nanos())
        && !cut(&document.level)
        && !cut(&document.resource_id)
        && !cut(&document.trace_id)
        && !cut(&document.span_id)
        && !cut(&document.commit)
        && body.len() > 2
        && is_parseable(body)
        // So that the word alone tells, when reading, that nothing stands aside.
        && memchr::memmem::find(body, b"\"original\":").is_none()
}

fn write_terms(document: &Document<'_>, entry: usize, out: &mut Vec<u8>) {
    let (mut paths, mut values) = (Vec::new(), Vec::new());
    terms::of_metadata(document, 8 * entry + MOST_TERMS, |term| {
        let list = if terms::is_of_path(term) { &mut paths } else { &mut values };
        append(&Value::String(terms::as_text(term)), list);
        list.push(b',');
        if let Some(number) = terms::number_path(term) {
            append(&Value::String(terms::as_text(number)), &mut paths);
            paths.push(b',');
        }
    });
    let mut mark = |marker: &[u8]| {
        append(&Value::String(terms::as_text(marker)), &mut values);
        values.push(b',');
    };
    if text::tokens(&document.message).any(|token| token.cut) {
        mark(terms::CUT_TOKEN);
    }
    let long = document.message.len() > RAW_LIMIT && document.message.encode_utf16().count() > RAW_LIMIT;
    if long || document.message.starts_with('\0') {
        mark(terms::NOT_RAW);
    }
    if is_seen_otherwise(document) {
        mark(terms::OTHERWISE);
    }
    for (name, mut list) in [("paths", paths), ("values", values)] {
        if list.pop().is_some() {
            out.extend_from_slice(format!(",\"{name}\":[").as_bytes());
            out.append(&mut list);
            out.push(b']');
        }
    }
}

/// Whether engines may see other tokens or other folded values: they know characters by the tables of their
/// Java, and cut tokens at so many units of UTF-16.
fn is_seen_otherwise(document: &Document<'_>) -> bool {
    let fixed =
        [&document.level, &document.resource_id, &document.trace_id, &document.span_id, &document.commit];
    let disputed = |text: &str| !text.is_ascii() && text.chars().any(is_disputed);
    let long = |text: &str| {
        !text.is_ascii()
            && text::tokens(text).any(|token| token.raw.encode_utf16().count() > text::TOKEN_LIMIT)
    };
    disputed(&document.message)
        || long(&document.message)
        || fixed.into_iter().flatten().any(|value| disputed(value))
}

/// Whether supported engines may differ in what the character is, or folds to.
pub(super) fn is_disputed(character: char) -> bool {
    !character.is_ascii()
        && DISPUTED
            .ranges()
            .binary_search_by(|range| {
                if range.end() < character {
                    std::cmp::Ordering::Less
                } else if range.start() > character {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                }
            })
            .is_ok()
}

/// Token characters, and those that folding changes, newer than Unicode 10, which the oldest Java has that a
/// supported engine runs on.
static DISPUTED: LazyLock<ClassUnicode> = LazyLock::new(|| {
    let known = match regex_syntax::parse(r"\p{age=10.0}").map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(known))) => known,
        _ => ClassUnicode::empty(),
    };
    let of_words =
        |character: &char| text::is_token_char(*character) || text::fold_char(*character) != *character;
    let mut disputed =
        ClassUnicode::new(('\0'..=char::MAX).filter(of_words).map(|one| ClassUnicodeRange::new(one, one)));
    disputed.difference(&known);
    disputed
});

fn append(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(value.to_string().as_bytes());
}

/// The line that goes before a document's source.
pub(super) fn write_action(stream: &str, id: EntryId, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"create\":{\"_index\":\"");
    out.extend_from_slice(stream.as_bytes());
    out.extend_from_slice(b"\",\"_id\":\"");
    out.extend_from_slice(&id.to_text());
    out.extend_from_slice(b"\"}}\n");
}
