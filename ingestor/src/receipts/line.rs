//! A line of the journal: a request, or a batch that the store has answered.

use logpipeline_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::Note;

/// How lines begin. The receipt has its place, so that it is found without reading the line.
const REQUEST: &[u8] = b"{\"kind\":\"request\",";
const RECEIPT: &[u8] = b"{\"kind\":\"request\",\"receipt\":\"";
const BATCH: &[u8] = b"{\"kind\":\"batch\",";
/// A batch with more changes of outcome is written down as counts.
const RUNS: usize = 1_000;

/// A request, and what became known of it when it was written down.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    #[serde(flatten)]
    pub(super) note: Note,
    /// The number in the log behind its last accepted entry.
    pub(super) end: Option<u64>,
    pub(super) synced_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Batch {
    pub(super) number: u64,
    /// Of the entries in the log.
    pub(super) first: u64,
    pub(super) end: u64,
    pub(super) written_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) searchable_by: Option<Timestamp>,
    /// What became of so many entries, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) outcomes: Vec<(Outcome, u64)>,
    /// In place of too many of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) counts: Option<Counts>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Outcome {
    Stored,
    /// Sent again; the store had it.
    Duplicate,
    /// The store refused it for good.
    DeadLettered,
    /// To damage of the log.
    Lost,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    pub(super) stored: u64,
    pub(super) duplicates: u64,
    pub(super) dead_lettered: u64,
    #[serde(default)]
    pub(super) lost: u64,
}

impl Counts {
    pub(super) fn add(&mut self, outcome: Outcome, count: u64) {
        match outcome {
            Outcome::Stored => self.stored += count,
            Outcome::Duplicate => self.duplicates += count,
            Outcome::DeadLettered => self.dead_lettered += count,
            Outcome::Lost => self.lost += count,
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.stored += other.stored;
        self.duplicates += other.duplicates;
        self.dead_lettered += other.dead_lettered;
        self.lost += other.lost;
    }
}

impl Request {
    /// The numbers of its accepted entries.
    pub(super) fn range(&self) -> Option<(u64, u64)> {
        let end = self.end?;
        Some((end.checked_sub(self.note.accepted)?, end))
    }
}

impl Batch {
    /// A batch of the entries from `first` on, which has none yet.
    pub(super) fn new(number: u64, first: u64, written_at: Timestamp) -> Self {
        let (searchable_by, outcomes, counts) = (None, Vec::new(), None);
        Self { number, first, end: first, written_at, searchable_by, outcomes, counts }
    }

    /// Adds the outcome of the entries that follow.
    pub(super) fn push(&mut self, outcome: Outcome, count: u64) {
        self.end += count;
        match self.outcomes.last_mut() {
            _ if count == 0 => {}
            Some((last, so_far)) if *last == outcome => *so_far += count,
            _ => self.outcomes.push((outcome, count)),
        }
    }

    /// Bounds the line's length.
    pub(super) fn close(&mut self) {
        if self.outcomes.len() > RUNS {
            let mut counts = Counts::default();
            for (outcome, count) in self.outcomes.drain(..) {
                counts.add(outcome, count);
            }
            self.counts = Some(counts);
        }
    }

    pub(super) fn line(&self) -> Vec<u8> {
        let mut json = Vec::new();
        let _ = serde_json::to_writer(&mut json, self);
        [BATCH, json.get(1..).unwrap_or_default(), b"\n"].concat()
    }

    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        line.starts_with(BATCH).then(|| serde_json::from_slice(line).ok()).flatten()
    }
}

/// The line of a request whose note is `note`, in JSON.
pub(super) fn request_line(note: &[u8], end: Option<u64>, synced_at: Option<Timestamp>) -> Vec<u8> {
    let members = note.strip_prefix(b"{").and_then(|note| note.strip_suffix(b"}")).unwrap_or_default();
    let end = end.map(|end| format!(",\"end\":{end}")).unwrap_or_default();
    let synced = synced_at.map(|at| format!(",\"syncedAt\":\"{at}\"")).unwrap_or_default();
    [REQUEST, members, end.as_bytes(), synced.as_bytes(), b"}\n"].concat()
}

/// The request that a line tells of.
pub(super) fn request(line: &[u8]) -> Option<Request> {
    line.starts_with(REQUEST).then(|| serde_json::from_slice(line).ok()).flatten()
}

/// The receipt of the request that a line tells of, in its text, which orders as receipts do; the line may be cut off behind.
pub(super) fn receipt(line: &[u8]) -> Option<&[u8; 36]> {
    line.strip_prefix(RECEIPT)?.first_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = r#"{"receipt":"018bcfe5-6800-7000-8000-000000000001","receivedAt":"2023-11-14T22:13:20Z","protocol":"json","accepted":2}"#;

    #[test]
    fn a_request_comes_back_from_its_line() {
        let at = Timestamp::from_unix_seconds(1_700_000_001);
        let line = request_line(NOTE.as_bytes(), Some(9), Some(at));
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let found = request(line.trim_ascii_end()).unwrap();
        assert_eq!(found.note, serde_json::from_str(NOTE).unwrap());
        assert_eq!((found.range(), found.synced_at), (Some((7, 9)), Some(at)));
        assert_eq!(receipt(&line[..80]), Some(&found.note.receipt.to_text()));
        assert_eq!(receipt(&line[..60]), None);
        let bare = request(request_line(NOTE.as_bytes(), None, None).trim_ascii_end()).unwrap();
        assert_eq!((bare.range(), bare.synced_at), (None, None));
    }

    #[test]
    fn a_batch_comes_back_from_its_line_with_its_runs() {
        let mut batch = Batch::new(3, 10, Timestamp::from_unix_seconds(0));
        for outcome in [Outcome::Stored, Outcome::Stored, Outcome::Duplicate, Outcome::DeadLettered] {
            batch.push(outcome, 1);
        }
        batch.push(Outcome::Lost, 2);
        batch.push(Outcome::Stored, 0);
        batch.close();
        let line = batch.line();
        let text = str::from_utf8(&line).unwrap();
        let runs = r#""outcomes":[["stored",2],["duplicate",1],["deadLettered",1],["lost",2]]}"#;
        assert!(text.starts_with(r#"{"kind":"batch","number":3,"first":10,"end":16,"#), "{text}");
        assert!(text.trim_end().ends_with(runs), "{text}");
        assert_eq!(Batch::parse(line.trim_ascii_end()), Some(batch));
        assert_eq!(Batch::parse(&line[..line.len() - 3]), None, "a torn line is none");
    }

    #[test]
    fn too_many_runs_become_counts() {
        let mut batch = Batch::new(1, 0, Timestamp::from_unix_seconds(0));
        for _ in 0..501 {
            batch.push(Outcome::Stored, 1);
            batch.push(Outcome::Duplicate, 2);
        }
        batch.close();
        assert!(batch.outcomes.is_empty());
        let counts = Counts { stored: 501, duplicates: 1_002, ..Counts::default() };
        assert_eq!(batch.counts, Some(counts));
    }
}
