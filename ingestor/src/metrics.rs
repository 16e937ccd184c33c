//! What `/metrics` shows of the ingestor. Every label's values are a fixed set.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use logpipeline_model::entry::Reason;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, exponential_buckets,
};

use crate::dead_letters::Dropped;
use crate::intake::Protocol;

/// Handles to the figures; clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Figures>);

pub struct Figures {
    /// Requests to the ingest paths, by what became of them.
    pub requests: IntCounterVec,
    pub request_seconds: Histogram,
    /// Entries of requests that were answered, accepted and rejected ones.
    pub received: IntCounter,
    pub accepted: IntCounter,
    pub rejected: IntCounterVec,
    /// Entries by the protocol they came by, and by what became of them there.
    spoken: IntCounterVec,
    /// Connections of the listeners that were closed because of what came over them.
    pub broken_connections: IntCounter,
    /// Entries that came by UDP and found no room.
    pub udp_dropped: IntCounter,
    /// Entries settled, by the store's outcome.
    pub stored: IntCounter,
    pub duplicates: IntCounter,
    pub dead_lettered: IntCounter,
    /// Bodies that could not be read and were kept, by protocol; and those that were not, by reason.
    dead_bodies: IntCounterVec,
    dropped_bodies: IntCounterVec,
    commit_seconds: Histogram,
    commit_entries: Histogram,
    committed_bytes: IntCounter,
    pub wal_write_errors: IntCounter,
    pub damaged_regions: IntCounter,
    pub damaged_entries: IntCounter,
    pub torn_bytes: IntCounter,
    pub batch_entries: Histogram,
    pub batch_seconds: Histogram,
    pub store_errors: IntCounter,
    pub checkpoint_errors: IntCounter,
    /// Writes to the journal of requests that failed.
    pub receipts_errors: IntCounter,
    /// Requests and batches that found no room to wait for the journal.
    pub receipts_dropped: IntCounter,
    pub receipts_bytes: IntGauge,
    pub retained_entries: IntCounter,
    pub retained_bytes: IntCounter,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    /// The sender's fault: 4xx other than those below.
    Refused,
    /// 413.
    TooLarge,
    /// 408, or the connection ended before the body did.
    Incomplete,
    /// 401: no token, or none that is known.
    Unauthorized,
    /// 429: the log is full, or too much is in flight.
    Throttled,
    /// 503 and 507: shutting down, or the disk failed or is full.
    Unavailable,
}

impl Outcome {
    const ALL: [Self; 7] = [
        Self::Accepted,
        Self::Refused,
        Self::TooLarge,
        Self::Incomplete,
        Self::Unauthorized,
        Self::Throttled,
        Self::Unavailable,
    ];

