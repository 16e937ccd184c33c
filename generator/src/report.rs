//! The report of a run: one JSON object, and one line for people. Its members are documented in the README.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::load::Latencies;
use crate::verify::Verification;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Run,
    Replay,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub run: String,
    pub mode: Mode,
    /// `None` for a replay.
    pub seed: Option<u64>,
    /// RFC 3339, UTC.
    pub started: String,
    /// From the first entry to the last answer.
    pub duration_seconds: f64,
    pub rate: Rate,
    pub sent: u64,
    pub acknowledged: u64,
    pub rejected: u64,
    pub failed: u64,
    pub unsent: u64,
    pub retried: u64,
    /// `None` without verification, as the next six.
    pub verified: Option<u64>,
    pub lost: Option<u64>,
    pub duplicated: Option<u64>,
    pub corrupted: Option<u64>,
    pub unacknowledged_found: Option<u64>,
    /// Of the verified entries, those that an earlier replay had stored.
    pub already_stored: Option<u64>,
    pub verify_seconds: Option<f64>,
    pub latency_ms: Latencies,
    pub bytes: Bytes,
    pub ok: bool,
    /// What is not well, in words.
    pub problems: Vec<String>,
}

/// Entries a second.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rate {
    /// `None` where as many as possible were asked for.
    pub asked: Option<f64>,
    /// Acknowledged entries a second.
    pub achieved: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Bytes {
    /// Of the entries as NDJSON.
    pub entries: u64,
    /// Of the bodies as they were sent, compressed where asked, retries included.
    pub wire: u64,
}

impl Report {
    /// Adds the outcome of verification.
    pub fn verified(&mut self, verification: &Verification) {
        let findings = verification.findings;
        self.verified = Some(findings.verified);
        self.lost = Some(findings.lost);
        self.duplicated = Some(findings.duplicated);
        self.corrupted = Some(findings.corrupted);
        self.unacknowledged_found = Some(findings.unacknowledged_found);
        self.already_stored = Some(findings.already_stored);
        self.verify_seconds = Some(round(verification.seconds));
        // What was not read is not lost.
        let missing = match verification.failure {
            None => "acknowledged but not found",
            Some(_) => "acknowledged and not read",
        };
        for (count, what) in [
            (findings.lost, missing),
            (findings.duplicated, "found more than once"),
            (findings.corrupted, "found with other content than was sent"),
        ] {
            if count > 0 {
                self.problems.push(format!("{} {what}", entries(count)));
            }
        }
        if let Some(failure) = &verification.failure {
            self.problems.push(format!("failed to read the run back: {failure}"));
        }
    }

    /// One line for people.
    pub fn summary(&self) -> String {
        let mut line = format!(
            "run {}: {} sent, {} acknowledged, {} rejected, {} failed in {:.1} s ({:.0}/s, {} retries); p50 {} p99 {} max {} ms",
            self.run,
            self.sent,
            self.acknowledged,
            self.rejected,
            self.failed,
            self.duration_seconds,
            self.rate.achieved,
            self.retried,
            millis(self.latency_ms.p50),
            millis(self.latency_ms.p99),
            millis(self.latency_ms.max),
        );
        if let (Some(verified), Some(lost), Some(duplicated), Some(corrupted)) =
            (self.verified, self.lost, self.duplicated, self.corrupted)
        {
            // Writing to a String cannot fail.
            let _ = write!(
                line,
                "; {verified} verified, {lost} lost, {duplicated} duplicated, {corrupted} corrupted"
            );
            if let Some(known @ 1..) = self.already_stored {
                let _ = write!(line, "; {known} of them stored by an earlier replay");
            }
        }
        line.push_str(if self.ok { ": ok" } else { ": NOT OK: " });
        line.push_str(&self.problems.join("; "));
        line
    }
}

/// A count of entries in words.
pub fn entries(count: u64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

/// To the millisecond.
pub fn round(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}

fn millis(value: f64) -> String {
    if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// Where the report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    Stdout,
    File(PathBuf),
}

impl Destination {
    pub fn parse(text: &str) -> Self {
        if text == "-" { Self::Stdout } else { Self::File(PathBuf::from(text)) }
    }

    /// Checks that the report can be written, so that a long run doesn't end without one.
    pub fn probe(&self) -> io::Result<()> {
        match self {
            Self::Stdout => Ok(()),
            Self::File(path) => std::fs::OpenOptions::new().append(true).create(true).open(path).map(drop),
        }
    }

    /// Writes the report as JSON. A file is written in place: a termination message's file is a mount and
    /// cannot be replaced.
    pub fn write(&self, report: &impl Serialize) -> io::Result<()> {
        let mut json = serde_json::to_vec_pretty(report)?;
        json.push(b'\n');
        match self {
            Self::Stdout => io::stdout().write_all(&json),
            Self::File(path) => std::fs::write(path, json),
        }
    }

    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdout => None,
            Self::File(path) => Some(path),
        }
    }
}
