//! A stored entry, opened for reading: what the matcher tests and an engine indexes.

use std::borrow::Cow;

use crate::{EntryId, Number, Timestamp};

/// Values other than `message` are searched by at most this many bytes, cut at a character.
pub const KEYWORD_LIMIT: usize = 8 * 1024;

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
    /// Set for a JSON number.
    pub number: Option<Number>,
}

/// The bytes are not an entry in its stored form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a stored entry: {0}")]
pub struct InvalidDocument(pub String);

impl<'a> Document<'a> {
    /// Reads an entry in its stored form, as [`crate::entry`] writes it.
    pub fn parse(_stored: &'a [u8]) -> Result<Self, InvalidDocument> {
        todo!()
    }
}
