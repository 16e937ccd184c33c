//! Takes entries from the log to the store, in order, until the store has confirmed each.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use logpipeline_model::dead_letter::Origin;
use logpipeline_store::{LogStore, NewEntry, StoreError, WriteOutcome};
use tokio::sync::watch;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::clock;
use crate::dead_letters::{Line, Refused, Shelf, back_off};
use crate::ledger::{Latest, Ledger, Outcome, Settled, Settlement};
use crate::metrics::Metrics;
use crate::receipts::{Note, Recorder};
use crate::wal::{Checkpoint, CheckpointFile, Chunk, LoggedEntry, Reader, Wal};

#[derive(Debug, Clone, Copy)]
pub struct ShipOptions {
    /// A batch is written once it has about this many bytes,
    pub batch_bytes: usize,
    /// or this many entries,
    pub batch_entries: usize,
    /// or once its first entry has waited this long.
    pub linger: Duration,
    /// The first wait after a write that failed; it doubles with each further one
    pub retry_base: Duration,
    /// up to this.
    pub retry_max: Duration,
}

impl Default for ShipOptions {
    fn default() -> Self {
        Self {
            batch_bytes: 16 << 20,
            batch_entries: 50_000,
            linger: Duration::from_millis(200),
            retry_base: Duration::from_millis(100),
            retry_max: Duration::from_secs(5),
        }
    }
}

impl ShipOptions {
    fn back_off(&self, attempt: u32) -> Duration {
        back_off(attempt, self.retry_base, self.retry_max)
    }
}

/// Waits between tries to write dead letters.
#[derive(Debug)]
pub(crate) struct Patience {
    options: ShipOptions,
    progress: Arc<Progress>,
}

#[cfg(test)]
impl Patience {
    pub(crate) fn of(most: Duration) -> Self {
        let options = ShipOptions { retry_base: most, retry_max: most, ..ShipOptions::default() };
        Self { options, progress: Arc::default() }
    }
}

impl Patience {
    pub(crate) async fn wait(&self, attempt: u32, error: &StoreError) {
        let wait = self.options.back_off(attempt);
        tracing::warn!(%error, attempt, retry_seconds = wait.as_secs_f64(), "failed to write dead letters; trying again");
        self.progress.set_trouble(Some(format!("dead letters cannot be written: {error}")));
        tokio::time::sleep(wait).await;
    }
}

/// How shipping goes, for those who watch it.
#[derive(Debug, Default)]
pub struct Progress {
    /// When the oldest waiting entry was received, in nanoseconds since the Unix epoch; 0 for none.
    oldest: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Progress {
    /// How long the oldest waiting entry has waited.
    pub fn lag(&self) -> Duration {
        match self.oldest.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            oldest => Duration::from_nanos(clock::unix_nanos().saturating_sub(oldest)),
        }
    }

    /// Why the store does not take entries at the moment.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

#[derive(Debug)]
pub struct Shipper {
    pub store: Arc<dyn LogStore>,
    pub wal: Wal,
    pub reader: Reader,
    pub checkpoints: CheckpointFile,
    pub ledger: Arc<Ledger>,
    pub dead_letters: Shelf,
    pub recorder: Recorder,
    pub progress: Arc<Progress>,
    pub metrics: Metrics,
    pub options: ShipOptions,
    /// What the last durable checkpoint counts.
    pub recorded: Settled,
}

/// How often counts are made durable while nothing is shipped.
const IDLE_CHECKPOINT: Duration = Duration::from_secs(1);

impl Shipper {
    /// Ships until `finish` turns true and the log is empty.
    pub async fn run(mut self, mut finish: watch::Receiver<bool>) {
        let mut stuck = false;
        loop {
            if std::mem::take(&mut stuck) || self.is_at_head() {
                self.progress.oldest.store(0, Ordering::Relaxed);
                self.reader.rest();
                self.recorder.flush().await;
                self.checkpoint_counts();
                if *finish.borrow() {
                    return;
                }
                tokio::select! {
                    () = self.wal.appended() => {}
                    _ = finish.changed() => {}
                    () = tokio::time::sleep(IDLE_CHECKPOINT) => {}
                }
                continue;
            }
            self.progress.oldest.store(clock::unix_nanos(), Ordering::Relaxed);
            self.linger(&mut finish).await;
            let before = self.reader.position();
            match self.read().await {
                Ok(chunk) if chunk.is_empty() && chunk.end == before => stuck = true,
                Ok(chunk) => self.ship(chunk).await,
                Err(error) => {
                    tracing::error!(%error, "failed to read the write-ahead log; trying again");
                    self.progress.set_trouble(Some(format!("the write-ahead log cannot be read: {error}")));
                    tokio::time::sleep(self.options.retry_base.max(Duration::from_secs(1))).await;
                }
            }
        }
    }

