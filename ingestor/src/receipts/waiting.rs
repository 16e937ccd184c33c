//! Requests whose entries wait in the write-ahead log.

use std::io;
use std::time::Instant;

use logpipeline_model::EntryId;

use super::find::Wanted;
use super::line::Request;
use crate::wal::{LoggedNote, Wal};

/// What is read of the log at once.
const BYTES: usize = 1 << 20;
const ENTRIES: usize = 10_000;
/// How often to begin again because the log's beginning went to the store meanwhile.
const TRIES: usize = 3;

#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order of the log.
    pub(super) requests: Vec<Request>,
    /// Whether the wanted entry waits.
    pub(super) entry: bool,
}

#[derive(Debug)]
pub(super) enum Broken {
    TooLong,
    Unreadable(io::Error),
}

pub(super) fn look(wal: &Wal, wanted: &Wanted, until: Instant) -> Result<Found, Broken> {
    let mut tries = 1;
    loop {
        match pass(wal, wanted, until) {
            Err(Broken::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => {
                tries += 1;
            }
            result => return result,
        }
    }
}

fn pass(wal: &Wal, wanted: &Wanted, until: Instant) -> Result<Found, Broken> {
    let head = wal.head();
    let mut reader = wal.peek();
    let mut found = Found::default();
    let mut entry_number = None;
    loop {
        let before = reader.position();
        let chunk = reader.read(BYTES, ENTRIES).map_err(Broken::Unreadable)?;
        if let Wanted::Entry(id) = wanted
            && entry_number.is_none()
        {
            entry_number = chunk.entries.iter().find(|entry| entry.id == *id).map(|entry| entry.number);
            found.entry = entry_number.is_some();
        }
        for note in &chunk.notes {
            let is_its = entry_number.is_some_and(|number| number < note.number);
            if let Some(request) = read(wal, note, wanted, is_its) {
                found.requests.push(request);
                // Of a derived id, the log has what waits, and any request will do.
                if !matches!(wanted, Wanted::Key(_)) {
                    return Ok(found);
                }
            }
        }
        let at = reader.position();
        if at == before || (at.segment, at.offset) >= (head.segment, head.offset) {
            return Ok(found);
        }
        if Instant::now() > until {
            return Err(Broken::TooLong);
        }
    }
}

/// The request of a note, where it is the wanted one.
fn read(wal: &Wal, note: &LoggedNote, wanted: &Wanted, is_its: bool) -> Option<Request> {
    let may_be = match wanted {
        Wanted::Receipt(receipt) => note.receipt == *receipt,
        Wanted::Entry(id) => is_its || is_near(note.receipt, *id),
        Wanted::Time(_) | Wanted::Key(_) => true,
    };
    if !may_be {
        return None;
    }
    let parsed: super::Note = serde_json::from_slice(&note.body).ok()?;
    let request = Request { note: parsed, end: Some(note.number), synced_at: wal.synced_at(note.number) };
    (is_its || wanted.is(&request)).then_some(request)
}

/// Whether an id may be one that was made for the request with a receipt.
fn is_near(receipt: EntryId, id: EntryId) -> bool {
    let distance = u128::from_be_bytes(id.0).checked_sub(u128::from_be_bytes(receipt.0));
    distance.is_some_and(|distance| distance <= 1 << 32)
}
