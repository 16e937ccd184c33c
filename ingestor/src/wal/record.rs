//! A record: one entry in the log, or a note on the entries of a request before it.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | length of the payload, little-endian as every number here; the highest bit is set for a note |
//! | 4..8 | CRC-32C of the payload |
//! | 8..16 | number of the entry, counted from the log's beginning; of the entry to come for a note, which takes no number |
//! | 16..24 | time of receipt, nanoseconds since the Unix epoch |
//! | 24..40 | id of the entry; the request's receipt for a note |
//! | 40..44 | distance back to the first record of the same write |
//! | 44..48 | CRC-32C of the segment's salt and sequence, the record's offset, and bytes 0..44 |
//! | 48.. | payload: the entry's stored form, then zeros up to a multiple of 8 bytes |
//!
//! The header's checksum binds a record to its place, so that what an earlier use of the file left behind
//! is never taken for a record of this one. The distance tells a write that a power cut tore, which may be
//! missing anywhere, from damage to one that was synced before the next began. So does a confirmation: a
//! header of length zero, put behind a write once that is synced, with the number of the entry to come. The
//! next write takes its place.

use crc32c::{crc32c, crc32c_append};
use logpipeline_model::EntryId;

pub const HEADER: usize = 48;
const CHECKED: usize = 44;
/// Marks the length of a note.
const NOTE: u32 = 1 << 31;

/// Bytes a record takes in its segment.
pub const fn size(payload: usize) -> usize {
    HEADER + payload.next_multiple_of(8)
}

/// What the checksums of a segment's records begin from.
pub fn seed(salt: u64, segment: u64) -> u32 {
    crc32c_append(crc32c(&salt.to_le_bytes()), &segment.to_le_bytes())
}

/// Writes the parts of a header that are known before the record has its place. `record` is header,
/// payload and padding.
pub fn prepare(record: &mut [u8], payload: usize, id: EntryId, received_at: u64) {
    let checksum = crc32c(&record[HEADER..HEADER + payload]);
    record[0..4].copy_from_slice(&(payload as u32).to_le_bytes());
    record[4..8].copy_from_slice(&checksum.to_le_bytes());
    record[16..24].copy_from_slice(&received_at.to_le_bytes());
    record[24..40].copy_from_slice(&id.0);
}

/// Gives a prepared record of an entry another id: the stored form begins with it.
pub fn rename(record: &mut [u8], id: EntryId) {
    let payload = read_u32(record, 0).unwrap_or_default() as usize;
    record[HEADER + STORED_ID.len()..][..36].copy_from_slice(&id.to_text());
    let checksum = crc32c(&record[HEADER..HEADER + payload]);
    record[4..8].copy_from_slice(&checksum.to_le_bytes());
    record[24..40].copy_from_slice(&id.0);
}

/// What the stored form has before its id.
const STORED_ID: &[u8] = b"{\"id\":\"";

/// Makes a note of a record that is prepared.
pub fn mark_as_note(record: &mut [u8]) {
    record[3] |= 0x80;
}

/// Gives a prepared record its number and its place, in a write that begins at `write_start`.
pub fn place(record: &mut [u8], seed: u32, write_start: u64, offset: u64, number: u64) {
    record[8..16].copy_from_slice(&number.to_le_bytes());
    record[40..44].copy_from_slice(&((offset - write_start) as u32).to_le_bytes());
    let checksum = header_checksum(&record[..CHECKED], seed, offset);
    record[CHECKED..HEADER].copy_from_slice(&checksum.to_le_bytes());
}

/// What is put at `offset`, behind a write that was synced.
pub fn confirmation(seed: u32, offset: u64, number: u64) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    place(&mut bytes, seed, offset, offset, number);
    bytes
}

/// The size of the prepared record that `bytes` begin with, and whether it is a note.
pub fn prepared(bytes: &[u8]) -> Option<(usize, bool)> {
    let length = read_u32(bytes, 0)?;
    Some((size((length & !NOTE) as usize), length & NOTE != 0))
}

