//! What a line says beside its fields, as members of an object.

use std::borrow::Cow;

use super::{Body, Recognised};
use crate::json::{Kind, Reader, string};

/// Members in the order of the line. A name may occur twice, as the line has it.
pub type Metadata<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    Text(Cow<'a, str>),
    /// Any value of JSON, as it was written.
    Json(Cow<'a, str>),
    Object(Metadata<'a>),
}

impl Value<'_> {
    /// Appends the value as JSON.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => string::write(text, out),
            Self::Json(json) => out.extend_from_slice(json.as_bytes()),
            Self::Object(members) => {
                out.push(b'{');
                write_members(members, out);
                out.push(b'}');
            }
        }
    }

    /// A number or boolean where the text is one.
    fn of_text(text: Cow<'_, str>) -> Value<'_> {
        let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '-') && {
            let mut reader = Reader::new(text.as_bytes(), 1);
            matches!(reader.token(), Ok(Some(token)) if token.kind == Kind::Number && token.end == text.len())
        };
        if is_number || matches!(&*text, "true" | "false") { Value::Json(text) } else { Value::Text(text) }
    }
}

/// Appends `"name":value,…`, without braces around them.
pub fn write_members(members: &Metadata<'_>, out: &mut Vec<u8>) {
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string::write(name, out);
        out.push(b':');
        value.write(out);
    }
}

pub(super) fn of<'a>(recognised: &'a Recognised<'_>) -> Metadata<'a> {
    let mut metadata = Metadata::new();
    if let Some(stream) = recognised.stream {
        metadata.push(("stream".into(), Value::Text(stream.into())));
    }
    if let Some(syslog) = &recognised.syslog {
        if let Some(facility) = syslog.facility {
            metadata.push(("facility".into(), Value::Json(facility.to_string().into())));
        }
        if let Some(severity) = syslog.severity {
            metadata.push(("severity".into(), text(severity)));
        }
        object(
            "process",
            [("name", text(syslog.program)), ("pid", Value::of_text(syslog.pid.into()))],
            &mut metadata,
        );
        if !syslog.message_id.is_empty() {
            metadata.push(("messageId".into(), text(syslog.message_id)));
        }
        if !syslog.structured_data.is_empty() {
            metadata.push(("structuredData".into(), Value::Object(elements(syslog.structured_data))));
        }
    }
    match &recognised.body {
        Body::Plain => {}
        Body::Json(object) => metadata
            .extend(object.others().into_iter().map(|member| (member.key, Value::Json(member.json.into())))),
        Body::Logfmt(line) => {
            metadata.extend(line.others().map(|(key, value)| (Cow::Borrowed(key), Value::of_text(value))));
        }
        Body::Access(access) => object(
            "http",
            [
                ("agent", text(access.agent)),
                ("bytes", Value::Json(access.bytes.into())),
                ("clientIp", text(access.client_ip)),
                ("method", text(access.method)),
                ("path", text(access.path)),
                ("protocol", text(access.protocol)),
                ("referer", text(access.referer)),
                ("status", Value::Json(access.status.to_string().into())),
                ("user", text(access.user)),
            ],
            &mut metadata,
        ),
        Body::Klog(klog) => {
            metadata.push(("thread".into(), Value::of_text(klog.thread.into())));
            metadata.push(("source".into(), text(klog.source)));
        }
    }
    metadata
}

fn text(text: &str) -> Value<'_> {
    Value::Text(text.into())
}

/// Adds an object of those members that are not empty.
fn object<'a, const N: usize>(
    name: &'static str,
    members: [(&'static str, Value<'a>); N],
    metadata: &mut Metadata<'a>,
) {
    let filled: Metadata<'a> = members
        .into_iter()
        .filter(|(_, value)| !matches!(value, Value::Text(text) | Value::Json(text) if text.is_empty()))
        .map(|(name, value)| (Cow::Borrowed(name), value))
        .collect();
    if !filled.is_empty() {
        metadata.push((name.into(), Value::Object(filled)));
    }
}

/// The elements of `[id key="value" …]…`, which is complete. Of equal names in a row the first counts.
fn elements(text: &str) -> Metadata<'_> {
    let mut elements = Metadata::new();
    let mut rest = text;
    while let Some(after) = rest.strip_prefix('[') {
        let Some(end) = after.find([' ', ']']) else { break };
        let (id, mut inner) = after.split_at(end);
        let mut parameters = Metadata::new();
        loop {
            inner = inner.trim_start_matches(' ');
            if let Some(after) = inner.strip_prefix(']') {
                rest = after;
                break;
            }
            let Some((name, after)) = inner.split_once("=\"") else { return elements };
            let (value, after) = parameter(after);
            inner = after;
            if parameters.last().is_none_or(|(last, _)| last != name) {
                parameters.push((name.into(), Value::Text(value)));
            }
        }
        elements.push((id.into(), Value::Object(parameters)));
    }
    elements
}

/// A value up to its closing quote, and what follows. Only `"`, `\` and `]` are escaped (RFC 5424, 6.3.3).
fn parameter(text: &str) -> (Cow<'_, str>, &str) {
    let Some(first) = text.find(['"', '\\']) else { return (text.into(), "") };
    if text.as_bytes().get(first) == Some(&b'"') {
        return (text[..first].into(), &text[first + 1..]);
    }
    let mut value = text[..first].to_owned();
    let mut characters = text[first..].char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return (value.into(), &text[first + index + 1..]),
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\' | ']'))) => value.push(escaped),
                Some((_, other)) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            other => value.push(other),
        }
    }
    (value.into(), "")
}
