//! How long to wait before what found no room is tried again.

use std::time::Duration;

use logpipeline_service::Shutdown;
use tokio::time::Instant;

const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);
/// Once the server is to end, senders keep what found no room for this long.
const LAST: Duration = Duration::from_secs(2);

/// A pause that grows with each wait.
#[derive(Debug)]
pub(super) struct Pause {
    next: Duration,
    give_up: Option<Instant>,
}

impl Default for Pause {
    fn default() -> Self {
        Self { next: FIRST, give_up: None }
    }
}

impl Pause {
    /// Returns whether to try again.
    pub(super) async fn wait(&mut self, shutdown: &Shutdown) -> bool {
        if shutdown.is_stopping() {
            let now = Instant::now();
            if now >= *self.give_up.get_or_insert(now + LAST) {
                return false;
            }
            tokio::time::sleep(FIRST).await;
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep(self.next) => {}
            () = shutdown.stopping() => {}
        }
        self.next = (self.next * 2).min(LONGEST);
        true
    }
}
