//! The entries of one request and the note on them, laid out as the log will hold them.

use logpipeline_model::EntryId;

use super::record;

/// Prepared records, one behind the other: the log gives them numbers and places and writes them as they
/// lie.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) bytes: Vec<u8>,
    entries: u64,
    largest: usize,
    /// Where the last entry begins.
    last: usize,
    noted: bool,
}

impl Batch {
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Adds the entry that `write` appends to the buffer it is given; nothing where that fails.
    /// `received_at` is in nanoseconds since the Unix epoch.
    pub fn push<E>(
        &mut self,
        id: EntryId,
        received_at: u64,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        self.bytes.resize(start + record::HEADER, 0);
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        self.seal(start, id, received_at);
        self.entries += 1;
        self.last = start;
        Ok(())
    }

    /// Where the record of the entry that was pushed last begins.
    pub fn last_start(&self) -> usize {
        self.last
    }

    /// Gives the entry whose record begins at `start` another id, in its stored form too.
    pub fn rename(&mut self, start: usize, id: EntryId) {
        record::rename(&mut self.bytes[start..], id);
    }

    /// Adds the note on the entries before.
    pub fn note(&mut self, receipt: EntryId, received_at: u64, note: &[u8]) {
        let start = self.bytes.len();
        // Doubling would take memory that nobody asked for.
        self.bytes.reserve_exact(record::size(note.len()));
        self.bytes.resize(start + record::HEADER, 0);
        self.bytes.extend_from_slice(note);
        self.seal(start, receipt, received_at);
        record::mark_as_note(&mut self.bytes[start..]);
        self.noted = true;
    }

    /// Makes a record of the header's room at `start` and the payload behind it.
    fn seal(&mut self, start: usize, id: EntryId, received_at: u64) {
        let payload = self.bytes.len() - start - record::HEADER;
        let size = record::size(payload);
        self.bytes.resize(start + size, 0);
        record::prepare(&mut self.bytes[start..], payload, id, received_at);
        self.largest = self.largest.max(size);
    }

    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The bytes of the entry that was pushed last, with padding behind.
    pub fn last(&self) -> &[u8] {
        self.bytes.get(self.last + record::HEADER..).unwrap_or_default()
    }

    /// Ids of the first and the last entry.
    pub fn ids(&self) -> Option<(EntryId, EntryId)> {
        let id = |start| record::prepared_id(self.bytes.get(start..).unwrap_or_default());
        (self.entries > 0).then(|| Some((id(0)?, id(self.last)?))).flatten()
    }

    /// Whether a note says what its entries are.
    pub(super) fn is_noted(&self) -> bool {
        self.noted
    }

    /// Bytes in the log.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Bytes of the largest record.
    pub(super) fn largest(&self) -> usize {
        self.largest
    }

    /// Gives the records from `start` on their numbers and places, as many as end within `room` bytes, in
    /// a write that begins at `write_start`; returns how many bytes and how many entries that are.
    pub(super) fn place(
        &mut self,
        (start, room): (usize, u64),
        seed: u32,
        write_start: u64,
        offset: u64,
        number: u64,
    ) -> (usize, u64) {
        let (mut at, mut placed) = (start, 0);
        while let Some((size, is_note)) = record::prepared(&self.bytes[at..]) {
            if (at - start + size) as u64 > room {
                break;
            }
            let place = offset + (at - start) as u64;
            record::place(&mut self.bytes[at..at + size], seed, write_start, place, number + placed);
            at += size;
            placed += u64::from(!is_note);
        }
        (at - start, placed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_entry_leaves_no_trace() {
        let mut batch = Batch::default();
        let write = |text: &'static str| {
            move |out: &mut Vec<u8>| -> Result<(), ()> {
                out.extend_from_slice(text.as_bytes());
                if text == "bad" { Err(()) } else { Ok(()) }
            }
        };
        assert_eq!(batch.push(EntryId([1; 16]), 1, write("one")), Ok(()));
        assert_eq!(batch.push(EntryId([2; 16]), 2, write("bad")), Err(()));
        assert_eq!(batch.push(EntryId([3; 16]), 3, write("three")), Ok(()));
        assert_eq!((batch.entries(), batch.size(), batch.largest()), (2, 112, 56));

        let seed = record::seed(0, 1);
        assert_eq!(batch.place((0, 100), seed, 8192, 8192, 5), (56, 1));
        assert_eq!(batch.place((56, 100), seed, 8192, 8192, 6), (56, 1));
        let record::Parsed::Record(second) = record::parse(&batch.bytes[56..], seed, 8192) else { panic!() };
        assert_eq!((second.number, second.payload), (6, &b"three"[..]));
        assert_eq!(batch.ids(), Some((EntryId([1; 16]), EntryId([3; 16]))));
    }

    #[test]
    fn a_note_takes_room_and_no_number() {
        let mut batch = Batch::default();
        let entry = |out: &mut Vec<u8>| -> Result<(), ()> {
            out.extend_from_slice(b"entry");
            Ok(())
        };
        batch.push(EntryId([1; 16]), 1, entry).unwrap();
        batch.note(EntryId([9; 16]), 1, b"{}");
        assert_eq!((batch.entries(), batch.size(), batch.is_noted()), (1, 112, true));
        let seed = record::seed(0, 1);
        assert_eq!(batch.place((0, 1 << 20), seed, 8192, 8192, 5), (112, 1));
        let record::Parsed::Record(note) = record::parse(&batch.bytes[56..], seed, 8248) else { panic!() };
        assert_eq!((note.is_note, note.number, note.payload), (true, 6, &b"{}"[..]));
    }
}
