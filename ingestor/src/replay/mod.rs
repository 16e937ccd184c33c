//! Sends once more what dead letters hold. What was stored meanwhile is stored no second time: an entry keeps its id, and the
//! ids of a body's entries are derived from that of its letter.

mod bodies;
mod chosen;
mod entries;
mod lookup;
mod once;
mod pages;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::StatusCode;
use logpipeline_model::EntryId;
use logpipeline_model::dead_letter::{Letter, Returned};
use logpipeline_model::query::{Query, TimeRange};
use logpipeline_service::Problem;
use logpipeline_store::{FoundEntry, StoreError, Stores};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::intake::Ingest;
use chosen::Chosen;
pub(crate) use once::Once;
use pages::Pages;

/// So many failures are listed; all are counted.
const LISTED: usize = 1_000;

/// Which letters are to be sent once more.
#[derive(Debug)]
pub(crate) enum Selection {
    /// By their ids, or by those of the entries in them. Once so much time has passed, those not reached yet are left, and
    /// reported; without a time, none are.
    Ids { ids: Vec<EntryId>, within: Option<Duration> },
    /// Those that a query finds.
    Query { query: Query, range: TimeRange },
}

/// What became of them.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    found: u64,
    /// Letters whose entries are in the log once more, on disk.
    replayed: u64,
    already_stored: u64,
    failed_count: u64,
    /// The first ones.
    failed: Vec<Failure>,
    /// Ids that were not reached in time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remaining: Vec<EntryId>,
}

/// When a replay is to stop; `None` for never. Whatever the time, some letter is sent.
#[derive(Debug, Clone, Copy)]
struct Deadline(Option<Instant>);

impl Deadline {
    fn has_passed(self) -> bool {
        self.0.is_some_and(|at| Instant::now() >= at)
    }
}

#[derive(Debug, Serialize)]
struct Failure {
    id: EntryId,
    reason: String,
}

impl Report {
    fn fail(&mut self, id: EntryId, reason: impl ToString) {
        self.failed_count += 1;
        if self.failed.len() < LISTED {
            self.failed.push(Failure { id, reason: reason.to_string() });
        }
    }
}

/// Sends letters once more; one request at a time does.
#[derive(Debug)]
pub(crate) struct Replay {
    ingest: Arc<Ingest>,
    stores: Stores,
    /// What takes requests by HTTP, and by gRPC, without asking for a token.
    http: Router,
    grpc: Router,
    turn: Semaphore,
}

impl Replay {
    pub(crate) fn new(ingest: Arc<Ingest>, stores: Stores, http: Router, grpc: Router) -> Self {
        Self { ingest, stores, http, grpc, turn: Semaphore::new(1) }
    }

    pub(crate) async fn run(&self, selection: Selection) -> Result<Report, Problem> {
        let _turn = self.turn.try_acquire().map_err(|_| {
            let detail = "Another replay is under way. Send the request again when it has ended; nothing is stored twice.";
            Problem::new(StatusCode::CONFLICT, "replay-under-way", detail).retry_after(Duration::from_secs(1))
        })?;
        let mut report = Report::default();
        match selection {
            Selection::Ids { ids, within } => {
                let deadline = Deadline(within.map(|within| Instant::now() + within));
                self.chosen(ids, deadline, &mut report).await?;
            }
            Selection::Query { query, range } => {
                let mut pages = Pages::new(&*self.stores.dead_letters, query, range);
                while let Some(page) = pages.next().await.map_err(|error| unavailable(&error))? {
                    self.page(&page, Deadline(None), &mut report).await?;
                }
            }
        }
        Ok(report)
    }

    async fn chosen(
        &self,
        ids: Vec<EntryId>,
        deadline: Deadline,
        report: &mut Report,
    ) -> Result<(), Problem> {
        let mut chosen = Chosen::new(&*self.stores.dead_letters, ids);
        while let Some(page) = chosen.next().await.map_err(|error| unavailable(&error))? {
            for id in page.missing {
                report.fail(id, "there is no such dead letter; retention may have removed it");
            }
            report.remaining = self.page(&page.letters, deadline, report).await?;
            if deadline.has_passed() {
                report.remaining.extend(chosen.rest());
                break;
            }
        }
        Ok(())
    }

    /// Sends letters, and returns the ids of those that were not reached in time.
    async fn page(
        &self,
        letters: &[FoundEntry],
        deadline: Deadline,
        report: &mut Report,
    ) -> Result<Vec<EntryId>, Problem> {
        let (mut entries, mut bodies) = (Vec::new(), Vec::new());
        for found in letters {
            match Letter::read(&found.body) {
                Ok(letter) => match letter.content {
                    Returned::Entry { .. } => entries.push(letter),
                    Returned::Body { .. } => bodies.push(letter),
                },
                Err(error) => {
                    report.found += 1;
                    report.fail(found.position.id, error);
                }
            }
        }
        report.found += entries.len() as u64;
        self.entries(entries, report).await?;
        let mut bodies = bodies.into_iter();
        for letter in bodies.by_ref() {
            report.found += 1;
            self.body(letter, report).await?;
            if deadline.has_passed() {
                break;
            }
        }
        Ok(bodies.map(|letter| letter.id).collect())
    }
}

fn unavailable(error: &StoreError) -> Problem {
    let detail = format!("{error}. Send the request again later; nothing is stored twice.");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", detail)
        .retry_after(Duration::from_secs(5))
}
