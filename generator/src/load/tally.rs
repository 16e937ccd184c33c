//! What became of the entries, as counters that are also the component's metrics.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use logpipeline_model::EntryId;
use prometheus::{HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

/// The longest latency that is told apart, in microseconds: an hour.
const LONGEST_MICROS: u64 = 3_600_000_000;
/// The pause between two warnings of the same kind.
const WARN_EVERY: Duration = Duration::from_secs(5);

/// Numbers of entries, as a set.
#[derive(Debug, Clone, Default)]
pub struct Seqs {
    words: Vec<u64>,
    len: u64,
}

impl Seqs {
    /// Returns whether `seq` is new in the set.
    pub fn insert(&mut self, seq: u64) -> bool {
        let (word, bit) = ((seq / 64) as usize, 1u64 << (seq % 64));
        if word >= self.words.len() {
            self.words.resize((word + 1).max(self.words.len() * 2), 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += u64::from(new);
        new
    }

    pub fn contains(&self, seq: u64) -> bool {
        self.words.get((seq / 64) as usize).is_some_and(|word| word >> (seq % 64) & 1 == 1)
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What is in both sets.
    pub fn and(&self, other: &Self) -> Self {
        let words: Vec<u64> = self.words.iter().zip(&other.words).map(|(left, right)| left & right).collect();
        let len = words.iter().map(|word| u64::from(word.count_ones())).sum();
        Self { words, len }
    }

    /// How many of this set are in `other` too.
    pub fn count_in(&self, other: &Self) -> u64 {
        self.words.iter().zip(&other.words).map(|(left, right)| u64::from((left & right).count_ones())).sum()
    }
}

/// Acknowledged entries that were sent under a key that names them by what they are.
#[derive(Debug, Clone)]
pub struct NamedBatch {
    pub seqs: Range<u64>,
    /// The id of one of them.
    pub id: EntryId,
}

/// Percentiles of the time from when a batch was meant to be sent to its acknowledgement, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Latencies {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

#[derive(Debug)]
pub struct Tally {
    sent: IntCounter,
    acknowledged: IntCounter,
    rejected: IntCounter,
    failed: IntCounter,
    retries: IntCounter,
    body_bytes: IntCounter,
    wire_bytes: IntCounter,
    latency_seconds: prometheus::Histogram,
    latency_micros: Mutex<Histogram<u64>>,
    acknowledged_seqs: Mutex<Seqs>,
    named: Mutex<Vec<NamedBatch>>,
    reached: AtomicBool,
    first_failure: Mutex<Option<String>>,
    started: Instant,
    warned_at_millis: AtomicU64,
}

impl Tally {
    /// Counters that are registered in `registry`.
    pub fn new(registry: &Registry) -> Result<Self, TallyError> {
        let entries = IntCounterVec::new(
            Opts::new("logpipeline_generator_entries_total", "Entries by what became of them."),
            &["outcome"],
        )?;
        let retries = IntCounter::new(
            "logpipeline_generator_retries_total",
            "Attempts at a batch after the first one.",
        )?;
        let bytes = IntCounterVec::new(
            Opts::new(
                "logpipeline_generator_bytes_total",
                "Bytes of entries, and of bodies as they were sent.",
            ),
            &["kind"],
        )?;
        let latency = prometheus::Histogram::with_opts(
            HistogramOpts::new(
                "logpipeline_generator_latency_seconds",
                "Time from when a batch was meant to be sent to its acknowledgement.",
            )
            .buckets(prometheus::exponential_buckets(0.000_5, 2.0, 18)?),
        )?;
        registry.register(Box::new(entries.clone()))?;
        registry.register(Box::new(retries.clone()))?;
        registry.register(Box::new(bytes.clone()))?;
        registry.register(Box::new(latency.clone()))?;
        Ok(Self {
            sent: entries.with_label_values(&["sent"]),
            acknowledged: entries.with_label_values(&["acknowledged"]),
            rejected: entries.with_label_values(&["rejected"]),
            failed: entries.with_label_values(&["failed"]),
            retries,
            body_bytes: bytes.with_label_values(&["entries"]),
            wire_bytes: bytes.with_label_values(&["wire"]),
            latency_seconds: latency,
            latency_micros: Mutex::new(Histogram::new_with_bounds(1, LONGEST_MICROS, 3)?),
            acknowledged_seqs: Mutex::default(),
            named: Mutex::default(),
            reached: AtomicBool::new(false),
            first_failure: Mutex::default(),
            started: Instant::now(),
            warned_at_millis: AtomicU64::new(0),
        })
    }

    pub fn sent(&self) -> u64 {
        self.sent.get()
    }

    pub fn acknowledged_count(&self) -> u64 {
        self.acknowledged.get()
    }

    pub fn rejected_count(&self) -> u64 {
        self.rejected.get()
    }

    pub fn failed_count(&self) -> u64 {
        self.failed.get()
    }

    pub fn retries(&self) -> u64 {
        self.retries.get()
    }

    /// Bytes of the entries as NDJSON, a retry counted once.
    pub fn body_bytes(&self) -> u64 {
        self.body_bytes.get()
    }

    /// Bytes of the bodies sent, compressed where asked, retries included.
    pub fn wire_bytes(&self) -> u64 {
        self.wire_bytes.get()
    }

    /// Whether the target answered at least once.
    pub fn target_reached(&self) -> bool {
        self.reached.load(Ordering::Relaxed)
    }

    /// Why the first entries failed or were rejected.
    pub fn first_failure(&self) -> Option<String> {
        lock(&self.first_failure).clone()
    }

    pub fn latencies(&self) -> Latencies {
        let histogram = lock(&self.latency_micros);
        let millis = |micros: u64| micros as f64 / 1_000.0;
        Latencies {
            p50: millis(histogram.value_at_quantile(0.5)),
            p90: millis(histogram.value_at_quantile(0.9)),
            p99: millis(histogram.value_at_quantile(0.99)),
            p999: millis(histogram.value_at_quantile(0.999)),
            max: millis(histogram.max()),
        }
    }

    /// The numbers of the entries that were acknowledged.
    pub fn acknowledged_seqs(&self) -> Seqs {
        lock(&self.acknowledged_seqs).clone()
    }

    /// The batches that an earlier replay may have stored.
    pub fn named_batches(&self) -> Vec<NamedBatch> {
        lock(&self.named).clone()
    }

    pub(super) fn named(&self, batch: NamedBatch) {
        lock(&self.named).push(batch);
    }

    pub(super) fn sent_batch(&self, entries: u64, bytes: usize) {
        self.sent.inc_by(entries);
        self.body_bytes.inc_by(bytes as u64);
    }

    pub(super) fn wire(&self, bytes: usize) {
        self.wire_bytes.inc_by(bytes as u64);
    }

    pub(super) fn latency(&self, latency: Duration) {
        self.latency_seconds.observe(latency.as_secs_f64());
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        lock(&self.latency_micros).saturating_record(micros.max(1));
    }

    pub(super) fn acknowledged(&self, seqs: Range<u64>) {
        self.reached.store(true, Ordering::Relaxed);
        let mut acknowledged = lock(&self.acknowledged_seqs);
        let before = acknowledged.len();
        for seq in seqs {
            acknowledged.insert(seq);
        }
        self.acknowledged.inc_by(acknowledged.len() - before);
    }

    pub(super) fn rejected(&self, entries: u64, reason: &str) {
        self.reached.store(true, Ordering::Relaxed);
        self.rejected.inc_by(entries);
        self.note(reason, "entries were rejected");
    }

    pub(super) fn failed(&self, entries: u64, reason: &str, reached: bool) {
        self.reached.fetch_or(reached, Ordering::Relaxed);
        self.failed.inc_by(entries);
        self.note(reason, "a batch was given up");
    }

    pub(super) fn retried(&self, reason: &str) {
        self.retries.inc();
        self.warn(reason, "a batch is tried again");
    }

    fn note(&self, reason: &str, what: &'static str) {
        lock(&self.first_failure).get_or_insert_with(|| reason.to_owned());
        self.warn(reason, what);
    }

    /// A target that is away fails every batch; one line every few seconds says it.
    fn warn(&self, reason: &str, what: &'static str) {
        let now = self.started.elapsed().as_millis() as u64 + WARN_EVERY.as_millis() as u64;
        let last = self.warned_at_millis.load(Ordering::Relaxed);
        if now >= last + WARN_EVERY.as_millis() as u64
            && self.warned_at_millis.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            tracing::warn!(reason, "{what}");
        }
    }
}

/// The metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TallyError {
    #[error("failed to register metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    #[error("failed to set up the latency histogram: {0}")]
    Histogram(#[from] hdrhistogram::CreationError),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_numbers_counts_each_once() {
        let mut seqs = Seqs::default();
        assert!(seqs.is_empty() && !seqs.contains(0));
        for seq in [0, 63, 64, 1_000, 64] {
            seqs.insert(seq);
        }
        assert_eq!(seqs.len(), 4);
        assert!(seqs.contains(1_000) && !seqs.contains(65) && !seqs.contains(u64::MAX));
        assert!(!seqs.insert(63));
        let mut other = Seqs::default();
        other.insert(64);
        other.insert(65);
        assert_eq!((seqs.count_in(&other), other.count_in(&seqs)), (1, 1));
    }

    #[test]
    fn latencies_are_in_milliseconds() {
        let tally = Tally::new(&Registry::new()).unwrap();
        for millis in 1..=1_000 {
            tally.latency(Duration::from_millis(millis));
        }
        let latencies = tally.latencies();
        for (value, expected) in
            [(latencies.p50, 500.0), (latencies.p90, 900.0), (latencies.p99, 990.0), (latencies.max, 1_000.0)]
        {
            assert!((value - expected).abs() <= expected * 0.002, "{value} {expected}");
        }
        assert_eq!(Tally::new(&Registry::new()).unwrap().latencies(), Latencies::default());
    }
}
