//! Entries into their data streams: each confirmed by the engine, none twice.
//!
//! Each entry is created with its id as the document's, which an engine takes once within an index. That
//! leaves the indices that a data stream had before it was rolled over. So entries that may be there
//! already are looked for in all of them before they are sent: those of a request that got no clear
//! answer, those received before this process began, and those whose ids come from their senders.
//! [`super::copies`] has what a late request may still do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use logpipeline_model::{Document, Timestamp};

use super::bulk::{self, Item, Outcome};
use super::copies::{self, Watch};
use super::document;
use super::memory::{self, InFlight, Known, Memory, Progress};
use super::options::Options;
use super::pace::Pace;
use super::templates::Templates;
use crate::{NewEntry, StoreError, WriteOutcome};
use logpipeline_cluster::Engine;
use logpipeline_cluster::{Connection, RequestError};

/// Tries of a request before the batch is given back, its settled entries remembered.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// By how much a clock may have been set back since an earlier process received entries.
const SET_BACK: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Writer {
    indices: String,
    /// Entries received before were perhaps written by an earlier process.
    opened: Timestamp,
    /// The same moment, as this process counts.
    began: Instant,
    pace: Pace,
    timeout: Duration,
    memory: Memory,
    watch: Arc<Watch>,
}

/// Where a writer writes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) connection: &'a Arc<Connection>,
    pub(super) engine: &'a Engine,
    pub(super) templates: &'a Templates,
    pub(super) options: &'a Options,
}

/// What the requests of a batch share.
struct Job<'a> {
    target: Target<'a>,
    progress: &'a Progress<'a>,
    /// Whether a request failed for longer than is worth waiting; the others need not find out again.
    given_up: AtomicBool,
}

/// Why items are to be sent once more.
struct Trouble {
    why: String,
    homeless: bool,
}

impl Writer {
    pub(super) fn new(options: &Options, opened: Timestamp) -> Self {
        let indices = options.classes.pattern();
        Self {
            watch: Watch::new(indices.clone()),
            indices,
            opened: opened.saturating_add(SET_BACK),
            began: Instant::now(),
            pace: Pace::new(options.most_writes),
            timeout: options.access.timeout,
            memory: Memory::default(),
        }
    }

