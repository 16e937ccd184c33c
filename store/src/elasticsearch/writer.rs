//! Entries into their data streams: each confirmed by the engine, none twice.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use elasticsearch::http::Method;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use logpipeline_model::elasticsearch::Classes;
use logpipeline_model::{Document, EntryId, Timestamp};
use serde_json::{Value, json};

use super::bulk::{self, Item, Outcome};
use super::connection::{Connection, RequestError};
use super::document;
use super::pace::Pace;
use crate::{NewEntry, StoreError, WriteOutcome};

/// Tries of a run before the batch is given back, its settled entries remembered.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Writer {
    indices: String,
    /// Entries received before were perhaps written by an earlier process.
    opened: Timestamp,
    pace: Pace,
    timeout: Duration,
    memory: Mutex<Memory>,
}

/// What is known of entries whose batch is to be written again.
#[derive(Debug, Default)]
struct Memory {
    settled: HashMap<EntryId, WriteOutcome>,
    /// Sent, with no answer: they may be there, in an index that is not written to any more.
    unsure: HashSet<EntryId>,
}

impl Writer {
    pub(super) fn new(indices: String, opened: Timestamp, most: usize, timeout: Duration) -> Self {
        Self { indices, opened, pace: Pace::new(most), timeout, memory: Mutex::default() }
    }

