//! The task that follows the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use logpipeline_model::Document;
use logpipeline_store::{FoundEntry, LogStore};

use super::Clients;
use super::window::Window;

/// Entries read at a time.
const PAGE: usize = 2_000;

/// How often the store is asked how soon it lets entries be found: settings may change.
const ASKED: Duration = Duration::from_secs(60);

/// How long the task waits after the store failed.
const BACK_OFF: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Follower {
    store: Arc<dyn LogStore>,
    clients: Clients,
    interval: Duration,
}

impl Follower {
    pub(super) fn new(store: Arc<dyn LogStore>, clients: Clients, interval: Duration) -> Self {
        Self { store, clients, interval }
    }

    /// Serves clients for as long as there are any, then waits for the next. Never returns.
    pub(super) async fn run(self) {
        loop {
            let mut window = Window::starting(self.clients.earliest().await);
            let mut asked: Option<Instant> = None;
            while !self.clients.present().is_empty() {
                let started = Instant::now();
                if asked.is_none_or(|at| at.elapsed() > ASKED)
                    && let Ok(time) = self.store.visible_within().await
                {
                    window.visible_within(time);
                    asked = Some(started);
                }
                let pause = match self.read(&mut window).await {
                    // At most half of the time is spent reading, however much arrives.
                    Ok(()) => self.interval.max(started.elapsed()),
                    Err(error) => {
                        self.clients.metrics.tail_polls_failed.inc();
                        tracing::warn!(%error, "the live tail cannot read the store");
                        BACK_OFF
                    }
                };
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Hands on what is new since the last time.
    async fn read(&self, window: &mut Window) -> Result<(), logpipeline_store::StoreError> {
        let mut after = window.begin();
        loop {
            let mut page = self.store.received_after(after, PAGE).await?;
            let full = page.len() >= PAGE;
            if let Some(last) = page.last() {
                after = last.position;
            }
            page.retain(|entry| window.admit(entry.position));
            self.hand_out(page).await;
            window.advance();
            if !full {
                break;
            }
        }
        for client in self.clients.present() {
            client.report();
        }
        Ok(())
    }

    /// Parses each entry once, and tests it against each client's query, away from the threads that serve requests.
    async fn hand_out(&self, entries: Vec<FoundEntry>) {
        let clients = self.clients.present();
        if entries.is_empty() || clients.is_empty() {
            return;
        }
        let work = move || {
            for entry in &entries {
                match Document::parse(&entry.body) {
                    Ok(document) => clients.iter().for_each(|client| client.offer(&document, &entry.body)),
                    Err(error) => tracing::error!(id = %entry.position.id, %error, "an entry cannot be read"),
                }
            }
        };
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!(%error, "the live tail failed on some entries");
        }
    }
}
