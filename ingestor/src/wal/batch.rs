//! The entries of one request, laid out as the log will hold them.

use logpipeline_model::EntryId;

use super::record;

/// Prepared records, one behind the other: the log gives them numbers and places and writes them as they
/// lie.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) bytes: Vec<u8>,
    entries: u64,
    largest: usize,
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
        let payload = self.bytes.len() - start - record::HEADER;
        let size = record::size(payload);
        self.bytes.resize(start + size, 0);
        record::prepare(&mut self.bytes[start..], payload, id, received_at);
        self.entries += 1;
        self.largest = self.largest.max(size);
        Ok(())
    }

    pub fn entries(&self) -> u64 {
        self.entries
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
    /// a write that begins at `write_start`; returns how many bytes and how many records that are.
    pub(super) fn place(
        &mut self,
        (start, room): (usize, u64),
        seed: u32,
        write_start: u64,
        offset: u64,
        number: u64,
    ) -> (usize, u64) {
        let (mut at, mut placed) = (start, 0);
        while let Some(size) = record::prepared_size(&self.bytes[at..]) {
            if (at - start + size) as u64 > room {
                break;
            }
            let place = offset + (at - start) as u64;
            record::place(&mut self.bytes[at..at + size], seed, write_start, place, number + placed);
            at += size;
            placed += 1;
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
    }
}
