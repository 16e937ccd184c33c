//! What an ingestor answers, and the API passes on.

use logpipeline_model::{EntryId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request that was acknowledged, and how far its entries have come.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// What the answer to the request carried.
    #[schema(value_type = String, format = "uuid")]
    pub receipt: EntryId,
    /// The ingestor that has it, as host and port.
    #[serde(default)]
    pub ingestor: String,
    #[schema(value_type = String, format = "date-time")]
    pub received_at: Timestamp,
    /// When the entries were synced to the ingestor's disk; missing where the ingestor has restarted before they were
    /// shipped. They were synced before the request was answered, all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub synced_at: Option<Timestamp>,
    /// As in the metric `logpipeline_ingestor_protocol_entries_total`.
    #[schema(example = "bulk")]
    pub protocol: String,
    /// The name of the sender's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The sender's IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    pub accepted: u64,
    pub rejected: u64,
    /// The first of the entries that were rejected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejections: Vec<RejectedEntry>,
    pub state: RequestState,
    /// Of the accepted entries.
    pub counts: Counts,
    /// The batches in which they were shipped to the store.
    #[serde(default)]
    pub batches: Vec<Batch>,
    /// The ids of its entries, where they are consecutive or derived from one key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<IdRange>,
    /// When the ingestor's list of receipts begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub oldest_receipt: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RejectedEntry {
    /// The number of the entry in its request, from 1.
    pub line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RequestState {
    /// All entries are in the write-ahead log.
    Waiting,
    /// Some are in the write-ahead log.
    PartlyDelivered,
    /// The store has answered for each.
    Delivered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub stored: u64,
    /// Stored earlier, under the same id.
    pub duplicates: u64,
    /// Those included that damage of the write-ahead log cost.
    pub dead_lettered: u64,
    pub waiting: u64,
}

fn yes() -> bool {
    true
}

/// A batch that the ingestor shipped to the store.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    pub number: u64,
    #[schema(value_type = String, format = "date-time")]
    pub written_at: Timestamp,
    /// From then on at the latest, searches find the entries; missing where the store does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub searchable_by: Option<Timestamp>,
    /// Of the request, in this batch.
    pub entries: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct IdRange {
    #[schema(value_type = String, format = "uuid")]
    pub first: EntryId,
    #[schema(value_type = String, format = "uuid")]
    pub last: EntryId,
}

/// Requests with an `Idempotency-Key`, the newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Receipts {
    pub receipts: Vec<Receipt>,
    /// Whether all receipts were looked through.
    #[serde(default = "yes")]
    pub complete: bool,
    /// When the ingestor's list of receipts begins; of several, the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub oldest_receipt: Option<Timestamp>,
}

/// How far an entry has come.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    #[schema(value_type = String, format = "uuid")]
    pub id: EntryId,
    pub state: EntryState,
    /// Where it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "partition 2026-11-30")]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub stored_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub searchable_by: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<DeadLetter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<Expired>,
    /// The request that brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Receipt>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum EntryState {
    /// No ingestor knows it. It may never have come, or long ago.
    Unknown,
    /// It was stored, and retention has removed it.
    Expired,
    /// It is on disk in the write-ahead log.
    Waiting,
    /// The store refused it for good.
    DeadLettered,
    /// The store has it.
    Searchable,
}

/// The dead letter that keeps an entry.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeadLetter {
    #[schema(value_type = String, format = "uuid")]
    pub id: EntryId,
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    pub reason: String,
}

/// Which rule of retention removed an entry.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Expired {
    #[schema(example = "--retention-max-age 30d")]
    pub rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub at: Option<Timestamp>,
}
