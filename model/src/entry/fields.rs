use std::borrow::Cow;

use super::{Limits, Rejection};
use crate::json::{Escapes, Fault, Kind, Marks, Reader, Token, finish_value, string};

/// The top-level fields of an entry as it was sent.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    known: [Option<Value<'a>>; Field::COUNT],
    /// Everything else, in the order of the text; a key may be there twice.
    pub(super) unknown: Vec<(Cow<'a, str>, Value<'a>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Timestamp,
    Level,
    Message,
    ResourceId,
    TraceId,
    SpanId,
    Commit,
    Metadata,
}

/// A value of valid JSON, as it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) kind: Kind,
    pub(super) escapes: Escapes,
    pub(super) text: &'a str,
    pub(super) marks: Marks,
}

impl<'a> Fields<'a> {
    pub(super) fn read(json: &'a [u8], limits: &Limits) -> Result<Self, Rejection> {
        if json.len() > limits.entry_bytes {
            let (size, limit) = (json.len(), limits.entry_bytes);
            return Err(Rejection::whole(format!(
                "the entry has {size} bytes, more than the limit of {limit}"
            )));
        }
        let text = str::from_utf8(json).map_err(|error| {
            Rejection::whole(format!("invalid UTF-8 at byte offset {}", error.valid_up_to()))
        })?;
        let mut reader = Reader::new(json, limits.depth);
        let mut fields = Self { known: [None; Field::COUNT], unknown: Vec::new() };
        match reader.token().map_err(|fault| not_json(text, fault))? {
            Some(Token { kind: Kind::Object, .. }) => {}
            Some(Token { kind, .. }) => {
                return Err(Rejection::whole(format!("an entry is a JSON object, found {}", kind.name())));
            }
            None => {}
        }
        let mut twice = None;
        while let Some(token) = reader.token()? {
            if token.kind != Kind::Key {
                break;
            }
            let key = match token.escapes {
                Escapes::None => Cow::Borrowed(token.inner(text)),
                _ => string::unescape(token.inner(text)),
            };
            let Some(first) = reader.token()? else { break };
            let (end, marks) = finish_value(json, &mut reader, first)?;
            let raw = text.get(first.start..end).unwrap_or_default();
            let value = Value { kind: first.kind, escapes: first.escapes, text: raw, marks };
            match Field::named(&key) {
                Some(field) => {
                    if fields.known[field as usize].replace(value).is_some() {
                        twice = twice.or(Some(field));
                    }
                }
                None => fields.unknown.push((key, value)),
            }
        }
        reader.finish()?;
        match twice {
            Some(field) => Err(Rejection::field(field.name(), "given twice in one entry")),
            None => Ok(fields),
        }
    }

    /// The value of a field; `None` where it is null or was not sent.
    pub(super) fn get(&self, field: Field) -> Option<&Value<'a>> {
        self.known[field as usize].as_ref().filter(|value| value.kind != Kind::Null)
    }
}

/// A line of plain text, most likely: where in it JSON would go on is of no help.
#[cold]
fn not_json(text: &str, fault: Fault) -> Rejection {
    if !matches!(fault, Fault::Unexpected { .. }) {
        return fault.into();
    }
    let found = text.trim_ascii_start();
    let offset = text.len() - found.len();
    let (found, more) = (string::cut(found, 24), if found.len() > 24 { "…" } else { "" });
    Rejection::whole(format!(
        r#"not JSON: an entry is an object such as {{"message":"…"}}, found {found:?}{more} at byte offset {offset}"#
    ))
}

impl<'a> Value<'a> {
    /// What stands between the quotes of a string; any other value as it is written.
    pub(super) fn inner(&self) -> &'a str {
        match self.kind {
            Kind::String => self.text.get(1..self.text.len() - 1).unwrap_or_default(),
            _ => self.text,
        }
    }

    /// What a string stands for; any other value as it is written.
    pub(super) fn decoded(&self) -> Cow<'a, str> {
        match self.escapes {
            Escapes::None => Cow::Borrowed(self.inner()),
            _ => string::unescape(self.inner()),
        }
    }
}

impl Field {
    const COUNT: usize = 8;

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::Level => "level",
            Self::Message => "message",
            Self::ResourceId => "resourceId",
            Self::TraceId => "traceId",
            Self::SpanId => "spanId",
            Self::Commit => "commit",
            Self::Metadata => "metadata",
        }
    }

    fn named(key: &str) -> Option<Self> {
        Some(match key {
            "timestamp" => Self::Timestamp,
            "level" => Self::Level,
            "message" => Self::Message,
            "resourceId" => Self::ResourceId,
            "traceId" => Self::TraceId,
            "spanId" => Self::SpanId,
            "commit" => Self::Commit,
            "metadata" => Self::Metadata,
            _ => return None,
        })
    }
}
