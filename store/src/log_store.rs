//! The contract between the engines and the components that use them.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use logpipeline_model::query::{Field, Query, TimeRange};
use logpipeline_model::{EntryId, Timestamp};
use serde::{Deserialize, Serialize};

/// Keeps entries and finds them. Every method that reads sees what every earlier completed
/// [`write`](Self::write) stored: in the embedded engine at once in this process and within a second in others,
/// in Elasticsearch within the refresh interval of its indices, a second unless the templates say otherwise, and
/// in no order.
#[async_trait]
pub trait LogStore: Debug + Send + Sync + 'static {
    /// Stores entries, durably once it returns; one outcome for each, in order. An id
    /// that is stored already, earlier or in this batch, is stored once. An `Err` says nothing about
    /// any of them: write the batch again.
    async fn write(&self, batch: Vec<NewEntry>) -> Result<Vec<WriteOutcome>, StoreError>;

    /// A page of what a query finds.
    async fn search(&self, request: SearchRequest) -> Result<SearchPage, StoreError>;

    /// How many entries a query finds, by time and level.
    async fn histogram(&self, request: HistogramRequest) -> Result<Histogram, StoreError>;

    /// The most frequent values of a field among what a query finds.
    async fn values(&self, request: ValuesRequest) -> Result<FieldValues, StoreError>;

    /// The fields that entries of a time range have, fixed ones first, then metadata paths by name; those
    /// known by the deadline.
    async fn fields(&self, range: TimeRange, deadline: Option<Instant>) -> Result<FieldList, StoreError>;

    /// The entry with an id.
    async fn get(&self, id: EntryId) -> Result<Option<FoundEntry>, StoreError>;

    /// Where the entry with an id is, in words of the engine: its partition, or its data stream and index.
    async fn place(&self, _id: EntryId) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// Entries by time of receipt, oldest first: those behind `after` in the order of
    /// (`receivedAt`, id), at most `limit`.
    async fn received_after(&self, after: Position, limit: usize) -> Result<Vec<FoundEntry>, StoreError>;

    /// How long after its writing an entry is found, at the latest; what is not known is not counted.
    async fn visible_within(&self) -> Result<Duration, StoreError> {
        Ok(Duration::ZERO)
    }

    /// Removes what is older or larger than the policy allows. Idempotent.
    async fn retain(&self, policy: RetentionPolicy, now: Timestamp) -> Result<RetentionReport, StoreError>;

    /// Lets another process that shares the store retain from now on, where this one would. For the end of this one.
    async fn stop_retaining(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether the store can serve, and what it holds.
    async fn health(&self) -> Result<StoreStats, StoreError>;
}

/// An entry on its way into the store.
#[derive(Debug, Clone)]
pub struct NewEntry {
    pub id: EntryId,
    /// The stored form of [`logpipeline_model::entry`].
    pub body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteOutcome {
    Stored,
    /// An entry with this id is in the store already.
    Duplicate,
    /// The store will never take this entry.
    Refused {
        reason: String,
    },
}

/// A place in an ordering of entries, by a time and then the id. Each is smaller in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    pub time: Timestamp,
    pub id: EntryId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Newest first.
    #[default]
    Desc,
    /// Oldest first.
    Asc,
}

#[derive(Debug, Clone)]
pub struct SearchRequest {
    pub query: Arc<Query>,
    /// Bounds of `timestamp`.
    pub range: TimeRange,
    pub order: Order,
    pub limit: usize,
    /// Where the page before ended; this page begins behind it.
    pub after: Option<Position>,
    /// Whether to count everything that the query finds in the range, wherever `after` is.
    pub count: bool,
    /// When to give up and answer with what was found, marked partial.
    pub deadline: Option<Instant>,
}

#[derive(Debug, Clone, Default)]
pub struct SearchPage {
    /// In the order that was asked for.
    pub entries: Vec<FoundEntry>,
    /// Exact unless `partial`, then a lower bound; set where a count was asked for.
    pub total: Option<u64>,
    /// Whether the deadline cut the search: entries may be missing.
    pub partial: bool,
    /// Whether entries follow behind the last one here.
    pub more: bool,
}

#[derive(Debug, Clone)]
pub struct FoundEntry {
    /// The time is `timestamp`, or `receivedAt` where the order is by receipt.
    pub position: Position,
    /// The stored form, as it was written.
    pub body: Bytes,
}

#[derive(Debug, Clone)]
pub struct HistogramRequest {
    pub query: Arc<Query>,
    pub range: TimeRange,
    /// Width of a bucket; buckets start at whole multiples of it since the Unix epoch.
    pub interval: Duration,
    pub deadline: Option<Instant>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    /// By start, those without entries left out.
    pub buckets: Vec<Bucket>,
    pub partial: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    pub start: Timestamp,
    pub total: u64,
    /// By the level's name, most severe first, unknown ones by name behind; entries without a level under "".
    pub levels: Vec<(String, u64)>,
}

#[derive(Debug, Clone)]
pub struct ValuesRequest {
    pub query: Arc<Query>,
    pub range: TimeRange,
    /// Not `Message`, `Timestamp` or `ReceivedAt`, whose values hardly repeat.
    pub field: Field,
    /// Only values that begin so, compared folded.
    pub prefix: String,
    pub limit: usize,
    pub deadline: Option<Instant>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldValues {
    /// By count, the highest first, then by value.
    pub values: Vec<(String, u64)>,
    /// How many entries found have the field.
    pub with_field: u64,
    pub partial: bool,
    /// Whether counts may be too low because the values were too many to count each.
    pub approximate: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldList {
    pub fields: Vec<FieldInfo>,
    /// Whether time was up, or parts of the store were missing, before all were known.
    pub partial: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldInfo {
    pub field: Field,
    pub kind: FieldKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Tokens, searched by words and phrases.
    Text,
    /// Whole values.
    Keyword,
    Level,
    Time,
    /// Numbers, or numbers and other values; a number may have been sent as text. Ranges compare them.
    Number,
}

impl FieldKind {
    /// The kind of a field that is not below `metadata`.
    pub fn of_fixed(field: &Field) -> Self {
        match field {
            Field::Message => Self::Text,
            Field::Level => Self::Level,
            Field::Timestamp | Field::ReceivedAt => Self::Time,
            _ => Self::Keyword,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetentionPolicy {
    /// Entries may go once the later of `timestamp` and `receivedAt` is this long past.
    pub max_age: Option<Duration>,
    /// The oldest go while the store takes more bytes than this: in the embedded engine, what was received
    /// longest ago.
    pub max_bytes: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    pub entries: u64,
    pub bytes: u64,
    /// Names of what was removed: partitions, or data streams' indices.
    pub removed: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreStats {
    pub entries: u64,
    pub bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Worth another try: the engine is busy, unreachable or out of space.
    #[error("the store is unavailable: {reason}")]
    Unavailable { reason: String },
    /// Another process writes here.
    #[error("{path} is being written by another process: {hint}")]
    Locked { path: String, hint: String },
    /// The data was written by another version of the schema.
    #[error("{path} has schema version {found}, this program reads version {expected}: {hint}")]
    SchemaVersion { path: String, found: u32, expected: u32, hint: String },
    /// The request cannot be served as it is, by this engine.
    #[error("{reason}")]
    Unsupported { reason: String },
    /// What is stored cannot be read.
    #[error("the store is damaged: {reason}")]
    Damaged { reason: String },
}