    pub fn of(status: http::StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Accepted,
            401 => Self::Unauthorized,
            408 => Self::Incomplete,
            413 => Self::TooLarge,
            429 => Self::Throttled,
            500..=599 => Self::Unavailable,
            _ => Self::Refused,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::TooLarge => "too_large",
            Self::Incomplete => "incomplete",
            Self::Unauthorized => "unauthorized",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What is read when `/metrics` is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    pub waiting_entries: u64,
    pub waiting_bytes: u64,
    pub wal_file_bytes: u64,
    pub wal_capacity_bytes: u64,
    pub in_flight_bytes: u64,
    pub lag_seconds: f64,
}

impl Metrics {
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(format!("logpipeline_ingestor_{name}"), help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let counters = |name: &str, help: &str, label: &str, values: &[&str]| {
            let vec = IntCounterVec::new(Opts::new(format!("logpipeline_ingestor_{name}"), help), &[label])?;
            registry.register(Box::new(vec.clone()))?;
            for value in values {
                vec.with_label_values(&[*value]);
            }
            Ok::<_, prometheus::Error>(vec)
        };
        let histogram = |name: &str, help: &str, buckets: Vec<f64>| {
            let options = HistogramOpts::new(format!("logpipeline_ingestor_{name}"), help).buckets(buckets);
            let histogram = Histogram::with_opts(options)?;
            registry.register(Box::new(histogram.clone()))?;
            Ok::<_, prometheus::Error>(histogram)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(format!("logpipeline_ingestor_{name}"), help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let spoken = Opts::new(
            "logpipeline_ingestor_protocol_entries_total",
            "Entries accepted and rejected, by the protocol they came by.",
        );
        let spoken = IntCounterVec::new(spoken, &["protocol", "outcome"])?;
        registry.register(Box::new(spoken.clone()))?;
        for protocol in Protocol::ALL {
            for outcome in ["accepted", "rejected"] {
                spoken.with_label_values(&[protocol.label(), outcome]);
            }
        }
        // 0.1 ms to 26 s, and 1 to 262,144.
        let seconds = || exponential_buckets(0.0001, 4.0, 10);
        let counts = || exponential_buckets(1.0, 4.0, 10);
        Ok(Self(Arc::new(Figures {
            requests: counters(
                "requests_total",
                "Requests to the ingest paths, by outcome.",
                "outcome",
                &Outcome::ALL.map(Outcome::label),
            )?,
            request_seconds: histogram(
                "request_seconds",
                "Time from a request's head to its answer, in seconds.",
                seconds()?,
            )?,
            received: counter("received_entries_total", "Entries accepted or rejected.")?,
            accepted: counter(
                "accepted_entries_total",
                "Entries acknowledged: they are in the log, on disk.",
            )?,
            rejected: counters(
                "rejected_entries_total",
                "Entries that were not valid, by reason.",
                "reason",
                &Reason::ALL.map(Reason::label),
            )?,
            spoken,
            broken_connections: counter(
                "broken_connections_total",
                "Connections of listeners closed because what came over them could not be read on.",
            )?,
            udp_dropped: counter(
                "udp_dropped_total",
                "Entries that came by UDP and were dropped because the log or the memory was full.",
            )?,
            stored: counter("stored_entries_total", "Entries the store confirmed.")?,
            duplicates: counter(
                "duplicate_entries_total",
                "Entries the store had already, sent again by their sender.",
            )?,
            dead_lettered: counter("dead_lettered_entries_total", "Entries the store refused for good.")?,
            dead_bodies: counters(
                "dead_letter_bodies_total",
                "Bodies that could not be read and were kept as dead letters, by protocol.",
                "protocol",
                &Protocol::ALL.map(Protocol::label),
            )?,
            dropped_bodies: counters(
                "dead_letter_bodies_dropped_total",
                "Bodies that could not be read and were not kept as dead letters, by reason.",
                "reason",
                &Dropped::ALL.map(Dropped::label),
            )?,
            commit_seconds: histogram(
                "wal_commit_seconds",
                "Time of one write and sync of the log, in seconds.",
                seconds()?,
            )?,
            commit_entries: histogram(
                "wal_commit_entries",
                "Entries that one sync of the log covered.",
                counts()?,
            )?,
            committed_bytes: counter("wal_committed_bytes_total", "Bytes of records written to the log.")?,
            wal_write_errors: counter("wal_write_errors_total", "Writes and syncs of the log that failed.")?,
            damaged_regions: counter(
                "wal_damaged_regions_total",
                "Stretches of the log that were damaged and set aside.",
            )?,
            damaged_entries: counter(
                "wal_damaged_entries_total",
                "Acknowledged entries lost to damage of the log.",
            )?,
            torn_bytes: counter("wal_torn_bytes_total", "Bytes of unfinished writes cut off at start.")?,
            batch_entries: histogram("store_batch_entries", "Entries in one write to the store.", counts()?)?,
            batch_seconds: histogram(
                "store_write_seconds",
                "Time of one write to the store, in seconds.",
                seconds()?,
            )?,
            store_errors: counter(
                "store_write_errors_total",
                "Writes to the store that failed and are tried again.",
            )?,
            checkpoint_errors: counter("checkpoint_errors_total", "Checkpoints that could not be written.")?,
            receipts_errors: counter(
                "receipts_write_errors_total",
                "Writes of receipts that failed; entries are shipped all the same.",
            )?,
            receipts_dropped: counter(
                "receipts_dropped_total",
                "Requests and batches that are not written down among the receipts for want of room.",
            )?,
            receipts_bytes: gauge("receipts_file_bytes", "Bytes of the files of receipts.")?,
            retained_entries: counter("retention_removed_entries_total", "Entries removed by retention.")?,
            retained_bytes: counter("retention_removed_bytes_total", "Bytes freed by retention.")?,
        })))
    }

    /// Adds gauges that are read from `sample` whenever the registry is.
    pub fn observe(
        registry: &Registry,
        sample: impl Fn() -> Sample + Send + Sync + 'static,
    ) -> Result<(), prometheus::Error> {
        let gauge = |name: &str, help: &str| IntGauge::new(format!("logpipeline_ingestor_{name}"), help);
        registry.register(Box::new(Sampled {
            waiting_entries: gauge(
                "waiting_entries",
                "Entries acknowledged and not yet settled by the store.",
            )?,
            waiting_bytes: gauge("wal_waiting_bytes", "Bytes of the log that wait for the store.")?,
            wal_file_bytes: gauge(
                "wal_file_bytes",
                "Bytes of the log's files, those that wait for reuse included.",
            )?,
            wal_capacity_bytes: gauge("wal_capacity_bytes", "Bytes of records the log can hold.")?,
            in_flight_bytes: gauge("in_flight_bytes", "Memory taken by requests under way, in bytes.")?,
            lag_seconds: Gauge::new(
                "logpipeline_ingestor_lag_seconds",
                "Age of the oldest entry that waits for the store, in seconds.",
            )?,
            sample: Box::new(sample),
        }))
    }

    pub(crate) fn committed(&self, elapsed: Duration, entries: u64, bytes: u64) {
        self.0.commit_seconds.observe(elapsed.as_secs_f64());
        self.0.commit_entries.observe(entries as f64);
        self.0.committed_bytes.inc_by(bytes);
    }

    pub(crate) fn received(&self, accepted: u64, rejected: u64) {
        self.0.received.inc_by(accepted + rejected);
        self.0.accepted.inc_by(accepted);
    }

    pub(crate) fn spoken(&self, protocol: Protocol, accepted: u64, rejected: u64) {
        for (outcome, count) in [("accepted", accepted), ("rejected", rejected)] {
            if count > 0 {
                self.0.spoken.with_label_values(&[protocol.label(), outcome]).inc_by(count);
            }
        }
    }

    pub(crate) fn reject(&self, reason: Reason, count: u64) {
        if count > 0 {
            self.0.rejected.with_label_values(&[reason.label()]).inc_by(count);
        }
    }

    pub(crate) fn kept_body(&self, protocol: Protocol) {
        self.0.dead_bodies.with_label_values(&[protocol.label()]).inc();
    }

    pub(crate) fn dropped_body(&self, why: Dropped, count: u64) {
        self.0.dropped_bodies.with_label_values(&[why.label()]).inc_by(count);
    }

    pub(crate) fn request(&self, outcome: Outcome, elapsed: Duration) {
        self.0.requests.with_label_values(&[outcome.label()]).inc();
        self.0.request_seconds.observe(elapsed.as_secs_f64());
    }
}

impl std::ops::Deref for Metrics {
    type Target = Figures;

    fn deref(&self) -> &Figures {
        &self.0
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Figures").finish_non_exhaustive()
    }
}

struct Sampled {
    waiting_entries: IntGauge,
    waiting_bytes: IntGauge,
    wal_file_bytes: IntGauge,
    wal_capacity_bytes: IntGauge,
    in_flight_bytes: IntGauge,
    lag_seconds: Gauge,
    sample: Box<dyn Fn() -> Sample + Send + Sync>,
}

impl Sampled {
    fn gauges(&self) -> [&dyn Collector; 6] {
        [
            &self.waiting_entries,
            &self.waiting_bytes,
            &self.wal_file_bytes,
            &self.wal_capacity_bytes,
            &self.in_flight_bytes,
            &self.lag_seconds,
        ]
    }
}

impl Collector for Sampled {
    fn desc(&self) -> Vec<&Desc> {
        self.gauges().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let sample = (self.sample)();
        let whole = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.waiting_entries.set(whole(sample.waiting_entries));
        self.waiting_bytes.set(whole(sample.waiting_bytes));
        self.wal_file_bytes.set(whole(sample.wal_file_bytes));
        self.wal_capacity_bytes.set(whole(sample.wal_capacity_bytes));
        self.in_flight_bytes.set(whole(sample.in_flight_bytes));
        self.lag_seconds.set(sample.lag_seconds);
        self.gauges().into_iter().flat_map(Collector::collect).collect()
    }
}
