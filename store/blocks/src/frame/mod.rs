//! The columns' bytes: three streams, cut into frames that are compressed and checked one by one.

mod cache;
mod read;
mod write;

pub use cache::Cache;
pub(crate) use read::{Bytes, Frames, inflate};
pub(crate) use write::Streams;

use crate::error::{Error, Result};
use crate::wire::Input;

/// Bytes of a stream in one frame; the last frame of a stream has what is left.
pub(crate) const FRAME: usize = 64 * 1024;

/// Bytes that compress in like ways share a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Text,
    /// Numbers, a plane for each of their bytes.
    Planes,
    /// Bytes that are expected not to compress.
    Random,
}

impl Class {
    pub(crate) const ALL: [Self; 3] = [Self::Text, Self::Planes, Self::Random];
}

/// Where bytes stand in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) class: Class,
    pub(crate) start: usize,
    pub(crate) length: usize,
}

/// Reads pieces off a directory: each begins where the last one of its stream ended.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    ends: [usize; 3],
}

impl Pieces {
    pub(crate) fn next(&mut self, input: &mut Input<'_>, limit: usize) -> Result<Piece> {
        let code = usize::try_from(input.number()?).unwrap_or(usize::MAX);
        let (length, class) = (code >> 2, code & 3);
        let class = *Class::ALL.get(class).ok_or(Error::Damaged("a column lies in no stream"))?;
        let start = self.ends[class as usize];
        if length > limit || start + length > u32::MAX as usize {
            return Err(Error::Damaged("a column is longer than a block"));
        }
        self.ends[class as usize] = start + length;
        Ok(Piece { class, start, length })
    }

    /// The length of each stream.
    pub(crate) fn ends(&self) -> [usize; 3] {
        self.ends
    }
}
