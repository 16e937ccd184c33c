//! A stored entry, opened for reading: what the matcher tests and an engine indexes.
//!
//! What is searched is bounded, so that no entry can make an index term or a reader's memory grow beyond
//! reason: values by [`KEYWORD_LIMIT`], paths below `metadata` by [`PATH_LIMIT`], their number by
//! [`LEAF_LIMIT`]. The stored form keeps everything and says under `truncated` where a bound took hold.

mod flatten;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::json::{Fault, Kind, Reader, Token, string};
use crate::{EntryId, Number, Timestamp};

/// Values other than `message` are searched by at most this many bytes, cut at a character.
pub const KEYWORD_LIMIT: usize = 8 * 1024;

/// Values below `metadata` whose path is longer than this many bytes are not searched.
pub const PATH_LIMIT: usize = 1024;

/// At most so many values below `metadata` are searched, the first ones.
pub const LEAF_LIMIT: usize = 16 * 1024;

/// An accepted entry with its metadata flattened. Fields are absent where the sender gave none.
#[derive(Debug, Clone, PartialEq)]
pub struct Document<'a> {
    pub id: EntryId,
    pub received_at: Timestamp,
    pub timestamp: Timestamp,
    pub message: Cow<'a, str>,
    pub level: Option<Cow<'a, str>>,
    pub resource_id: Option<Cow<'a, str>>,
    pub trace_id: Option<Cow<'a, str>>,
    pub span_id: Option<Cow<'a, str>>,
    pub commit: Option<Cow<'a, str>>,
    /// Every value below `metadata` that is not null, in document order; array elements share their
    /// array's path.
    pub metadata: Vec<Leaf<'a>>,
}

/// One value below `metadata`.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf<'a> {
    /// The keys that lead to it, joined by dots.
    pub path: Cow<'a, str>,
    /// Its text; a number's literal as it was sent, `true` or `false`.
    pub text: Cow<'a, str>,
    /// Set for a JSON number, and for a string that is wholly a decimal number, as [`Number::parse`] reads it.
    pub number: Option<Numeral>,
}

/// A value that ranges compare as a number, and how it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numeral {
    /// As a number of JSON: it equals every number of its value.
    Bare(Number),
    /// As a string: it equals what has its text.
    Quoted(Number),
}

impl Numeral {
    pub fn value(self) -> Number {
        match self {
            Self::Bare(number) | Self::Quoted(number) => number,
        }
    }

    /// What `:` and `=` compare with numbers; `None` where they compare the text alone.
    pub fn equal_by_value(self) -> Option<Number> {
        match self {
            Self::Bare(number) => Some(number),
            Self::Quoted(_) => None,
        }
    }
}

/// The bytes are not an entry in its stored form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a stored entry: {0}")]
pub struct InvalidDocument(pub String);

impl<'a> Document<'a> {
    /// Reads an entry in its stored form, as [`crate::entry`] writes it.
    pub fn parse(stored: &'a [u8]) -> Result<Self, InvalidDocument> {
        let text = str::from_utf8(stored).map_err(|error| InvalidDocument(error.to_string()))?;
        let mut reader = Reader::new(stored, usize::MAX);
        if !matches!(reader.token()?, Some(Token { kind: Kind::Object, .. })) {
            return Err(InvalidDocument("it is no JSON object".to_owned()));
        }
        let (mut id, mut received_at, mut timestamp, mut message) = (None, None, None, None);
        let (mut level, mut resource_id, mut trace_id, mut span_id, mut commit) =
            (None, None, None, None, None);
        let mut metadata = Vec::new();
        while let Some(token) = reader.token()? {
            if token.kind != Kind::Key {
                break;
            }
            let Some(first) = reader.token()? else { break };
            let value = || string_value(text, token, first);
            match token.inner(text) {
                "id" => id = Some(parsed(&value()?, "id")?),
                "receivedAt" => received_at = Some(parsed(&value()?, "receivedAt")?),
                "timestamp" => timestamp = Some(parsed(&value()?, "timestamp")?),
                "message" => message = Some(value()?),
                "level" => level = Some(keyword(value()?)),
                "resourceId" => resource_id = Some(keyword(value()?)),
                "traceId" => trace_id = Some(keyword(value()?)),
                "spanId" => span_id = Some(keyword(value()?)),
                "commit" => commit = Some(keyword(value()?)),
                "metadata" if first.kind == Kind::Object => {
                    metadata = flatten::flatten(text, &mut reader)?.leaves;
                }
                _ => skip(&mut reader, first)?,
            }
        }
        reader.finish()?;
        let missing = |name: &str| InvalidDocument(format!("it has no {name}"));
        Ok(Self {
            id: id.ok_or_else(|| missing("id"))?,
            received_at: received_at.ok_or_else(|| missing("receivedAt"))?,
            timestamp: timestamp.ok_or_else(|| missing("timestamp"))?,
            message: message.ok_or_else(|| missing("message"))?,
            level,
            resource_id,
            trace_id,
            span_id,
            commit,
            metadata,
        })
    }
}

/// The paths of the values of `metadata`, an object, that are searched by their beginning only, each
/// once; and whether all others are searched.
pub(crate) fn searched_in_part(metadata: &str) -> Result<(Vec<String>, bool), Fault> {
    let mut reader = Reader::new(metadata.as_bytes(), usize::MAX);
    reader.token()?;
    let flattened = flatten::flatten(metadata, &mut reader)?;
    Ok((flattened.cut, flattened.complete))
}

impl From<Fault> for InvalidDocument {
    fn from(fault: Fault) -> Self {
        Self(fault.to_string())
    }
}

fn string_value<'a>(text: &'a str, key: Token, value: Token) -> Result<Cow<'a, str>, InvalidDocument> {
    if value.kind != Kind::String {
        return Err(InvalidDocument(format!("its {} is {}", key.inner(text), value.kind.name())));
    }
    Ok(string::unescape(value.inner(text)))
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: &str,
    name: &str,
) -> Result<T, InvalidDocument> {
    text.parse().map_err(|error| InvalidDocument(format!("its {name}: {error}")))
}

fn keyword(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(string::cut(text, KEYWORD_LIMIT)),
        Cow::Owned(mut text) => {
            text.truncate(text.floor_char_boundary(KEYWORD_LIMIT));
            Cow::Owned(text)
        }
    }
}

/// Reads to the end of the value that `first` begins.
fn skip(reader: &mut Reader<'_>, first: Token) -> Result<(), Fault> {
    if matches!(first.kind, Kind::Object | Kind::Array) {
        let outside = reader.depth() - 1;
        while reader.depth() > outside {
            reader.token()?;
        }
    }
    Ok(())
}
