//! An entry as Tantivy takes it, without a copy of what the stored form holds already.

use std::iter::Empty;
use std::ops::Range;

use bytes::Bytes;
use logpipeline_model::Document;
use tantivy::schema::Field;
use tantivy::schema::document::{ReferenceValue, ReferenceValueLeaf, Value};

use super::partition::Base;
use super::schema::Fields;
use super::{terms, tokenizer};

/// Boxed, because the indexer makes room for tens of thousands of them at each commit.
#[derive(Debug)]
pub(super) struct Record(Box<Values>);

#[derive(Debug)]
struct Values {
    fields: Fields,
    body: Bytes,
    id: (u64, u64),
    timestamp: i64,
    received_at: i64,
    level: Option<String>,
    message: Message,
    terms: Vec<u8>,
    /// Where each term ends in `terms`.
    term_ends: Vec<u32>,
}

#[derive(Debug)]
enum Message {
    /// Bytes of the body.
    Within(Range<usize>),
    Owned(String),
}

impl Record {
    /// `document` is what `body` holds.
    pub(super) fn new(fields: Fields, base: Base, document: &Document<'_>, body: &Bytes) -> Self {
        let mut record = Values {
            fields,
            body: body.clone(),
            id: document.id.parts(),
            timestamp: base.timestamp(document.timestamp),
            received_at: base.received_at(document.received_at),
            level: document.level.as_deref().map(|level| terms::searched(level).to_owned()),
            message: Message::new(&document.message, body),
            terms: Vec::with_capacity(256),
            term_ends: Vec::with_capacity(24),
        };
        terms::of_document(document, 8 * body.len() + (64 << 10), |term| record.push(term));
        if tokenizer::has_cut_token(&document.message) {
            record.push(terms::CUT_TOKEN);
        }
        Self(Box::new(record))
    }
}

impl Values {
    fn push(&mut self, term: &[u8]) {
        self.terms.extend_from_slice(term);
        // An entry is at most a megabyte; its terms repeat its paths for every level of nesting.
        self.term_ends.push(u32::try_from(self.terms.len()).unwrap_or(u32::MAX));
    }

    fn iter(&self) -> impl Iterator<Item = (Field, RecordValue<'_>)> {
        let fields = self.fields;
        let leaf = |field, leaf| (field, RecordValue(leaf));
        // It was read as an entry, and so is UTF-8.
        let body = str::from_utf8(&self.body).unwrap_or_default();
        let message = match &self.message {
            Message::Within(range) => body.get(range.clone()).unwrap_or_default(),
            Message::Owned(text) => text,
        };
        let single = [
            leaf(fields.timestamp, ReferenceValueLeaf::I64(self.timestamp)),
            leaf(fields.received_at, ReferenceValueLeaf::I64(self.received_at)),
            leaf(fields.id_high, ReferenceValueLeaf::U64(self.id.0)),
            leaf(fields.id_low, ReferenceValueLeaf::U64(self.id.1)),
            leaf(fields.message, ReferenceValueLeaf::Str(message)),
            leaf(fields.body, ReferenceValueLeaf::Str(body)),
        ];
        let level = self.level.as_deref().map(|level| leaf(fields.level, ReferenceValueLeaf::Str(level)));
        let mut start = 0;
        let terms = self.term_ends.iter().map(move |end| {
            let end = *end as usize;
            let term = &self.terms[start..end];
            start = end;
            (fields.terms, RecordValue(ReferenceValueLeaf::Bytes(term)))
        });
        single.into_iter().chain(level).chain(terms)
    }
}

impl Message {
    fn new(message: &str, body: &Bytes) -> Self {
        let start = (message.as_ptr() as usize).wrapping_sub(body.as_ptr() as usize);
        match body.get(start..start.wrapping_add(message.len())) {
            Some(bytes) if bytes == message.as_bytes() => Self::Within(start..start + message.len()),
            _ => Self::Owned(message.to_owned()),
        }
    }
}

impl tantivy::Document for Record {
    type Value<'a> = RecordValue<'a>;
    type FieldsValuesIter<'a> = Box<dyn Iterator<Item = (Field, RecordValue<'a>)> + 'a>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        Box::new(self.0.iter())
    }
}

#[derive(Debug, Clone)]
pub(super) struct RecordValue<'a>(ReferenceValueLeaf<'a>);

impl<'a> Value<'a> for RecordValue<'a> {
    type ArrayIter = Empty<Self>;
    type ObjectIter = Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(self.0.clone())
    }
}
