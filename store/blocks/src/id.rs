//! Ids in order of arrival, each as its difference from the one before: as many bytes as that has, a plane for each.

use logpipeline_model::EntryId;

use crate::error::{Error, Result};
use crate::frame::{Class, Frames, Piece, Pieces, Streams};
use crate::wire::Input;

pub(crate) fn put(ids: &[EntryId], streams: &mut Streams, head: &mut Vec<u8>) {
    let mut lengths = Vec::with_capacity(ids.len());
    let mut planes: [Vec<u8>; 16] = Default::default();
    let mut before = 0u128;
    for id in ids {
        let value = u128::from_be_bytes(id.0);
        let delta = zigzag(value.wrapping_sub(before) as i128);
        before = value;
        let length = (128 - delta.leading_zeros()).div_ceil(8) as usize;
        lengths.push(length as u8);
        for (plane, byte) in planes.iter_mut().zip(&delta.to_le_bytes()[..length]) {
            plane.push(*byte);
        }
    }
    streams.put(Class::Planes, &lengths, head);
    // Steps are small numbers; what comes behind them begins a request, and is random.
    let (steps, random) = planes.split_at(2);
    streams.put(Class::Planes, &steps.concat(), head);
    streams.put(Class::Random, &random.concat(), head);
}

fn zigzag(value: i128) -> u128 {
    (value << 1 ^ value >> 127) as u128
}

fn unzigzag(value: u128) -> i128 {
    (value >> 1) as i128 ^ -((value & 1) as i128)
}

#[derive(Debug)]
pub(crate) struct IdsPlan {
    lengths: Piece,
    steps: Piece,
    random: Piece,
}

impl IdsPlan {
    pub(crate) fn take(input: &mut Input<'_>, pieces: &mut Pieces, count: usize) -> Result<Self> {
        let lengths = pieces.next(input, count)?;
        if lengths.length != count {
            return Err(Error::Damaged("the ids have another length"));
        }
        Ok(Self { lengths, steps: pieces.next(input, 2 * count)?, random: pieces.next(input, 14 * count)? })
    }

    pub(crate) fn read(&self, frames: &Frames) -> Result<Vec<EntryId>> {
        let lengths = frames.read(self.lengths)?;
        let (steps, random) = (frames.read(self.steps)?, frames.read(self.random)?);
        let mut counts = [0usize; 16];
        for length in lengths.iter() {
            let long = counts.get_mut(..usize::from(*length)).ok_or(Error::Damaged("an id is too long"))?;
            long.iter_mut().for_each(|count| *count += 1);
        }
        let (small, large) = counts.split_at(2);
        if small.iter().sum::<usize>() != steps.len() || large.iter().sum::<usize>() != random.len() {
            return Err(Error::Damaged("the ids do not fill their column"));
        }
        let (mut steps, mut random) = (&*steps, &*random);
        let planes = counts.iter().enumerate().map(|(place, count)| {
            let bytes = if place < 2 { &mut steps } else { &mut random };
            let (plane, rest) = bytes.split_at_checked(*count).unwrap_or_default();
            *bytes = rest;
            plane.iter()
        });
        let mut planes: Vec<_> = planes.collect();
        let mut before = 0u128;
        let ids = lengths.iter().map(|length| {
            let mut delta = [0; 16];
            for (byte, plane) in delta.iter_mut().zip(&mut planes).take(usize::from(*length)) {
                *byte = plane.next().copied().unwrap_or_default();
            }
            before = before.wrapping_add(unzigzag(u128::from_le_bytes(delta)) as u128);
            EntryId(before.to_be_bytes())
        });
        Ok(ids.collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn zigzag_is_undone(value: i128) {
            prop_assert_eq!(unzigzag(zigzag(value)), value);
        }
    }
}
