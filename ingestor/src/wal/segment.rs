//! A segment: a file of fixed size that holds records behind a header.
//!
//! | bytes of the header | what |
//! |---|---|
//! | 0..8 | `LPWALSEG` |
//! | 8..12 | version of the format |
//! | 12..16 | CRC-32C of bytes 0..12, so that any version can tell another |
//! | 16..24 | sequence of the segment |
//! | 24..32 | salt: random, new at each use of the file |
//! | 32..40 | number of the first entry |
//! | 40..48 | sequence of the segment before |
//! | 48..56 | where that segment ends; what lies behind was never acknowledged |
//! | 56..60 | CRC-32C of bytes 0..56 |
//!
//! The header is written twice, in blocks of its own, so that one bad block does not cost the segment.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use crc32c::crc32c;

use super::disk::{DiskFile, read_full_at, write_all_at};
use super::record::{read_u32, read_u64};

/// Where the first record of a segment lies.
pub const FIRST_OFFSET: u64 = 2 * BLOCK as u64;
pub const VERSION: u32 = 3;
/// The format without notes. Its segments are read, and not written on.
const WITHOUT_NOTES: u32 = 2;
const MAGIC: &[u8; 8] = b"LPWALSEG";
const BLOCK: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Of the format.
    pub version: u32,
    pub sequence: u64,
    pub salt: u64,
    pub first_number: u64,
    pub previous: u64,
    pub previous_end: u64,
}

#[derive(Debug)]
pub enum HeaderError {
    /// The file was written by another version of the format.
    Version(u32),
    /// Neither copy of the header is sound.
    Damaged,
    /// The disk gives neither copy back.
    Unreadable(io::Error),
}

impl Header {
    /// Writes both copies. The caller syncs.
    pub fn write(&self, file: &dyn DiskFile) -> io::Result<()> {
        let mut block = [0; BLOCK];
        block[..8].copy_from_slice(MAGIC);
        block[8..12].copy_from_slice(&self.version.to_le_bytes());
        let checksum = crc32c(&block[..12]);
        block[12..16].copy_from_slice(&checksum.to_le_bytes());
        let numbers = [self.sequence, self.salt, self.first_number, self.previous, self.previous_end];
        for (index, number) in numbers.into_iter().enumerate() {
            block[16 + index * 8..24 + index * 8].copy_from_slice(&number.to_le_bytes());
        }
        let checksum = crc32c(&block[..56]);
        block[56..60].copy_from_slice(&checksum.to_le_bytes());
        // A zero length behind the header marks the end of an empty segment.
        write_all_at(file, &mut [IoSlice::new(&block), IoSlice::new(&block), IoSlice::new(&[0; 8])], 0)
    }

    pub fn read(file: &dyn DiskFile) -> Result<Self, HeaderError> {
        let copy = |offset| {
            let mut block = [0; BLOCK];
            read_full_at(file, &mut block, offset).map_err(HeaderError::Unreadable)?;
            Self::parse(&block)
        };
        match (copy(0), copy(BLOCK as u64)) {
            (Ok(header), _) | (_, Ok(header)) => Ok(header),
            (Err(HeaderError::Version(version)), _) | (_, Err(HeaderError::Version(version))) => {
                Err(HeaderError::Version(version))
            }
            // The block that cannot be read might have been the sound one.
            (Err(HeaderError::Unreadable(error)), _) | (_, Err(HeaderError::Unreadable(error))) => {
                Err(HeaderError::Unreadable(error))
            }
            _ => Err(HeaderError::Damaged),
        }
    }

    fn parse(block: &[u8]) -> Result<Self, HeaderError> {
        if !block.starts_with(MAGIC) || read_u32(block, 12) != Some(crc32c(&block[..12])) {
            return Err(HeaderError::Damaged);
        }
        let version = read_u32(block, 8).unwrap_or_default();
        if ![WITHOUT_NOTES, VERSION].contains(&version) {
            return Err(HeaderError::Version(version));
        }
        if read_u32(block, 56) != Some(crc32c(&block[..56])) {
            return Err(HeaderError::Damaged);
        }
        let number = |at| read_u64(block, at).unwrap_or_default();
        Ok(Self {
            version,
            sequence: number(16),
            salt: number(24),
            first_number: number(32),
            previous: number(40),
            previous_end: number(48),
        })
    }
}

/// The file of segment `sequence`.
pub fn path(folder: &Path, sequence: u64) -> PathBuf {
    folder.join(format!("segment-{sequence:016}.wal"))
}

/// The sequence that a segment's file name gives.
pub fn sequence_of(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_prefix("segment-")?.strip_suffix(".wal")?;
    (digits.len() == 16).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::disk::{Disk, LocalDisk};
    use super::*;

    const HEADER: Header =
        Header { version: VERSION, sequence: 3, salt: 4, first_number: 5, previous: 2, previous_end: 8192 };

    #[test]
    fn a_header_survives_the_loss_of_either_copy() {
        let folder = tempfile::tempdir().unwrap();
        let file = LocalDisk.create(&path(folder.path(), 3)).unwrap();
        HEADER.write(&*file).unwrap();
        assert_eq!(Header::read(&*file).unwrap(), HEADER);
        for copy in [0, 4096] {
            HEADER.write(&*file).unwrap();
            write_all_at(&*file, &mut [IoSlice::new(&[0xff; 64])], copy).unwrap();
            assert_eq!(Header::read(&*file).unwrap(), HEADER);
        }
        write_all_at(&*file, &mut [IoSlice::new(&[0xff; 64])], 0).unwrap();
        assert!(matches!(Header::read(&*file), Err(HeaderError::Damaged)));
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let folder = tempfile::tempdir().unwrap();
        let file = LocalDisk.create(&path(folder.path(), 3)).unwrap();
        HEADER.write(&*file).unwrap();
        let mut start = [0; 16];
        start[..8].copy_from_slice(MAGIC);
        start[8..12].copy_from_slice(&7u32.to_le_bytes());
        let checksum = crc32c(&start[..12]);
        start[12..].copy_from_slice(&checksum.to_le_bytes());
        for copy in [0, 4096] {
            write_all_at(&*file, &mut [IoSlice::new(&start)], copy).unwrap();
        }
        assert!(matches!(Header::read(&*file), Err(HeaderError::Version(7))));
    }

    #[test]
    fn file_names_carry_the_sequence() {
        assert_eq!(sequence_of(&path(Path::new("/wal"), 42)), Some(42));
        for name in
            ["segment-42.wal", "segment-0000000000000042.wal.corrupt-8192", "spare-1.wal", "checkpoint"]
        {
            assert_eq!(sequence_of(Path::new(name)), None, "{name}");
        }
    }
}
