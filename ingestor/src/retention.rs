//! Removes from the store what is too old or too much, from time to time.

use std::sync::Arc;
use std::time::Duration;

use logpipeline_service::Shutdown;
use logpipeline_store::{LogStore, RetentionPolicy};

use crate::clock;
use crate::metrics::Metrics;

/// Applies `policy` now and every `interval`, until stopping begins.
pub async fn run(
    store: Arc<dyn LogStore>,
    policy: RetentionPolicy,
    interval: Duration,
    metrics: Metrics,
    shutdown: Shutdown,
) {
    loop {
        match store.retain(policy, clock::now()).await {
            Ok(report) if report.removed.is_empty() => {}
            Ok(report) => {
                metrics.retained_entries.inc_by(report.entries);
                metrics.retained_bytes.inc_by(report.bytes);
                tracing::info!(
                    entries = report.entries,
                    bytes = report.bytes,
                    removed = ?report.removed,
                    "retention removed what the policy allows"
                );
            }
            Err(error) => tracing::warn!(%error, "failed to apply retention; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = shutdown.stopping() => return,
        }
    }
}
