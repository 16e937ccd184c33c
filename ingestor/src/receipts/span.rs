//! What a file of the journal can tell of, so that others need not be read.

use logpipeline_model::{EntryId, Timestamp};
use serde::{Deserialize, Serialize};

use super::line::{Batch, Request};

/// How the line begins with which a sealed file does.
const FILE: &[u8] = b"{\"kind\":\"file\",";

/// The ranges of what the lines of a file hold, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span {
    receipts: Option<(EntryId, EntryId)>,
    times: Option<(Timestamp, Timestamp)>,
    /// Of the entries of batches.
    numbers: Option<(u64, u64)>,
    /// Whether a request has an `Idempotency-Key`.
    #[serde(default)]
    pub(super) keyed: bool,
    /// Number of the last batch.
    pub(super) last_batch: u64,
}

/// What a span is to know of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Request { receipt: EntryId, received_at: Timestamp, keyed: bool },
    Batch { number: u64, first: u64, end: u64 },
}

impl Mark {
    /// What a line says; nothing where it is torn.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        if let Some(batch) = Batch::parse(line) {
            return Some(Self::from(&batch));
        }
        super::line::request(line).as_ref().map(Self::from)
    }
}

impl From<&Batch> for Mark {
    fn from(batch: &Batch) -> Self {
        Self::Batch { number: batch.number, first: batch.first, end: batch.end }
    }
}

impl From<&Request> for Mark {
    fn from(Request { note, .. }: &Request) -> Self {
        Self::Request { receipt: note.receipt, received_at: note.received_at, keyed: note.key.is_some() }
    }
}

impl Span {
    pub(super) fn add(&mut self, mark: Mark) {
        match mark {
            Mark::Request { receipt, received_at, keyed } => {
                widen(&mut self.receipts, receipt, receipt);
                widen(&mut self.times, received_at, received_at);
                self.keyed |= keyed;
            }
            Mark::Batch { number, first, end } => {
                widen(&mut self.numbers, first, end.saturating_sub(1));
                self.last_batch = self.last_batch.max(number);
            }
        }
    }

    /// Takes in what another one has.
    pub(super) fn merge(&mut self, other: &Self) {
        if let Some((first, last)) = other.receipts {
            widen(&mut self.receipts, first, last);
        }
        if let Some((first, last)) = other.times {
            widen(&mut self.times, first, last);
        }
        if let Some((first, last)) = other.numbers {
            widen(&mut self.numbers, first, last);
        }
        self.keyed |= other.keyed;
        self.last_batch = self.last_batch.max(other.last_batch);
    }

    /// Whether a receipt from `first` to `last` may be here.
    pub(super) fn has_receipt_within(&self, first: EntryId, last: EntryId) -> bool {
        self.receipts.is_some_and(|(from, to)| from <= last && first <= to)
    }

    pub(super) fn has_requests(&self) -> bool {
        self.receipts.is_some()
    }

    pub(super) fn has_time(&self, at: Timestamp) -> bool {
        holds(self.times, at)
    }

    /// Whether batches are here that took entries of numbers from `first` and before `end`.
    pub(super) fn has_numbers(&self, first: u64, end: u64) -> bool {
        self.numbers.is_some_and(|(from, to)| from < end && first <= to)
    }

    pub(super) fn earliest(&self) -> Option<Timestamp> {
        self.times.map(|(first, _)| first)
    }

    pub(super) fn line(&self) -> Vec<u8> {
        let mut json = Vec::new();
        let _ = serde_json::to_writer(&mut json, self);
        [FILE, json.get(1..).unwrap_or_default(), b"\n"].concat()
    }

    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        line.starts_with(FILE).then(|| serde_json::from_slice(line).ok()).flatten()
    }
}

fn widen<T: Copy + Ord>(range: &mut Option<(T, T)>, first: T, last: T) {
    *range = Some(range.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
}

fn holds<T: Ord>(range: Option<(T, T)>, value: T) -> bool {
    range.is_some_and(|(first, last)| first <= value && value <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_says_what_a_file_may_hold() {
        let mut span = Span::default();
        assert_eq!((span.earliest(), span.has_numbers(0, 9), span.has_requests()), (None, false, false));
        let at = Timestamp::from_unix_seconds;
        let id = |low| EntryId::from_parts(7, low);
        for (low, seconds, keyed) in [(20, 5, false), (10, 9, true)] {
            span.add(Mark::Request { receipt: id(low), received_at: at(seconds), keyed });
        }
        span.add(Mark::Batch { number: 4, first: 100, end: 200 });
        assert_eq!(Span::parse(span.line().trim_ascii_end()), Some(span));
        let within = [(0, 9), (0, 10), (12, 13), (20, 30), (21, 30)];
        let found = within.map(|(first, last)| span.has_receipt_within(id(first), id(last)));
        assert_eq!(found, [false, true, true, true, false]);
        assert_eq!([4, 5, 9, 10].map(|seconds| span.has_time(at(seconds))), [false, true, true, false]);
        let numbers = [(0, 100), (0, 101), (199, 300), (200, 300)].map(|(a, b)| span.has_numbers(a, b));
        assert_eq!(numbers, [false, true, true, false]);
        assert_eq!((span.keyed, span.last_batch, span.earliest()), (true, 4, Some(at(5))));
        assert!(span.has_requests());
    }
}
