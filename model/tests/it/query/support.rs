use std::borrow::Cow;

use logpipeline_model::document::{Leaf, Numeral};
use logpipeline_model::query::{Matcher, Query};
use logpipeline_model::{Document, EntryId, Number, Timestamp};

/// Ten minutes behind the sample entry.
pub(crate) const NOW: &str = "2023-09-15T08:10:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

pub(crate) fn parse(query: &str) -> Query {
    Query::parse(query, at(NOW)).unwrap_or_else(|error| panic!("{query}: {error:?}"))
}

/// An entry that has nothing but a message.
pub(crate) fn entry(message: &str) -> Document<'_> {
    Document {
        id: EntryId::v7(at("2023-09-15T08:00:01Z"), 1, 2),
        received_at: at("2023-09-15T08:00:01Z"),
        timestamp: at("2023-09-15T08:00:00Z"),
        message: Cow::Borrowed(message),
        level: None,
        resource_id: None,
        trace_id: None,
        span_id: None,
        commit: None,
        metadata: Vec::new(),
    }
}

/// The sample entry of the product.
pub(crate) fn sample() -> Document<'static> {
    Document {
        level: Some("error".into()),
        resource_id: Some("server-1234".into()),
        trace_id: Some("abc-xyz-123".into()),
        span_id: Some("span-456".into()),
        commit: Some("5e5342f".into()),
        metadata: vec![text_leaf("parentResourceId", "server-0987")],
        ..entry("Failed to connect to DB")
    }
}

pub(crate) fn text_leaf(path: &'static str, text: &'static str) -> Leaf<'static> {
    Leaf { path: path.into(), text: text.into(), number: Number::parse(text).map(Numeral::Quoted) }
}

pub(crate) fn number_leaf(path: &'static str, literal: &'static str) -> Leaf<'static> {
    let number = Number::parse(literal).unwrap();
    Leaf { path: path.into(), text: literal.into(), number: Some(Numeral::Bare(number)) }
}

pub(crate) fn finds(query: &str, document: &Document<'_>) -> bool {
    Matcher::new(&parse(query)).matches(document)
}

/// Checks that a query finds the first entries and none of the second.
#[track_caller]
pub(crate) fn check(query: &str, found: &[Document<'_>], left: &[Document<'_>]) {
    for document in found {
        assert!(finds(query, document), "{query} does not find {document:#?}");
    }
    for document in left {
        assert!(!finds(query, document), "{query} finds {document:#?}");
    }
}