    pub(super) async fn write(
        &self,
        connection: &Connection,
        classes: &Classes,
        batch: &[NewEntry],
    ) -> Result<Vec<WriteOutcome>, StoreError> {
        let mut outcomes: Vec<Option<WriteOutcome>> = vec![None; batch.len()];
        let mut items = Vec::with_capacity(batch.len());
        let mut lookups = HashSet::new();
        let mut first = HashMap::new();
        {
            let memory = self.memory();
            for (at, entry) in batch.iter().enumerate() {
                if let Some(known) = memory.settled.get(&entry.id) {
                    outcomes[at] = Some(known.clone());
                    continue;
                }
                if first.contains_key(&entry.id) {
                    outcomes[at] = Some(WriteOutcome::Duplicate);
                    continue;
                }
                let document = match Document::parse(&entry.body) {
                    Ok(document) => document,
                    Err(error) => {
                        outcomes[at] = Some(WriteOutcome::Refused { reason: error.to_string() });
                        continue;
                    }
                };
                first.insert(entry.id, at);
                if memory.unsure.contains(&entry.id)
                    || document.received_at <= self.opened
                    || entry.id.is_derived()
                {
                    lookups.insert(entry.id);
                }
                let stream = classes.stream(classes.of_level(document.level.as_deref()));
                items.push(Item { at, id: entry.id, lines: lines(&stream, entry, &document) });
            }
        }
        let mut runs: FuturesUnordered<_> =
            bulk::runs(items).into_iter().map(|run| self.run(connection, run, &lookups)).collect();
        let mut failed = None;
        while let Some(run) = runs.next().await {
            for (at, outcome) in run.settled {
                outcomes[at] = Some(outcome);
            }
            failed = failed.or(run.failed);
        }
        drop(runs);
        let mut memory = self.memory();
        match failed {
            Some(error) => {
                for (entry, outcome) in batch.iter().zip(&outcomes) {
                    if let Some(outcome) = outcome {
                        memory.settled.entry(entry.id).or_insert_with(|| outcome.clone());
                        memory.unsure.remove(&entry.id);
                    }
                }
                Err(error)
            }
            None => {
                for entry in batch {
                    memory.settled.remove(&entry.id);
                    memory.unsure.remove(&entry.id);
                }
                Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(WriteOutcome::Duplicate)).collect())
            }
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, connection: &Connection, items: Vec<Item>, lookups: &HashSet<EntryId>) -> Run {
        let mut run = Run::default();
        let mut waiting = vec![items];
        let mut tries = 0;
        while let Some(items) = waiting.pop() {
            let unsure: Vec<_> = items
                .iter()
                .map(|item| item.id)
                .filter(|id| lookups.contains(id) || self.memory().unsure.contains(id))
                .collect();
            let there = match self.find(connection, &unsure).await {
                Ok(there) => there,
                Err(error) => {
                    run.failed = Some(error.into());
                    return run;
                }
            };
            let (there, items): (Vec<_>, Vec<_>) =
                items.into_iter().partition(|item| there.contains(&item.id));
            for item in there {
                // A derived id that this process never sent is a sender's retry.
                let outcome = if item.id.is_derived() && !self.memory().unsure.contains(&item.id) {
                    WriteOutcome::Duplicate
                } else {
                    WriteOutcome::Stored
                };
                run.settled.push((item.at, outcome));
            }
            if items.is_empty() {
                continue;
            }
            let Some(permit) = self.pace.permit().await else { return run };
            let started = Instant::now();
            let sent =
                connection.send_lines::<bulk::Answer>(bulk::PATH, bulk::body(&items), self.timeout).await;
            let (later, why) = match sent {
                Ok(answer) if answer.items.len() == items.len() => {
                    let mut later = Vec::new();
                    let mut why = String::new();
                    for (item, answer) in items.into_iter().zip(answer.items) {
                        match answer.outcome() {
                            Outcome::Stored => run.settled.push((item.at, WriteOutcome::Stored)),
                            Outcome::Exists if self.memory().unsure.contains(&item.id) => {
                                run.settled.push((item.at, WriteOutcome::Stored));
                            }
                            Outcome::Exists => run.settled.push((item.at, WriteOutcome::Duplicate)),
                            Outcome::Refused(reason) => {
                                run.settled.push((item.at, WriteOutcome::Refused { reason }));
                            }
                            Outcome::Later(reason) => {
                                why = reason;
                                later.push(item);
                            }
                        }
                    }
                    if later.is_empty() {
                        self.pace.well(permit, started.elapsed());
                        continue;
                    }
                    self.pace.badly(permit);
                    (later, why)
                }
                Ok(answer) => {
                    drop(permit);
                    self.doubt(&items);
                    let why = format!(
                        "a bulk request of {} entries got {} outcomes",
                        items.len(),
                        answer.items.len()
                    );
                    (items, why)
                }
                Err(RequestError::Refused { status: 413, reason, .. }) => {
                    drop(permit);
                    if let [item] = &items[..] {
                        let reason = format!("larger than the server takes: {reason}");
                        run.settled.push((item.at, WriteOutcome::Refused { reason }));
                        continue;
                    }
                    let mut items = items;
                    waiting.push(items.split_off(items.len() / 2));
                    waiting.push(items);
                    continue;
                }
                Err(error) => {
                    self.pace.badly(permit);
                    if !matches!(error, RequestError::Unreachable(_)) {
                        self.doubt(&items);
                    }
                    if !error.is_transient() {
                        run.failed = Some(StoreError::Unavailable { reason: error.to_string() });
                        return run;
                    }
                    (items, error.to_string())
                }
            };
            tries += 1;
            if tries >= TRIES {
                run.failed = Some(StoreError::Unavailable { reason: why });
                return run;
            }
            tokio::time::sleep(wait(tries)).await;
            waiting.push(later);
        }
        run
    }

    /// Remembers that it is not known whether the items were stored.
    fn doubt(&self, items: &[Item]) {
        self.memory().unsure.extend(items.iter().map(|item| item.id));
    }

    /// Those of some ids that are stored already, in whatever index.
    async fn find(&self, connection: &Connection, ids: &[EntryId]) -> Result<HashSet<EntryId>, RequestError> {
        let mut there = HashSet::new();
        if ids.is_empty() {
            return Ok(there);
        }
        let refresh = format!("/{}/_refresh?ignore_unavailable=true&allow_no_indices=true", self.indices);
        match connection.ask::<Value>(Method::Post, &refresh, None).await {
            Ok(_) => {}
            Err(error) if error.status() == Some(404) => return Ok(there),
            Err(error) => return Err(error),
        }
        let path = format!(
            "/{}/_search?ignore_unavailable=true&allow_no_indices=true&filter_path=hits.hits._id,_shards.failed",
            self.indices
        );
        for some in ids.chunks(5_000) {
            let values: Vec<_> = some.iter().map(ToString::to_string).collect();
            let body = json!({
                "query": { "ids": { "values": values } }, "size": 10_000, "_source": false,
                "track_total_hits": false,
            });
            let answer: Value = connection.ask(Method::Post, &path, Some(&body)).await?;
            if answer["_shards"]["failed"].as_u64().is_some_and(|failed| failed > 0) {
                return Err(RequestError::Unreachable("some shards do not answer".to_owned()));
            }
            let hits = answer["hits"]["hits"].as_array().into_iter().flatten();
            there.extend(hits.filter_map(|hit| hit["_id"].as_str()?.parse::<EntryId>().ok()));
        }
        Ok(there)
    }
}

#[derive(Debug, Default)]
struct Run {
    settled: Vec<(usize, WriteOutcome)>,
    failed: Option<StoreError>,
}

fn lines(stream: &str, entry: &NewEntry, document: &Document<'_>) -> Bytes {
    let mut lines = Vec::with_capacity(2 * entry.body.len() + 512);
    document::write_action(stream, entry.id, &mut lines);
    document::write(document, &entry.body, &mut lines);
    lines.push(b'\n');
    lines.into()
}

/// Doubles with each try, and differs between processes that fail together.
fn wait(tries: u32) -> Duration {
    let longest = FIRST_WAIT * 2_u32.saturating_pow(tries - 1);
    longest.mul_f64(rand::random_range(0.5..1.0))
}
