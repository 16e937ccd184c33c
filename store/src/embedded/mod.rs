//! Tantivy in time partitions, for one machine: one process writes, any number read.
//!
//! A directory holds `partitions/<name>/`, each a Tantivy index of a day's entries, `writer.lock`, held
//! by the process that writes, and `schema-version`.

mod body;
mod budget;
mod catalog;
mod compile;
mod error;
mod fields;
mod folder;
mod histogram;
mod lock;
mod options;
mod partition;
mod phrase;
mod plan;
mod prefilter;
mod record;
mod retention;
mod scan;
mod schema;
mod search;
#[cfg(test)]
mod tests;
mod tokenizer;
mod topk;
mod values;
mod version;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use logpipeline_model::query::TimeRange;
use logpipeline_model::{EntryId, Timestamp};
use tokio::sync::Semaphore;

use self::budget::Budget;
use self::catalog::{Catalog, Snapshot};
use self::writer::Writer;
use crate::terms;
use crate::{
    FieldList, FieldValues, FoundEntry, Histogram, HistogramRequest, LogStore, NewEntry, Position,
    RetentionPolicy, RetentionReport, SearchPage, SearchRequest, StoreError, StoreStats, ValuesRequest,
    WriteOutcome,
};

pub use self::options::Options;

/// The embedded engine on one directory.
#[derive(Debug)]
pub struct EmbeddedStore {
    catalog: Arc<Catalog>,
    writer: Option<Arc<Mutex<Writer>>>,
    /// Requests that read at once; more wait, without a thread each.
    reads: Arc<Semaphore>,
    writes: Arc<Semaphore>,
}

impl EmbeddedStore {
    /// Opens a directory to write and read, and makes it where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process writes there, [`StoreError::SchemaVersion`] where
    /// another version of this program did, and [`StoreError::Unavailable`] where files cannot be made.
    pub fn open_writer(directory: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let directory = directory.as_ref();
        let catalog = Arc::new(Catalog::new(directory));
        let writer = Writer::open(directory, Arc::clone(&catalog), options)?;
        Ok(Self::new(catalog, Some(Arc::new(Mutex::new(writer)))))
    }

    /// Opens a directory to read what another process writes there; one that does not exist yet is an
    /// empty store.
    ///
    /// # Errors
    /// [`StoreError::SchemaVersion`] where another version of this program wrote it.
    pub fn open_reader(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        version::check(directory.as_ref())?;
        Ok(Self::new(Arc::new(Catalog::new(directory.as_ref())), None))
    }

    fn new(catalog: Arc<Catalog>, writer: Option<Arc<Mutex<Writer>>>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            catalog,
            writer,
            reads: Arc::new(Semaphore::new(2 * cores)),
            writes: Arc::new(Semaphore::new(1)),
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Snapshot) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let catalog = Arc::clone(&self.catalog);
        blocking(&self.reads, move || work(&catalog.snapshot()?)).await
    }

    async fn with_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Catalog, &mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(writer) = self.writer.clone() else {
            return Err(StoreError::Unsupported { reason: "this store was opened to read only".to_owned() });
        };
        let catalog = Arc::clone(&self.catalog);
        let work = move || {
            let mut guard = writer.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
                // A panic left a batch half done: what was not committed is written again.
                let mut guard = poisoned.into_inner();
                guard.abandon();
                writer.clear_poison();
                guard
            });
            work(&catalog, &mut guard)
        };
        blocking(&self.writes, work).await
    }
}

/// Runs work that blocks on a thread made for it, `permits` of them at once.
async fn blocking<T: Send + 'static>(
    permits: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let failed = |reason: String| StoreError::Unavailable { reason };
    let permit = Arc::clone(permits).acquire_owned().await.map_err(|error| failed(error.to_string()))?;
    let span = tracing::Span::current();
    let work = move || {
        let _permit = permit;
        span.in_scope(work)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(failed(format!("a request failed: {error}"))),
    }
}

#[async_trait]
impl LogStore for EmbeddedStore {
    async fn write(&self, batch: Vec<NewEntry>) -> Result<Vec<WriteOutcome>, StoreError> {
        self.with_writer(move |_, writer| writer.write(&batch)).await
    }

    async fn search(&self, request: SearchRequest) -> Result<SearchPage, StoreError> {
        self.read(move |snapshot| search::search(snapshot, &request)).await
    }

    async fn histogram(&self, request: HistogramRequest) -> Result<Histogram, StoreError> {
        self.read(move |snapshot| histogram::histogram(snapshot, &request)).await
    }

    async fn values(&self, request: ValuesRequest) -> Result<FieldValues, StoreError> {
        self.read(move |snapshot| values::values(snapshot, &request)).await
    }

    async fn fields(&self, range: TimeRange, deadline: Option<Instant>) -> Result<FieldList, StoreError> {
        self.read(move |snapshot| fields::fields(snapshot, range, &Budget::until(deadline))).await
    }

    async fn get(&self, id: EntryId) -> Result<Option<FoundEntry>, StoreError> {
        self.read(move |snapshot| {
            for partition in snapshot.iter().rev() {
                if let Some((segment, doc)) = partition.find(id).map_err(error::reading)? {
                    return body::entry(partition, segment, doc).map(Some);
                }
            }
            Ok(None)
        })
        .await
    }

    async fn place(&self, id: EntryId) -> Result<Option<String>, StoreError> {
        self.read(move |snapshot| {
            for partition in snapshot.iter().rev() {
                if partition.find(id).map_err(error::reading)?.is_some() {
                    return Ok(Some(format!("partition {}", partition.name)));
                }
            }
            Ok(None)
        })
        .await
    }

    async fn received_after(&self, after: Position, limit: usize) -> Result<Vec<FoundEntry>, StoreError> {
        self.read(move |snapshot| search::received_after(snapshot, after, limit)).await
    }

    async fn retain(&self, policy: RetentionPolicy, now: Timestamp) -> Result<RetentionReport, StoreError> {
        self.with_writer(move |catalog, writer| retention::retain(catalog, writer, policy, now)).await
    }

    async fn health(&self) -> Result<StoreStats, StoreError> {
        self.read(|snapshot| {
            let times = || snapshot.iter().filter_map(|partition| partition.summary.times);
            Ok(StoreStats {
                entries: snapshot.iter().map(|partition| partition.summary.entries).sum(),
                bytes: snapshot.iter().map(|partition| partition.bytes).sum(),
                earliest: times().map(|times| times.earliest).min(),
                latest: times().map(|times| times.latest).max(),
            })
        })
        .await
    }
}
