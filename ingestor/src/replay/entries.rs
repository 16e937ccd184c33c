//! Refused entries, through the log once more.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;

use logpipeline_access::tokens::TokenName;
use logpipeline_model::dead_letter::{Letter, Returned};
use logpipeline_model::entry::{Reason, resource_of};
use logpipeline_model::query::{Clause, Expr, Field, Query, Span, Test, TimeRange};
use logpipeline_model::{Document, EntryId};
use logpipeline_service::Problem;
use logpipeline_store::{Order, SearchRequest, StoreError};

use super::{Replay, Report, unavailable};
use crate::clock;
use crate::http::append_problem;
use crate::intake::{Origin, Parsed, Protocol, Source, submit};
use crate::ledger::{Account, Tally};
use crate::wal::Batch;

impl Replay {
    /// Appends entries to the log with the ids that they have, those left out that the store has.
    pub(super) async fn entries(&self, letters: Vec<Letter>, report: &mut Report) -> Result<(), Problem> {
        if letters.is_empty() {
            return Ok(());
        }
        let ids = letters.iter().filter_map(entry).map(|(id, _)| id).collect();
        let stored = self.stored(ids).await.map_err(|error| unavailable(&error))?;
        let mut batches: Vec<(Source, Batch, Tally<u64>)> = Vec::new();
        for letter in &letters {
            let Some((id, body)) = entry(letter) else { continue };
            if stored.contains(&id) {
                report.already_stored += 1;
                continue;
            }
            let received_at = match Document::parse(body) {
                Ok(document) => document.received_at,
                Err(error) => {
                    report.fail(letter.id, error);
                    continue;
                }
            };
            let source = source(letter);
            let index = batches.iter().position(|(other, ..)| *other == source).unwrap_or_else(|| {
                batches.push((source, Batch::default(), Tally::default()));
                batches.len() - 1
            });
            let Some((_, batch, resources)) = batches.get_mut(index) else { continue };
            *resources.of(self.ingest.ledger.resources.slot(resource_of(body))) += 1;
            let nanos = u64::try_from(received_at.unix_nanos()).unwrap_or_default();
            let Ok(()) = batch.push(id, nanos, |out| {
                out.extend_from_slice(body);
                Ok::<_, Infallible>(())
            });
        }
        for (source, batch, resources) in batches {
            let (received_at, mut ids) = self.ingest.ids.request(clock::now());
            let mut memory = self.ingest.budget.reservation();
            memory.resize(batch.capacity()).map_err(|_| crate::http::no_memory())?;
            let parsed = Parsed {
                protocol: source.protocol,
                origin: Origin::new(&source, received_at, &mut ids),
                account: Account { resources, ..source.account(&self.ingest.ledger) },
                batch,
                rejections: Vec::new(),
                rejected: 0,
                reasons: [0; Reason::ALL.len()],
                memory,
            };
            let submitted = submit(&self.ingest, parsed).await;
            report.replayed += submitted.map_err(|error| append_problem(&error, &self.ingest))?.accepted;
        }
        Ok(())
    }

    /// Which of some entries the store has.
    async fn stored(&self, ids: Vec<EntryId>) -> Result<HashSet<EntryId>, StoreError> {
        let clause = |id: &EntryId| {
            let test = Test::Equals { text: id.to_string(), fold: false, number: None };
            Expr::Clause(Clause { field: Field::Id, test, span: Span { start: 0, end: 0 } })
        };
        let request = SearchRequest {
            query: Arc::new(Query { expr: Expr::Or(ids.iter().map(clause).collect()) }),
            range: TimeRange::ALL,
            order: Order::Desc,
            limit: ids.len(),
            after: None,
            count: false,
            deadline: None,
        };
        let page = self.stores.logs.search(request).await?;
        if page.partial {
            return Err(StoreError::Unavailable { reason: "parts of the store do not answer".to_owned() });
        }
        Ok(page.entries.iter().map(|entry| entry.position.id).collect())
    }
}

/// Who sent the entry at first.
fn source(letter: &Letter) -> Source {
    Source {
        protocol: letter.protocol.as_deref().and_then(Protocol::labelled).unwrap_or(Protocol::Json),
        sender: letter.sender.as_deref().map(TokenName::new),
        peer: letter.peer.as_deref().and_then(|peer| peer.parse().ok()),
    }
}

fn entry(letter: &Letter) -> Option<(EntryId, &[u8])> {
    match &letter.content {
        Returned::Entry { id, stored } => Some((*id, stored)),
        Returned::Body { .. } => None,
    }
}
