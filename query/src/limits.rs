//! How many requests run at the same time.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use logpipeline_service::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a query waits for others to finish before it is refused.
const PATIENCE: Duration = Duration::from_millis(500);

/// Places for one kind of request; a request holds its [`Place`] while it runs.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    kind: &'static str,
    free: Arc<Semaphore>,
    retry_after: Duration,
}

/// One place, given back when it is dropped.
pub(crate) type Place = OwnedSemaphorePermit;

impl Places {
    /// `kind` names the requests in the plural.
    pub(crate) fn new(kind: &'static str, count: usize, retry_after: Duration) -> Self {
        Self { kind, free: Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))), retry_after }
    }

    /// A place at once, or a refusal.
    pub(crate) fn take(&self) -> Result<Place, Problem> {
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| self.refusal())
    }

    /// A place within a moment, or a refusal.
    pub(crate) async fn wait(&self) -> Result<Place, Problem> {
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(self.refusal()),
        }
    }

    fn refusal(&self) -> Problem {
        let detail =
            format!("As many {} as this server takes are running. Try again in a moment.", self.kind);
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(self.retry_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn beyond_the_places_a_request_waits_a_moment_and_is_refused() {
        let places = Places::new("queries", 1, Duration::from_secs(1));
        let held = places.wait().await.unwrap();
        let refusal = places.wait().await.unwrap_err();
        assert_eq!((refusal.status, refusal.kind), (StatusCode::SERVICE_UNAVAILABLE, "busy"));
        let waiting = tokio::spawn({
            let places = places.clone();
            async move { places.wait().await.is_ok() }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(held);
        assert!(waiting.await.unwrap());
        assert!(places.take().is_ok());
    }
}
