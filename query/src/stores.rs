//! Which store answers a query.

use std::sync::Arc;

use logpipeline_model::EntryId;
use logpipeline_model::query::Query;
use logpipeline_service::Shutdown;
use logpipeline_store::{FoundEntry, LogStore, StoreError};

use crate::config::Limits;
use crate::limits::Places;
use crate::metrics::Metrics;
use crate::tail::Tail;
use crate::traced::Traced;

/// The entries, and the dead letters: `stream:dead-letters` in a query leads to these.
#[derive(Debug, Clone)]
pub(crate) struct Stores {
    logs: Stream,
    dead_letters: Stream,
    hides_canaries: bool,
}

/// A store, and those who follow it.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) tail: Tail,
}

impl Stores {
    pub(crate) fn new(
        stores: logpipeline_store::Stores,
        limits: &Limits,
        metrics: &Metrics,
        shutdown: &Shutdown,
    ) -> Self {
        let places =
            Places::new("clients of the live tail", limits.max_tails, std::time::Duration::from_secs(10));
        let stream = |store: Arc<dyn LogStore>| Stream {
            tail: Tail::start(Arc::clone(&store), limits, places.clone(), metrics.clone(), shutdown),
            store: Arc::new(Traced(store)),
        };
        Self { logs: stream(stores.logs), dead_letters: stream(stores.dead_letters), hides_canaries: false }
    }

    /// The same stores, but that queries of entries find no canaries.
    pub(crate) fn without_canaries(self) -> Self {
        Self { hides_canaries: true, ..self }
    }

    /// The dead letters; a term that chooses them is taken out of the query.
    pub(crate) fn letters(&self, query: &mut Query) -> &Stream {
        query.take_dead_letters();
        &self.dead_letters
    }

    /// What a query is put to; the term that chose it is taken out of the query.
    pub(crate) fn of(&self, query: &mut Query) -> &Stream {
        self.named(query).unwrap_or(&self.logs)
    }

    /// As [`Self::of`]; `None` where the query does not say.
    pub(crate) fn named(&self, query: &mut Query) -> Option<&Stream> {
        if query.take_dead_letters() {
            return Some(&self.dead_letters);
        }
        if self.hides_canaries {
            query.leave_out_canaries();
        }
        None
    }

    /// The entry or dead letter with an id, and where it is.
    pub(crate) async fn get(&self, id: EntryId) -> Result<Option<(FoundEntry, &Stream)>, StoreError> {
        for stream in [&self.logs, &self.dead_letters] {
            if let Some(entry) = stream.store.get(id).await? {
                return Ok(Some((entry, stream)));
            }
        }
        Ok(None)
    }
}
