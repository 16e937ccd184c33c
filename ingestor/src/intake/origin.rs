use std::net::IpAddr;

use logpipeline_access::tokens::TokenName;
use logpipeline_model::{EntryId, Timestamp};

use super::Source;
use crate::ids::IdSequence;

/// What tells one request, or one batch of a stream, from all others.
#[derive(Debug)]
pub struct Origin {
    pub receipt: EntryId,
    pub received_at: Timestamp,
    pub sender: Option<TokenName>,
    pub peer: Option<IpAddr>,
    /// The hash of its `Idempotency-Key`.
    pub key: Option<u128>,
}

impl Origin {
    /// The receipt is the first of the request's ids, before those of its entries.
    pub fn new(source: &Source, received_at: Timestamp, ids: &mut IdSequence) -> Self {
        let Source { sender, peer, .. } = source;
        Self { receipt: ids.next_id(), received_at, sender: sender.clone(), peer: *peer, key: None }
    }

    /// What stands for an `Idempotency-Key`.
    pub fn hash(key: &str) -> u128 {
        twox_hash::XxHash3_128::oneshot(key.as_bytes())
    }
}
