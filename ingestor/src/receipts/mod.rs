//! What became of a request and of an entry: told from the journal, from what waits in the log, and from the store.

mod answer;
mod entry;
mod find;
mod journal;
mod letters;
mod line;
mod note;
mod recorder;
mod rules;
mod span;
mod tally;
mod waiting;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use logpipeline_model::EntryId;
use logpipeline_store::Stores;
use tokio::sync::Semaphore;

pub use answer::{AcceptedEntries, Answer, Known, ShippedBatch, State};
pub use entry::{EntryAnswer, EntryState};
pub use journal::Journal;
pub use letters::Letter;
pub use note::{Ids, Note, Rejected};
pub use recorder::Recorder;
pub use rules::{Expired, Rules};

use crate::intake::Origin;
use crate::wal::Wal;
use find::Wanted;

/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Questions that read files at once; others wait.
const AT_ONCE: usize = 2;
/// Requests in one answer.
pub const MOST: usize = 100;

/// Answers questions; the one of the whole process.
#[derive(Debug)]
pub struct Receipts {
    journal: Arc<Journal>,
    wal: Wal,
    stores: Stores,
    /// The folder of dead letters that their store did not take.
    letters: PathBuf,
    rules: Rules,
    looks: Semaphore,
}

/// Why a question has no answer now.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    #[error("so much waits in the write-ahead log, or is known of requests, that it was not read within {}s", PATIENCE.as_secs())]
    TooLong,
    #[error("what is known of requests cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] logpipeline_store::StoreError),
    #[error("the ingestor is ending")]
    Ending,
}

impl Receipts {
    pub fn new(journal: Arc<Journal>, wal: Wal, stores: Stores, letters: PathBuf, rules: Rules) -> Self {
        Self { journal, wal, stores, letters, rules, looks: Semaphore::new(AT_ONCE) }
    }

    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The request with a receipt.
    pub async fn request(self: &Arc<Self>, receipt: EntryId) -> Result<Option<Answer>, NoAnswer> {
        let found = self.look(move |this, until| this.find(&Wanted::Receipt(receipt), until)).await?;
        Ok(found.requests.into_iter().next())
    }

    /// Requests with an `Idempotency-Key`, newest first.
    pub async fn requests_of_key(self: &Arc<Self>, key: &str) -> Result<Known, NoAnswer> {
        let key = note::key_text(Origin::hash(key));
        self.look(move |this, until| this.find(&Wanted::Key(key), until)).await
    }

    /// Runs work that reads files away from the threads that serve.
    async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, Instant) -> Result<T, NoAnswer> + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let _permit = tokio::time::timeout(PATIENCE, self.looks.acquire())
            .await
            .map_err(|_| NoAnswer::TooLong)?
            .map_err(|_| NoAnswer::Ending)?;
        let this = Arc::clone(self);
        let until = Instant::now() + PATIENCE;
        tokio::task::spawn_blocking(move || work(&this, until)).await.map_err(|_| NoAnswer::Ending)?
    }
}

/// The lines of a file; those that are torn have no end.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0;
    let ends = memchr::memchr_iter(b'\n', text).chain([text.len()]);
    let lines = ends.map(move |end| text.get(std::mem::replace(&mut from, end + 1)..end).unwrap_or_default());
    lines.filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn lines_are_what_stands_between_their_ends() {
        let of = |text: &'static str| {
            lines(text.as_bytes()).map(|line| str::from_utf8(line).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(of("a\n\nbc\nd"), ["a", "bc", "d"]);
        assert_eq!(of("a\n"), ["a"]);
        assert_eq!((of(""), of("\n\n")), (vec![], vec![]));
    }
}