/// The id of the prepared record that `bytes` begin with.
pub fn prepared_id(bytes: &[u8]) -> Option<EntryId> {
    bytes.get(24..40)?.first_chunk().copied().map(EntryId)
}

#[derive(Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub number: u64,
    pub received_at: u64,
    pub id: EntryId,
    /// Whether it is a note, no entry.
    pub is_note: bool,
    /// Where the write that brought it begins in the segment.
    pub write_start: u64,
    pub payload: &'a [u8],
}

impl Record<'_> {
    pub fn size(&self) -> usize {
        size(self.payload.len())
    }

    /// The number of the entry behind it.
    pub fn next_number(&self) -> u64 {
        if self.is_note { self.number } else { self.number + 1 }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    Record(Record<'a>),
    /// The header is sound, and the record is longer than the bytes given.
    Cut {
        size: usize,
    },
    /// The header is sound, the payload is not.
    BadPayload {
        size: usize,
    },
    /// What lies before was synced; `number` is the next entry's.
    Confirmation {
        number: u64,
    },
    /// No record begins here.
    Nothing,
}

/// Reads the record that `bytes` begin with, at `offset` of the segment that `seed` stands for.
pub fn parse(bytes: &[u8], seed: u32, offset: u64) -> Parsed<'_> {
    let Some(header) = bytes.get(..HEADER) else { return Parsed::Nothing };
    let marked = read_u32(header, 0).unwrap_or_default();
    if read_u32(header, CHECKED) != Some(header_checksum(&header[..CHECKED], seed, offset)) {
        return Parsed::Nothing;
    }
    if marked == 0 {
        return Parsed::Confirmation { number: read_u64(header, 8).unwrap_or_default() };
    }
    let length = (marked & !NOTE) as usize;
    let size = size(length);
    if bytes.len() < size {
        return Parsed::Cut { size };
    }
    let payload = &bytes[HEADER..HEADER + length];
    if read_u32(header, 4) != Some(crc32c(payload)) {
        return Parsed::BadPayload { size };
    }
    let mut id = [0; 16];
    id.copy_from_slice(&header[24..40]);
    Parsed::Record(Record {
        number: read_u64(header, 8).unwrap_or_default(),
        received_at: read_u64(header, 16).unwrap_or_default(),
        id: EntryId(id),
        is_note: marked & NOTE != 0,
        write_start: offset.saturating_sub(u64::from(read_u32(header, 40).unwrap_or_default())),
        payload,
    })
}

/// The distance to the next whole, sound record or confirmation behind the first byte of `bytes`, which lie
/// at `offset`.
pub fn resync(bytes: &[u8], seed: u32, offset: u64) -> Option<usize> {
    (8..bytes.len()).step_by(8).find(|&at| {
        // Most of a segment's unused rest is zeros.
        let rest = &bytes[at..];
        (read_u32(rest, CHECKED) != Some(0) || read_u32(rest, 0) != Some(0))
            && matches!(
                parse(rest, seed, offset + at as u64),
                Parsed::Record(_) | Parsed::Confirmation { .. }
            )
    })
}

fn header_checksum(checked: &[u8], seed: u32, offset: u64) -> u32 {
    // In one piece: each call takes as long as some hundred bytes.
    let mut bytes = [0; 8 + CHECKED];
    bytes[..8].copy_from_slice(&offset.to_le_bytes());
    bytes[8..].copy_from_slice(checked);
    crc32c_append(seed, &bytes)
}

pub(crate) fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

