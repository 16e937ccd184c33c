//! One way to stop, for every component: drain, stop accepting, wait for what is under way.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A handle to the component's end. Clones share it.
///
/// An end has two steps. First **draining**: readiness fails, so that load balancers send no more, while
/// requests are still served. Then **stopping**: listeners close and tasks finish what they have.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    draining: CancellationToken,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// An end that comes with SIGTERM or SIGINT, `drain` passing between its two steps. A second signal
    /// skips the wait.
    pub fn on_signal(drain: Duration) -> std::io::Result<Self> {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let shutdown = Self::default();
        let handle = shutdown.clone();
        tokio::spawn(async move {
            let mut next = async || tokio::select! { _ = terminate.recv() => "SIGTERM", _ = interrupt.recv() => "SIGINT" };
            let name = next().await;
            tracing::info!(signal = name, drain_seconds = drain.as_secs_f64(), "shutting down");
            handle.draining.cancel();
            tokio::select! {
                () = tokio::time::sleep(drain) => {}
                _ = next() => {}
            }
            handle.stopping.cancel();
        });
        Ok(shutdown)
    }

    /// Begins both steps at once.
    pub fn trigger(&self) {
        self.draining.cancel();
        self.stopping.cancel();
    }

    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Completes when draining begins.
    pub async fn draining(&self) {
        self.draining.cancelled().await;
    }

    /// Completes when listeners must close.
    pub async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Starts a task that [`finished`](Self::finished) waits for.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Waits for stopping to begin, and then at most `grace` for every task to end. Returns whether all did.
    pub async fn finished(&self, grace: Duration) -> bool {
        self.stopping().await;
        self.tasks.close();
        tokio::time::timeout(grace, self.tasks.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn finished_waits_for_tasks_that_notice_the_end() {
        let shutdown = Shutdown::default();
        let handle = shutdown.clone();
        let task = shutdown.spawn(async move {
            handle.stopping().await;
            7
        });
        assert!(!shutdown.is_draining());
        shutdown.trigger();
        assert!(shutdown.finished(Duration::from_secs(5)).await);
        assert_eq!(task.await.unwrap(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_not_waited_for_beyond_the_grace() {
        let shutdown = Shutdown::default();
        shutdown.spawn(std::future::pending::<()>());
        shutdown.trigger();
        assert!(!shutdown.finished(Duration::from_secs(30)).await);
    }
}
