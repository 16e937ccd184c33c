//! What a query means: fields under their canonical names, times as instants, text as tokens.

use std::fmt;
use std::ops::Bound;

use serde::Serialize;

use super::{Pattern, Wildcard};
use crate::{Level, Number, Timestamp};

/// A parsed query. Evaluators need nothing but this: aliases, `now`, precision and tokens are resolved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Query {
    pub expr: Expr,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Expr {
    /// Finds every entry: the empty query.
    All,
    /// Never empty.
    And(Vec<Expr>),
    /// Never empty.
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Clause(Clause),
}

/// One test of one field. An entry without the field fails every test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clause {
    pub field: Field,
    pub test: Test,
    /// Where the clause stands in the query text.
    pub span: Span,
}

/// Bytes `start..end` of the query text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    Id,
    Level,
    Message,
    ResourceId,
    Timestamp,
    ReceivedAt,
    TraceId,
    SpanId,
    Commit,
    /// A path below `metadata`, its keys joined by dots. Empty for the whole of it, in [`Test::Exists`] only.
    Metadata(String),
}

impl Field {
    /// The fields of every entry; those below `metadata` come with the entries.
    pub const FIXED: [Self; 9] = [
        Self::Id,
        Self::Level,
        Self::Message,
        Self::ResourceId,
        Self::Timestamp,
        Self::ReceivedAt,
        Self::TraceId,
        Self::SpanId,
        Self::Commit,
    ];

    /// The field that a query or a request names: a canonical name, an alias, or a path below `metadata`
    /// with or without that first key. Names and aliases are case-sensitive.
    pub fn resolve(name: &str) -> Self {
        match name.strip_prefix('@').unwrap_or(name) {
            "id" | "_id" => Self::Id,
            "level" | "status" | "severity" | "log.level" => Self::Level,
            "message" | "msg" | "body" | "_msg" => Self::Message,
            "resourceId" | "service" => Self::ResourceId,
            "timestamp" | "time" | "_time" => Self::Timestamp,
            "receivedAt" => Self::ReceivedAt,
            "traceId" | "trace_id" => Self::TraceId,
            "spanId" | "span_id" => Self::SpanId,
            "commit" => Self::Commit,
            "metadata" => Self::Metadata(String::new()),
            other => Self::Metadata(other.strip_prefix("metadata.").unwrap_or(other).to_owned()),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Level => "level",
            Self::Message => "message",
            Self::ResourceId => "resourceId",
            Self::Timestamp => "timestamp",
            Self::ReceivedAt => "receivedAt",
            Self::TraceId => "traceId",
            Self::SpanId => "spanId",
            Self::Commit => "commit",
            Self::Metadata(path) if path.is_empty() => "metadata",
            Self::Metadata(path) => return write!(f, "metadata.{path}"),
        })
    }
}

impl Serialize for Field {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Test {
    /// Any field: the entry has it. For a metadata path, it or anything below it holds a value other than null.
    Exists,
    /// `message`: these tokens stand next to each other in this order; with `prefix`, the last is the
    /// beginning of a token. Never empty, never holds an empty token.
    Phrase { tokens: Vec<String>, prefix: bool },
    /// `message`: one whole token matches. The pattern is folded.
    TokenWildcard(Wildcard),
    /// Any field but the times: the value, cut at [`crate::document::KEYWORD_LIMIT`] bytes where it is
    /// not `message`, is this text. With `fold` both are compared folded ([`super::text::fold`]) and
    /// `text` is folded already. A number under `metadata` is its literal; with `number` set it also
    /// matches any JSON number of that value, however spelled. A string is compared by its text alone.
    Equals { text: String, fold: bool, number: Option<Number> },
    /// Any field but the times: the value matches the wildcard as a whole, or with `anchored` false any
    /// part of it does. With `fold` the value is folded first, and the pattern is folded already.
    Wildcard { pattern: Wildcard, fold: bool, anchored: bool },
    /// Any field but the times: the regex is found somewhere in the value.
    Regex(Pattern),
    /// A field of whole values that is neither a level, a time nor metadata: in the byte order of UTF-8.
    Text(Bounds<String>),
    /// `level`: a known level between these, both included.
    Levels { lowest: Level, highest: Level },
    /// `timestamp`, `receivedAt`.
    Time(TimeRange),
    /// A metadata path that holds a number, or a string that is wholly one ([`Number::parse`]).
    Number(Bounds<Number>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bounds<T> {
    pub lower: Bound<T>,
    pub upper: Bound<T>,
}

impl<T: PartialOrd> Bounds<T> {
    pub fn contain(&self, value: &T) -> bool {
        (match &self.lower {
            Bound::Included(bound) => value >= bound,
            Bound::Excluded(bound) => value > bound,
            Bound::Unbounded => true,
        }) && (match &self.upper {
            Bound::Included(bound) => value <= bound,
            Bound::Excluded(bound) => value < bound,
            Bound::Unbounded => true,
        })
    }
}

/// From the first to the last nanosecond, both included; empty where `last < first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TimeRange {
    pub first: Timestamp,
    pub last: Timestamp,
}

impl TimeRange {
    pub const ALL: Self = Self { first: Timestamp::MIN, last: Timestamp::MAX };

    pub fn contains(&self, instant: Timestamp) -> bool {
        (self.first..=self.last).contains(&instant)
    }

    pub fn is_empty(&self) -> bool {
        self.last < self.first
    }

    pub fn intersect(&self, other: Self) -> Self {
        Self { first: self.first.max(other.first), last: self.last.min(other.last) }
    }
}
