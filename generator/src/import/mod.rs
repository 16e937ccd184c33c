//! The past of another log server, sent to an ingestor: resumable, and stored once however often it is repeated.

mod access;
#[cfg(test)]
mod any_bytes;
mod args;
mod counters;
mod document;
mod report;
mod source;
mod state;
mod target;
mod wait;

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use logpipeline_model::Timestamp;
use logpipeline_service::Shutdown;
use reqwest::Url;
use tokio::sync::mpsc;

pub use args::{ImportArgs, Kind, Moment};
pub use counters::{Counters, Counts};
pub use report::ImportReport;
pub use state::StateError;

use access::SourceAccess;
use source::client::{SourceClient, SourceError};
use source::{Page, Plan, Position, Selection, Source};
use state::{Order, State};
use target::{Target, TargetError};

use crate::access::{Access, AccessError};
use crate::cli::{CommonArgs, ReplayArgs};
use crate::load::Pace;
use crate::progress;

const BATCH_SIZE: NonZeroU64 = NonZeroU64::new(1_000).unwrap();
const RETRY_FOR: Duration = Duration::from_secs(600);
/// Servers limit what they give at once: Loki to 5,000.
const LARGEST_PAGE: u64 = 5_000;

/// Why an import could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error("failed to set up the HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// Why an import ended before its end.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    State(#[from] StateError),
}

impl Broken {
    fn is_unreachable(&self) -> bool {
        matches!(self, Self::Source(SourceError::Unreachable(_)) | Self::Target(TargetError::Unreachable(_)))
    }
}

/// What the command line asks for, and how far it is already.
#[derive(Debug)]
pub struct Import {
    address: Url,
    access: SourceAccess,
    selection: Selection,
    order: Order,
    pace: Pace,
    file: Option<PathBuf>,
    state: Option<State>,
}

impl Import {
    /// Checks the flags, and reads the files that they name. `args` must have `--from`.
    pub fn of(args: &ReplayArgs) -> Result<Self, ImportError> {
        let import = &args.import;
        let kind = import.from.unwrap_or(Kind::Elasticsearch);
        // The list of files was split at commas, which patterns have too.
        let files: Vec<_> = args.files.iter().map(|file| file.to_string_lossy()).collect();
        let (address, pattern) = source::split_address(kind, &files.join(",")).map_err(ImportError::Usage)?;
        check(import, kind)?;
        let order = Order {
            from: kind.name().to_owned(),
            address: format!("{address}{pattern}"),
            query: import.query.clone(),
            since: import.since.as_ref().map(|since| since.text.clone()),
            until: import.until.as_ref().map(|until| until.text.clone()),
            tenant: import.source_tenant.clone(),
        };
        let state = import.state.as_deref().map(|path| state::read(path, &order)).transpose()?.flatten();
        let now = now();
        let batch = args.common.batch_size.unwrap_or(BATCH_SIZE).get();
        let page = batch.saturating_mul(args.common.concurrency.get().into()).min(LARGEST_PAGE.max(batch));
        let selection = Selection {
            kind,
            pattern,
            query: import.query.clone(),
            tenant: import.source_tenant.clone(),
            since: import.since.as_ref().map(|since| since.at(now)),
            until: import.until.as_ref().map(|until| until.at(now)),
            now,
            page: usize::try_from(page).unwrap_or(usize::MAX).max(2),
        };
        let access = SourceAccess::read(import, kind)?;
        Ok(Self { address, access, selection, order, pace: args.rate, file: import.state.clone(), state })
    }

    /// The source's address.
    pub fn address(&self) -> &Url {
        &self.address
    }

    /// Whether an earlier run did all there is to do.
    pub fn is_finished(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.finished)
    }

    /// Imports until the source or the patience ends, or draining begins.
    pub async fn perform(
        self,
        common: &CommonArgs,
        access: &Access,
        counters: &Arc<Counters>,
        shutdown: &Shutdown,
    ) -> Result<ImportReport, ImportError> {
        let (begin, started) = (Instant::now(), now());
        let retry_for = common.retry_for.unwrap_or(RETRY_FOR);
        let client = SourceClient::new(
            self.address.clone(),
            self.access,
            common.timeout,
            retry_for,
            Arc::clone(counters),
            shutdown.clone(),
        )?;
        let batch_size = usize::try_from(common.batch_size.unwrap_or(BATCH_SIZE).get()).unwrap_or(usize::MAX);
        let target =
            Target::new(common, batch_size, retry_for, access, Arc::clone(counters), shutdown.clone())?;

        let mut report = ImportReport::new(&self.order, started, self.state.as_ref());
        if let Some(state) = &self.state {
            counters.go_on_from(state.counts);
            tracing::info!(
                from = self.order.from,
                address = self.order.address,
                entries = state.counts.read,
                "{}",
                if state.finished {
                    "the import is finished already"
                } else {
                    "going on where the import stopped"
                }
            );
        }
        let mut run = Run {
            order: self.order,
            file: self.file,
            pace: self.pace,
            begin,
            counters: Arc::clone(counters),
            shutdown: shutdown.clone(),
        };
        let ended = match self.state {
            Some(state) if state.finished => Ok(state),
            known => run.perform(client, self.selection, known, &target, &mut report).await,
        };
        report.ended(begin.elapsed(), counters, ended.map(|state| state.counts));
        Ok(report)
    }
}

