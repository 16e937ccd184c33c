//! The answers about a request.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Instant;

use logpipeline_model::{EntryId, Timestamp};
use serde::Serialize;

use super::line::Request;
use super::tally::{Part, Tally};
use super::{Ids, NoAnswer, Note, Receipts, Rejected};

/// Requests, newest first.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    #[serde(rename = "receipts")]
    pub requests: Vec<Answer>,
    /// Whether there are no others that are known.
    pub complete: bool,
    /// The time from which on requests are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_receipt: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub receipt: EntryId,
    pub received_at: Timestamp,
    /// When its entries were on disk; not known of requests that were not shipped before a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synced_at: Option<Timestamp>,
    pub protocol: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    pub accepted: u64,
    pub rejected: u64,
    /// The first rejected lines.
    pub rejections: Vec<Rejected>,
    pub state: State,
    pub counts: AcceptedEntries,
    /// The batches that took its entries to the store.
    pub batches: Vec<ShippedBatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Ids>,
    /// The time from which on requests are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_receipt: Option<Timestamp>,
}

/// How far a request's accepted entries have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// All are in the log.
    Waiting,
    /// Some are in the log.
    PartlyDelivered,
    /// None is in the log any more: the store has answered for each.
    Delivered,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedEntries {
    pub stored: u64,
    pub duplicates: u64,
    /// Those lost to damage of the log included, as in the delivery figures.
    pub dead_lettered: u64,
    pub waiting: u64,
    /// To damage of the log.
    #[serde(skip_serializing_if = "is_none")]
    pub lost: u64,
    /// Settled, and it is not known how.
    #[serde(skip_serializing_if = "is_none")]
    pub unrecorded: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShippedBatch {
    pub number: u64,
    pub written_at: Timestamp,
    /// When entries are found, at the latest; not known where the store did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searchable_by: Option<Timestamp>,
    /// So many of the request's.
    pub entries: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Receipts {
    pub(super) fn answer(&self, request: Request, until: Instant) -> Result<Answer, NoAnswer> {
        let tally = self.tally(&request, until)?;
        Ok(Answer::new(request, &tally, self.journal.oldest()))
    }

    pub(super) fn tally(&self, request: &Request, until: Instant) -> Result<Tally, NoAnswer> {
        // Before the batches: what is settled by then is among them.
        let settled = self.wal.settled().number;
        let batches = match request.range() {
            Some((first, end)) => self.journal.batches(first, end, until)?,
            None => Vec::new(),
        };
        Ok(Tally::new(request, &batches, settled))
    }
}

impl Answer {
    pub(super) fn new(request: Request, tally: &Tally, oldest_receipt: Option<Timestamp>) -> Self {
        let Request { note, synced_at, .. } = request;
        let Note {
            receipt, received_at, protocol, sender, peer, accepted, rejected, rejections, ids, ..
        } = note;
        let counts = tally.counts;
        let counts = AcceptedEntries {
            stored: counts.stored,
            duplicates: counts.duplicates,
            dead_lettered: counts.dead_lettered + counts.lost,
            waiting: tally.waiting,
            lost: counts.lost,
            unrecorded: tally.unrecorded,
        };
        Self {
            receipt,
            received_at,
            synced_at,
            protocol,
            sender,
            peer,
            accepted,
            rejected,
            rejections,
            state: State::of(accepted, tally.waiting),
            counts,
            batches: tally.parts.iter().map(ShippedBatch::from).collect(),
            ids,
            oldest_receipt,
        }
    }
}

impl State {
    fn of(accepted: u64, waiting: u64) -> Self {
        match waiting {
            0 => Self::Delivered,
            waiting if waiting < accepted => Self::PartlyDelivered,
            _ => Self::Waiting,
        }
    }
}

impl From<&Part> for ShippedBatch {
    fn from(part: &Part) -> Self {
        let Part { number, written_at, searchable_by, entries, .. } = *part;
        Self { number, written_at, searchable_by, entries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_says_how_far_entries_have_come() {
        let of = |accepted, waiting| State::of(accepted, waiting);
        assert_eq!(
            [of(3, 3), of(3, 1), of(3, 0), of(0, 0)],
            [State::Waiting, State::PartlyDelivered, State::Delivered, State::Delivered]
        );
    }

    #[test]
    fn counts_that_are_hardly_ever_there_are_left_out() {
        let counts = AcceptedEntries { stored: 2, dead_lettered: 1, ..AcceptedEntries::default() };
        let text = serde_json::to_string(&counts).unwrap();
        assert_eq!(text, r#"{"stored":2,"duplicates":0,"deadLettered":1,"waiting":0}"#);
        let text = serde_json::to_string(&AcceptedEntries { lost: 1, unrecorded: 4, ..counts }).unwrap();
        assert!(text.ends_with(r#""lost":1,"unrecorded":4}"#), "{text}");
    }
}
