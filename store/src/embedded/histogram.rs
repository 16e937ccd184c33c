//! How many entries a query finds, by time and level.

use std::collections::HashMap;
use std::sync::Arc;

use logpipeline_model::Timestamp;
use tantivy::{COLLECT_BLOCK_BUFFER_LEN, DocId};

use super::error;
use super::partition::{Base, Partition, Segment};
use super::plan::Plan;
use crate::levels::severity_order;
use crate::{Bucket, Histogram, HistogramRequest, StoreError};

/// Buckets with entries in them.
const MOST_BUCKETS: usize = 100_000;

pub(super) fn histogram(
    snapshot: &[Arc<Partition>],
    request: &HistogramRequest,
) -> Result<Histogram, StoreError> {
    let interval = i128::try_from(request.interval.as_nanos()).unwrap_or(i128::MAX);
    if interval == 0 {
        return Err(StoreError::Unsupported {
            reason: "the interval of a histogram must not be zero".to_owned(),
        });
    }
    let plan = Plan::new(&request.query, request.range, request.deadline);
    let mut counts = Counts { interval, levels: Levels::default(), buckets: HashMap::new() };
    if !plan.range.is_empty() {
        for partition in plan.select(snapshot) {
            let compiled = plan.compile(partition)?;
            for segment in &partition.segments {
                let mut run = Run::new(&mut counts, partition.name.bucket.base(), segment);
                plan.matches(&compiled, partition, segment, |docs, times| run.add(docs, times))?;
                run.finish()?;
                if plan.budget.is_spent() {
                    break;
                }
            }
        }
    }
    Ok(Histogram { buckets: counts.into_buckets(), partial: plan.budget.is_spent() })
}

struct Counts {
    interval: i128,
    levels: Levels,
    /// By number of the bucket, then by number of the level.
    buckets: HashMap<i128, HashMap<usize, u64>>,
}

#[derive(Default)]
struct Levels {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Levels {
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.numbers.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.names.len() - 1
    }
}

/// Counts one segment. Neighbours mostly share their bucket, so that it is looked up when it changes.
struct Run<'a> {
    counts: &'a mut Counts,
    base: Base,
    segment: &'a Segment,
    /// The current bucket's number, and its first and last nanosecond.
    bucket: Option<(i128, i128, i128)>,
    current: HashMap<Option<u64>, u64>,
    /// Numbers of the segment's level ordinals.
    numbers: HashMap<Option<u64>, usize>,
}

impl<'a> Run<'a> {
    fn new(counts: &'a mut Counts, base: Base, segment: &'a Segment) -> Self {
        Self { counts, base, segment, bucket: None, current: HashMap::new(), numbers: HashMap::new() }
    }

    fn add(&mut self, docs: &[DocId], times: &[i64]) -> Result<(), StoreError> {
        let mut ordinals = [None; COLLECT_BLOCK_BUFFER_LEN];
        let ordinals = &mut ordinals[..docs.len()];
        if let Some(levels) = &self.segment.levels {
            levels.ords().first_vals(docs, ordinals);
        }
        let mut run: Option<(Option<u64>, u64)> = None;
        for (&time, &mut ordinal) in times.iter().zip(ordinals) {
            let nanos = self.base.to_timestamp(time).unix_nanos();
            if self.bucket.is_none_or(|(_, first, last)| nanos < first || nanos > last) {
                if let Some((ordinal, count)) = run.take() {
                    *self.current.entry(ordinal).or_default() += count;
                }
                self.finish()?;
                let number = nanos.div_euclid(self.counts.interval);
                let first = number.saturating_mul(self.counts.interval);
                self.bucket = Some((number, first, first.saturating_add(self.counts.interval - 1)));
            }
            match &mut run {
                Some((same, count)) if *same == ordinal => *count += 1,
                _ => {
                    if let Some((ordinal, count)) = run.replace((ordinal, 1)) {
                        *self.current.entry(ordinal).or_default() += count;
                    }
                }
            }
        }
        if let Some((ordinal, count)) = run {
            *self.current.entry(ordinal).or_default() += count;
        }
        Ok(())
    }

    /// Hands on what the current bucket has.
    fn finish(&mut self) -> Result<(), StoreError> {
        let Some((bucket, ..)) = self.bucket.take() else { return Ok(()) };
        for (ordinal, count) in self.current.drain() {
            let number = match self.numbers.get(&ordinal) {
                Some(number) => *number,
                None => {
                    let number = self.counts.levels.number(&level_name(self.segment, ordinal)?);
                    self.numbers.insert(ordinal, number);
                    number
                }
            };
            *self.counts.buckets.entry(bucket).or_default().entry(number).or_default() += count;
        }
        if self.counts.buckets.len() > MOST_BUCKETS {
            let reason =
                format!("the histogram has more than {MOST_BUCKETS} buckets; take a longer interval");
            return Err(StoreError::Unsupported { reason });
        }
        Ok(())
    }
}

fn level_name(segment: &Segment, ordinal: Option<u64>) -> Result<String, StoreError> {
    let mut name = String::new();
    if let (Some(levels), Some(ordinal)) = (&segment.levels, ordinal) {
        levels.ord_to_str(ordinal, &mut name).map_err(|error| error::reading(error.into()))?;
    }
    Ok(name)
}

impl Counts {
    fn into_buckets(self) -> Vec<Bucket> {
        let mut numbered: Vec<_> = self.buckets.into_iter().collect();
        numbered.sort_unstable_by_key(|(number, _)| *number);
        numbered
            .into_iter()
            .map(|(number, counts)| {
                let start = Timestamp::from_unix_nanos(number.saturating_mul(self.interval));
                let mut levels: Vec<_> = counts
                    .into_iter()
                    .map(|(level, count)| (self.levels.names[level].clone(), count))
                    .collect();
                levels.sort_by(|(a, _), (b, _)| severity_order(a).cmp(&severity_order(b)));
                Bucket { start, total: levels.iter().map(|(_, count)| count).sum(), levels }
            })
            .collect()
    }
}
