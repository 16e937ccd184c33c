//! What is written down of a request.

use std::borrow::Cow;
use std::net::IpAddr;

use logpipeline_access::tokens::TokenName;
use logpipeline_model::{EntryId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::intake::{Origin, Protocol, RejectedLine};
use crate::wal::{Batch, Chunk};

/// So many rejected lines are written down.
const REJECTIONS: usize = 10;
/// Bytes of a reason.
const REASON: usize = 200;

/// A request, or a batch of a stream, as it was acknowledged. The log keeps it behind the entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    pub receipt: EntryId,
    /// No other request of this process has the same.
    pub received_at: Timestamp,
    pub protocol: Cow<'static, str>,
    /// The name of the sender's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    pub accepted: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rejected: u64,
    /// The first rejected lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejections: Vec<Rejected>,
    /// The hash of the `Idempotency-Key`, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Ids>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    pub line: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    pub reason: String,
}

/// Of the first and the last accepted entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    pub first: EntryId,
    pub last: EntryId,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Note {
    pub fn new(
        protocol: Protocol,
        origin: Origin,
        batch: &Batch,
        rejected: u64,
        rejections: &[RejectedLine],
    ) -> Self {
        let Origin { receipt, received_at, sender, peer, key } = origin;
        let rejections = rejections.iter().take(REJECTIONS).map(|line| Rejected {
            line: line.line,
            field: line.field.map(Cow::Borrowed),
            reason: cut(&line.reason).to_owned(),
        });
        Self {
            receipt,
            received_at,
            protocol: Cow::Borrowed(protocol.label()),
            sender: sender.as_ref().map(TokenName::as_str).map(str::to_owned),
            peer,
            accepted: batch.entries(),
            rejected,
            rejections: rejections.collect(),
            key: key.map(key_text),
            ids: batch.ids().map(|(first, last)| Ids { first, last }),
        }
    }

    /// The note on the request that brought the entry with a number, where it came with the same read of the log.
    pub fn on_entry(chunk: &Chunk, number: u64) -> Option<Self> {
        let behind = chunk.notes.partition_point(|note| note.number <= number);
        let logged = chunk.notes.get(behind)?;
        let note: Self = serde_json::from_slice(&logged.body).ok()?;
        // Entries of an earlier format have none.
        (logged.number.checked_sub(note.accepted)? <= number).then_some(note)
    }

    /// Puts the note behind the entries of its request.
    pub fn add_to(&self, batch: &mut Batch) {
        let nanos = u64::try_from(self.received_at.unix_nanos()).unwrap_or_default();
        batch.note(self.receipt, nanos, &self.to_json());
    }

    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(512);
        // Strings and numbers, into memory: this does not fail.
        let _ = serde_json::to_writer(&mut json, self);
        json
    }
}

impl Ids {
    /// Whether `id` may be that of an entry between the first and the last. Derived ids of one seed order as its entries do; those
    /// of several, in one request, tell of themselves alone.
    pub fn hold(&self, id: EntryId) -> bool {
        let (from_first, to_last) = (self.first <= id, id <= self.last);
        if !id.is_derived() {
            return from_first && to_last;
        }
        match (self.first.has_seed_of(id), self.last.has_seed_of(id)) {
            (true, true) => from_first && to_last,
            (true, false) => from_first,
            (false, true) => to_last,
            (false, false) => false,
        }
    }

    /// The place of `id` among `count` entries whose ids follow each other; `None` where they do not, or where it is
    /// none of them.
    pub fn place(&self, id: EntryId, count: u64) -> Option<u64> {
        let whole = |id: EntryId| u128::from_be_bytes(id.0);
        let (first, last) = (whole(self.first), whole(self.last));
        let follow = last.checked_sub(first)?.checked_add(1)? == u128::from(count);
        let place = u64::try_from(whole(id).checked_sub(first)?).ok()?;
        (follow && place < count).then_some(place)
    }
}

/// How a hash of an `Idempotency-Key` is written.
pub(super) fn key_text(hash: u128) -> String {
    format!("{hash:032x}")
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(REASON)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IdGenerator;
    use crate::intake::Source;

    fn note(rejections: &[RejectedLine]) -> Note {
        let (at, mut ids) = IdGenerator::default().request(Timestamp::from_unix_seconds(1_700_000_000));
        let peer = Some("2001:db8::1".parse().unwrap());
        let source = Source { protocol: Protocol::Json, sender: None, peer };
        let origin = Origin { key: Some(0xabc), ..Origin::new(&source, at, &mut ids) };
        let mut batch = Batch::default();
        for _ in 0..3 {
            let write = |out: &mut Vec<u8>| -> Result<(), ()> {
                out.push(b'x');
                Ok(())
            };
            batch.push(ids.next_id(), 1, write).unwrap();
        }
        Note::new(Protocol::Json, origin, &batch, rejections.len() as u64, rejections)
    }

    #[test]
    fn a_note_is_short_and_comes_back() {
        let line =
            |line, reason: &str| RejectedLine { line, field: Some("level"), reason: reason.to_owned() };
        let long = "é".repeat(150);
        let lines: Vec<_> = (1..=12).map(|number| line(number, &long)).collect();
        let note = note(&lines);
        assert_eq!((note.accepted, note.rejected, note.rejections.len()), (3, 12, 10));
        assert_eq!(note.rejections[0].reason, "é".repeat(100));
        assert_eq!(note.key.as_deref(), Some("00000000000000000000000000000abc"));
        assert!(note.receipt < note.ids.unwrap().first, "the receipt's id is before those of the entries");
        let json = note.to_json();
        assert!(json.len() < 4_000, "{}", json.len());
        assert_eq!(serde_json::from_slice::<Note>(&json).unwrap(), note);
    }

    #[test]
    fn derived_ids_are_held_by_requests_of_their_seed() {
        let of = |key: &str, line| EntryId::derived(key, line);
        let one = Ids { first: of("a", 2), last: of("a", 9) };
        let held = [1, 2, 5, 9, 10].map(|line| one.hold(of("a", line)));
        assert_eq!(held, [false, true, true, true, false]);
        let several = Ids { first: of("a", 1), last: of("b", 1) };
        let ids = [of("a", 1), of("a", 2), of("b", 1), of("b", 2), of("c", 1)];
        assert_eq!(ids.map(|id| several.hold(id)), [true, true, true, false, false]);
        let made = note(&[]).ids.unwrap();
        assert!(made.hold(made.first) && made.hold(made.last) && !made.hold(of("a", 1)));
    }

    #[test]
    fn an_entry_has_a_place_where_ids_follow_each_other() {
        let ids = note(&[]).ids.unwrap();
        assert_eq!((ids.place(ids.first, 3), ids.place(ids.last, 3)), (Some(0), Some(2)));
        assert_eq!(ids.place(ids.first, 2), None, "an id between was given to a line that was rejected");
        assert_eq!(ids.place(EntryId([0; 16]), 3), None);
        assert_eq!(ids.place(EntryId([0xff; 16]), 3), None);
    }
}
