//! From a body's content to a batch for the log.

use logpipeline_model::entry::{self, Limits, Rejection, Stamp};
use logpipeline_model::{EntryId, wire};
use serde::Serialize;

use super::encoding::{Content, REQUEST};
use crate::budget::Reservation;
use crate::clock;
use crate::ids::IdGenerator;
use crate::metrics::RejectReason;
use crate::wal::Batch;

/// An answer lists at most this many rejected lines; their number is given whole.
pub(super) const LISTED_REJECTIONS: usize = 1_000;

/// What became of a body's lines.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) batch: Batch,
    pub(super) rejections: Vec<RejectedLine>,
    pub(super) rejected: u64,
    /// Counts of rejected lines, in the order of [`RejectReason::ALL`].
    pub(super) reasons: [u64; 3],
    /// Nothing but white space.
    pub(super) blank: bool,
    pub(super) memory: Reservation,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct RejectedLine {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    reason: String,
}

/// The entries take more memory than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutOfMemory {
    /// Others hold it: worth another try.
    Shared,
    /// This request alone takes too much.
    Alone,
}

/// Validates every line. With a `key`, ids are derived from it and the line's number.
pub(super) fn parse(
    content: Content,
    key: Option<&str>,
    limits: &Limits,
    ids: &IdGenerator,
) -> Result<Parsed, OutOfMemory> {
    let Content { bytes, memory, .. } = content;
    let held = REQUEST + bytes.capacity();
    let mut batch = Batch::with_capacity((bytes.len() + 256).min(1 << 20));
    let mut parsed = Parsed {
        batch: Batch::default(),
        rejections: Vec::new(),
        rejected: 0,
        reasons: [0; 3],
        blank: bytes.trim_ascii().is_empty(),
        memory,
    };
    let received_at = clock::now();
    let nanos = u64::try_from(received_at.unix_nanos()).unwrap_or_default();
    for line in wire::json::lines(&bytes, limits) {
        let id = match key {
            Some(key) => EntryId::derived(key, line.number),
            None => ids.next(received_at),
        };
        let stamp = Stamp { id, received_at };
        let accepted =
            line.json.and_then(|json| batch.push(id, nanos, |out| entry::accept(json, stamp, limits, out)));
        if let Err(rejection) = accepted {
            parsed.reject(line.number, rejection);
        }
        let taken = held + batch.capacity();
        if taken > parsed.memory.bytes() && parsed.memory.resize(taken).is_err() {
            return Err(if parsed.memory.dominates() { OutOfMemory::Alone } else { OutOfMemory::Shared });
        }
    }
    drop(bytes);
    // The content is gone: this gives memory back, and cannot fail.
    let _ = parsed.memory.resize(REQUEST + batch.capacity());
    parsed.batch = batch;
    Ok(parsed)
}

impl Parsed {
    fn reject(&mut self, line: u64, rejection: Rejection) {
        let Rejection { field, reason } = rejection;
        let kind = match field {
            Some(_) => RejectReason::Field,
            None if reason.starts_with("the entry has ") || reason.starts_with("nested deeper than") => {
                RejectReason::Limit
            }
            None => RejectReason::Malformed,
        };
        self.reasons[kind as usize] += 1;
        self.rejected += 1;
        if self.rejections.len() < LISTED_REJECTIONS {
            self.rejections.push(RejectedLine { line, field, reason });
        }
    }
}
