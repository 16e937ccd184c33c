//! The report of an import: one JSON object, and one line for people. Its members are documented in the README.

use std::time::Duration;

use logpipeline_model::Timestamp;
use serde::Serialize;

use super::counters::{Counters, Counts};
use super::state::{Order, State};
use super::{Broken, SourceError, TargetError};
use crate::report::{entries, round};

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// `import`.
    pub mode: &'static str,
    pub from: String,
    pub address: String,
    /// RFC 3339, UTC.
    pub started: String,
    /// Of this run.
    pub duration_seconds: f64,
    /// Whether an earlier run had begun the import.
    pub resumed: bool,
    /// Whether there is nothing left to do.
    pub finished: bool,
    /// Entries that the source says there are; `None` where it doesn't.
    pub total: Option<u64>,
    pub total_is_estimate: bool,
    /// Of all runs together.
    #[serde(flatten)]
    pub counts: Counts,
    pub retried: u64,
    /// The first reasons for which entries of this run were rejected.
    pub reasons: Vec<Reason>,
    pub ok: bool,
    /// What is not well, in words.
    pub problems: Vec<String>,
    #[serde(skip)]
    pub is_unreachable: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Reason {
    pub reason: String,
    pub entries: u64,
}

impl ImportReport {
    pub(super) fn new(order: &Order, started: Timestamp, known: Option<&State>) -> Self {
        Self {
            mode: "import",
            from: order.from.clone(),
            address: order.address.clone(),
            started: started.to_string(),
            duration_seconds: 0.0,
            resumed: known.is_some(),
            finished: false,
            total: known.and_then(|state| state.plan.total()),
            total_is_estimate: known.is_some_and(|state| state.plan.is_estimate),
            counts: Counts::default(),
            retried: 0,
            reasons: Vec::new(),
            ok: false,
            problems: Vec::new(),
            is_unreachable: false,
        }
    }

    pub(super) fn planned(&mut self, total: Option<u64>, is_estimate: bool) {
        (self.total, self.total_is_estimate) = (total, is_estimate);
    }

    pub(super) fn ended(&mut self, took: Duration, counters: &Counters, ended: Result<Counts, Broken>) {
        self.duration_seconds = round(took.as_secs_f64());
        self.counts = counters.counts();
        self.retried = counters.retries();
        self.finished = ended.is_ok();
        let reasons = counters.reasons();
        let rejected: u64 = reasons.iter().map(|(_, count)| count).sum();
        self.reasons = reasons.into_iter().map(|(reason, entries)| Reason { reason, entries }).collect();
        if rejected > 0 {
            let first = self.reasons.first().map(|first| first.reason.clone()).unwrap_or_default();
            self.problems.push(format!("{} rejected ({first})", entries(rejected)));
        }
        let missing = self.total.unwrap_or_default().saturating_sub(self.counts.read);
        if ended.is_ok() && !self.total_is_estimate && missing > 0 && self.problems.is_empty() {
            self.problems.push(format!(
                "{} fewer read than the source counted at the beginning: they were deleted meanwhile, or the source left them \
                 out; the same import with another --state reads all again, and stores nothing twice",
                entries(missing)
            ));
        }
        if let Err(broken) = ended {
            self.is_unreachable = broken.is_unreachable();
            let is_wanted = matches!(
                broken,
                Broken::Source(SourceError::Interrupted) | Broken::Target(TargetError::Interrupted)
            );
            let what = if is_wanted { "interrupted".to_owned() } else { broken.to_string() };
            self.problems
                .push(format!("{what}; the same command again goes on from here, and stores nothing twice"));
        }
        self.ok = self.problems.is_empty();
    }

    /// One line for people.
    pub fn summary(&self) -> String {
        let Counts { read, accepted, already_there, rejected, without_time } = self.counts;
        let of = match self.total {
            Some(total) if self.total_is_estimate => format!(" of about {total}"),
            Some(total) => format!(" of {total}"),
            None => String::new(),
        };
        let untimed = match without_time {
            0 => String::new(),
            count => format!(" ({count} without a time)"),
        };
        let rate = read as f64 / self.duration_seconds.max(0.001);
        let speed = match (self.resumed, self.finished) {
            (true, true) if self.retried == 0 && self.duration_seconds < 0.5 => String::new(),
            (true, _) => format!(" in {:.1} s since it went on", self.duration_seconds),
            (false, _) => {
                format!(" in {:.1} s ({rate:.0}/s, {} retries)", self.duration_seconds, self.retried)
            }
        };
        format!(
            "import from {}: {read} read{of}{untimed}, {accepted} accepted, {already_there} already there, {rejected} rejected{speed}{}{}",
            self.from,
            if self.ok { ": ok" } else { ": NOT OK: " },
            self.problems.join("; "),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::source::{Part, Plan};

    fn ended(total: u64, read: u64, is_estimate: bool) -> ImportReport {
        let order = Order {
            from: "loki".to_owned(),
            address: "http://loki:3100/".to_owned(),
            query: None,
            since: None,
            until: None,
            tenant: None,
        };
        let part = Part { entries: Some(total), ..Part::default() };
        let plan = Plan { parts: vec![part], is_estimate, ..Plan::default() };
        let counters = Counters::new(&prometheus::Registry::new()).unwrap();
        counters.read(read, 0);
        let mut report = ImportReport::new(&order, Timestamp::MIN, Some(&State::new(order.clone(), plan)));
        report.ended(Duration::from_secs(1), &counters, Ok(Counts::default()));
        report
    }

    #[test]
    fn fewer_entries_than_were_counted_are_a_problem() {
        let report = ended(10, 7, false);
        assert!(!report.ok && report.problems[0].starts_with("3 entries fewer read than"), "{report:?}");
        assert!(report.summary().contains("7 read of 10, 0 accepted"), "{}", report.summary());
        // Some are read twice after a break, and an estimate may be anything.
        assert!(ended(10, 12, false).ok && ended(10, 7, true).ok);
    }
}
