//! What became of the entries.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};
use serde::{Deserialize, Serialize};

/// Reasons that are told; further ones are counted only.
const REASONS: usize = 5;

/// Of all runs of an import together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Entries read from the source; one that is read again after a break counts again.
    pub read: u64,
    /// Entries that the target took.
    pub accepted: u64,
    /// Entries that the target said it has.
    pub already_there: u64,
    /// Entries that were refused for good.
    pub rejected: u64,
    /// Of those read, documents whose time the source doesn't know.
    pub without_time: u64,
}

/// The figures while they grow, which are also the component's metrics.
#[derive(Debug)]
pub struct Counters {
    read: IntCounter,
    accepted: IntCounter,
    already_there: IntCounter,
    rejected: IntCounter,
    retries: IntCounter,
    /// Those of the runs before this one, and documents without a time.
    before: Mutex<Counts>,
    without_time: AtomicU64,
    reasons: Mutex<Vec<(String, u64)>>,
}

impl Counters {
    /// Counters that are registered in `registry`.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let entries = IntCounterVec::new(
            Opts::new("logpipeline_generator_imported_total", "Entries of an import by what became of them."),
            &["outcome"],
        )?;
        let retries = IntCounter::new(
            "logpipeline_generator_import_retries_total",
            "Attempts at a request to source or target after the first one.",
        )?;
        registry.register(Box::new(entries.clone()))?;
        registry.register(Box::new(retries.clone()))?;
        Ok(Self {
            read: entries.with_label_values(&["read"]),
            accepted: entries.with_label_values(&["accepted"]),
            already_there: entries.with_label_values(&["already_there"]),
            rejected: entries.with_label_values(&["rejected"]),
            retries,
            before: Mutex::default(),
            without_time: AtomicU64::new(0),
            reasons: Mutex::default(),
        })
    }

    pub(super) fn go_on_from(&self, counts: Counts) {
        *lock(&self.before) = counts;
    }

    pub(crate) fn counts(&self) -> Counts {
        let before = *lock(&self.before);
        Counts {
            read: before.read + self.read.get(),
            accepted: before.accepted + self.accepted.get(),
            already_there: before.already_there + self.already_there.get(),
            rejected: before.rejected + self.rejected.get(),
            without_time: before.without_time + self.without_time.load(Ordering::Relaxed),
        }
    }

    /// Entries that this run has dealt with.
    pub(super) fn dealt_with(&self) -> u64 {
        self.accepted.get() + self.already_there.get() + self.rejected.get()
    }

    pub(crate) fn retries(&self) -> u64 {
        self.retries.get()
    }

    pub(super) fn read(&self, entries: u64, without_time: u64) {
        self.read.inc_by(entries);
        self.without_time.fetch_add(without_time, Ordering::Relaxed);
    }

    pub(super) fn accepted(&self, entries: u64) {
        self.accepted.inc_by(entries);
    }

    pub(super) fn already_there(&self, entries: u64) {
        self.already_there.inc_by(entries);
    }

    pub(super) fn rejected(&self, entries: u64, reason: &str) {
        self.rejected.inc_by(entries);
        let mut reasons = lock(&self.reasons);
        if let Some((_, count)) = reasons.iter_mut().find(|(known, _)| known == reason) {
            *count += entries;
        } else if reasons.len() < REASONS {
            tracing::warn!(reason, "an entry is rejected");
            reasons.push((reason.to_owned(), entries));
        }
    }

    pub(super) fn retried(&self, reason: &str) {
        self.retries.inc();
        tracing::debug!(reason, "a request is tried again");
    }

    /// Why entries of this run were rejected: the first reasons, with how many each.
    pub(super) fn reasons(&self) -> Vec<(String, u64)> {
        lock(&self.reasons).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
