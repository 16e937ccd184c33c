//! Bodies that could not be read. Nothing of them was acknowledged, so they are kept as far as that costs little: the first bytes
//! of each, some of each sender, and no more at once than memory is set aside for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use logpipeline_model::dead_letter::{Content, DeadLetter, Origin, Request};
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_service::Shutdown;
use logpipeline_store::{LogStore, NewEntry, WriteOutcome};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use super::shelf::back_off;
use super::window::{Dropped, Window};
use crate::clock;
use crate::ids::IdGenerator;
use crate::intake::Source;
use crate::metrics::Metrics;

/// So many bytes of a body are kept at most.
pub const MOST_BYTES: usize = 256 << 10;
/// KiB of bodies that wait to be written.
const WAITING: usize = 8 << 10;
/// A body takes this much beside its bytes, about.
const BESIDE: usize = 1 << 10;
/// Bodies in one write to the store.
const WRITE: usize = 8;
/// How long writing them may take once the ingestor ends.
const LAST: Duration = Duration::from_secs(2);

/// Where the handlers of all protocols hand in what they cannot read; clones share it.
#[derive(Debug, Clone)]
pub struct Bodies {
    queue: mpsc::UnboundedSender<Waiting>,
    room: Arc<Semaphore>,
    window: Arc<Mutex<Window>>,
    ids: Arc<IdGenerator>,
    metrics: Metrics,
}

#[derive(Debug)]
struct Waiting {
    id: EntryId,
    at: Timestamp,
    source: Source,
    reason: String,
    bytes: Vec<u8>,
    truncated: Option<u64>,
    request: Option<Request>,
    _room: OwnedSemaphorePermit,
}

impl Bodies {
    /// Writes what is handed in to the store, until the end begins and nothing waits.
    pub fn start(store: Arc<dyn LogStore>, metrics: Metrics, shutdown: &Shutdown) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        shutdown.spawn(write_all(store, waiting, metrics.clone(), shutdown.clone()));
        Self {
            queue,
            // What waits is bounded by the room that it takes.
            room: Arc::new(Semaphore::new(WAITING)),
            window: Arc::new(Mutex::new(Window::new(Instant::now()))),
            ids: Arc::default(),
            metrics,
        }
    }

    /// Hands in a body of `whole` bytes, of which `bytes` are the first or all. Never waits.
    pub fn offer(
        &self,
        source: &Source,
        reason: &str,
        bytes: &[u8],
        whole: u64,
        request: impl FnOnce() -> Option<Request>,
    ) {
        let kept = bytes.get(..MOST_BYTES).unwrap_or(bytes);
        let admitted =
            self.window.lock().unwrap_or_else(PoisonError::into_inner).admit(Instant::now(), source, kept);
        let offered = admitted.and_then(|()| {
            let room = u32::try_from((kept.len() + BESIDE).div_ceil(1 << 10)).unwrap_or(u32::MAX);
            let room = Arc::clone(&self.room).try_acquire_many_owned(room).map_err(|_| Dropped::Full)?;
            let at = clock::now();
            let waiting = Waiting {
                id: self.ids.sequence(at).next_id(),
                at,
                source: source.clone(),
                reason: reason.chars().take(1_000).collect(),
                bytes: kept.to_vec(),
                truncated: Some(whole).filter(|whole| *whole > kept.len() as u64),
                request: request(),
                _room: room,
            };
            self.queue.send(waiting).map_err(|_| Dropped::Full)
        });
        if let Err(why) = offered {
            self.metrics.dropped_body(why, 1);
        }
    }
}

async fn write_all(
    store: Arc<dyn LogStore>,
    mut queue: mpsc::UnboundedReceiver<Waiting>,
    metrics: Metrics,
    shutdown: Shutdown,
) {
    let mut some = Vec::new();
    loop {
        let count = tokio::select! {
            biased;
            count = queue.recv_many(&mut some, WRITE) => count,
            () = shutdown.stopping() => return,
        };
        if count == 0 {
            return;
        }
        write(&*store, &some, &metrics, &shutdown).await;
        some.clear();
    }
}

/// Writes bodies as often as it takes; once the ingestor ends, once more.
async fn write(store: &dyn LogStore, bodies: &[Waiting], metrics: &Metrics, shutdown: &Shutdown) {
    let letters: Vec<_> = bodies.iter().map(Waiting::letter).collect();
    let lost = |error: &dyn std::fmt::Display, why: Dropped| {
        metrics.dropped_body(why, bodies.len() as u64);
        tracing::warn!(%error, bodies = bodies.len(), "dropped bodies that could not be read and not be kept as dead letters");
    };
    for attempt in 1u32.. {
        let is_last = shutdown.is_stopping();
        let writing = async {
            match is_last {
                true => tokio::time::timeout(LAST, store.write(letters.clone()))
                    .await
                    .map_err(|_| "it takes too long".to_owned()),
                false => Ok(store.write(letters.clone()).await),
            }
        };
        let error = match writing.await {
            Ok(Ok(outcomes)) => {
                for (body, outcome) in bodies.iter().zip(outcomes) {
                    match outcome {
                        WriteOutcome::Stored | WriteOutcome::Duplicate => {
                            metrics.kept_body(body.source.protocol)
                        }
                        WriteOutcome::Refused { reason } => {
                            metrics.dropped_body(Dropped::Refused, 1);
                            tracing::warn!(reason, "the store of dead letters refuses a body");
                        }
                    }
                }
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(late) => late,
        };
        if is_last {
            return lost(&error, Dropped::Full);
        }
        tracing::debug!(error, attempt, "failed to write bodies to the dead letters; trying again");
        let wait = back_off(attempt, Duration::from_millis(100), Duration::from_secs(5));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shutdown.stopping() => {}
        }
    }
}

impl Waiting {
    fn letter(&self) -> NewEntry {
        let peer = self.source.peer.map(|peer| peer.to_string());
        let origin = Origin {
            protocol: Some(self.source.protocol.label()),
            sender: self.source.sender.as_ref().map(|sender| sender.as_str()),
            peer: peer.as_deref(),
            receipt: None,
        };
        let content = Content::Body {
            id: self.id,
            bytes: &self.bytes,
            truncated: self.truncated,
            request: self.request.clone(),
        };
        let letter = DeadLetter { at: self.at, reason: &self.reason, origin, content };
        NewEntry { id: self.id, body: letter.stored().into() }
    }
}
