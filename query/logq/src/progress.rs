//! How far a long answer is, on stderr where that is a terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::search::thousands;

const REDRAW: Duration = Duration::from_millis(200);

/// Ends without a trace when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: bool,
    /// Whether a line stands on the terminal.
    stands: bool,
    total: Option<u64>,
    entries: u64,
    bytes: u64,
    drawn: Instant,
}

impl Progress {
    /// Shown only while stdout goes elsewhere: entries on the same terminal are progress enough.
    pub(crate) fn on_stderr(total: Option<u64>) -> Self {
        let shown = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
        Self { shown, stands: false, total, entries: 0, bytes: 0, drawn: Instant::now() }
    }

    pub(crate) fn advance(&mut self, bytes: u64) {
        self.entries += 1;
        self.bytes += bytes;
        if self.shown && self.drawn.elapsed() >= REDRAW {
            self.drawn = Instant::now();
            self.stands = true;
            _ = write!(std::io::stderr(), "\r\u{1b}[K{}", self.text());
        }
    }

    fn text(&self) -> String {
        let megabytes = self.bytes as f64 / 1e6;
        let of = self.total.map(|total| {
            let percent = self.entries.saturating_mul(100).checked_div(total).unwrap_or(100).min(100);
            format!(" of {} ({percent} %)", thousands(total))
        });
        format!("{}{} entries, {megabytes:.1} MB", thousands(self.entries), of.unwrap_or_default())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.stands {
            _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_names_entries_share_and_size() {
        let progress = Progress {
            shown: true,
            stands: false,
            total: Some(40_000),
            entries: 10_000,
            bytes: 3_450_000,
            drawn: Instant::now(),
        };
        assert_eq!(progress.text(), "10,000 of 40,000 (25 %) entries, 3.5 MB");
    }
}
