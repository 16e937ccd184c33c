//! An entry that goes the way of all others a few times a minute, and is searched for: does what is acknowledged get
//! found, and how soon?

mod figures;

use std::sync::Arc;
use std::time::{Duration, Instant};

use logpipeline_model::query::{Query, TimeRange};
use logpipeline_model::{Timestamp, wire};
use logpipeline_service::Shutdown;
use logpipeline_store::{LogStore, Order, SearchRequest};
use serde_json::json;

pub use figures::{Canaries, CanaryFigures, CanaryMetrics};

use crate::clock;
use crate::intake::{BatchSink, Ingest, Protocol, Source, submit};

/// The resource of canaries: query servers leave it out of what they find unless a query names it.
pub use logpipeline_model::CANARY_RESOURCE;

/// Between two looks for a canary that is not found yet.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Bytes of a canary and what is held beside it.
const SIZE: usize = 4 << 10;

/// Sends canaries, one after the other, until the end begins.
#[derive(Debug)]
pub struct Canary {
    pub ingest: Arc<Ingest>,
    pub store: Arc<dyn LogStore>,
    pub interval: Duration,
    /// How long after the store took it a canary may stay unfound, before it counts as lost.
    pub timeout: Duration,
    pub canaries: Arc<Canaries>,
}

impl Canary {
    pub async fn run(self, shutdown: Shutdown) {
        let rounds = async {
            loop {
                let started = Instant::now();
                self.round().await;
                tokio::time::sleep(self.interval.saturating_sub(started.elapsed())).await;
            }
        };
        tokio::select! {
            () = rounds => {}
            () = shutdown.draining() => {}
        }
    }

    async fn round(&self) {
        let sent_at = clock::now();
        let nonce = format!("{:032x}", rand::random::<u128>());
        // While the log is full, senders are put off too; `requests_total` tells that.
        let Some(behind) = self.send(sent_at, &nonce).await else { return };
        self.canaries.sent();
        let started = Instant::now();
        let mut passed: Option<Instant> = None;
        let mut pause = FIRST_PAUSE;
        loop {
            self.canaries.waiting(started.elapsed());
            match self.is_found(sent_at, &nonce).await {
                Ok(true) => return self.canaries.found(started.elapsed()),
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "failed to search for a canary; trying again"),
            }
            if passed.is_none() && self.ingest.wal.settled().number >= behind {
                passed = Some(Instant::now());
            }
            // One that waits with all others is late, and the lag says so; it is not lost.
            if passed.is_some_and(|passed| passed.elapsed() > self.timeout) {
                tracing::error!(
                    nonce,
                    sent_at = %sent_at,
                    "a canary was acknowledged and taken by the store, and a search does not find it: entries may be lost"
                );
                return self.canaries.lost();
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The number behind the canary in the log; `None` where the log does not take it.
    async fn send(&self, sent_at: Timestamp, nonce: &str) -> Option<u64> {
        let entry = json!({
            "level": "trace", "message": "canary", "resourceId": CANARY_RESOURCE,
            "timestamp": sent_at.to_string(), "traceId": nonce,
        });
        let body = entry.to_string();
        let mut memory = self.ingest.budget.reservation();
        memory.resize(SIZE).ok()?;
        let source = Source { protocol: Protocol::Canary, sender: None, peer: None };
        let mut sink =
            BatchSink::new(&self.ingest, &source, (&[], body.as_bytes()), Some(nonce), memory, SIZE);
        wire::json::read(body.as_bytes(), &mut sink).ok()?;
        let submitted = submit(&self.ingest, sink.finish()).await.ok()?;
        (submitted.accepted == 1).then(|| self.ingest.wal.head().number)
    }

    async fn is_found(&self, sent_at: Timestamp, nonce: &str) -> Result<bool, String> {
        let text = format!("traceId={nonce} resourceId={CANARY_RESOURCE}");
        let query = Query::parse(&text, sent_at).map_err(|error| error.to_string())?;
        let request = SearchRequest {
            query: Arc::new(query),
            range: TimeRange { first: sent_at, last: sent_at },
            order: Order::Desc,
            limit: 1,
            after: None,
            count: false,
            deadline: Some(Instant::now() + Duration::from_secs(10)),
        };
        let page = self.store.search(request).await.map_err(|error| error.to_string())?;
        Ok(!page.entries.is_empty())
    }
}
