//! Takes down what the shipper learns of requests and of their entries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use logpipeline_store::{LogStore, WriteOutcome};

use super::Journal;
use super::journal::Line;
use super::line::{Batch, Outcome};
use super::span::Mark;
use crate::clock;
use crate::wal::{Chunk, Wal};

/// How long it holds what the store said about how soon entries are found.
const HOLDS: Duration = Duration::from_secs(60);
/// How long the store may take to say it.
const ASKED: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Recorder {
    journal: Arc<Journal>,
    /// When it was asked how soon entries are found, and the answer.
    visible: Option<(Instant, Option<Duration>)>,
}

impl Recorder {
    pub fn new(journal: Arc<Journal>) -> Self {
        Self { journal, visible: None }
    }

    /// Takes down the notes of a chunk, and the store's outcomes for its entries, on disk. A failure is counted, and told in
    /// the log of this process; the lines are written with the next ones.
    pub async fn record(
        &mut self,
        wal: &Wal,
        store: &dyn LogStore,
        chunk: &Chunk,
        outcomes: &[WriteOutcome],
    ) {
        let mut lines = Vec::with_capacity(chunk.notes.len() + 1);
        for note in &chunk.notes {
            lines.push(Line::request(note, wal.synced_at(note.number)));
        }
        if !chunk.entries.is_empty() || chunk.lost > 0 {
            let visible = self.visible_within(store).await;
            let batch = batch(self.journal.next_batch(), chunk, outcomes, visible);
            lines.push(Line { bytes: batch.line(), mark: Mark::from(&batch) });
        }
        self.write(lines).await;
        wal.forget_synced(chunk.end.number);
    }

    /// Writes what waits, where something does.
    pub async fn flush(&self) {
        if self.journal.has_pending() {
            self.write(Vec::new()).await;
        }
    }

    async fn write(&self, lines: Vec<Line>) {
        let journal = Arc::clone(&self.journal);
        // The runtime ends with the process.
        let _ = tokio::task::spawn_blocking(move || journal.append(lines)).await;
    }

    async fn visible_within(&mut self, store: &dyn LogStore) -> Option<Duration> {
        if let Some((asked, visible)) = self.visible
            && asked.elapsed() < HOLDS
        {
            return visible;
        }
        let answer = tokio::time::timeout(ASKED, store.visible_within()).await;
        let known = self.visible.and_then(|(_, visible)| visible);
        let visible = answer.ok().and_then(Result::ok).or(known);
        self.visible = Some((Instant::now(), visible));
        visible
    }
}

fn batch(number: u64, chunk: &Chunk, outcomes: &[WriteOutcome], visible: Option<Duration>) -> Batch {
    let taken = chunk.entries.len() as u64 + chunk.lost;
    let first = chunk.end.number.saturating_sub(taken);
    let mut batch = Batch::new(number, first, clock::now());
    batch.searchable_by = visible.map(|visible| batch.written_at.saturating_add(visible));
    for (entry, outcome) in chunk.entries.iter().zip(outcomes) {
        batch.push(Outcome::Lost, entry.number.saturating_sub(batch.end));
        batch.push(Outcome::of(outcome, entry.id.is_derived()), 1);
    }
    batch.push(Outcome::Lost, chunk.end.number.saturating_sub(batch.end));
    batch.close();
    batch
}

impl Outcome {
    fn of(outcome: &WriteOutcome, is_derived: bool) -> Self {
        match outcome {
            WriteOutcome::Stored => Self::Stored,
            // As the delivery figures count: any other id is repeated by this ingestor only.
            WriteOutcome::Duplicate if is_derived => Self::Duplicate,
            WriteOutcome::Duplicate => Self::Stored,
            WriteOutcome::Refused { .. } => Self::DeadLettered,
        }
    }
}
