//! The log entry: how it is validated at acceptance, and the form in which it is stored and returned.
//!
//! The stored form is one line of JSON with the keys in a fixed order, absent fields left out:
//! `{"id","receivedAt","timestamp","level","message","resourceId","traceId","spanId","commit","metadata","truncated"}`.
//! `truncated` names the fields that are searched by their first 8 KiB only.

use crate::{EntryId, Timestamp};

/// Bounds of one entry.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one entry as it was sent.
    pub entry_bytes: usize,
    /// Levels of nesting of one entry, the entry itself being the first.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entry_bytes: 1 << 20, depth: 64 }
    }
}

/// What the ingestor adds to an entry.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    pub id: EntryId,
    pub received_at: Timestamp,
}

/// Why an entry was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", field.map(|field| format!("{field}: ")).unwrap_or_default())]
pub struct Rejection {
    /// The field at fault, where it is one.
    pub field: Option<&'static str>,
    /// What is wrong, and what is expected instead.
    pub reason: String,
}

/// Validates one entry as it was sent, `json`, and appends its stored form to `out`. On rejection `out`
/// is as it was.
pub fn accept(_json: &[u8], _stamp: Stamp, _limits: &Limits, _out: &mut Vec<u8>) -> Result<(), Rejection> {
    todo!()
}
