//! The write-ahead log: what is acknowledged is in it, on disk, until the store has confirmed it.
//!
//! Segments of one size, pre-written once and reused, hold one record for each entry, and a note behind
//! those of each request. One thread appends
//! what all waiting requests bring and syncs once for all of them; only then are they answered. A reader
//! follows it in order, and a checkpoint says up to where everything is settled.

mod aside;
mod batch;
mod checkpoint;
pub mod disk;
mod error;
mod lock;
mod log;
mod reader;
pub mod record;
mod recovery;
pub mod segment;
mod spares;
mod state;
mod synced;
mod writer;

pub use batch::Batch;
pub use checkpoint::{Checkpoint, CheckpointFile};
pub use error::{AppendError, OpenError};
pub use log::{Append, Opened, Wal};
pub use reader::{Chunk, Damage, LoggedEntry, LoggedNote, Reader};
pub use recovery::{Recovery, Torn};
pub use state::Usage;
pub use writer::WriterEnd;

use std::time::Duration;

/// A place in the log: an offset in a segment, and the number of the entry that lies or will lie there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub segment: u64,
    pub offset: u64,
    pub number: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Bytes of all segments together, those that wait for reuse included. At least two segments.
    pub size: u64,
    /// Bytes of one segment.
    pub segment_size: u64,
    /// One sync covers at most this many bytes of requests, or one larger request.
    pub group_bytes: usize,
    /// How long to wait after a segment could not be made for want of space before trying again.
    pub retry_delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            size: 1 << 30,
            segment_size: 16 << 20,
            group_bytes: 8 << 20,
            retry_delay: Duration::from_millis(500),
        }
    }
}

impl Options {
    pub(crate) fn max_segments(&self) -> usize {
        usize::try_from(self.size / self.segment_size).unwrap_or(usize::MAX).max(2)
    }

    /// Bytes of records one segment holds.
    pub(crate) fn room(&self) -> u64 {
        self.segment_size.saturating_sub(segment::FIRST_OFFSET)
    }

    /// Bytes of records the whole log holds.
    pub fn capacity(&self) -> u64 {
        self.room() * self.max_segments() as u64
    }
}
