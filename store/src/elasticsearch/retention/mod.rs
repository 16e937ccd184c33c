//! Old indices go: by the times of the entries in them, which the engines' own lifecycles do not look at.

mod indices;
mod lease;
mod round;

use std::collections::HashMap;
use std::time::Duration;

use logpipeline_model::Timestamp;
use tokio::sync::Mutex;

use self::indices::Newest;
use self::lease::Lease;
use self::round::Round;
use super::options::Options;
use crate::{RetentionPolicy, RetentionReport, StoreError};
use logpipeline_cluster::Connection;

/// What is remembered from one round to the next.
#[derive(Debug)]
pub(super) struct Retention {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    lease: Lease,
    /// By the name of an index that is not written to any more: how many entries it had, and the newest.
    known: HashMap<String, (u64, Newest)>,
}

impl Retention {
    pub(super) fn new(pipeline: &str, lease: Duration) -> Self {
        let state = State { lease: Lease::new(pipeline, lease), known: HashMap::new() };
        Self { state: Mutex::new(state) }
    }

    /// Rolls over what is large or old, and removes indices all of whose entries are older than their class
    /// keeps them; then, while all together are larger than allowed, the oldest. The index that a data
    /// stream writes to stays. Does nothing while another process holds the lease. Idempotent.
    ///
    /// With a lifecycle of the engine's own, only what that knows nothing of: the size of all together, and
    /// entries that are newer than their index.
    pub(super) async fn apply(
        &self,
        connection: &Connection,
        options: &Options,
        policy: RetentionPolicy,
        now: Timestamp,
    ) -> Result<RetentionReport, StoreError> {
        let State { lease, known } = &mut *self.state.lock().await;
        if !lease.take(connection).await? {
            return Ok(RetentionReport::default());
        }
        let round = Round::new(connection, options, policy, now, lease, known);
        Ok(round.run().await?)
    }

    /// Gives up the lease, where this process has it.
    pub(super) async fn release(&self, connection: &Connection) -> Result<(), StoreError> {
        Ok(self.state.lock().await.lease.release(connection).await?)
    }
}
