//! What the crate promises.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod damage;
mod golden;
mod hostile;
mod round_trip;
mod search;
mod support;

// The entries and queries by which the store's engines are compared are hard on this crate too. They are written for
// the store's tests, whose names these modules have.
extern crate self as logpipeline_store;

#[allow(unreachable_pub)]
#[path = "../../../tests/it/dice.rs"]
mod dice;

/// An entry as the store takes it.
#[derive(Debug)]
pub struct NewEntry {
    pub id: logpipeline_model::EntryId,
    pub body: bytes::Bytes,
}

mod ground {
    use logpipeline_model::{EntryId, Timestamp};

    pub(crate) fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    pub(crate) fn id(received_at: Timestamp, number: u64) -> EntryId {
        EntryId::v7(received_at, (number >> 32) as u16, number)
    }
}

#[allow(unreachable_pub, dead_code)]
#[path = "../../../tests/it/differential/entries.rs"]
mod entries;
#[allow(unreachable_pub)]
#[path = "../../../tests/it/differential/queries.rs"]
mod queries;

fn now() -> logpipeline_model::Timestamp {
    ground::at("2023-09-15T09:00:00Z")
}
