//! Progress for whoever waits: a bar on a terminal, a log line every ten seconds elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

use crate::import::Counters;
use crate::load::Tally;

const REDRAW: Duration = Duration::from_millis(200);
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows progress until it is dropped.
#[derive(Debug)]
pub(crate) struct Progress(tokio::task::JoinHandle<()>);

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Follows the load; `total` is how many entries there will be, where that is known.
pub(crate) fn of_load(tally: Arc<Tally>, total: Option<u64>) -> Progress {
    let state = move || {
        let latencies = tally.latencies();
        let trouble = match (tally.rejected_count() + tally.failed_count(), tally.retries()) {
            (0, 0) => String::new(),
            (bad, retries) => format!(", {bad} rejected or failed, {retries} retries"),
        };
        (tally.acknowledged_count(), format!("p50 {:.1} p99 {:.1} ms{trouble}", latencies.p50, latencies.p99))
    };
    start(Shown { what: "sending", total, has_rate: false }, state)
}

/// Follows verification of `total` entries.
pub(crate) fn of_verification(found: Arc<AtomicU64>, total: u64) -> Progress {
    let shown = Shown { what: "verifying", total: Some(total), has_rate: false };
    start(shown, move || (found.load(Ordering::Relaxed), String::new()))
}

/// Follows an import; `total` is how many entries the source says there are.
pub(crate) fn of_import(counters: Arc<Counters>, total: Option<u64>, is_estimate: bool) -> Progress {
    let begin = Instant::now();
    let before = counters.counts();
    let state = move || {
        let counts = counters.counts();
        let done = counts.accepted + counts.already_there + counts.rejected;
        let now = done - (before.accepted + before.already_there + before.rejected);
        let rate = now as f64 / begin.elapsed().as_secs_f64().max(0.001);
        let left = match total.map(|total| total.saturating_sub(done)) {
            Some(left) if rate > 0.0 => {
                let left = Duration::try_from_secs_f64(left as f64 / rate).unwrap_or(Duration::MAX);
                let about = if is_estimate { "about " } else { "" };
                format!(", {about}{} left", HumanDuration(left))
            }
            _ => String::new(),
        };
        let trouble = match (counts.rejected, counters.retries()) {
            (0, 0) => String::new(),
            (rejected, retries) => format!(", {rejected} rejected, {retries} retries"),
        };
        (done, format!("{rate:.0}/s{left}{trouble}"))
    };
    start(Shown { what: "importing", total, has_rate: true }, state)
}

/// What is shown of something that goes on.
#[derive(Debug, Clone, Copy)]
struct Shown {
    what: &'static str,
    total: Option<u64>,
    /// Whether its detail says how fast it is. The bar knows nothing of what was done before it.
    has_rate: bool,
}

fn start(shown: Shown, state: impl Fn() -> (u64, String) + Send + 'static) -> Progress {
    if std::io::stderr().is_terminal() {
        Progress(tokio::spawn(draw(shown, state)))
    } else {
        Progress(tokio::spawn(log(shown, state)))
    }
}

async fn draw(Shown { what, total, has_rate }: Shown, state: impl Fn() -> (u64, String)) {
    struct Finish(ProgressBar);
    impl Drop for Finish {
        fn drop(&mut self) {
            self.0.finish_and_clear();
        }
    }
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{prefix:9} {elapsed_precise} [{wide_bar}] {human_pos}/{human_len} ({rate}) {msg}",
        ),
        None => {
            (ProgressBar::new_spinner(), "{prefix:9} {elapsed_precise} {spinner} {human_pos} ({rate}) {msg}")
        }
    };
    let bar = Finish(bar.with_prefix(what));
    let template = if has_rate { template.replace(" ({rate})", "") } else { template.to_owned() };
    if let Ok(style) = ProgressStyle::with_template(&template) {
        let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // Writing to the terminal's buffer cannot fail.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        };
        bar.0.set_style(style.with_key("rate", rate).progress_chars("=> "));
    }
    loop {
        let (done, message) = state();
        bar.0.set_position(done);
        bar.0.set_message(message);
        tokio::time::sleep(REDRAW).await;
    }
}

async fn log(Shown { what, total, .. }: Shown, state: impl Fn() -> (u64, String)) {
    loop {
        tokio::time::sleep(LINE_EVERY).await;
        let (done, detail) = state();
        tracing::info!(entries = done, total, detail, "{what}");
    }
}
