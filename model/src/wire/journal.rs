//! The Journal Export Format of systemd: entries as they come in a stream without an end.
//!
//! Source: <https://systemd.io/JOURNAL_EXPORT_FORMATS/>

mod extent;
mod fields;
#[cfg(test)]
mod tests;

use super::{Sink, Unreadable};
use crate::entry::{Draft, Rejection};
use extent::{Extent, Progress};

/// A stream of entries, read piece by piece. It is cloned before each read, so that a read whose entries found no room can be
/// repeated.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// How many entries were read.
    entries: u64,
    progress: Progress,
}

impl Stream {
    /// Whether what was read so far ends with an entry.
    pub fn is_between_entries(&self) -> bool {
        self.progress.is_at_start()
    }

    /// Hands the whole entries that `bytes` begin with to the sink and returns how many bytes they and what was skipped take;
    /// the others come again, with more behind them. Numbers go on from those of the read before. At the end of the stream, `is_last`,
    /// the last entry needs no blank line behind it.
    pub fn read(&mut self, bytes: &[u8], is_last: bool, sink: &mut dyn Sink) -> Result<usize, Unreadable> {
        let limits = *sink.limits();
        let mut draft = Draft::default();
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.progress.next(rest, is_last, limits.entry_bytes).map_err(Unreadable::Malformed)? {
                Extent::Entry(length) => {
                    self.entries += 1;
                    draft.clear();
                    let key = fields::fill(&mut draft, rest.get(..length).unwrap_or_default());
                    draft.read_message(sink.received_at());
                    sink.take(self.entries, key, &mut draft)?.ok();
                    at += length;
                }
                Extent::Nothing(length) => at += length,
                Extent::TooLarge(length) => {
                    self.entries += 1;
                    let reason = format!("the entry has more bytes than the limit of {}", limits.entry_bytes);
                    sink.reject(self.entries, Rejection::limit(reason))?;
                    at += length;
                }
                Extent::Cut => {
                    self.entries += 1;
                    sink.reject(self.entries, Rejection::whole("the stream ends within the entry"))?;
                    return Ok(bytes.len());
                }
                Extent::More => return Ok(at),
            }
        }
    }
}

/// Hands every entry of a body to the sink.
pub fn read(body: &[u8], sink: &mut dyn Sink) -> Result<(), Unreadable> {
    Stream::default().read(body, true, sink).map(drop)
}
