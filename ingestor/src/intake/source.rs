use std::net::IpAddr;

use logpipeline_access::tokens::TokenName;
use logpipeline_model::IdSeed;

use super::Protocol;
use crate::ledger::{Account, Ledger, Tally};

/// Who sent entries, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub protocol: Protocol,
    /// The name of the sender's token; `None` where anybody may send.
    pub sender: Option<TokenName>,
    pub peer: Option<IpAddr>,
}

impl Source {
    /// Under which names the ledger counts the entries.
    pub(crate) fn account(&self, ledger: &Ledger) -> Account {
        let token = ledger.tokens.slot(self.sender.as_ref().map(TokenName::as_str));
        Account { protocol: self.protocol, token, resources: Tally::default() }
    }

    /// The seed of the ids of a sender's entries that have `key` as their identity: one sender's keys are no other's.
    pub fn seed(&self, key: &[u8]) -> IdSeed {
        let sender = self.sender.as_ref().map_or("", TokenName::as_str);
        IdSeed::new(&[self.protocol.label().as_bytes(), sender.as_bytes(), key])
    }

    /// The seed of the ids of a request with an `Idempotency-Key`: one sender's keys are no other's.
    pub(super) fn key_seed(&self, key: &str) -> IdSeed {
        let sender = self.sender.as_ref().map_or("", TokenName::as_str);
        IdSeed::new(&[b"idempotency-key", sender.as_bytes(), key.as_bytes()])
    }

    /// The seed of the ids of a request that brings nothing to tell its retry by but its bytes and `target`, which says where and
    /// for whom it came. A retry may come through another proxy, so the peer counts only where it must: `is_precise` says that the
    /// entries' times alone tell hosts apart.
    pub(super) fn content_seed(&self, target: &[u8], body: &[u8], is_precise: bool) -> IdSeed {
        let hash = twox_hash::XxHash3_128::oneshot(body).to_be_bytes();
        let peer = self.peer.filter(|_| !is_precise).map(|peer| peer.to_string()).unwrap_or_default();
        let sender = self.sender.as_ref().map_or("", TokenName::as_str);
        IdSeed::new(&[
            b"content",
            self.protocol.label().as_bytes(),
            sender.as_bytes(),
            peer.as_bytes(),
            target,
            &(body.len() as u64).to_be_bytes(),
            &hash,
        ])
    }
}
