//! Texts that nothing better is known about: their lengths, and their bytes one after the other.

use super::{Packed, pack};
use crate::error::{Error, Result};
use crate::frame::{Bytes, Class, Frames, Piece, Pieces, Streams};
use crate::span::Values;
use crate::wire::Input;

pub(super) fn put(values: Values<'_>, streams: &mut Streams, head: &mut Vec<u8>) {
    let lengths: Vec<i64> = values.spans.iter().map(|span| span.len() as i64).collect();
    pack(&lengths, streams, head);
    let mut bytes = Vec::with_capacity(values.spans.iter().map(|span| span.len()).sum());
    values.iter().for_each(|value| bytes.extend_from_slice(value));
    streams.put(Class::Text, &bytes, head);
}

/// Texts as the directory describes them.
#[derive(Debug)]
pub(crate) struct TextsPlan {
    lengths: Packed,
    piece: Piece,
}

impl TextsPlan {
    pub(super) fn take(input: &mut Input<'_>, pieces: &mut Pieces, count: usize) -> Result<Self> {
        let lengths = Packed::take(input, pieces, count)?;
        Ok(Self { lengths, piece: pieces.next(input, usize::MAX >> 2)? })
    }

    pub(super) fn read(&self, frames: &Frames, count: usize) -> Result<Texts> {
        let mut end = 0usize;
        let mut ends = Vec::with_capacity(count);
        for length in self.lengths.read(frames, count)? {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            end = end.saturating_add(length);
            ends.push(u32::try_from(end).unwrap_or(u32::MAX));
        }
        if end != self.piece.length {
            return Err(Error::Damaged("texts do not fill their column"));
        }
        Ok(Texts { ends, bytes: frames.read(self.piece)? })
    }
}

/// Texts, read.
#[derive(Debug)]
pub(crate) struct Texts {
    ends: Vec<u32>,
    pub(crate) bytes: Bytes,
}

impl Texts {
    #[inline]
    pub(crate) fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(0);
        self.bytes.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The text that holds the byte at `at`.
    pub(crate) fn index_at(&self, at: usize) -> usize {
        self.ends.partition_point(|end| *end as usize <= at)
    }
}
