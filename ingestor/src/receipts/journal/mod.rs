//! The journal of requests, and of what the store answered: `<data-dir>/receipts/`, in NDJSON.
//!
//! A file is added to until it is full, then compressed; the oldest go once all take more than they may. In memory there
//! is only what each file may hold. Nothing durable rests on the journal: where it cannot be written, shipping goes on.
//! But what is written is synced before the log's checkpoint passes the entries, so that a request is always known to one of
//! the two.

mod file;
mod open;
mod write;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use logpipeline_model::Timestamp;

use self::file::{Active, Stored};
use super::Note;
use super::line::request_line;
use super::span::{Mark, Span};
use crate::metrics::Metrics;
use crate::wal::LoggedNote;
use crate::wal::disk::Disk;

pub(super) use self::file::Scanned;

/// Bytes of a file before it is compressed.
const FILE_BYTES: u64 = 8 << 20;
/// Of a disk, the log and the store need the rest.
const SHARE: u64 = 20;
const LEAST: u64 = 1 << 20;
/// Bytes of lines that wait in memory; more are dropped and counted.
const PENDING_BYTES: usize = 4 << 20;

#[derive(Debug)]
pub struct Journal {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    /// Bytes of all files.
    limit: u64,
    metrics: Metrics,
    files: Mutex<Files>,
    /// Lines that the next write brings along.
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Files {
    /// Not written on any more, oldest first.
    sealed: VecDeque<Stored>,
    active: Option<Active>,
    next_sequence: u64,
    last_batch: u64,
    /// Whether the last write failed.
    failing: bool,
}

#[derive(Debug, Default)]
struct Pending {
    lines: Vec<Line>,
    bytes: usize,
}

/// A line with its end, and what a file's span is to know of it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    pub(super) mark: Mark,
}

impl Line {
    /// The line of a request that waited for nothing in the log.
    fn unlogged(note: &Note) -> Self {
        let mark =
            Mark::Request { receipt: note.receipt, received_at: note.received_at, keyed: note.key.is_some() };
        Self { bytes: request_line(&note.to_json(), None, None), mark }
    }

    pub(super) fn request(note: &LoggedNote, synced_at: Option<Timestamp>) -> Self {
        let nanos = i128::from(note.received_at);
        let mark = Mark::Request {
            receipt: note.receipt,
            received_at: Timestamp::from_unix_nanos(nanos),
            // Within a text, quotes are escaped.
            keyed: memchr::memmem::find(&note.body, b",\"key\":\"").is_some(),
        };
        Self { bytes: request_line(&note.body, Some(note.number), synced_at), mark }
    }
}

impl Journal {
    /// Opens the journal in a folder, which is made where it is missing. What cannot be read is left out. It takes at most
    /// `limit` bytes, and a share of a small disk.
    pub fn open(folder: &Path, limit: u64, disk: Arc<dyn Disk>, metrics: Metrics) -> Self {
        let made = std::fs::create_dir_all(folder);
        let share = disk.space(folder).map_or(limit, |space| (space.total / SHARE).max(LEAST));
        let files = Files { next_sequence: 1, ..Files::default() };
        let this = Self {
            disk,
            folder: folder.to_owned(),
            limit: limit.min(share),
            metrics,
            files: Mutex::new(files),
            pending: Mutex::default(),
        };
        if let Err(error) = made.and_then(|()| this.load()) {
            this.failed(&mut this.files(), &error);
        }
        this
    }

    /// Takes down a request of which nothing was accepted, with the next write.
    pub fn add(&self, note: &Note) {
        self.keep([Line::unlogged(note)]);
    }

    /// Whether lines wait for a write.
    pub fn has_pending(&self) -> bool {
        !self.pending().lines.is_empty()
    }

    /// The number of the next batch.
    pub fn next_batch(&self) -> u64 {
        let mut files = self.files();
        files.last_batch += 1;
        files.last_batch
    }

    /// Bytes that all files may take.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The time from which on requests are known; `None` where none is.
    pub fn oldest(&self) -> Option<Timestamp> {
        let files = self.files();
        let stored = files.sealed.iter().map(|file| file.span);
        let spans = stored.chain(files.active.as_ref().map(|active| active.span));
        let pending = self.pending().span();
        spans.chain([pending]).filter_map(|span| span.earliest()).min()
    }

    fn keep(&self, lines: impl IntoIterator<Item = Line>) {
        let mut pending = self.pending();
        for line in lines {
            if pending.bytes + line.bytes.len() > PENDING_BYTES {
                self.metrics.receipts_dropped.inc();
                continue;
            }
            pending.bytes += line.bytes.len();
            pending.lines.push(line);
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Taken after [`Self::files`] where both are.
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn span(&self) -> Span {
        let mut span = Span::default();
        for line in &self.lines {
            span.add(line.mark);
        }
        span
    }
}
