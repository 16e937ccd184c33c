//! A store in memory that does as it is told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use logpipeline_model::query::TimeRange;
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_store::{
    FieldList, FieldValues, FoundEntry, Histogram, HistogramRequest, LogStore, NewEntry, Position,
    RetentionPolicy, RetentionReport, SearchPage, SearchRequest, StoreError, StoreStats, ValuesRequest,
    WriteOutcome,
};
use serde_json::Value;

#[derive(Debug, Default)]
pub struct FakeStore {
    entries: Mutex<BTreeMap<EntryId, Bytes>>,
    /// Writes fail.
    pub down: AtomicBool,
    /// The next write stores its entries and then fails all the same.
    pub lose_answer: AtomicBool,
    pub writes: AtomicU64,
    pub retained: Mutex<Vec<RetentionPolicy>>,
    pub handed_over: AtomicBool,
}

impl FakeStore {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn down() -> Arc<Self> {
        let store = Self::new();
        store.down.store(true, Ordering::SeqCst);
        store
    }

    pub fn entries(&self) -> Vec<Value> {
        self.entries.lock().unwrap().values().map(|body| serde_json::from_slice(body).unwrap()).collect()
    }

    pub fn messages(&self) -> Vec<String> {
        self.entries.lock().unwrap().values().map(|body| Head::of(body).message).collect()
    }

    pub fn len(&self) -> usize {
        self.entries.lock().unwrap().len()
    }
}

/// What the store looks at; numbers elsewhere may be beyond what serde_json holds.
#[derive(serde::Deserialize)]
struct Head {
    id: EntryId,
    message: String,
}

impl Head {
    fn of(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap()
    }
}

fn unsupported<T>() -> Result<T, StoreError> {
    Err(StoreError::Unsupported { reason: "this store only takes entries".to_owned() })
}

#[async_trait]
impl LogStore for FakeStore {
    /// Entries whose message begins with "refuse" are refused for good.
    async fn write(&self, batch: Vec<NewEntry>) -> Result<Vec<WriteOutcome>, StoreError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "switched off by the test".to_owned() });
        }
        let mut entries = self.entries.lock().unwrap();
        let outcomes = batch.into_iter().map(|entry| {
            let head = Head::of(&entry.body);
            assert_eq!(head.id, entry.id);
            assert!(!head.message.starts_with("panic"), "a fault of the store");
            if head.message.starts_with("refuse") {
                return WriteOutcome::Refused { reason: "the test refuses it".to_owned() };
            }
            match entries.insert(entry.id, entry.body) {
                None => WriteOutcome::Stored,
                Some(_) => WriteOutcome::Duplicate,
            }
        });
        let outcomes = outcomes.collect();
        if self.lose_answer.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "the answer was lost".to_owned() });
        }
        Ok(outcomes)
    }

    async fn search(&self, _: SearchRequest) -> Result<SearchPage, StoreError> {
        unsupported()
    }

    async fn histogram(&self, _: HistogramRequest) -> Result<Histogram, StoreError> {
        unsupported()
    }

    async fn values(&self, _: ValuesRequest) -> Result<FieldValues, StoreError> {
        unsupported()
    }

    async fn fields(&self, _: TimeRange, _: Option<Instant>) -> Result<FieldList, StoreError> {
        unsupported()
    }

    async fn get(&self, _: EntryId) -> Result<Option<FoundEntry>, StoreError> {
        unsupported()
    }

    async fn received_after(&self, _: Position, _: usize) -> Result<Vec<FoundEntry>, StoreError> {
        unsupported()
    }

    async fn retain(&self, policy: RetentionPolicy, _: Timestamp) -> Result<RetentionReport, StoreError> {
        self.retained.lock().unwrap().push(policy);
        Ok(RetentionReport { entries: 3, bytes: 300, removed: vec!["2023-09-15".to_owned()] })
    }

    async fn stop_retaining(&self) -> Result<(), StoreError> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.handed_over.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn health(&self) -> Result<StoreStats, StoreError> {
        Ok(StoreStats::default())
    }
}
