//! Whole numbers: less their least, by their greatest common step, or from one to the next; a plane for each byte.

use crate::error::{Error, Result};
use crate::frame::{Class, Frames, Piece, Pieces, Streams};
use crate::wire::{Input, put_number, put_signed, unzigzag, zigzag};

/// How numbers are packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    delta: bool,
    width: usize,
    least: i64,
    step: u64,
    piece: Option<Piece>,
}

/// Writes numbers, and how they are packed to `head`.
pub(crate) fn pack(values: &[i64], streams: &mut Streams, head: &mut Vec<u8>) {
    let least = values.iter().copied().min().unwrap_or(0);
    let step = step(values, least);
    let (mut all, mut plain_bits, mut delta_all, mut delta_bits) = (0u64, 0u64, 0u64, 0u64);
    let mut before = 0;
    for value in values {
        let scaled = scaled(*value, least, step);
        let delta = zigzag(scaled.wrapping_sub(before) as i64);
        before = scaled;
        (all, delta_all) = (all | scaled, delta_all | delta);
        plain_bits += u64::from(64 - scaled.leading_zeros());
        delta_bits += u64::from(64 - delta.leading_zeros());
    }
    // Differences compress worse for their bits than numbers do, and are slower to search.
    let delta = delta_bits + delta_bits / 4 < plain_bits;
    let all = if delta { delta_all } else { all };
    let width = (64 - all.leading_zeros()).div_ceil(8) as usize;
    head.push((width as u8) << 1 | u8::from(delta));
    put_signed(least, head);
    put_number(step, head);
    if width == 0 {
        return;
    }
    let mut planes = vec![0; width * values.len()];
    let mut before = 0;
    for (row, value) in values.iter().enumerate() {
        let scaled = scaled(*value, least, step);
        let mut bits = if delta { zigzag(scaled.wrapping_sub(before) as i64) } else { scaled };
        before = scaled;
        for plane in planes.chunks_exact_mut(values.len()) {
            plane[row] = bits as u8;
            bits >>= 8;
        }
    }
    streams.put(Class::Planes, &planes, head);
}

#[inline]
fn scaled(value: i64, least: i64, step: u64) -> u64 {
    let above = value.wrapping_sub(least) as u64;
    if step == 1 { above } else { above / step }
}

/// The greatest number that divides all differences.
fn step(values: &[i64], least: i64) -> u64 {
    let mut step = 0;
    for value in values {
        step = greatest_common_divisor(value.wrapping_sub(least) as u64, step);
        if step == 1 {
            break;
        }
    }
    step.max(1)
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Packed {
    pub(crate) fn take(input: &mut Input<'_>, pieces: &mut Pieces, count: usize) -> Result<Self> {
        let code = input.byte()?;
        let (width, delta) = (usize::from(code >> 1), code & 1 == 1);
        if width > 8 {
            return Err(Error::Damaged("a number is wider than 64 bits"));
        }
        let (least, step) = (input.signed()?, input.number()?);
        let piece = if width == 0 { None } else { Some(pieces.next(input, width * count)?) };
        if piece.is_some_and(|piece| piece.length != width * count) {
            return Err(Error::Damaged("a column of numbers has another length"));
        }
        Ok(Self { delta, width, least, step, piece })
    }

    /// The numbers, `count` of them.
    pub(crate) fn read(&self, frames: &Frames, count: usize) -> Result<Vec<i64>> {
        let mut bits = vec![0u64; count];
        if let Some(piece) = self.piece {
            let bytes = frames.read(piece)?;
            for (place, plane) in bytes.chunks_exact(count).enumerate() {
                for (bits, byte) in bits.iter_mut().zip(plane) {
                    *bits |= u64::from(*byte) << (8 * place);
                }
            }
        }
        let mut scaled = 0u64;
        Ok(bits
            .into_iter()
            .map(|bits| {
                scaled = if self.delta { scaled.wrapping_add(unzigzag(bits) as u64) } else { bits };
                self.least.wrapping_add(scaled.wrapping_mul(self.step) as i64)
            })
            .collect())
    }

    /// Numbers that must be below `limit`.
    pub(crate) fn read_codes(&self, frames: &Frames, count: usize, limit: usize) -> Result<Vec<u32>> {
        let values = self.read(frames, count)?;
        if values.iter().any(|value| usize::try_from(*value).map_or(true, |value| value >= limit)) {
            return Err(Error::Damaged("a column refers to what is not there"));
        }
        Ok(values.into_iter().map(|value| value as u32).collect())
    }
}
