//! What canaries have shown.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus::{Gauge, IntCounterVec, Opts, Registry};
use serde::Serialize;

/// For how long a canary that was lost is news.
const NEWS: Duration = Duration::from_secs(600);
/// Losses that are remembered.
const MOST: usize = 10_000;

/// Canaries since the process began.
pub struct Canaries {
    metrics: CanaryMetrics,
    sent: AtomicU64,
    found: AtomicU64,
    lost: AtomicU64,
    /// How long the last one was looked for, until it was found; or the one that is looked for, where that is longer.
    lag_millis: AtomicU64,
    losses: Mutex<VecDeque<Instant>>,
}

/// A reading of [`Canaries`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryFigures {
    pub sent: u64,
    pub found: u64,
    pub lost: u64,
    pub lost_within_10_minutes: u64,
    pub lag_seconds: f64,
}

#[derive(Debug, Clone)]
pub struct CanaryMetrics {
    entries: IntCounterVec,
    lag: Gauge,
}

impl CanaryMetrics {
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let entries = Opts::new(
            "logpipeline_ingestor_canary_entries_total",
            "Canaries that were sent, found by a search, or lost.",
        );
        let entries = IntCounterVec::new(entries, &["outcome"])?;
        for outcome in ["sent", "found", "lost"] {
            entries.with_label_values(&[outcome]);
        }
        registry.register(Box::new(entries.clone()))?;
        let lag = Gauge::new(
            "logpipeline_ingestor_canary_lag_seconds",
            "Time from the acknowledgement of a canary until a search found it, or that one has been looked for, in seconds.",
        )?;
        registry.register(Box::new(lag.clone()))?;
        Ok(Self { entries, lag })
    }

    fn count(&self, outcome: &str) {
        self.entries.with_label_values(&[outcome]).inc();
    }
}

impl Canaries {
    pub fn new(metrics: CanaryMetrics) -> Self {
        Self {
            metrics,
            sent: AtomicU64::new(0),
            found: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            lag_millis: AtomicU64::new(0),
            losses: Mutex::default(),
        }
    }

    pub(super) fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.metrics.count("sent");
    }

    /// One has been looked for so long.
    pub(super) fn waiting(&self, time: Duration) {
        let so_far = Duration::from_millis(self.lag_millis.load(Ordering::Relaxed));
        self.lag(time.max(so_far));
    }

    pub(super) fn found(&self, after: Duration) {
        self.found.fetch_add(1, Ordering::Relaxed);
        self.metrics.count("found");
        self.lag(after);
    }

    pub(super) fn lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.metrics.count("lost");
        let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        losses.push_back(Instant::now());
        if losses.len() > MOST {
            losses.pop_front();
        }
    }

    fn lag(&self, lag: Duration) {
        self.lag_millis.store(u64::try_from(lag.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.metrics.lag.set(lag.as_secs_f64());
    }

    pub fn read(&self) -> CanaryFigures {
        let losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = losses.iter().filter(|at| at.elapsed() < NEWS).count() as u64;
        CanaryFigures {
            sent: self.sent.load(Ordering::Relaxed),
            found: self.found.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            lost_within_10_minutes: lately,
            lag_seconds: self.lag_millis.load(Ordering::Relaxed) as f64 / 1e3,
        }
    }
}

impl fmt::Debug for Canaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}
