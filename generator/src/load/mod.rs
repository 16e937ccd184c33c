//! The load: entries go out in batches, at the times they are meant to, whatever the target does.

pub(crate) mod backoff;
mod schedule;
mod sender;
mod tally;

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::{Duration, Instant};

use logpipeline_service::Shutdown;
use tokio::sync::{Mutex, mpsc};

use crate::access::Access;
use crate::source::Source;

pub(crate) use sender::{chain, detail, seconds};

pub use schedule::Pace;
pub use sender::Compression;
pub use tally::{Latencies, NamedBatch, Seqs, Tally, TallyError};

use schedule::Schedule;
use sender::Sender;

#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The ingestor's base address.
    pub target: reqwest::Url,
    pub access: Access,
    /// Names the batches, so that a retry stores nothing twice.
    pub run: String,
    pub pace: Pace,
    /// No batch is begun after this time.
    pub duration: Option<Duration>,
    pub count: Option<u64>,
    /// Requests under way at most.
    pub concurrency: NonZeroU32,
    /// Entries of a batch at most.
    pub batch_size: NonZeroU64,
    pub compression: Compression,
    /// How long one request may take.
    pub timeout: Duration,
    /// How long a batch is tried again after its first attempt.
    pub retry_for: Duration,
}

/// How the load ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub seconds: f64,
    /// Entries handed to a sender.
    pub issued: u64,
    /// Entries that were due and not handed out, because the target was too slow.
    pub unsent: u64,
}

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("failed to set up the HTTP client: {0}")]
pub struct ClientError(#[from] reqwest::Error);

/// Sends what `source` gives until it, the duration or the count ends, or draining begins; then waits for
/// the batches under way. What became of the entries is in `tally`.
pub async fn run(
    options: &LoadOptions,
    source: Box<dyn Source>,
    tally: &Arc<Tally>,
    shutdown: &Shutdown,
) -> Result<Ended, ClientError> {
    let sender = Arc::new(Sender::new(options, Arc::clone(tally), shutdown.clone())?);
    let workers = options.concurrency.get();
    // As many batches are ready as there are senders: making them one by one would set the pace of small ones.
    let (batches, queue) = mpsc::channel(workers as usize);
    let queue = Arc::new(Mutex::new(queue));

    let begin = Instant::now();
    let schedule = Schedule::new(options, begin, shutdown.clone());
    let scheduler = tokio::task::spawn_blocking(move || schedule.run(source, &batches));
    let workers: Vec<_> = (0..workers)
        .map(|_| {
            let (sender, queue) = (Arc::clone(&sender), Arc::clone(&queue));
            tokio::spawn(async move {
                loop {
                    let batch = queue.lock().await.recv().await;
                    let Some(batch) = batch else { break };
                    sender.deliver(batch).await;
                }
            })
        })
        .collect();
    for worker in workers {
        if let Err(error) = worker.await {
            tracing::error!(%error, "a sender ended unexpectedly; its batch counts as not acknowledged");
        }
    }
    drop(queue);
    let (issued, unsent) = scheduler.await.unwrap_or_else(|error| {
        tracing::error!(%error, "the schedule ended unexpectedly");
        (tally.sent(), 0)
    });
    Ok(Ended { seconds: begin.elapsed().as_secs_f64(), issued, unsent })
}