    /// Whether nothing follows, not even a note.
    fn is_at_head(&self) -> bool {
        let (at, head) = (self.reader.position(), self.wal.head());
        at.number >= head.number && (at.segment, at.offset) >= (head.segment, head.offset)
    }

    async fn linger(&self, finish: &mut watch::Receiver<bool>) {
        let until = tokio::time::Instant::now() + self.options.linger;
        loop {
            let waiting = self.wal.head().number.saturating_sub(self.reader.position().number);
            let enough = waiting >= self.options.batch_entries as u64
                || self.wal.usage().waiting >= self.options.batch_bytes as u64;
            if enough || *finish.borrow() {
                return;
            }
            tokio::select! {
                () = self.wal.appended() => {}
                _ = finish.changed() => {}
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    async fn read(&mut self) -> io::Result<Chunk> {
        let (bytes, entries) = (self.options.batch_bytes, self.options.batch_entries);
        let mut reader = self.reader.hand_over();
        let (reader, chunk) = tokio::task::spawn_blocking(move || {
            let chunk = reader.read(bytes, entries);
            (reader, chunk)
        })
        .await
        .map_err(io::Error::other)?;
        self.reader = reader;
        chunk
    }

    async fn ship(&mut self, chunk: Chunk) {
        for damage in &chunk.damage {
            tracing::error!(
                segment = %damage.segment.display(),
                offset = damage.offset,
                bytes = damage.bytes,
                kept_in = damage.kept_in.as_ref().map(|path| path.display().to_string()),
                "the write-ahead log is damaged; the bytes were set aside and what follows is shipped"
            );
        }
        self.metrics.damaged_regions.inc_by(chunk.damage.len() as u64);
        self.metrics.damaged_entries.inc_by(chunk.lost);
        if let Some(first) = chunk.entries.first() {
            self.progress.oldest.store(first.received_at.max(1), Ordering::Relaxed);
        }
        let outcomes = self.write(&chunk).await;
        let settlement = self.settlement(&chunk, &outcomes);
        let verdict = settlement.total;
        self.bury(&chunk, &outcomes).await;
        self.recorder.record(&self.wal, &*self.store, &chunk, &outcomes).await;
        self.metrics.stored.inc_by(verdict.stored);
        self.metrics.duplicates.inc_by(verdict.duplicates);
        self.metrics.dead_lettered.inc_by(verdict.dead_lettered);
        let settled = self.ledger.settle(&settlement);
        self.progress.set_trouble(None);
        self.checkpoint(Checkpoint { position: chunk.end, settled });
    }

    /// What became of a chunk's entries.
    fn settlement(&self, chunk: &Chunk, outcomes: &[WriteOutcome]) -> Settlement {
        let taken = chunk.entries.len() as u64 + chunk.lost;
        let mut settlement = Settlement::new(chunk.end.number.saturating_sub(taken));
        let mut latest = Latest::default();
        for (entry, outcome) in chunk.entries.iter().zip(outcomes) {
            settlement.lose(entry.number.saturating_sub(settlement.end()));
            let outcome = match outcome {
                // Only a sender's retry repeats a derived id; any other was stored by a write that was not
                // confirmed before a crash.
                WriteOutcome::Duplicate if entry.id.is_derived() => Outcome::Duplicate,
                WriteOutcome::Stored | WriteOutcome::Duplicate => Outcome::Stored,
                WriteOutcome::Refused { .. } => Outcome::DeadLettered,
            };
            settlement.push(1, outcome, self.ledger.resource(entry.number, &entry.body, &mut latest));
        }
        settlement.lose(chunk.end.number.saturating_sub(settlement.end()));
        settlement
    }

    /// Writes a chunk's entries to the store, as often as it takes.
    async fn write(&mut self, chunk: &Chunk) -> Vec<WriteOutcome> {
        if chunk.entries.is_empty() {
            return Vec::new();
        }
        let span = tracing::info_span!(
            "ship",
            otel.name = "store write",
            otel.kind = "internal",
            entries = chunk.entries.len(),
            attempts = tracing::field::Empty,
        );
        for link in self.wal.take_links(chunk.end) {
            span.add_link(link);
        }
        self.metrics.batch_entries.observe(chunk.entries.len() as f64);
        for attempt in 1u32.. {
            let batch = chunk.entries.iter().map(|entry| NewEntry { id: entry.id, body: entry.body.clone() });
            let started = Instant::now();
            let result = self.store.write(batch.collect()).instrument(span.clone()).await;
            let error = match result {
                Ok(outcomes) if outcomes.len() == chunk.entries.len() => {
                    self.metrics.batch_seconds.observe(started.elapsed().as_secs_f64());
                    span.record("attempts", attempt);
                    return outcomes;
                }
                Ok(outcomes) => StoreError::Damaged {
                    reason: format!("{} outcomes for {} entries", outcomes.len(), chunk.entries.len()),
                },
                Err(error) => error,
            };
            self.metrics.store_errors.inc();
            self.progress.set_trouble(Some(error.to_string()));
            self.wal.relieve_disk();
            let wait = self.options.back_off(attempt);
            tracing::warn!(%error, attempt, entries = chunk.entries.len(), retry_seconds = wait.as_secs_f64(), "failed to write to the store; trying again");
            tokio::time::sleep(wait).await;
        }
        Vec::new()
    }

    /// Writes what the store refused, and what damage cost, to the dead letters, as often as it takes.
    async fn bury(&mut self, chunk: &Chunk, outcomes: &[WriteOutcome]) {
        let at = clock::now();
        let blank = Line { at, reason: "", id: None, entry: None, raw: None, file: None, entries: None };
        let refused = chunk.entries.iter().zip(outcomes).filter_map(|(entry, outcome)| match outcome {
            WriteOutcome::Refused { reason } => Some((entry, reason, Request::of(chunk, entry))),
            _ => None,
        });
        let refused: Vec<_> = refused.collect();
        let refused: Vec<_> = refused
            .iter()
            .map(|(entry, reason, request)| {
                let origin = request.as_ref().map(Request::origin).unwrap_or_default();
                Refused { entry, reason, origin }
            })
            .collect();
        let patience = Patience { options: self.options, progress: Arc::clone(&self.progress) };
        let unkept = self.dead_letters.keep(at, &refused, &patience).await;
        let mut letters: Vec<_> = unkept
            .iter()
            .map(|Refused { entry, reason, .. }| {
                let json = serde_json::from_slice(&entry.body).ok();
                let raw = if json.is_none() { str::from_utf8(&entry.body).ok() } else { None };
                Line { reason, id: Some(entry.id), entry: json, raw, ..blank }
            })
            .collect();
        letters.extend(chunk.damage.iter().map(|damage| Line {
            reason: "damaged in the write-ahead log; the file keeps the bytes",
            file: damage.kept_in.as_deref(),
            ..blank
        }));
        if chunk.lost > 0 {
            letters.push(Line {
                reason: "acknowledged entries are lost to damage of the write-ahead log",
                entries: Some(chunk.lost),
                ..blank
            });
        }
        for attempt in 1u32.. {
            // A file's write and sync: short, and rare.
            let Err(error) = self.dead_letters.append(&letters) else { return };
            let wait = self.options.back_off(attempt);
            tracing::error!(%error, attempt, retry_seconds = wait.as_secs_f64(), "failed to write dead letters; trying again");
            self.progress.set_trouble(Some(format!("dead letters cannot be written: {error}")));
            tokio::time::sleep(wait).await;
        }
    }

    fn checkpoint_counts(&mut self) {
        let settled = self.ledger.settled();
        if settled != self.recorded {
            self.checkpoint(Checkpoint { position: self.reader.position(), settled });
        }
    }

    /// Without a checkpoint nothing is lost: the log keeps what it holds, and the store tells duplicates.
    fn checkpoint(&mut self, checkpoint: Checkpoint) {
        let result = self.checkpoints.write(&checkpoint).and_then(|()| {
            self.recorded = checkpoint.settled;
            self.wal.release(&checkpoint)
        });
        if let Err(error) = result {
            self.metrics.checkpoint_errors.inc();
            tracing::warn!(%error, "failed to write the checkpoint of the write-ahead log; the next batch tries again");
        }
    }
}

/// What is known of the request that brought an entry.
#[derive(Debug)]
struct Request {
    note: Note,
    peer: Option<String>,
    receipt: String,
}

impl Request {
    fn of(chunk: &Chunk, entry: &LoggedEntry) -> Option<Self> {
        let note: Note = serde_json::from_slice(&chunk.note_of(entry)?.body).ok()?;
        // Where its own note is damaged, that of the next request is found.
        if note.received_at.unix_nanos() != i128::from(entry.received_at) {
            return None;
        }
        let peer = note.peer.map(|peer| peer.to_string());
        Some(Self { receipt: note.receipt.to_string(), peer, note })
    }

    fn origin(&self) -> Origin<'_> {
        Origin {
            protocol: Some(&self.note.protocol),
            sender: self.note.sender.as_deref(),
            peer: self.peer.as_deref(),
            receipt: Some(&self.receipt),
        }
    }
}
