//! A store in memory: a sorted list and the model's matcher. Tests make it slow, broken or partial.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use logpipeline_model::query::{Field, Matcher, Query, TimeRange};
use logpipeline_model::{Document, EntryId, Timestamp};
use logpipeline_store::{
    Bucket, FieldInfo, FieldKind, FieldList, FieldValues, FoundEntry, Histogram, HistogramRequest, LogStore,
    NewEntry, Order, Position, RetentionPolicy, RetentionReport, SearchPage, SearchRequest, StoreError,
    StoreStats, ValuesRequest, WriteOutcome,
};

#[derive(Debug, Default)]
pub struct MemoryStore {
    by_time: Mutex<BTreeMap<Position, Bytes>>,
    by_receipt: Mutex<BTreeMap<Position, Bytes>>,
    ids: Mutex<BTreeSet<EntryId>>,
    /// Answers are cut and marked as partial.
    pub partial: AtomicBool,
    /// Searches and lists of fields that have a deadline are too slow for it.
    pub slow: AtomicBool,
    /// Milliseconds that every search takes.
    pub delay: AtomicU64,
    /// Searches fail once so many have been answered.
    pub fail_after: AtomicUsize,
    pub searches: AtomicUsize,
}

impl MemoryStore {
    pub fn new() -> Self {
        Self { fail_after: usize::MAX.into(), ..Self::default() }
    }

    pub fn add(&self, id: EntryId, body: Bytes) -> WriteOutcome {
        let document = Document::parse(&body).unwrap();
        if !self.ids.lock().unwrap().insert(id) {
            return WriteOutcome::Duplicate;
        }
        self.by_time.lock().unwrap().insert(Position { time: document.timestamp, id }, body.clone());
        self.by_receipt.lock().unwrap().insert(Position { time: document.received_at, id }, body.clone());
        WriteOutcome::Stored
    }

    async fn begin(&self) -> Result<(), StoreError> {
        if self.searches.fetch_add(1, Ordering::SeqCst) >= self.fail_after.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "told to fail".to_owned() });
        }
        tokio::time::sleep(Duration::from_millis(self.delay.load(Ordering::SeqCst))).await;
        Ok(())
    }

    fn matching(&self, query: &Query, range: TimeRange) -> Vec<FoundEntry> {
        let matcher = Matcher::new(query);
        let entries = self.by_time.lock().unwrap();
        let found = entries.iter().filter(|(position, body)| {
            range.contains(position.time) && matcher.matches(&Document::parse(body).unwrap())
        });
        found.map(|(position, body)| FoundEntry { position: *position, body: body.clone() }).collect()
    }
}

/// A field's value as the matcher reads it.
fn values(document: &Document<'_>, field: &Field) -> BTreeSet<String> {
    let one = match field {
        Field::Id => Some(document.id.to_string()),
        Field::Level => document.level.as_ref().map(|text| text.to_string()),
        Field::ResourceId => document.resource_id.as_ref().map(|text| text.to_string()),
        Field::TraceId => document.trace_id.as_ref().map(|text| text.to_string()),
        Field::SpanId => document.span_id.as_ref().map(|text| text.to_string()),
        Field::Commit => document.commit.as_ref().map(|text| text.to_string()),
        Field::Metadata(path) => {
            let leaves = document.metadata.iter().filter(|leaf| leaf.path == path.as_str());
            return leaves.map(|leaf| leaf.text.to_string()).collect();
        }
        _ => None,
    };
    one.into_iter().collect()
}

fn severity(level: &str) -> (u8, String) {
    let rank = ["fatal", "error", "warn", "info", "debug", "trace"].iter().position(|known| *known == level);
    let unknown = if level.is_empty() { 10 } else { 9 };
    (rank.map_or(unknown, |rank| rank as u8), level.to_owned())
}

#[async_trait]
impl LogStore for MemoryStore {
    async fn write(&self, batch: Vec<NewEntry>) -> Result<Vec<WriteOutcome>, StoreError> {
        Ok(batch.into_iter().map(|entry| self.add(entry.id, entry.body)).collect())
    }

    async fn search(&self, request: SearchRequest) -> Result<SearchPage, StoreError> {
        self.begin().await?;
        let mut found = self.matching(&request.query, request.range);
        let total = found.len() as u64;
        if request.order == Order::Desc {
            found.reverse();
        }
        if let Some(after) = request.after {
            found.retain(|entry| match request.order {
                Order::Asc => entry.position > after,
                Order::Desc => entry.position < after,
            });
        }
        let late = request.deadline.is_some() && self.slow.load(Ordering::SeqCst);
        let partial = late || self.partial.load(Ordering::SeqCst);
        let limit = if partial { request.limit / 2 } else { request.limit };
        let more = found.len() > limit;
        found.truncate(limit);
        Ok(SearchPage { total: request.count.then_some(total), entries: found, partial, more })
    }

