//! Dead letters: what could not be taken or stored, kept as ordinary entries, so that they are searched as entries are.
//!
//! The message of a letter is what its sender sent, as text; `metadata` says why it was given up, and who sent it by which way.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Invalid, Letter, Returned};

use crate::{EntryId, IdSeed, Timestamp};

/// What the streams of a pipeline are called in a query: `stream:dead-letters`.
pub const STREAM: &str = "dead-letters";

/// A letter that is to be kept.
#[derive(Debug, Clone)]
pub struct DeadLetter<'a> {
    /// When it was given up.
    pub at: Timestamp,
    pub reason: &'a str,
    pub origin: Origin<'a>,
    pub content: Content<'a>,
}

/// Where what is in a letter came from, as far as that is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin<'a> {
    /// The label of the protocol.
    pub protocol: Option<&'a str>,
    /// The name of the sender's token.
    pub sender: Option<&'a str>,
    /// The sender's address, without its port.
    pub peer: Option<&'a str>,
    /// The receipt of the request that brought it.
    pub receipt: Option<&'a str>,
}

#[derive(Debug, Clone)]
pub enum Content<'a> {
    /// An entry that was acknowledged and that the store refused.
    Entry {
        id: EntryId,
        /// The stored form.
        stored: &'a [u8],
    },
    /// Bytes that could not be read as entries, of which nothing was acknowledged.
    Body {
        /// The id of the letter.
        id: EntryId,
        bytes: &'a [u8],
        /// How many bytes there were, where `bytes` are the first of them.
        truncated: Option<u64>,
        /// `None` where they came by a protocol without requests.
        request: Option<Request>,
    },
}

/// A request by HTTP, as far as its body's meaning depends on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    pub method: String,
    /// The path with its query, without what is secret.
    pub path: String,
    pub content_type: Option<String>,
    /// How the bytes of the letter are still encoded.
    pub content_encoding: Option<String>,
    /// Further headers that say something of the entries, by their names.
    pub headers: std::collections::BTreeMap<String, String>,
}

/// The id of the letter of an entry: an entry has one letter, however often it is refused.
pub fn id_of(entry: EntryId) -> EntryId {
    IdSeed::new(&[b"dead-letter", &entry.0]).id(1)
}
