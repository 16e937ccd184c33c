use std::ops::{Deref, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Cache, FRAME, Piece};
use crate::Source;
use crate::error::{Error, Part, Result};
use crate::wire::Input;

/// The frames of a block, inflated as they are asked for.
#[derive(Debug)]
pub(crate) struct Frames {
    source: Box<dyn Source>,
    cache: Arc<Cache>,
    block: u64,
    frames: Vec<Frame>,
    /// Of each stream: its first frame, and its length.
    streams: [(usize, usize); 3],
}

#[derive(Debug)]
struct Frame {
    offset: u64,
    packed: usize,
    raw: usize,
    checksum: u32,
}

impl Frames {
    /// Reads the table of frames, which begin at `offset` and end at `end`.
    pub(crate) fn open(
        source: Box<dyn Source>,
        cache: Arc<Cache>,
        table: &mut Input<'_>,
        lengths: [usize; 3],
        range: Range<u64>,
    ) -> Result<Self> {
        static BLOCKS: AtomicU64 = AtomicU64::new(0);
        let mut frames = Vec::new();
        let mut streams = [(0, 0); 3];
        let mut offset = range.start;
        for (stream, length) in streams.iter_mut().zip(lengths) {
            *stream = (frames.len(), length);
            for start in (0..length).step_by(FRAME) {
                let raw = (length - start).min(FRAME);
                let packed = table.up_to(raw)?;
                frames.push(Frame { offset, packed, raw, checksum: u32::from_le_bytes(table.array()?) });
                offset += packed as u64;
            }
        }
        if offset != range.end {
            return Err(Error::Damaged("frames do not fill the block"));
        }
        let block = BLOCKS.fetch_add(1, Ordering::Relaxed);
        Ok(Self { source, cache, block, frames, streams })
    }

    /// How many frames there are.
    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    /// The bytes of a piece. Only one that crosses a frame's end is copied.
    pub(crate) fn read(&self, piece: Piece) -> Result<Bytes> {
        let (first, length) = self.streams[piece.class as usize];
        let end = piece.start + piece.length;
        if end > length {
            return Err(Error::Damaged("a column lies outside its stream"));
        }
        if piece.length == 0 {
            return Ok(Bytes::default());
        }
        let frame = |at: usize| self.frame(first + at / FRAME);
        if piece.start / FRAME == (end - 1) / FRAME {
            let start = piece.start % FRAME;
            return Ok(Bytes { frame: frame(piece.start)?, range: start..start + piece.length });
        }
        let mut whole = Vec::with_capacity(piece.length);
        let mut at = piece.start;
        while at < end {
            let frame = frame(at)?;
            let start = at % FRAME;
            let taken = (end - at).min(FRAME - start);
            let part = frame.get(start..start + taken);
            whole.extend_from_slice(part.ok_or(Error::Damaged("a frame is shorter than it should be"))?);
            at += taken;
        }
        Ok(Bytes { range: 0..whole.len(), frame: whole.into() })
    }

    /// A frame by its number, verified.
    pub(crate) fn frame(&self, number: usize) -> Result<Arc<[u8]>> {
        let frame = self.frames.get(number).ok_or(Error::Damaged("a frame is missing"))?;
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.cache.get((self.block, number), || self.inflate(frame, number))
    }

    fn inflate(&self, frame: &Frame, number: u32) -> Result<Arc<[u8]>> {
        let mut packed = vec![0; frame.packed];
        self.source.read_at(frame.offset, &mut packed)?;
        if crc32c::crc32c(&packed) != frame.checksum {
            return Err(Error::Checksum(Part::Frame(number)));
        }
        if frame.packed == frame.raw {
            return Ok(packed.into());
        }
        Ok(inflate(&packed, frame.raw)?.into())
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.cache.forget(self.block);
    }
}

/// Inflates what must have `length` bytes.
pub(crate) fn inflate(packed: &[u8], length: usize) -> Result<Vec<u8>> {
    let raw = zstd::bulk::decompress(packed, length);
    raw.ok().filter(|raw| raw.len() == length).ok_or(Error::Damaged("a frame does not inflate"))
}

/// Bytes of a piece, held by their frame.
#[derive(Debug, Clone)]
pub(crate) struct Bytes {
    frame: Arc<[u8]>,
    range: Range<usize>,
}

impl Default for Bytes {
    fn default() -> Self {
        Self { frame: Arc::from([]), range: 0..0 }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // The range was checked against the frame's length, which inflating has checked.
        self.frame.get(self.range.clone()).unwrap_or_default()
    }
}
