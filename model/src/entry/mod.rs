//! The log entry: how it is validated at acceptance, and the form in which it is stored and returned.
//!
//! The stored form is one line of JSON with the keys in a fixed order, absent fields left out:
//! `{"id","receivedAt","timestamp","level","message","resourceId","traceId","spanId","commit","metadata","truncated"}`.
//! `truncated` names the fields that are searched by their first 8 KiB only, and `metadata` itself where
//! it holds more than is searched (see [`crate::document`]).

mod draft;
mod field;
mod fields;
mod foreign;
mod incoming;
mod key;
mod members;
mod metadata;
mod rejection;
mod skim;
mod slots;
mod stored;
#[cfg(test)]
mod tests;

pub use draft::Draft;
pub use field::Field;
pub use foreign::{Around, AroundValue, Extra, ForeignObject, Place};
pub use incoming::Incoming;
pub(crate) use key::Key;
pub use members::Members;
pub use rejection::{Reason, Rejection};
pub use skim::{Skim, resource_of, skim};
pub(crate) use slots::Room;

use crate::{EntryId, Timestamp};

/// Bounds of one entry.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one entry as it was sent.
    pub entry_bytes: usize,
    /// Levels of nesting of one entry, the entry itself being the first.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entry_bytes: 1 << 20, depth: 64 }
    }
}

impl Limits {
    pub(crate) fn check_size(&self, bytes: usize) -> Result<(), Rejection> {
        let limit = self.entry_bytes;
        if bytes <= limit {
            return Ok(());
        }
        Err(Rejection::limit(format!("the entry has {bytes} bytes, more than the limit of {limit}")))
    }

    pub(crate) fn check_depth(&self, levels: usize) -> Result<(), Rejection> {
        let limit = self.depth;
        if levels <= limit {
            return Ok(());
        }
        Err(Rejection::limit(format!("nested deeper than {limit} levels: the entry has {levels}")))
    }
}

/// What the ingestor adds to an entry.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    pub id: EntryId,
    pub received_at: Timestamp,
}

/// Validates one entry as it was sent, `json`, and appends its stored form to `out`. On rejection `out`
/// is as it was.
///
/// The sender's bytes are copied wherever they can be: the stored form keeps the spelling of numbers, of
/// escapes and of white space within a line.
pub fn accept(json: &[u8], stamp: Stamp, limits: &Limits, out: &mut Vec<u8>) -> Result<(), Rejection> {
    let fields = fields::Fields::read(json, limits)?;
    out.reserve(json.len() + 160);
    stored::append(&fields, stamp, out)
}
