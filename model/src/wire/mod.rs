//! The formats in which entries arrive: one file each, pure functions from bytes to entries.
//!
//! A parser of a whole body is a function `read(body, …, limits, sink)`. It hands each entry to the [`Sink`] in order, and what
//! it cannot read of one as a [`Rejection`]; [`Unreadable`] is for a body of which nothing can be read. What is spoken over a
//! connection, frame by frame, is a [`Session`].

pub mod bulk;
mod cursor;
pub mod datadog;
#[cfg(test)]
mod encode;
pub mod forward;
pub mod gelf;
pub mod hec;
mod inflate;
pub mod journal;
pub mod json;
pub mod jsonline;
pub mod loki;
pub mod lumberjack;
mod msgpack;
pub mod otlp;
mod protobuf;
pub mod relp;
mod repeats;
mod session;
pub mod syslog;
pub mod testing;
pub mod text;

use std::time::Duration;

use crate::entry::{Incoming, Limits, Rejection};
use crate::json::Fault;
use crate::{EntryId, Timestamp};
pub use session::{Broken, Datagrams, Session, Step};

/// The unit of times that come as a count of nanoseconds: clocks behind them tell milliseconds at least.
const CLOCK: Option<Duration> = Some(Duration::from_millis(1));

/// Takes the entries of one request.
pub trait Sink {
    /// Bounds of one entry.
    fn limits(&self) -> &Limits;

    /// Takes an entry; `number` counts the request's entries from 1 and only grows, `key` is the sender's own identity of the
    /// entry, where it has one: equal keys of one sender are the same entry. The inner result is the entry's alone: its id, or why it
    /// was rejected, which the sink has counted.
    fn take(&mut self, number: u64, key: Option<&[u8]>, entry: &mut dyn Incoming) -> Result<Verdict, Full>;

    /// Takes the entry at `place`, from 1, of a batch that its sender identifies as a whole: a retry brings the same entries in the
    /// same places. Ids of a batch order as its entries do.
    fn take_of(
        &mut self,
        number: u64,
        batch: &[u8],
        place: u64,
        entry: &mut dyn Incoming,
    ) -> Result<Verdict, Full> {
        self.take(number, Some(&[batch, &[0], &place.to_be_bytes()].concat()), entry)
    }

    /// Counts an entry that could not be read.
    fn reject(&mut self, number: u64, rejection: Rejection) -> Result<(), Full>;

    /// The receipt of the batch, where it will have one: what acknowledges an entry may name it.
    fn receipt(&self) -> Option<EntryId> {
        None
    }

    /// When the entries are received: what a time without a year is near to.
    fn received_at(&self) -> Timestamp;

    /// Whether the batch is as large as one should be: what is read frame by frame goes on in the next.
    fn enough(&self) -> bool {
        false
    }

    /// Charges memory that the parser is about to hold beside the body, in bytes, until the request ends.
    fn charge(&mut self, bytes: usize) -> Result<(), Full>;
}

/// What became of one entry.
pub type Verdict = Result<EntryId, Rejection>;

/// The request takes more memory than there is: parsing ends, and nothing of the request is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// Why parsing ended before the body did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The body is not of this format: what is wrong, and where.
    #[error("{0}")]
    Malformed(String),
    /// Decoded, the body is larger than is allowed.
    #[error("the body inflates to more than is allowed")]
    TooLarge,
    #[error("the request takes more memory than there is")]
    Full,
}

impl From<protobuf::Garbled> for Unreadable {
    fn from(garbled: protobuf::Garbled) -> Self {
        Self::Malformed(garbled.to_string())
    }
}

impl From<protobuf::Garbled> for Rejection {
    fn from(garbled: protobuf::Garbled) -> Self {
        Self::whole(garbled.to_string())
    }
}

impl From<Fault> for Unreadable {
    fn from(fault: Fault) -> Self {
        Self::Malformed(fault.to_string())
    }
}

impl From<Full> for Unreadable {
    fn from(_: Full) -> Self {
        Self::Full
    }
}
