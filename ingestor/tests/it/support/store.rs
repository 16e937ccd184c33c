//! A store in memory that does as it is told.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use logpipeline_model::query::{Matcher, TimeRange};
use logpipeline_model::{Document, EntryId, Timestamp};
use logpipeline_store::{
    FieldList, FieldValues, FoundEntry, Histogram, HistogramRequest, LogStore, NewEntry, Order, Position,
    RetentionPolicy, RetentionReport, SearchPage, SearchRequest, StoreError, StoreStats, Stores,
    ValuesRequest, WriteOutcome,
};
use serde_json::Value;

#[derive(Debug, Default)]
pub struct FakeStore {
    entries: Mutex<BTreeMap<EntryId, Bytes>>,
    /// Writes fail.
    pub down: AtomicBool,
    /// The next write stores its entries and then fails all the same.
    pub lose_answer: AtomicBool,
    /// Entries are said to be stored, and are not.
    pub forgets: AtomicBool,
    /// Everything is refused.
    pub refuse_all: AtomicBool,
    /// Nothing is refused.
    pub lenient: AtomicBool,
    /// The store of dead letters beside it.
    letters: OnceLock<Arc<FakeStore>>,
    pub writes: AtomicU64,
    /// Questions that were answered, each of which takes so long.
    pub asked: AtomicU64,
    pub answers_within: Mutex<Duration>,
    pub retained: Mutex<Vec<RetentionPolicy>>,
    pub handed_over: AtomicBool,
    /// How long entries take to be found.
    pub visible_within: Mutex<Duration>,
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

    /// The store of dead letters, which lives as long as this one.
    pub fn letters(&self) -> Arc<Self> {
        let letters = || Arc::new(Self { lenient: true.into(), ..Self::default() });
        Arc::clone(self.letters.get_or_init(letters))
    }

    pub fn stores(self: &Arc<Self>) -> Stores {
        Stores { logs: Arc::clone(self) as Arc<dyn LogStore>, dead_letters: self.letters() }
    }

    pub fn entries(&self) -> Vec<Value> {
        self.entries.lock().unwrap().values().map(|body| serde_json::from_slice(body).unwrap()).collect()
    }

    pub fn messages(&self) -> Vec<String> {
        self.entries.lock().unwrap().values().map(|body| Head::of(body).message).collect()
    }

    /// Removes everything, as retention does.
    pub fn clear(&self) {
        self.entries.lock().unwrap().clear();
    }

    /// Takes as long as an answer takes.
    async fn answer(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let time = *self.answers_within.lock().unwrap();
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
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
            let lenient = self.lenient.load(Ordering::SeqCst);
            assert!(lenient || !head.message.starts_with("panic"), "a fault of the store");
            let refused = !lenient && head.message.starts_with("refuse");
            if refused || self.refuse_all.load(Ordering::SeqCst) {
                return WriteOutcome::Refused { reason: "the test refuses it".to_owned() };
            }
            if self.forgets.load(Ordering::SeqCst) {
                return WriteOutcome::Stored;
            }
            match entries.entry(entry.id) {
                Entry::Vacant(place) => {
                    place.insert(entry.body);
                    WriteOutcome::Stored
                }
                Entry::Occupied(_) => WriteOutcome::Duplicate,
            }
        });
        let outcomes = outcomes.collect();
        if self.lose_answer.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "the answer was lost".to_owned() });
        }
        Ok(outcomes)
    }

    async fn search(&self, request: SearchRequest) -> Result<SearchPage, StoreError> {
        self.answer().await;
        assert!(!request.count, "this store does not count");
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "switched off by the test".to_owned() });
        }
        let matcher = Matcher::new(&request.query);
        let mut entries = Vec::new();
        for body in self.entries.lock().unwrap().values() {
            let document = Document::parse(body).unwrap();
            if request.range.contains(document.timestamp) && matcher.matches(&document) {
                let position = Position { time: document.timestamp, id: document.id };
                entries.push(FoundEntry { position, body: body.clone() });
            }
        }
        entries.sort_by_key(|entry| entry.position);
        if request.order == Order::Desc {
            entries.reverse();
        }
        let begin = request.after.map_or(0, |after| {
            entries.iter().position(|entry| entry.position == after).map_or(entries.len(), |at| at + 1)
        });
        let more = entries.len() > begin + request.limit;
        let entries = entries.into_iter().skip(begin).take(request.limit).collect();
        Ok(SearchPage { entries, more, ..SearchPage::default() })
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

    async fn get(&self, id: EntryId) -> Result<Option<FoundEntry>, StoreError> {
        self.answer().await;
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "switched off by the test".to_owned() });
        }
        let entries = self.entries.lock().unwrap();
        Ok(entries.get(&id).map(|body| {
            let time = Document::parse(body).unwrap().timestamp;
            FoundEntry { position: Position { time, id }, body: body.clone() }
        }))
    }

    async fn place(&self, id: EntryId) -> Result<Option<String>, StoreError> {
        Ok(self.entries.lock().unwrap().contains_key(&id).then(|| "shelf 7".to_owned()))
    }

    async fn visible_within(&self) -> Result<Duration, StoreError> {
        Ok(*self.visible_within.lock().unwrap())
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
