//! Refused entries, through the log once more.

use std::collections::HashSet;
use std::convert::Infallible;

use logpipeline_access::tokens::TokenName;
use logpipeline_model::dead_letter::{Letter, Returned};
use logpipeline_model::entry::{Reason, resource_of};
use logpipeline_model::{Document, EntryId};
use logpipeline_service::Problem;

use super::lookup::by_ids;
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
        let ids: Vec<_> = letters.iter().filter_map(entry).map(|(id, _)| id).collect();
        let stored = by_ids(&*self.stores.logs, &ids).await.map_err(|error| unavailable(&error))?;
        let stored: HashSet<_> = stored.iter().map(|entry| entry.position.id).collect();
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