struct Run {
    order: Order,
    file: Option<PathBuf>,
    pace: Pace,
    begin: Instant,
    counters: Arc<Counters>,
    shutdown: Shutdown,
}

impl Run {
    async fn perform(
        &mut self,
        client: SourceClient,
        selection: Selection,
        known: Option<State>,
        target: &Target,
        report: &mut ImportReport,
    ) -> Result<State, Broken> {
        let mut source = Source::open(client, selection).await?;
        let mut state = match known {
            Some(state) => state,
            None => State::new(self.order.clone(), source.plan().await?),
        };
        self.save(&state)?;
        let total = state.plan.total();
        report.planned(total, state.plan.is_estimate);
        tracing::info!(
            from = self.order.from,
            address = self.order.address,
            entries = total,
            parts = state.plan.parts.len(),
            "importing"
        );
        let shown = progress::of_import(Arc::clone(&self.counters), total, state.plan.is_estimate);
        // One page is read while the one before it is delivered, and no more.
        let (pages, mut queue) = mpsc::channel(1);
        let reader = tokio::spawn(read(source, state.plan.clone(), state.position, pages));
        let delivered = self.deliver(&mut queue, target, &mut state, report).await;
        drop(queue);
        drop(shown);
        // The reader ends with its queue, and closes what the server keeps for it.
        if reader.await.is_err() {
            tracing::error!("the reader of the source ended unexpectedly");
        }
        delivered?;
        state.finished = true;
        self.save(&state)?;
        Ok(state)
    }

    async fn deliver(
        &self,
        queue: &mut mpsc::Receiver<Result<Page, SourceError>>,
        target: &Target,
        state: &mut State,
        report: &mut ImportReport,
    ) -> Result<(), Broken> {
        let mut is_complete = false;
        while let Some(page) = queue.recv().await {
            let page = page?;
            is_complete = page.next.part >= state.plan.parts.len();
            let entries = (page.documents.len() + page.refused.len()) as u64;
            self.counters.read(entries, page.without_time);
            for reason in &page.refused {
                self.counters.rejected(1, reason);
            }
            report.problems.extend(page.problems);
            target.deliver(page.documents).await?;
            (state.position, state.counts) = (page.next, self.counters.counts());
            self.save(state)?;
            self.keep_pace().await;
        }
        // A queue that closes without the last page belongs to a reader that broke.
        if is_complete {
            Ok(())
        } else {
            Err(SourceError::Given("the source was not read to its end".to_owned()).into())
        }
    }

    fn save(&self, state: &State) -> Result<(), StateError> {
        self.file.as_deref().map_or(Ok(()), |path| state::write(path, state))
    }

    /// Waits until so many entries are due at the rate asked for.
    async fn keep_pace(&self) {
        if let Pace::Open { rate } = self.pace {
            let due =
                Duration::try_from_secs_f64(self.counters.dealt_with() as f64 / rate).unwrap_or_default();
            tokio::select! {
                () = tokio::time::sleep(due.saturating_sub(self.begin.elapsed())) => {}
                () = self.shutdown.draining() => {}
            }
        }
    }
}

/// Reads page after page into the queue. The last has the position behind all parts.
async fn read(
    mut source: Source,
    plan: Plan,
    mut position: Position,
    pages: mpsc::Sender<Result<Page, SourceError>>,
) {
    loop {
        let page = match source.next(&plan, position).await {
            Ok(Some(page)) => Ok(page),
            Ok(None) => {
                let next = Position { part: plan.parts.len(), ..Position::default() };
                let _ = pages.send(Ok(Page { next, ..Page::default() })).await;
                break;
            }
            Err(error) => Err(error),
        };
        let is_over = page.is_err();
        if let Ok(page) = &page {
            position = page.next;
        }
        if pages.send(page).await.is_err() || is_over {
            break;
        }
    }
    source.close().await;
}

fn check(args: &ImportArgs, kind: Kind) -> Result<(), ImportError> {
    let usage = |problem: &str| Err(ImportError::Usage(problem.to_owned()));
    if kind == Kind::Elasticsearch && args.query.is_some() {
        return usage(
            "--query is for Loki and VictoriaLogs; of Elasticsearch, the indices in the address are imported",
        );
    }
    if kind == Kind::Elasticsearch && args.source_tenant.is_some() {
        return usage("--source-tenant is for Loki and VictoriaLogs");
    }
    if kind == Kind::Loki && args.since.is_none() {
        return usage(
            "Loki doesn't say when its first entry was: give the time from which to import, such as --since 30d",
        );
    }
    if kind == Kind::VictoriaLogs
        && let Some(tenant) = &args.source_tenant
        && !tenant.split(':').all(|part| part.parse::<u32>().is_ok())
    {
        return usage("--source-tenant of VictoriaLogs is ACCOUNT:PROJECT, two numbers such as 12:0");
    }
    Ok(())
}

fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_nanos(i128::try_from(since_epoch.as_nanos()).unwrap_or(0))
}
