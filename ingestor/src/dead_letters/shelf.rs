//! Where the entries go that the store refused.

use std::sync::Arc;
use std::time::Duration;

use logpipeline_model::Timestamp;
use logpipeline_model::dead_letter::{Content, DeadLetter, Origin};
use logpipeline_store::{LogStore, NewEntry, StoreError, WriteOutcome};

use super::{Files, Line};
use crate::shipper::Patience;
use crate::wal::LoggedEntry;

/// Letters of one write to the store.
const WRITE: usize = 500;
/// Writes that fail, over some two minutes, before letters go to files, where they hold up nothing. An engine that is restarted is
/// waited for; one that asks for a right which nobody has is not waited for for ever.
const TRIES: u32 = 40;

/// The store of dead letters, and the files for those that it does not take.
#[derive(Debug)]
pub struct Shelf {
    store: Arc<dyn LogStore>,
    files: Files,
    /// The store failed for so long that it is tried once only.
    is_failing: bool,
}

/// An entry that was acknowledged, and why it was not stored.
#[derive(Debug, Clone, Copy)]
pub struct Refused<'a> {
    pub entry: &'a LoggedEntry,
    pub reason: &'a str,
    pub origin: Origin<'a>,
}

impl Shelf {
    pub fn new(store: Arc<dyn LogStore>, files: Files) -> Self {
        Self { store, files, is_failing: false }
    }

    /// Keeps the letters of entries, and returns those that the store will not take. `patience` waits before a
    /// further try.
    pub(crate) async fn keep<'a>(
        &mut self,
        at: Timestamp,
        refused: &[Refused<'a>],
        patience: &Patience,
    ) -> Vec<Refused<'a>> {
        let mut left = Vec::new();
        for (index, some) in refused.chunks(WRITE).enumerate() {
            match self.write(at, some, patience).await {
                Ok(unkept) => left.extend(unkept),
                Err(error) => {
                    tracing::error!(%error, "the store of dead letters takes none; they go to files in dead-letters/");
                    left.extend_from_slice(refused.get(index * WRITE..).unwrap_or_default());
                    break;
                }
            }
        }
        left
    }

    async fn write<'a>(
        &mut self,
        at: Timestamp,
        refused: &[Refused<'a>],
        patience: &Patience,
    ) -> Result<Vec<Refused<'a>>, StoreError> {
        let letters: Vec<_> = refused.iter().map(|refused| letter(at, refused)).collect();
        let mut attempt = 1;
        loop {
            match self.store.write(letters.clone()).await {
                Ok(outcomes) => {
                    self.is_failing = false;
                    // A letter without an outcome is taken for one that was refused.
                    let outcomes = outcomes.iter().map(Some).chain(std::iter::repeat(None));
                    let kept = |outcome: Option<&WriteOutcome>| {
                        matches!(outcome, Some(WriteOutcome::Stored | WriteOutcome::Duplicate))
                    };
                    return Ok(refused
                        .iter()
                        .zip(outcomes)
                        .filter(|(_, outcome)| !kept(*outcome))
                        .map(|(one, _)| *one)
                        .collect());
                }
                Err(error) if self.is_failing || attempt >= TRIES => {
                    self.is_failing = true;
                    return Err(error);
                }
                Err(error) => patience.wait(attempt, &error).await,
            }
            attempt += 1;
        }
    }

    /// Appends lines to the files, and returns once they are on disk. After an error nothing is known of them: append them again.
    pub fn append(&mut self, lines: &[Line<'_>]) -> std::io::Result<()> {
        self.files.append(lines)
    }
}

fn letter(at: Timestamp, refused: &Refused<'_>) -> NewEntry {
    let content = Content::Entry { id: refused.entry.id, stored: &refused.entry.body };
    let letter = DeadLetter { at, reason: refused.reason, origin: refused.origin, content };
    NewEntry { id: letter.id(), body: letter.stored().into() }
}

/// Exponential, with jitter so that many ingestors don't come back at once.
pub(crate) fn back_off(attempt: u32, base: Duration, most: Duration) -> Duration {
    let doubled = base.saturating_mul(1 << (attempt.max(1) - 1).min(20));
    doubled.min(most).mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use logpipeline_model::EntryId;
    use logpipeline_model::entry::{Limits, Stamp, accept};
    use logpipeline_store::embedded::{EmbeddedStore, Options};

    use super::*;

    fn entry(number: u8) -> LoggedEntry {
        let (id, received_at) = (EntryId([number; 16]), Timestamp::from_unix_seconds(1_700_000_000));
        let mut body = Vec::new();
        accept(b"{\"message\":\"m\"}", Stamp { id, received_at }, &Limits::default(), &mut body).unwrap();
        LoggedEntry { number: 0, id, received_at: 1, body: body.into() }
    }

    #[tokio::test]
    async fn a_store_that_never_takes_letters_holds_them_up_once() {
        let folder = tempfile::tempdir().unwrap();
        // One that was opened to read takes nothing.
        let reader = Arc::new(EmbeddedStore::open_reader(folder.path()).unwrap());
        let mut shelf = Shelf::new(reader, Files::new(folder.path().join("files")));
        let patience = Patience::of(Duration::from_millis(4));
        let at = Timestamp::from_unix_seconds(1_700_000_000);
        let entries: Vec<_> = (1..=3).map(entry).collect();
        let refused = entries.iter().map(|entry| Refused { entry, reason: "r", origin: Origin::default() });
        let refused: Vec<_> = refused.collect();
        let begun = std::time::Instant::now();
        assert_eq!(shelf.keep(at, &refused, &patience).await.len(), 3);
        assert!(begun.elapsed() >= Duration::from_millis(2) * (TRIES - 1), "it was waited for");
        assert!(shelf.is_failing, "from now on it is tried once");
        assert_eq!(shelf.keep(at, &refused[..1], &patience).await.len(), 1);

        let writer = EmbeddedStore::open_writer(folder.path().join("store"), Options::default()).unwrap();
        shelf.store = Arc::new(writer);
        for _ in 0..2 {
            assert_eq!(shelf.keep(at, &refused, &patience).await.len(), 0);
        }
        assert!(!shelf.is_failing);
        assert_eq!(shelf.store.health().await.unwrap().entries, 3, "each once");
    }
}
