//! Where the parts of a block stand: its beginning, the frames, the directory, the footer.

use crate::Source;
use crate::VERSION;
use crate::error::{Error, Part, Result};
use crate::frame::inflate;

/// The first bytes of a block.
pub(super) const BEGINNING: [u8; 4] = *b"LPBk";
const FOOTER: usize = 32;
const END: [u8; 6] = *b"LPBend";

/// Appends the directory and the footer to the frames of a block.
pub(super) fn seal(mut block: Vec<u8>, directory: &[u8]) -> Result<Vec<u8>> {
    let offset = block.len() as u64;
    let packed = zstd::bulk::compress(directory, 3)?;
    block.extend_from_slice(&packed);
    let mut footer = Vec::with_capacity(FOOTER);
    footer.extend_from_slice(&offset.to_le_bytes());
    footer.extend_from_slice(&(packed.len() as u32).to_le_bytes());
    footer.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    footer.extend_from_slice(&crc32c::crc32c(&packed).to_le_bytes());
    footer.extend_from_slice(&VERSION.to_le_bytes());
    footer.extend_from_slice(&END);
    footer.extend_from_slice(&crc32c::crc32c(&footer).to_le_bytes());
    block.extend_from_slice(&footer);
    Ok(block)
}

/// Reads the directory of a block, and where it begins. It may have `most` bytes.
pub(super) fn directory(source: &dyn Source, most: usize) -> Result<(Vec<u8>, u64)> {
    const SHORT: Error = Error::Format("it is too short");
    let end = source.length().checked_sub(FOOTER as u64).ok_or(SHORT)?;
    let mut beginning = [0; BEGINNING.len()];
    source.read_at(0, &mut beginning)?;
    let mut footer = [0; FOOTER];
    source.read_at(end, &mut footer)?;
    let mut at = 0;
    let mut take = |length: usize| {
        let field = &footer[at..at + length];
        at += length;
        field.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte))
    };
    let (offset, packed_len, length, checksum, version) = (take(8), take(4), take(4), take(4), take(2));
    if beginning != BEGINNING || footer[22..28] != END {
        return Err(Error::Format("its first or last bytes are others"));
    }
    if footer[28..] != crc32c::crc32c(&footer[..28]).to_le_bytes() {
        return Err(Error::Checksum(Part::Footer));
    }
    if version != u64::from(VERSION) {
        return Err(Error::Version(version as u16));
    }
    let length = usize::try_from(length).ok().filter(|length| *length <= most);
    let length = length.ok_or(Error::Damaged("the directory is too large"))?;
    if offset < BEGINNING.len() as u64 || offset.checked_add(packed_len) != Some(end) {
        return Err(Error::Damaged("the directory does not end at the footer"));
    }
    let mut packed = vec![0; packed_len as usize];
    source.read_at(offset, &mut packed)?;
    if u64::from(crc32c::crc32c(&packed)) != checksum {
        return Err(Error::Checksum(Part::Directory));
    }
    Ok((inflate(&packed, length)?, offset))
}