    pub(super) async fn write(
        &self,
        target: Target<'_>,
        batch: &[NewEntry],
    ) -> Result<Vec<WriteOutcome>, StoreError> {
        let mut progress = Progress::new(&self.memory, batch);
        loop {
            let open = progress.open();
            if open.is_empty() {
                return Ok(progress.finish());
            }
            let items: Vec<_> =
                open.into_iter().filter_map(|at| self.item(target, at, &batch[at], &progress)).collect();
            let job = Job { target, progress: &progress, given_up: AtomicBool::new(false) };
            let mut runs: FuturesUnordered<_> =
                bulk::runs(items).into_iter().map(|run| self.run(&job, run)).collect();
            let mut failed = None;
            while let Some(run) = runs.next().await {
                failed = failed.or(run.err());
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }

    /// The entry as it is sent; settled where it is none.
    fn item(&self, target: Target<'_>, at: usize, entry: &NewEntry, progress: &Progress<'_>) -> Option<Item> {
        let document = match Document::parse(&entry.body) {
            Ok(document) if document.id == entry.id => document,
            Ok(document) => {
                let reason = format!("the entry's id is {}, its stored form says {}", entry.id, document.id);
                progress.settle(at, WriteOutcome::Refused { reason });
                return None;
            }
            Err(error) => {
                progress.settle(at, WriteOutcome::Refused { reason: error.to_string() });
                return None;
            }
        };
        let classes = &target.options.classes;
        let stream = classes.stream(classes.of_level(document.level.as_deref()));
        let mut item = Item::new(at, entry.id, lines(&stream, entry, &document));
        if self.memory.get(entry.id) == Some(Known::Unsure) {
            item.doubt();
        }
        let replayed = document.received_at <= self.opened;
        item.look_up |= replayed || entry.id.is_derived();
        // A request that the earlier process sent last may still be under way.
        item.watch |= replayed && self.began.elapsed() < 2 * self.timeout;
        Some(item)
    }

    /// Sends items until all are settled, or it is not worth waiting any more.
    async fn run(&self, job: &Job<'_>, items: Vec<Item>) -> Result<(), StoreError> {
        let mut waiting = vec![items];
        let mut tries = 0;
        let mut since = None;
        while let Some(items) = waiting.pop() {
            let items = self.settle_those_there(job, items).await?;
            if items.is_empty() {
                continue;
            }
            let Some((items, trouble)) = self.send(job, items, &mut waiting).await? else { continue };
            tries += 1;
            let since = *since.get_or_insert_with(Instant::now);
            let given_up = job.given_up.load(Ordering::Relaxed);
            if given_up || tries >= TRIES || since.elapsed() > self.timeout {
                job.given_up.store(true, Ordering::Relaxed);
                return Err(StoreError::Unavailable { reason: trouble.why });
            }
            tokio::time::sleep(wait(tries)).await;
            if trouble.homeless {
                self.house(job).await?;
            }
            waiting.push(items);
        }
        Ok(())
    }

    /// Finds items that were stored by an earlier request; returns the others.
    async fn settle_those_there(&self, job: &Job<'_>, items: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let asked: Vec<_> = items.iter().filter(|item| item.look_up).map(|item| item.id).collect();
        if asked.is_empty() {
            return Ok(items);
        }
        let there = match copies::find(job.target.connection, &self.indices, &asked).await {
            Ok(there) => there,
            Err(error) => {
                job.given_up.store(true, Ordering::Relaxed);
                return Err(error.into());
            }
        };
        let (there, mut items): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| there.contains(&item.id));
        for item in &there {
            // A derived id that this process never sent is a sender's retry.
            let retry = item.id.is_derived() && !item.unsure;
            let outcome = if retry { WriteOutcome::Duplicate } else { WriteOutcome::Stored };
            job.progress.settle(item.at, outcome);
        }
        self.keep_watch(job, &there);
        for item in &mut items {
            item.look_up = false;
        }
        Ok(items)
    }

    /// Sends items once. Those to be sent again are returned, or put to what waits.
    async fn send(
        &self,
        job: &Job<'_>,
        items: Vec<Item>,
        waiting: &mut Vec<Vec<Item>>,
    ) -> Result<Option<(Vec<Item>, Trouble)>, StoreError> {
        let Target { connection, engine, templates, .. } = job.target;
        let permit = match self.pace.permit().await {
            Some(permit) if !job.given_up.load(Ordering::Relaxed) => permit,
            _ => return Err(StoreError::Unavailable { reason: "an earlier request failed".to_owned() }),
        };
        let body = bulk::body(&items);
        let bytes = body.len();
        let sent = InFlight::new(&self.memory, items);
        let started = Instant::now();
        let path = bulk::path(engine, self.timeout);
        let answer = connection.send_lines::<bulk::Answer>(&path, body, self.timeout).await;
        let mut trouble = Trouble { why: String::new(), homeless: false };
        let again = match answer {
            Ok(answer) if answer.items.len() == sent.items().len() => {
                let took = started.elapsed();
                let mut again = Vec::new();
                let mut settled = Vec::new();
                for (mut item, answer) in sent.answered().into_iter().zip(answer.items) {
                    if let Some(index) = answer.plain_index() {
                        templates.strayed(index, item.id);
                        trouble = Trouble {
                            why: format!("{index} is an index and not a data stream"),
                            homeless: true,
                        };
                        again.push(item);
                        continue;
                    }
                    let outcome = match answer.outcome() {
                        Outcome::Stored => WriteOutcome::Stored,
                        Outcome::Exists if item.unsure => WriteOutcome::Stored,
                        Outcome::Exists => WriteOutcome::Duplicate,
                        Outcome::Refused(reason) => WriteOutcome::Refused { reason },
                        Outcome::Later(why) => {
                            trouble.why = why;
                            again.push(item);
                            continue;
                        }
                        Outcome::Unsure(why) => {
                            trouble.why = why;
                            memory::doubt(&self.memory, &mut item);
                            again.push(item);
                            continue;
                        }
                        Outcome::Homeless(why) => {
                            trouble = Trouble { why, homeless: true };
                            again.push(item);
                            continue;
                        }
                    };
                    job.progress.settle(item.at, outcome);
                    settled.push(item);
                }
                self.keep_watch(job, &settled);
                if again.is_empty() {
                    self.pace.well(permit, took, bytes);
                    return Ok(None);
                }
                self.pace.badly(permit);
                again
            }
            Ok(answer) => {
                self.pace.badly(permit);
                let (asked, got) = (sent.items().len(), answer.items.len());
                trouble.why = format!("a bulk request of {asked} entries got {got} outcomes");
                sent.unanswered()
            }
            Err(RequestError::Refused { status: 413, reason, .. }) => {
                drop(permit);
                let mut items = sent.answered();
                if let [item] = &items[..] {
                    let reason = format!("larger than the server takes: {reason}");
                    job.progress.settle(item.at, WriteOutcome::Refused { reason });
                } else {
                    waiting.push(items.split_off(items.len() / 2));
                    waiting.push(items);
                }
                return Ok(None);
            }
            Err(error) => {
                self.pace.badly(permit);
                let items = if error.is_clear() { sent.answered() } else { sent.unanswered() };
                if !error.is_transient() {
                    job.given_up.store(true, Ordering::Relaxed);
                    return Err(StoreError::Unavailable { reason: error.to_string() });
                }
                trouble.why = error.to_string();
                items
            }
        };
        Ok(Some((again, trouble)))
    }

    /// Sees to it that there is a data stream to write to.
    async fn house(&self, job: &Job<'_>) -> Result<(), StoreError> {
        let Target { connection, engine, templates, options } = job.target;
        let done = async {
            templates.remove_strays(connection).await?;
            templates.forget().await;
            templates.ensure(connection, engine, options).await
        };
        done.await.map_err(|error| {
            job.given_up.store(true, Ordering::Relaxed);
            error.into()
        })
    }

    fn keep_watch(&self, job: &Job<'_>, settled: &[Item]) {
        let ids = settled.iter().filter(|item| item.watch).map(|item| item.id).collect();
        self.watch.add(job.target.connection, ids);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_are_never_the_same() {
        for tries in 1..TRIES {
            let waits: Vec<_> = (0..100).map(|_| wait(tries)).collect();
            let most = FIRST_WAIT * 2_u32.pow(tries - 1);
            assert!(waits.iter().all(|wait| (most / 2..most).contains(wait)), "{waits:?}");
            assert!(waits.iter().any(|wait| *wait != waits[0]));
        }
    }
}
