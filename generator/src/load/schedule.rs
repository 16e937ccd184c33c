//! When each batch is meant to be sent.

use std::time::{Duration, Instant};

use bytes::Bytes;
use logpipeline_service::Shutdown;
use tokio::sync::mpsc;

use crate::source::{Next, Source};

use super::LoadOptions;

/// A batch is closed before it grows beyond this, so that it stays well below the target's limit of a body.
const BATCH_BYTES: usize = 8 << 20;
/// How long a batch of a stream waits for more entries.
const LINGER: Duration = Duration::from_millis(200);
/// How long after the duration's end entries that were due before it are still sent.
const CATCH_UP: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As fast as the target answers: the next batch goes out when a sender is free.
    Closed,
    /// So many entries a second, whether or not the target keeps up.
    Open { rate: f64 },
}

/// Entries that travel in one request.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) number: u64,
    pub(super) first_seq: u64,
    pub(super) entries: u64,
    /// NDJSON.
    pub(super) body: Bytes,
    /// When it was meant to be sent; `None` where there is no such time.
    pub(super) intended: Option<Instant>,
    /// Its idempotency key, where the source names its entries.
    pub(super) key: Option<String>,
}

#[derive(Debug)]
pub(super) struct Schedule {
    pace: Pace,
    batch_entries: u64,
    limit: u64,
    deadline: Option<Instant>,
    begin: Instant,
    shutdown: Shutdown,
}

impl Schedule {
    pub(super) fn new(options: &LoadOptions, begin: Instant, shutdown: Shutdown) -> Self {
        let count = options.count.unwrap_or(u64::MAX);
        let (batch_entries, limit, deadline) = match options.pace {
            Pace::Closed => {
                (options.batch_size.get(), count, options.duration.map(|duration| begin + duration))
            }
            Pace::Open { rate } => {
                // No entry waits longer than a second for its batch to fill.
                let second = (rate.ceil() as u64).max(1);
                let due = options
                    .duration
                    .map_or(u64::MAX, |duration| (rate * duration.as_secs_f64()).ceil() as u64);
                let deadline = options.duration.map(|duration| begin + duration + CATCH_UP);
                (options.batch_size.get().min(second), count.min(due), deadline)
            }
        };
        Self { pace: options.pace, batch_entries, limit, deadline, begin, shutdown }
    }

    /// Hands out batches in their order, each at its time or, where the target is behind, as soon as a sender
    /// is free. Returns how many entries were handed out, and how many were due and were not.
    pub(super) fn run(self, mut source: Box<dyn Source>, batches: &mpsc::Sender<Batch>) -> (u64, u64) {
        let (mut issued, mut number) = (0, 0);
        let mut capacity = 4_096;
        while issued < self.limit && !self.is_over() {
            let mut body = Vec::with_capacity(capacity);
            let (entries, ended) =
                self.fill(source.as_mut(), self.batch_entries.min(self.limit - issued), &mut body);
            if entries == 0 {
                if ended {
                    return (issued, 0);
                }
                continue;
            }
            capacity = body.len() + body.len() / 8;
            let intended = self.intended(issued + entries - 1);
            if let Some(intended) = intended
                && !self.sleep_until(intended)
            {
                break;
            }
            let key = source.take_key();
            let batch = Batch { number, first_seq: issued, entries, body: body.into(), intended, key };
            if !self.hand_over(batch, batches) {
                break;
            }
            issued += entries;
            number += 1;
            if ended {
                return (issued, 0);
            }
        }
        let unsent = match self.pace {
            Pace::Open { rate } if !self.shutdown.is_draining() => {
                self.limit.min((rate * self.begin.elapsed().as_secs_f64()) as u64).saturating_sub(issued)
            }
            _ => 0,
        };
        (issued, unsent)
    }

    fn fill(&self, source: &mut dyn Source, entries: u64, body: &mut Vec<u8>) -> (u64, bool) {
        let (mut filled, mut since) = (0, None);
        while filled < entries && body.len() < BATCH_BYTES {
            match source.append_next(body, LINGER) {
                Next::Appended => {
                    filled += 1;
                    // Reading the clock for each entry would cost more than making it.
                    if filled % 64 == 1
                        && *since.get_or_insert_with(Instant::now) + LINGER * 5 < Instant::now()
                    {
                        break;
                    }
                }
                Next::Waiting | Next::Cut if filled > 0 || self.is_over() => break,
                Next::Waiting | Next::Cut => {}
                Next::End => return (filled, true),
            }
        }
        (filled, false)
    }

    fn intended(&self, seq: u64) -> Option<Instant> {
        match self.pace {
            Pace::Closed => None,
            Pace::Open { rate } => {
                self.begin.checked_add(Duration::try_from_secs_f64(seq as f64 / rate).ok()?)
            }
        }
    }

    fn is_over(&self) -> bool {
        self.shutdown.is_draining() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Returns whether the time came; `false` when draining began before it.
    fn sleep_until(&self, time: Instant) -> bool {
        loop {
            let left = time.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            if self.shutdown.is_draining() {
                return false;
            }
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
    }

    fn hand_over(&self, mut batch: Batch, batches: &mpsc::Sender<Batch>) -> bool {
        loop {
            match batches.try_send(batch) {
                Ok(()) => return true,
                Err(mpsc::error::TrySendError::Closed(_)) => return false,
                Err(mpsc::error::TrySendError::Full(back)) => batch = back,
            }
            if self.is_over() {
                return false;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}
