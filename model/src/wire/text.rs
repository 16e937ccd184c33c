//! Plain text: a line an entry, and lines that go on with an entry joined to it.

mod records;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::{Full, Sink};
use crate::Timestamp;
use crate::entry::{Draft, Field, Members};
use crate::json::{Kind, Reader};
use crate::line::{self, Context, Recognised};
use records::{Record, Records};

/// What a sender says beside its lines.
#[derive(Debug, Clone)]
pub struct Beside<'a> {
    /// For what a time in a line leaves open.
    pub context: Context,
    /// The time of lines that have none.
    pub time: Option<Timestamp>,
    /// Attributes of every line, by the names of the vocabulary.
    pub attributes: Vec<(&'a str, &'a str)>,
}

impl Beside<'_> {
    pub fn nothing(now: Timestamp) -> Self {
        Self { context: Context { now, offset_seconds: 0 }, time: None, attributes: Vec::new() }
    }
}

/// Hands every line of a body to the sink. Blank lines are skipped. Lines that are indented, and those that stack traces
/// begin with, join the line before them, as do the parts of a line that a container runtime has cut.
pub fn read(body: &[u8], beside: &Beside<'_>, sink: &mut dyn Sink) -> Result<(), Full> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = match str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            // A byte that is no text becomes three.
            sink.charge(body.len().saturating_mul(3))?;
            String::from_utf8_lossy(body)
        }
    };
    let limit = sink.limits().entry_bytes;
    let mut draft = Draft::default();
    for Record { number, text } in Records::new(&text, limit) {
        match text {
            Cow::Borrowed(text) => {
                draft.clear();
                take(number, text, beside, &mut draft, sink)?;
            }
            Cow::Owned(text) => take(number, &text, beside, &mut Draft::default(), sink)?,
        }
    }
    Ok(())
}

/// Hands every object of a body to the sink, an array's elements or such as span lines, read as a line is.
pub fn read_objects(body: &[u8], beside: &Beside<'_>, sink: &mut dyn Sink) -> Result<(), Full> {
    let limits = *sink.limits();
    for line in super::json::lines(body, &limits) {
        match line.json {
            Ok(json) => {
                take(line.number, &String::from_utf8_lossy(json), beside, &mut Draft::default(), sink)?;
            }
            Err(rejection) => sink.reject(line.number, rejection)?,
        }
    }
    Ok(())
}

fn take<'a>(
    number: u64,
    text: &'a str,
    beside: &Beside<'a>,
    draft: &mut Draft<'a>,
    sink: &mut dyn Sink,
) -> Result<(), Full> {
    fill(draft, line::recognise(text, &beside.context));
    if let Some(time) = beside.time {
        draft.set_open_time(time);
    }
    for (name, text) in &beside.attributes {
        draft.attribute(*name, *text);
    }
    sink.take(number, None, draft).map(drop)
}

/// Fills an entry with what a line says of itself.
pub(crate) fn fill<'a>(draft: &mut Draft<'a>, line: Recognised<'a>) {
    for (name, value) in line.metadata() {
        push(draft.metadata(), &name, &value);
    }
    if let Some(time) = line.timestamp {
        draft.set_time(time);
    }
    let fields = [
        (Field::Level, line.level),
        (Field::ResourceId, line.resource_id),
        (Field::TraceId, line.trace_id),
        (Field::SpanId, line.span_id),
        (Field::Commit, line.commit),
    ];
    for (field, text) in fields {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            draft.set(field, text);
        }
    }
    draft.set(Field::Message, line.message);
}

fn push(members: &mut Members, name: &str, value: &line::Value<'_>) {
    match value {
        line::Value::Text(text) => members.string(name, text),
        line::Value::Json(json) => {
            members.key(name);
            members.push_json(json, levels(json));
        }
        line::Value::Object(inner) => {
            members.open_object(name);
            for (name, value) in inner {
                push(members, name, value);
            }
            members.close();
        }
    }
}

/// Levels of containers in a value of JSON.
pub(super) fn levels(json: &str) -> usize {
    let mut reader = Reader::new(json.as_bytes(), usize::MAX);
    let mut deepest = 0;
    while let Ok(Some(token)) = reader.token() {
        if matches!(token.kind, Kind::Object | Kind::Array) {
            deepest = deepest.max(reader.depth());
        }
    }
    deepest
}
