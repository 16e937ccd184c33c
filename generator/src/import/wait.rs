//! How long a request is tried again.

use std::time::{Duration, Instant};

use logpipeline_service::Shutdown;

use crate::load::backoff;
use crate::workload::Dice;

/// The pauses between the attempts at one request.
#[derive(Debug)]
pub(super) struct Waits<'a> {
    begin: Instant,
    attempt: u32,
    dice: Dice,
    retry_for: Duration,
    shutdown: &'a Shutdown,
}

impl<'a> Waits<'a> {
    pub(super) fn new(retry_for: Duration, shutdown: &'a Shutdown) -> Self {
        let dice = Dice::new(crate::run_id::random());
        Self { begin: Instant::now(), attempt: 0, dice, retry_for, shutdown }
    }

    /// Waits for the next attempt; `false` where there is to be none, because the time for them is over or
    /// the program is to end.
    pub(super) async fn wait(&mut self, retry_after: Option<Duration>) -> bool {
        let wait = backoff::wait(self.attempt, retry_after, &mut self.dice);
        self.attempt = self.attempt.saturating_add(1);
        if self.shutdown.is_draining() || self.begin.elapsed() + wait > self.retry_for {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = self.shutdown.draining() => false,
        }
    }
}
