//! What should be found, by the plain matcher and plain counting.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use logpipeline_model::query::{Field, Matcher, Query, TimeRange, text};
use logpipeline_model::{Document, EntryId, Level, Timestamp};
use logpipeline_store::{Bucket, NewEntry, Order, Position, RetentionReport};

#[derive(Default)]
pub struct Oracle {
    entries: BTreeMap<EntryId, NewEntry>,
}

impl Oracle {
    /// Whether the entry is new.
    pub fn add(&mut self, entry: &NewEntry) -> bool {
        self.entries.insert(entry.id, entry.clone()).is_none()
    }

    pub fn entries(&self) -> impl Iterator<Item = &NewEntry> {
        self.entries.values()
    }

    fn matching(&self, query: &Query, range: TimeRange) -> Vec<Document<'_>> {
        let matcher = Matcher::new(query);
        let documents = self.entries().map(|entry| Document::parse(&entry.body).unwrap());
        documents.filter(|document| range.contains(document.timestamp) && matcher.matches(document)).collect()
    }

    pub fn find(
        &self,
        query: &Query,
        range: TimeRange,
        order: Order,
        after: Option<Position>,
    ) -> Vec<Position> {
        let position = |document: &Document<'_>| Position { time: document.timestamp, id: document.id };
        let mut found: Vec<_> = self.matching(query, range).iter().map(position).collect();
        found.sort();
        if order == Order::Desc {
            found.reverse();
        }
        if let Some(after) = after {
            let at = found.iter().position(|one| *one == after).map_or(0, |at| at + 1);
            found.drain(..at);
        }
        found
    }

    pub fn histogram(&self, query: &Query, interval: Duration) -> Vec<Bucket> {
        let interval = interval.as_nanos() as i128;
        let mut buckets: BTreeMap<i128, BTreeMap<String, u64>> = BTreeMap::new();
        for document in self.matching(query, TimeRange::ALL) {
            let bucket = buckets.entry(document.timestamp.unix_nanos().div_euclid(interval)).or_default();
            *bucket.entry(document.level.unwrap_or_default().into_owned()).or_default() += 1;
        }
        let rank = |name: &str| match Level::ALL.iter().rev().position(|level| level.as_str() == name) {
            Some(at) => at,
            None => Level::ALL.len() + usize::from(name.is_empty()),
        };
        buckets
            .into_iter()
            .map(|(number, levels)| {
                let mut levels: Vec<_> = levels.into_iter().collect();
                levels.sort_by_key(|(name, _)| (rank(name), name.clone()));
                let start = Timestamp::from_unix_nanos(number * interval);
                Bucket { start, total: levels.iter().map(|(_, count)| count).sum(), levels }
            })
            .collect()
    }

    /// Values with their counts, and how many entries have the field.
    pub fn values(
        &self,
        query: &Query,
        field: &Field,
        prefix: &str,
        limit: usize,
    ) -> (Vec<(String, u64)>, u64) {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut with_field = 0;
        for document in self.matching(query, TimeRange::ALL) {
            let (values, present) = values_of(&document, field);
            with_field += u64::from(present);
            for value in values {
                if text::fold(&value).starts_with(&text::fold(prefix)) {
                    *counts.entry(value).or_default() += 1;
                }
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        counts.truncate(limit);
        (counts, with_field)
    }

    /// Forgets what a retention of one day, asked at noon of 2023-09-17, must have removed.
    pub fn drop_partitions(&mut self, report: &RetentionReport) {
        let before = self.entries.len();
        let series = |entry: &NewEntry| {
            let document = Document::parse(&entry.body).unwrap();
            let (time, receipt) = (document.timestamp, document.received_at);
            let apart = time.unix_nanos() - receipt.unix_nanos();
            let day = if apart.abs() > 86_400_000_000_000 { receipt } else { time }.unix_days();
            let era = (time.unix_nanos() + (1 << 63)).div_euclid(1 << 64);
            (apart.signum() * i128::from(apart.abs() > 86_400_000_000_000), day, era)
        };
        let newest = |entry: &NewEntry| {
            let document = Document::parse(&entry.body).unwrap();
            document.timestamp.max(document.received_at)
        };
        let limit: Timestamp = "2023-09-16T12:00:00Z".parse().unwrap();
        let kept: BTreeSet<_> =
            self.entries.values().filter(|entry| newest(entry) >= limit).map(series).collect();
        self.entries.retain(|_, entry| kept.contains(&series(entry)));
        assert_eq!(report.entries, (before - self.entries.len()) as u64, "{report:?}");
    }
}

fn values_of(document: &Document<'_>, field: &Field) -> (BTreeSet<String>, bool) {
    let single = |value: &Option<std::borrow::Cow<'_, str>>| {
        (value.iter().map(|value| value.clone().into_owned()).collect(), value.is_some())
    };
    match field {
        Field::Id => (BTreeSet::from([document.id.to_string()]), true),
        Field::Level => single(&document.level),
        Field::ResourceId => single(&document.resource_id),
        Field::TraceId => single(&document.trace_id),
        Field::SpanId => single(&document.span_id),
        Field::Commit => single(&document.commit),
        Field::Metadata(path) => {
            let leaves = || document.metadata.iter();
            let values =
                leaves().filter(|leaf| leaf.path == *path).map(|leaf| leaf.text.clone().into_owned());
            let below = format!("{path}.");
            (values.collect(), leaves().any(|leaf| leaf.path == *path || leaf.path.starts_with(&below)))
        }
        Field::Message | Field::Timestamp | Field::ReceivedAt => panic!("{field} is not counted"),
    }
}
