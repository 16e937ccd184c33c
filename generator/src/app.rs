//! One run of the program, from its flags to its exit code.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant, SystemTime};

use logpipeline_model::Timestamp;
use logpipeline_service::http_server::{self, ServerOptions};
use logpipeline_service::{Shutdown, admin};
use prometheus::Registry;
use reqwest::Url;
use serde::Serialize;

use crate::access::{Access, AccessError};
use crate::cli::{Cli, Command, CommonArgs, ReplayArgs, RunArgs};
use crate::import::{self, Import};
use crate::load::{self, LoadOptions, Pace, Tally};
use crate::replay::{Replay, ReplayOptions};
use crate::report::{self, Bytes, Destination, Mode, Rate, Report};
use crate::source::Source;
use crate::verify::{self, VerifyOptions};
use crate::workload::{Workload, WorkloadConfig};
use crate::{progress, run_id};

/// The simulated pace where none is asked for: 100,000 entries a second.
const CLOSED_STEP: Duration = Duration::from_micros(10);
/// What a run may take after a signal besides its requests and its verification.
const DRAIN_MARGIN: Duration = Duration::from_secs(45);

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Well = 0,
    NotWell = 1,
    Usage = 2,
    Unreachable = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why the program could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("failed to open the report file {path}: {source}")]
    Report { path: String, source: std::io::Error },
    #[error("{0}")]
    Admin(std::io::Error),
    #[error(transparent)]
    Replay(#[from] crate::replay::OpenError),
    #[error("failed to reach the {what} at {url}: {reason}; is it running, and is the address right?")]
    Unreachable { what: &'static str, url: String, reason: String },
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Import(#[from] import::ImportError),
    #[error(transparent)]
    Tally(#[from] load::TallyError),
    #[error(transparent)]
    Client(#[from] load::ClientError),
    #[error("failed to watch for signals: {0}")]
    Signals(std::io::Error),
    #[error("failed to write the result: {0}")]
    Output(std::io::Error),
}

impl AppError {
    pub fn exit(&self) -> Exit {
        match self {
            Self::Unreachable { .. } => Exit::Unreachable,
            Self::Import(import::ImportError::Client(_)) => Exit::NotWell,
            Self::Report { .. } | Self::Admin(_) | Self::Replay(_) | Self::Import(_) | Self::Access(_) => {
                Exit::Usage
            }
            Self::Tally(_) | Self::Client(_) | Self::Signals(_) | Self::Output(_) => Exit::NotWell,
        }
    }
}

/// Runs the program.
pub async fn run(cli: Cli) -> Result<Exit, AppError> {
    match cli.command {
        None => Box::pin(simulate(cli.run)).await,
        Some(Command::Run(args)) => Box::pin(simulate(*args)).await,
        Some(Command::Replay(args)) if args.import.from.is_some() => Box::pin(import(*args)).await,
        Some(Command::Replay(args)) => Box::pin(replay(*args)).await,
    }
}

async fn simulate(args: RunArgs) -> Result<Exit, AppError> {
    let run = args.common.run_id.clone().unwrap_or_else(run_id::fresh);
    let prepared = Prepared::new(&args.common).await?;
    let now = now();
    let (start, step) = match (args.backfill, args.count, args.rate) {
        (Some(backfill), Some(count), _) => {
            (now - backfill, backfill / u32::try_from(count.max(1)).unwrap_or(u32::MAX))
        }
        (_, _, Pace::Open { rate }) => (now, Duration::try_from_secs_f64(1.0 / rate).unwrap_or(CLOSED_STEP)),
        (_, _, Pace::Closed) => (now, CLOSED_STEP),
    };
    let config = WorkloadConfig { seed: args.seed, run: run.clone(), start, step };
    let job = Job {
        mode: Mode::Run,
        seed: Some(args.seed),
        run,
        pace: args.rate,
        duration: args.sending_time(),
        count: args.count,
        source: Box::new(Workload::new(&config)),
        unread: Box::new(Vec::new),
    };
    prepared.perform(&args.common, job).await
}

async fn replay(args: ReplayArgs) -> Result<Exit, AppError> {
    let run = args.common.run_id.clone().unwrap_or_else(run_id::fresh);
    let options = ReplayOptions {
        run: run.clone(),
        files: args.files,
        resource_id: args.resource_id,
        offset: args.timezone,
        now: now(),
        batch_entries: args.common.batch_size().get(),
        again: args.again,
    };
    let source = Replay::open(options)?;
    let prepared = Prepared::new(&args.common).await?;
    let unread = Box::new(source.problems());
    let job = Job {
        mode: Mode::Replay,
        seed: None,
        run,
        pace: args.rate,
        duration: None,
        count: None,
        source: Box::new(source),
        unread,
    };
    prepared.perform(&args.common, job).await
}

async fn import(args: ReplayArgs) -> Result<Exit, AppError> {
    let plan = Import::of(&args)?;
    let access = Access::read(&args.common.access)?;
    let shutdown = Shutdown::on_signal(drain(&args.common)).map_err(AppError::Signals)?;
    probe(args.common.report.as_ref())?;
    let registry = admin::registry();
    let counters = Arc::new(import::Counters::new(&registry).map_err(load::TallyError::from)?);
    let readiness = admin::Readiness::awaiting(&["targets"]);
    serve_admin(args.common.admin_listen, &readiness, registry, &shutdown)?;
    if !plan.is_finished() {
        reach("ingestor", &args.common.target, args.common.wait, &shutdown).await?;
        reach("source", plan.address(), args.common.wait, &shutdown).await?;
    }
    readiness.met("targets");
    let report = plan.perform(&args.common, &access, &counters, &shutdown).await?;
    finish(args.common.report.as_ref(), &report, &report.summary(), report.ok).map_err(AppError::Output)?;
    Ok(match report.ok {
        true => Exit::Well,
        false if report.is_unreachable => Exit::Unreachable,
        false => Exit::NotWell,
    })
}

struct Job {
    mode: Mode,
    seed: Option<u64>,
    run: String,
    pace: Pace,
    duration: Option<Duration>,
    count: Option<u64>,
    source: Box<dyn Source>,
    /// What the source could not read, known at its end.
    unread: Box<dyn Fn() -> Vec<String> + Send + Sync>,
}

/// What is up before the first entry goes out.
struct Prepared {
    access: Access,
    tally: Arc<Tally>,
    shutdown: Shutdown,
}

impl Prepared {
    async fn new(common: &CommonArgs) -> Result<Self, AppError> {
        let access = Access::read(&common.access)?;
        let shutdown = Shutdown::on_signal(drain(common)).map_err(AppError::Signals)?;
        probe(common.report.as_ref())?;
        let registry = admin::registry();
        let tally = Arc::new(Tally::new(&registry)?);
        let readiness = admin::Readiness::awaiting(&["targets"]);
        serve_admin(common.admin_listen, &readiness, registry, &shutdown)?;
        reach("ingestor", &common.target, common.wait, &shutdown).await?;
        if common.verify {
            reach("query server", &common.query_url, common.wait, &shutdown).await?;
        }
        readiness.met("targets");
        Ok(Self { access, tally, shutdown })
    }

    async fn perform(self, common: &CommonArgs, job: Job) -> Result<Exit, AppError> {
        let Self { access, tally, shutdown } = self;
        let options = LoadOptions {
            target: common.target.clone(),
            access: access.clone(),
            run: job.run.clone(),
            pace: job.pace,
            duration: job.duration,
            count: job.count,
            concurrency: common.concurrency,
            batch_size: common.batch_size(),
            compression: common.compression,
            timeout: common.timeout,
            retry_for: common.retry_for(),
        };
        tracing::info!(run = job.run, url = %common.target, "sending");
        let started = now();
        let sending = progress::of_load(Arc::clone(&tally), expected(&job));
        let ended = load::run(&options, job.source, &tally, &shutdown).await?;
        drop(sending);

        let asked = match job.pace {
            Pace::Open { rate } => Some(rate),
            Pace::Closed => None,
        };
        let mut report = Report {
            run: job.run,
            mode: job.mode,
            seed: job.seed,
            started: started.to_string(),
            duration_seconds: report::round(ended.seconds),
            rate: Rate {
                asked,
                achieved: report::round(tally.acknowledged_count() as f64 / ended.seconds.max(0.001)),
            },
            sent: tally.sent(),
            acknowledged: tally.acknowledged_count(),
            rejected: tally.rejected_count(),
            failed: tally.failed_count(),
            unsent: ended.unsent,
            retried: tally.retries(),
            verified: None,
            lost: None,
            duplicated: None,
            corrupted: None,
            unacknowledged_found: None,
            already_stored: None,
            verify_seconds: None,
            latency_ms: tally.latencies(),
            bytes: Bytes { entries: tally.body_bytes(), wire: tally.wire_bytes() },
            ok: false,
            problems: (job.unread)(),
        };
        let reason = tally.first_failure().unwrap_or_default();
        for (count, what) in [(report.rejected, "rejected"), (report.failed, "not acknowledged")] {
            if count > 0 {
                report.problems.push(format!("{} {what} ({reason})", report::entries(count)));
            }
        }
        if report.unsent > 0 {
            report
                .problems
                .push(format!("{} not sent in time: the target is too slow", report::entries(report.unsent)));
        }
        if common.verify {
            verify_run(common, access, &tally, ended.issued, &shutdown, &mut report).await?;
        }
        report.ok = report.problems.is_empty();
        finish(common.report.as_ref(), &report, &report.summary(), report.ok).map_err(AppError::Output)?;
        Ok(match report.ok {
            true => Exit::Well,
            false if report.sent > 0 && !tally.target_reached() => Exit::Unreachable,
            false => Exit::NotWell,
        })
    }
}

async fn verify_run(
    common: &CommonArgs,
    access: Access,
    tally: &Tally,
    issued: u64,
    shutdown: &Shutdown,
    report: &mut Report,
) -> Result<(), AppError> {
    let acknowledged = tally.acknowledged_seqs();
    let found = Arc::new(AtomicU64::new(0));
    let verifying = progress::of_verification(Arc::clone(&found), acknowledged.len());
    let options =
        VerifyOptions { query_url: common.query_url.clone(), access, timeout: common.verify_timeout };
    let sent =
        verify::Sent { run: &report.run, issued, acknowledged: &acknowledged, named: &tally.named_batches() };
    let verification = verify::verify(&options, sent, &found, shutdown).await?;
    drop(verifying);
    report.verified(&verification);
    Ok(())
}

/// Checks that the report can be written.
fn probe(destination: Option<&Destination>) -> Result<(), AppError> {
    let Some(destination) = destination else { return Ok(()) };
    destination.probe().map_err(|source| AppError::Report {
        path: destination.path().map(|path| path.display().to_string()).unwrap_or_default(),
        source,
    })
}

fn serve_admin(
    address: Option<SocketAddr>,
    readiness: &admin::Readiness,
    registry: Registry,
    shutdown: &Shutdown,
) -> Result<(), AppError> {
    let Some(address) = address else { return Ok(()) };
    let listener = http_server::bind(address).map_err(AppError::Admin)?;
    let router = admin::router(readiness.clone(), registry, shutdown.clone());
    tokio::spawn(http_server::serve(listener, router, ServerOptions::admin(), shutdown.clone()));
    Ok(())
}

/// The longest that a run may take after a signal; a second one ends it at once.
fn drain(common: &CommonArgs) -> Duration {
    let verification = if common.verify { common.verify_timeout } else { Duration::ZERO };
    common.timeout.saturating_add(verification).saturating_add(DRAIN_MARGIN)
}

fn finish(
    destination: Option<&Destination>,
    report: &impl Serialize,
    summary: &str,
    ok: bool,
) -> std::io::Result<()> {
    if let Some(destination) = destination {
        destination.write(report)?;
    }
    // Where no one reads along, the log takes it, so that all of its lines are JSON.
    if !std::io::stderr().is_terminal() {
        if ok {
            tracing::info!("{summary}");
        } else {
            tracing::error!("{summary}");
        }
        return Ok(());
    }
    if destination == Some(&Destination::Stdout) {
        writeln!(std::io::stderr(), "{summary}")
    } else {
        writeln!(std::io::stdout(), "{summary}")
    }
}

fn expected(job: &Job) -> Option<u64> {
    let due = match (job.pace, job.duration) {
        (Pace::Open { rate }, Some(duration)) => Some((rate * duration.as_secs_f64()).ceil() as u64),
        _ => job.source.len_hint(),
    };
    match (due, job.count) {
        (Some(due), Some(count)) => Some(due.min(count)),
        (due, count) => due.or(count),
    }
}

/// Waits until the server accepts a connection.
async fn reach(what: &'static str, url: &Url, wait: Duration, shutdown: &Shutdown) -> Result<(), AppError> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    let begin = Instant::now();
    loop {
        let connecting = tokio::net::TcpStream::connect((host.as_str(), port));
        let reason = match tokio::time::timeout(Duration::from_secs(5), connecting).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        if begin.elapsed() >= wait || shutdown.is_draining() {
            return Err(AppError::Unreachable { what, url: url.to_string(), reason });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_nanos(i128::try_from(since_epoch.as_nanos()).unwrap_or(0))
}
