//! Removes from the store what is too old or too much, from time to time.

use std::sync::Arc;
use std::time::Duration;

use logpipeline_service::Shutdown;
use logpipeline_store::{LogStore, RetentionPolicy};

use crate::clock;
use crate::metrics::Metrics;

/// How long the store may take at the end to let another process go on with it.
const RELEASE: Duration = Duration::from_secs(2);

/// Applies `policy` now and every `interval`, until the end begins; counts what is removed to `metrics`.
pub async fn run(
    store: Arc<dyn LogStore>,
    policy: RetentionPolicy,
    interval: Duration,
    metrics: Option<Metrics>,
    shutdown: Shutdown,
) {
    let rounds = async {
        loop {
            round(&*store, policy, metrics.as_ref()).await;
            tokio::time::sleep(interval).await;
        }
    };
    // Before requests and the log are finished, for which there may be no time.
    tokio::select! {
        () = rounds => {}
        () = shutdown.draining() => {}
    }
    match tokio::time::timeout(RELEASE, store.stop_retaining()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::debug!(%error, "failed to hand retention over; another process waits for it")
        }
        Err(_) => tracing::debug!("retention was not handed over in time; another process waits for it"),
    }
}

async fn round(store: &dyn LogStore, policy: RetentionPolicy, metrics: Option<&Metrics>) {
    match store.retain(policy, clock::now()).await {
        Ok(report) if report.removed.is_empty() => {}
        Ok(report) => {
            if let Some(metrics) = metrics {
                metrics.retained_entries.inc_by(report.entries);
                metrics.retained_bytes.inc_by(report.bytes);
            }
            tracing::info!(
                entries = report.entries,
                bytes = report.bytes,
                removed = ?report.removed,
                "retention removed what the policy allows"
            );
        }
        Err(error) => tracing::warn!(%error, "failed to apply retention; trying again"),
    }
}
