use logpipeline_model::{EntryId, Timestamp};

use super::finish;
use crate::entry::{RAW, Slot, Splitter};
use crate::error::Result;
use crate::message::Templates;
use crate::span::Span;

/// Bounds of a block, which bound what building and reading one takes.
pub(crate) const MOST_ROWS: usize = 1 << 16;
const MOST_BYTES: usize = 32 << 20;
const MOST_VALUES: usize = 4 << 20;

/// An entry as a block takes it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The stored form, one line without its end; any bytes are returned as they are.
    pub stored: &'a [u8],
    pub id: EntryId,
    pub timestamp: Timestamp,
    pub received_at: Timestamp,
}

/// The block takes no more entries: finish it, and begin another with the one that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the block is full")]
pub struct Full;

/// Collects entries and makes a block of them.
#[derive(Debug)]
pub struct Builder {
    pub(super) arena: Vec<u8>,
    pub(super) splitter: Splitter,
    pub(super) templates: Templates,
    pub(super) rows: Vec<Row>,
    pub(super) slots: Vec<Span>,
    pub(super) variables: Vec<Span>,
    pub(super) ids: Vec<EntryId>,
    pub(super) timestamps: Times,
    pub(super) receipts: Times,
    written: Vec<u8>,
}

/// An entry, split.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) skeleton: u32,
    /// As [`Templates`] numbers them.
    pub(super) template: Option<u32>,
    /// Its first value.
    pub(super) slots: u32,
    /// Behind its last variable; its first is where the row before it ends.
    pub(super) variables_end: u32,
}

/// Times as nanoseconds from a base.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub(super) base: i128,
    pub(super) offsets: Vec<i64>,
}

impl Times {
    fn offset(&mut self, time: Timestamp) -> Option<i64> {
        let nanos = time.unix_nanos();
        if self.offsets.is_empty() {
            self.base = if i64::try_from(nanos).is_ok() { 0 } else { nanos };
        }
        i64::try_from(nanos - self.base).ok()
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    pub fn new() -> Self {
        Self {
            arena: Vec::new(),
            splitter: Splitter::new(),
            templates: Templates::default(),
            rows: Vec::new(),
            slots: Vec::new(),
            variables: Vec::new(),
            ids: Vec::new(),
            timestamps: Times::default(),
            receipts: Times::default(),
            written: Vec::new(),
        }
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of the entries that it holds, and of what it has made of them.
    pub fn bytes(&self) -> usize {
        self.arena.len() + (self.slots.len() + self.variables.len()) * size_of::<Span>()
    }

    /// Adds an entry. A builder that is empty refuses none of up to 32 MiB, and one of more bytes is its only one.
    pub fn push(&mut self, entry: Entry<'_>) -> Result<(), Full> {
        let full = self.rows.len() >= MOST_ROWS
            || !self.rows.is_empty() && self.arena.len() + entry.stored.len() > MOST_BYTES
            || self.slots.len() + self.variables.len() > MOST_VALUES;
        let (Some(timestamp), Some(received_at)) =
            (self.timestamps.offset(entry.timestamp), self.receipts.offset(entry.received_at))
        else {
            return Err(Full);
        };
        let start = self.arena.len();
        let Some(span) = Span::new(start, start + entry.stored.len()).filter(|_| !full) else {
            return Err(Full);
        };
        self.arena.extend_from_slice(entry.stored);
        let slots = self.slots.len();
        let mut skeleton = self.splitter.split(span, &mut self.arena, &mut self.slots);
        if skeleton != RAW && !self.has_fixed(skeleton, slots, &entry) {
            skeleton = RAW;
            self.slots.truncate(slots);
            self.arena.truncate(span.end as usize);
            self.slots.push(span);
        }
        let template = self.message(skeleton, slots);
        self.rows.push(Row {
            skeleton,
            template,
            slots: slots as u32,
            variables_end: self.variables.len() as u32,
        });
        self.ids.push(entry.id);
        self.timestamps.offsets.push(timestamp);
        self.receipts.offsets.push(received_at);
        Ok(())
    }

    fn message(&mut self, skeleton: u32, slots: usize) -> Option<u32> {
        let slot = self.splitter.skeleton(skeleton).slots.iter().position(|slot| *slot == Slot::Message)?;
        let at = self.slots[slots + slot];
        self.templates.split(at.of(&self.arena), at, &mut self.variables)
    }

    /// Whether the entry says the same about its id and its times as was given with it, so that they can be left out.
    fn has_fixed(&mut self, skeleton: u32, slots: usize, entry: &Entry<'_>) -> bool {
        let skeleton = self.splitter.skeleton(skeleton);
        for (slot, span) in skeleton.slots.iter().zip(&self.slots[slots..]) {
            let text = span.of(&self.arena);
            let same = match slot {
                Slot::Id => text == entry.id.to_text(),
                Slot::ReceivedAt | Slot::Timestamp => {
                    let time = if *slot == Slot::Timestamp { entry.timestamp } else { entry.received_at };
                    self.written.clear();
                    time.write_rfc3339(&mut self.written);
                    text == self.written
                }
                Slot::Message | Slot::Column(_) => true,
            };
            if !same {
                return false;
            }
        }
        true
    }

    /// The block of all entries.
    pub fn finish(self) -> Result<Vec<u8>> {
        finish::finish(&self)
    }
}
