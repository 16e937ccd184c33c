//! The live tail: one task follows the store and hands each new entry to the clients whose query finds it.

mod follower;
mod subscriber;
mod window;

use std::sync::{Arc, Mutex, PoisonError};

use logpipeline_model::Timestamp;
use logpipeline_model::query::{Matcher, Query};
use logpipeline_service::{Problem, Shutdown};
use logpipeline_store::LogStore;
use tokio::sync::Notify;

use crate::app::now;
use crate::config::Limits;
use crate::limits::Places;
use crate::metrics::Metrics;
use follower::Follower;
pub(crate) use subscriber::{Received, Subscription};
use subscriber::{Sender, channel};

/// Clients of the live tail, and the task that serves them.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    clients: Clients,
    places: Places,
    queue: usize,
}

impl Tail {
    /// Starts the task, which ends with `shutdown`. Each client takes one of the `places`.
    pub(crate) fn start(
        store: Arc<dyn LogStore>,
        limits: &Limits,
        places: Places,
        metrics: Metrics,
        shutdown: &Shutdown,
    ) -> Self {
        let clients = Clients { list: Arc::default(), joined: Arc::default(), metrics };
        let follower = Follower::new(store, clients.clone(), limits.tail_interval);
        let end = shutdown.clone();
        shutdown.spawn(async move {
            tokio::select! {
                () = follower.run() => {}
                () = end.stopping() => {}
            }
        });
        Self { clients, places, queue: limits.tail_queue }
    }

    /// Entries accepted from now on that the query finds.
    pub(crate) fn subscribe(&self, query: &Query) -> Result<Subscription, Problem> {
        let place = self.places.take()?;
        let from = now();
        let (sender, subscription) =
            channel(Matcher::new(query), from, self.queue, place, self.clients.metrics.clone());
        self.clients.add(sender);
        Ok(subscription)
    }
}

/// The clients, shared between the task and the requests.
#[derive(Debug, Clone)]
struct Clients {
    list: Arc<Mutex<Vec<Arc<Sender>>>>,
    joined: Arc<Notify>,
    metrics: Metrics,
}

impl Clients {
    fn add(&self, sender: Sender) {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(sender));
        self.joined.notify_one();
    }

    /// Those still there, after those that left are forgotten.
    fn present(&self) -> Vec<Arc<Sender>> {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|sender| !sender.is_closed());
        list.clone()
    }

    /// Waits until there is a client; the earliest time that any of them asks for.
    async fn earliest(&self) -> Timestamp {
        loop {
            let joined = self.joined.notified();
            if let Some(earliest) = self.present().iter().map(|sender| sender.from()).min() {
                return earliest;
            }
            joined.await;
        }
    }
}
