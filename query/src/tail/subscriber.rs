//! One client's queue: bounded, and honest about what did not fit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use logpipeline_model::query::Matcher;
use logpipeline_model::{Document, Timestamp};
use tokio::sync::mpsc;

use crate::limits::Place;
use crate::metrics::Metrics;

/// Bytes of entries that wait for one client, at most; many large entries fill it before the queue is full.
const QUEUED_BYTES: usize = 8 << 20;

/// What a client gets next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Received {
    Entry(Bytes),
    /// So many entries were left out here, because the client did not read in time.
    Dropped(u64),
}

/// The task's end of a client's queue.
#[derive(Debug)]
pub(super) struct Sender {
    matcher: Matcher,
    from: Timestamp,
    queue: mpsc::Sender<Received>,
    shared: Arc<Shared>,
    metrics: Metrics,
}

#[derive(Debug, Default)]
struct Shared {
    queued_bytes: AtomicUsize,
    dropped: AtomicU64,
    closed: AtomicBool,
}

/// The client's end of its queue. Dropping it ends the subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    from: Timestamp,
    queue: mpsc::Receiver<Received>,
    shared: Arc<Shared>,
    metrics: Metrics,
    _place: Place,
}

pub(super) fn channel(
    matcher: Matcher,
    from: Timestamp,
    capacity: usize,
    place: Place,
    metrics: Metrics,
) -> (Sender, Subscription) {
    let (queue, receiver) = mpsc::channel(capacity.max(2));
    let shared = Arc::<Shared>::default();
    metrics.tail_clients.inc();
    let sender = Sender { matcher, from, queue, shared: Arc::clone(&shared), metrics: metrics.clone() };
    (sender, Subscription { from, queue: receiver, shared, metrics, _place: place })
}

impl Sender {
    pub(super) fn from(&self) -> Timestamp {
        self.from
    }

    pub(super) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Queues an entry where the client asks for it and has room.
    pub(super) fn offer(&self, document: &Document<'_>, stored: &Bytes) {
        if document.received_at < self.from || !self.matcher.matches(document) {
            return;
        }
        let queued = self.shared.queued_bytes.load(Ordering::Relaxed);
        if queued + stored.len() > QUEUED_BYTES || !self.report() {
            return self.leave_out();
        }
        self.shared.queued_bytes.fetch_add(stored.len(), Ordering::Relaxed);
        match self.queue.try_send(Received::Entry(stored.clone())) {
            Ok(()) => self.metrics.tail_sent.inc(),
            Err(_) => {
                self.shared.queued_bytes.fetch_sub(stored.len(), Ordering::Relaxed);
                self.leave_out();
            }
        }
    }

    fn leave_out(&self) {
        self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        self.metrics.tail_dropped.inc();
    }

    /// Tells the client what was left out so far, where it stands in the order of entries. Returns
    /// whether nothing is left to tell.
    pub(super) fn report(&self) -> bool {
        let count = self.shared.dropped.swap(0, Ordering::Relaxed);
        if count == 0 {
            return true;
        }
        let told = self.queue.try_send(Received::Dropped(count)).is_ok();
        if !told {
            self.shared.dropped.fetch_add(count, Ordering::Relaxed);
        }
        told
    }
}

impl Subscription {
    /// The time of receipt from which on entries come.
    pub(crate) fn from(&self) -> Timestamp {
        self.from
    }

    /// `None` once the server stops.
    pub(crate) async fn next(&mut self) -> Option<Received> {
        let received = self.queue.recv().await;
        if let Some(Received::Entry(stored)) = &received {
            self.shared.queued_bytes.fetch_sub(stored.len(), Ordering::Relaxed);
        }
        received
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.metrics.tail_clients.dec();
    }
}
