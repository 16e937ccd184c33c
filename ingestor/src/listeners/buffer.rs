//! What a connection has read and not yet handed over, charged to the memory of all requests.

use bytes::BufMut;

use crate::budget::{Budget, Exhausted, Reservation};

/// What a connection that sends takes at first.
const FIRST: usize = 16 << 10;
/// One read takes at most this much, unless a frame is larger.
const READ: usize = 256 << 10;
/// Room that is not worth a read.
const LITTLE: usize = 4 << 10;

#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    memory: Reservation,
    budget: Budget,
    /// The last read filled the room that there was.
    filled: bool,
}

impl Buffer {
    pub(super) fn new(budget: &Budget) -> Self {
        Self { bytes: Vec::new(), memory: budget.reservation(), budget: budget.clone(), filled: false }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the bytes to work that runs elsewhere; [`Self::put_back`] takes them back.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    pub(super) fn put_back(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes;
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.filled = self.bytes.len() == self.bytes.capacity();
        self.bytes.drain(..count.min(self.bytes.len()));
    }

    /// Gives the memory of an empty buffer back.
    pub(super) fn release(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
            let _ = self.memory.resize(0);
        }
    }

    /// Makes room for a read. Buffers leave half of the memory to what becomes of their bytes: were it all taken by frames that
    /// are not whole, nothing would ever go on.
    pub(super) fn make_room(&mut self) -> Result<(), Exhausted> {
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        let enough = if length == 0 { FIRST } else { LITTLE };
        let narrow = self.filled && capacity < READ;
        if capacity - length >= enough && !narrow {
            return Ok(());
        }
        match self.grow() {
            Err(Exhausted) if capacity - length < enough => Err(Exhausted),
            _ => Ok(()),
        }
    }

    fn grow(&mut self) -> Result<(), Exhausted> {
        self.filled = false;
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        let wanted = (2 * capacity).clamp(FIRST, READ.max(length.next_power_of_two() * 2));
        let share = if wanted > FIRST { self.budget.bytes() / 2 } else { self.budget.bytes() / 4 * 3 };
        if self.budget.bytes_taken() + wanted - capacity > share {
            return Err(Exhausted);
        }
        self.memory.resize(wanted)?;
        self.bytes.reserve_exact(wanted - length);
        Ok(())
    }

    /// Where a read puts its bytes: no more than there is room for.
    pub(super) fn room(&mut self) -> impl BufMut {
        let room = self.bytes.capacity() - self.bytes.len();
        (&mut self.bytes).limit(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_charged_before_it_grows_and_gives_back_what_it_took() {
        let budget = Budget::new(1 << 20);
        let mut buffer = Buffer::new(&budget);
        assert_eq!(budget.bytes_taken(), 0);
        let mut filled = 0;
        while buffer.make_room().is_ok() {
            assert!(budget.bytes_taken() >= buffer.bytes.capacity(), "charged before it is there");
            let room = buffer.bytes.capacity() - buffer.bytes.len();
            buffer.room().put_slice(&vec![b'x'; room]);
            filled += room;
        }
        assert_eq!((filled, budget.bytes_taken()), (512 << 10, 512 << 10), "half is left to the entries");
        buffer.consume(filled);
        buffer.release();
        assert_eq!(budget.bytes_taken(), 0);
    }

    #[test]
    fn a_first_read_finds_room_where_others_hold_half() {
        let budget = Budget::new(1 << 20);
        let mut other = budget.reservation();
        other.resize(600 << 10).unwrap();
        let mut buffer = Buffer::new(&budget);
        assert_eq!(buffer.make_room(), Ok(()));
        let room = buffer.bytes.capacity();
        buffer.room().put_slice(&vec![b'x'; room]);
        assert_eq!(buffer.make_room(), Err(Exhausted));
        drop(other);
        assert_eq!(buffer.make_room(), Ok(()));
    }
}