pub(crate) fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(payload: &[u8], seed: u32, offset: u64) -> Vec<u8> {
        let mut bytes = vec![0; size(payload.len())];
        bytes[HEADER..HEADER + payload.len()].copy_from_slice(payload);
        prepare(&mut bytes, payload.len(), EntryId([7; 16]), 99);
        place(&mut bytes, seed, 8192, offset, 12);
        bytes
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let seed = seed(1, 2);
        let bytes = record(b"{\"message\":\"m\"}", seed, 8192);
        assert_eq!(bytes.len(), 64);
        assert_eq!(
            parse(&bytes, seed, 8192),
            Parsed::Record(Record {
                number: 12,
                received_at: 99,
                id: EntryId([7; 16]),
                is_note: false,
                write_start: 8192,
                payload: b"{\"message\":\"m\"}"
            })
        );
    }

    #[test]
    fn a_note_is_told_from_an_entry_and_takes_no_number() {
        let seed = seed(1, 2);
        let mut bytes = vec![0; size(5)];
        bytes[HEADER..HEADER + 5].copy_from_slice(b"aside");
        prepare(&mut bytes, 5, EntryId([8; 16]), 99);
        mark_as_note(&mut bytes);
        assert_eq!(prepared(&bytes), Some((56, true)));
        place(&mut bytes, seed, 8192, 8192, 12);
        let Parsed::Record(note) = parse(&bytes, seed, 8192) else { panic!() };
        assert!(note.is_note);
        assert_eq!((note.number, note.next_number(), note.size()), (12, 12, 56));
        assert_eq!((note.payload, note.id, note.received_at), (&b"aside"[..], EntryId([8; 16]), 99));
        bytes[3] ^= 0x80;
        assert_eq!(parse(&bytes, seed, 8192), Parsed::Nothing, "the mark is checked");
    }

    #[test]
    fn a_record_counts_only_in_its_place() {
        let bytes = record(b"payload", seed(1, 2), 8192);
        assert_eq!(parse(&bytes, seed(1, 2), 8200), Parsed::Nothing);
        assert_eq!(parse(&bytes, seed(1, 3), 8192), Parsed::Nothing);
        assert_eq!(parse(&bytes, seed(2, 2), 8192), Parsed::Nothing);
    }

    #[test]
    fn a_record_tells_where_its_write_begins() {
        let seed = seed(1, 2);
        let bytes = record(b"payload", seed, 9000);
        let Parsed::Record(record) = parse(&bytes, seed, 9000) else { panic!() };
        assert_eq!(record.write_start, 8192);
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let seed = seed(1, 2);
        let bytes = record(b"eight by", seed, 8192);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(parse(&flipped, seed, 8192), Parsed::Record(_)), "bit {bit}");
        }
    }

    #[test]
    fn a_confirmation_counts_only_in_its_place_and_whole() {
        let seed = seed(1, 2);
        let bytes = confirmation(seed, 9000, 12);
        assert_eq!(bytes[..8], [0; 8], "it marks the end, as zeros do");
        assert_eq!(parse(&bytes, seed, 9000), Parsed::Confirmation { number: 12 });
        assert_eq!(parse(&bytes, seed, 9008), Parsed::Nothing);
        assert_eq!(parse(&[0; HEADER], seed, 9000), Parsed::Nothing);
        for bit in 0..HEADER * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(&flipped, seed, 9000), Parsed::Nothing, "bit {bit}");
        }
        let behind = [&[0xa5; 72][..], &bytes].concat();
        assert_eq!(resync(&behind, seed, 9000 - 72), Some(72));
    }

    #[test]
    fn any_cut_is_noticed() {
        let seed = seed(1, 2);
        let bytes = record(b"payload", seed, 8192);
        for length in 0..bytes.len() {
            let expected = if length < HEADER { Parsed::Nothing } else { Parsed::Cut { size: bytes.len() } };
            assert_eq!(parse(&bytes[..length], seed, 8192), expected, "{length} bytes");
        }
    }

    #[test]
    fn resync_finds_the_next_sound_record() {
        let seed = seed(1, 2);
        let mut bytes = record(b"first", seed, 8192);
        let second = bytes.len();
        bytes.extend(record(b"second", seed, 8192 + second as u64));
        bytes[3] ^= 0x80;
        assert_eq!(resync(&bytes, seed, 8192), Some(second));
        bytes[second + HEADER] ^= 1;
        assert_eq!(resync(&bytes, seed, 8192), None);
        assert_eq!(resync(&[0; 64], seed, 8192), None);
    }
}