    async fn histogram(&self, request: HistogramRequest) -> Result<Histogram, StoreError> {
        self.begin().await?;
        let width = i128::try_from(request.interval.as_nanos()).unwrap();
        let mut buckets: BTreeMap<Timestamp, BTreeMap<(u8, String), u64>> = BTreeMap::new();
        for entry in self.matching(&request.query, request.range) {
            let document = Document::parse(&entry.body).unwrap();
            let nanos = document.timestamp.unix_nanos().div_euclid(width) * width;
            let level = severity(document.level.as_deref().unwrap_or_default());
            *buckets.entry(Timestamp::from_unix_nanos(nanos)).or_default().entry(level).or_default() += 1;
        }
        let buckets = buckets.into_iter().map(|(start, levels)| Bucket {
            start,
            total: levels.values().sum(),
            levels: levels.into_iter().map(|((_, level), count)| (level, count)).collect(),
        });
        Ok(Histogram { buckets: buckets.collect(), partial: self.partial.load(Ordering::SeqCst) })
    }

    async fn values(&self, request: ValuesRequest) -> Result<FieldValues, StoreError> {
        self.begin().await?;
        let (mut counts, mut with_field) = (BTreeMap::<String, u64>::new(), 0);
        for entry in self.matching(&request.query, request.range) {
            let values = values(&Document::parse(&entry.body).unwrap(), &request.field);
            with_field += u64::from(!values.is_empty());
            for value in values {
                *counts.entry(value).or_default() += 1;
            }
        }
        let mut values: Vec<_> = counts.into_iter().collect();
        values.retain(|(value, _)| value.to_lowercase().starts_with(&request.prefix.to_lowercase()));
        values.sort_by(|(a, m), (b, n)| n.cmp(m).then(a.cmp(b)));
        values.truncate(request.limit);
        Ok(FieldValues {
            values,
            with_field,
            partial: self.partial.load(Ordering::SeqCst),
            approximate: false,
        })
    }

    async fn fields(&self, range: TimeRange, deadline: Option<Instant>) -> Result<FieldList, StoreError> {
        self.begin().await?;
        let mut paths = BTreeMap::new();
        for entry in self.matching(&Query::parse("", Timestamp::MIN).unwrap(), range) {
            for leaf in Document::parse(&entry.body).unwrap().metadata {
                let kind = if leaf.number.is_some() { FieldKind::Number } else { FieldKind::Keyword };
                paths.insert(leaf.path.to_string(), kind);
            }
        }
        let fixed = Field::FIXED.into_iter().map(|field| {
            let kind = match field {
                Field::Level => FieldKind::Level,
                Field::Message => FieldKind::Text,
                Field::Timestamp | Field::ReceivedAt => FieldKind::Time,
                _ => FieldKind::Keyword,
            };
            FieldInfo { field, kind }
        });
        let below = paths.into_iter().map(|(path, kind)| FieldInfo { field: Field::Metadata(path), kind });
        let late = deadline.is_some() && self.slow.load(Ordering::SeqCst);
        let partial = late || self.partial.load(Ordering::SeqCst);
        Ok(FieldList { fields: fixed.chain(below).collect(), partial })
    }

    async fn get(&self, id: EntryId) -> Result<Option<FoundEntry>, StoreError> {
        self.begin().await?;
        let entries = self.by_time.lock().unwrap();
        let found = entries.iter().find(|(position, _)| position.id == id);
        Ok(found.map(|(position, body)| FoundEntry { position: *position, body: body.clone() }))
    }

    async fn received_after(&self, after: Position, limit: usize) -> Result<Vec<FoundEntry>, StoreError> {
        let entries = self.by_receipt.lock().unwrap();
        let behind =
            entries.range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded)).take(limit);
        Ok(behind.map(|(position, body)| FoundEntry { position: *position, body: body.clone() }).collect())
    }

    async fn retain(&self, _: RetentionPolicy, _: Timestamp) -> Result<RetentionReport, StoreError> {
        Ok(RetentionReport::default())
    }

    async fn health(&self) -> Result<StoreStats, StoreError> {
        let entries = self.by_time.lock().unwrap();
        Ok(StoreStats {
            entries: entries.len() as u64,
            bytes: entries.values().map(|body| body.len() as u64).sum(),
            earliest: entries.keys().next().map(|position| position.time),
            latest: entries.keys().next_back().map(|position| position.time),
        })
    }
}
