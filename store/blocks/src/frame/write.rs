use std::io;

use super::{Class, FRAME};
use crate::wire::put_number;

const LEVEL: i32 = 3;

/// What columns write into.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    bytes: [Vec<u8>; 3],
}

/// The frames of a block, and what the directory says about them.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) frames: Vec<u8>,
    pub(crate) table: Vec<u8>,
}

impl Streams {
    /// Appends a piece, and says in `head` where it stands.
    pub(crate) fn put(&mut self, class: Class, piece: &[u8], head: &mut Vec<u8>) {
        self.bytes[class as usize].extend_from_slice(piece);
        put_number((piece.len() as u64) << 2 | class as u64, head);
    }

    /// Compresses all into frames, which follow `frames`.
    pub(crate) fn write(&self, mut frames: Vec<u8>) -> io::Result<Written> {
        let mut table = Vec::new();
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        for stream in &self.bytes {
            for raw in stream.chunks(FRAME) {
                let packed = compressor.compress(raw)?;
                // What does not shrink is kept as it is; its length says so.
                let packed = if packed.len() < raw.len() { packed.as_slice() } else { raw };
                put_number(packed.len() as u64, &mut table);
                table.extend_from_slice(&crc32c::crc32c(packed).to_le_bytes());
                frames.extend_from_slice(packed);
            }
        }
        Ok(Written { frames, table })
    }
}
