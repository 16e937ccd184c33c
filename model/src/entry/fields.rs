use std::borrow::Cow;

use super::field::Field;
use super::{Limits, Rejection};
use crate::Timestamp;
use crate::json::{Escapes, Fault, Kind, Marks, Reader, Token, finish_value, string};

/// The top-level fields of an entry as it was sent.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) known: [Option<Value<'a>>; Field::COUNT],
    /// The entry's time, where it came as something else than a field of RFC 3339.
    pub(super) time: Option<Timestamp>,
    /// The whole of `metadata` where it is known to be as it is stored; there is nothing else then.
    pub(super) metadata: Option<&'a [u8]>,
    /// Everything else, in the order of the text; a key may be there twice.
    pub(super) unknown: Vec<Member<'a>>,
}

/// A member of an object.
#[derive(Debug, Clone)]
pub(super) struct Member<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) value: Value<'a>,
    /// Key and value as they were sent, where they can be stored so; empty where not.
    pub(super) written: &'a str,
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
        let mut fields = Self::default();
        let mut twice = None;
        members(json, limits, |member| match Field::named(&member.key) {
            Some(field) => {
                if fields.known[field as usize].replace(member.value).is_some() {
                    twice = twice.or(Some(field));
                }
            }
            None => fields.unknown.push(member),
        })?;
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

/// Hands on the members of the JSON object that is all of `json`, in order, within the limits of an entry.
#[inline]
pub(super) fn members<'a>(
    json: &'a [u8],
    limits: &Limits,
    mut take: impl FnMut(Member<'a>),
) -> Result<(), Rejection> {
    limits.check_size(json.len())?;
    let text = str::from_utf8(json)
        .map_err(|error| Rejection::whole(format!("invalid UTF-8 at byte offset {}", error.valid_up_to())))?;
    let mut reader = Reader::new(json, limits.depth);
    match reader.token().map_err(|fault| not_json(text, fault))? {
        Some(Token { kind: Kind::Object, .. }) => {}
        Some(Token { kind, .. }) => {
            return Err(Rejection::whole(format!("an entry is a JSON object, found {}", kind.name())));
        }
        None => {}
    }
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
        let value = text.get(first.start..end).unwrap_or_default();
        let as_sent = token.escapes == Escapes::None && first.start == token.end + 1 && !marks.rewrite;
        let written = if as_sent { text.get(token.start..end).unwrap_or_default() } else { "" };
        take(Member {
            key,
            value: Value { kind: first.kind, escapes: first.escapes, text: value, marks },
            written,
        });
    }
    reader.finish()?;
    Ok(())
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
    /// Text that came by other ways than JSON.
    pub(super) fn plain(text: &'a str) -> Self {
        Self { kind: Kind::String, escapes: Escapes::Plain, text, marks: Marks::scalar(text.len() + 2) }
    }

    /// A string of JSON without escapes, with its quotes.
    pub(super) fn string(json: &'a str) -> Self {
        Self { kind: Kind::String, escapes: Escapes::None, text: json, marks: Marks::scalar(json.len()) }
    }

    /// The JSON value that is all of `json`; `None` if `json` is not one value.
    pub(super) fn read(json: &'a str) -> Option<Self> {
        let mut reader = Reader::new(json.as_bytes(), usize::MAX);
        let first = reader.token().ok().flatten()?;
        let (end, marks) = finish_value(json.as_bytes(), &mut reader, first).ok()?;
        reader.finish().ok()?;
        Some(Self { kind: first.kind, escapes: first.escapes, text: json.get(first.start..end)?, marks })
    }

    /// A string or number of JSON, with its quotes where it has them.
    pub(super) fn scalar(token: &Token, text: &'a str) -> Self {
        Self { kind: token.kind, escapes: token.escapes, text, marks: Marks::scalar(text.len()) }
    }

    /// An object of JSON that is known to be valid.
    pub(super) fn object(text: &'a str, marks: Marks) -> Self {
        Self { kind: Kind::Object, escapes: Escapes::None, text, marks }
    }

    /// What stands between the quotes of a string; any other value as it is written.
    pub(super) fn inner(&self) -> &'a str {
        match self.kind {
            Kind::String if self.escapes != Escapes::Plain => {
                self.text.get(1..self.text.len() - 1).unwrap_or_default()
            }
            _ => self.text,
        }
    }

    /// What a string stands for; any other value as it is written.
    pub(super) fn decoded(&self) -> Cow<'a, str> {
        match self.escapes {
            Escapes::Plain | Escapes::None => Cow::Borrowed(self.inner()),
            _ => string::unescape(self.inner()),
        }
    }
}
