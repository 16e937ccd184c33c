//! Progress for whoever waits: a bar on a terminal, a log line every ten seconds elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

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
    start("sending", total, state)
}

/// Follows verification of `total` entries.
pub(crate) fn of_verification(found: Arc<AtomicU64>, total: u64) -> Progress {
    start("verifying", Some(total), move || (found.load(Ordering::Relaxed), String::new()))
}

fn start(
    what: &'static str,
    total: Option<u64>,
    state: impl Fn() -> (u64, String) + Send + 'static,
) -> Progress {
    if std::io::stderr().is_terminal() {
        Progress(tokio::spawn(draw(what, total, state)))
    } else {
        Progress(tokio::spawn(log(what, total, state)))
    }
}

async fn draw(what: &'static str, total: Option<u64>, state: impl Fn() -> (u64, String)) {
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
    if let Ok(style) = ProgressStyle::with_template(template) {
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

async fn log(what: &'static str, total: Option<u64>, state: impl Fn() -> (u64, String)) {
    loop {
        tokio::time::sleep(LINE_EVERY).await;
        let (done, detail) = state();
        tracing::info!(entries = done, total, detail, "{what}");
    }
}
