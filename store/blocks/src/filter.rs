//! Which values of 128 bits a block can hold: a Bloom filter.

use crate::error::Result;
use crate::frame::{Bytes, Class, Frames, Piece, Pieces, Streams};
use crate::wire::Input;

const BITS_A_VALUE: usize = 12;
/// The best number of probes for as many bits: 0.3 % of the values that are not there pass.
const PROBES: u64 = 8;

/// What a value is, so that values of one kind say nothing about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Thirty-two hexadecimal digits, wherever they stand.
    Value,
    /// The first twelve bytes of an id, which those of a request share.
    IdPrefix,
}

impl Kind {
    fn salt(self) -> u64 {
        match self {
            Self::Value => 0x5851_f42d_4c95_7f2d,
            Self::IdPrefix => 0x1405_7b7e_f767_814f,
        }
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// The bits of a value among `bits`.
fn probes(value: u128, kind: Kind, bits: u64) -> impl Iterator<Item = usize> {
    let low = mix(value as u64 ^ kind.salt());
    let high = mix((value >> 64) as u64 ^ low);
    let step = mix(high ^ low.rotate_left(32)) | 1;
    (0..PROBES).map(move |probe| {
        let hash = high.wrapping_add(probe.wrapping_mul(step));
        ((u128::from(hash) * u128::from(bits)) >> 64) as usize
    })
}

/// Writes a filter of these values; each may come several times.
pub(crate) fn put(mut values: Vec<(u128, Kind)>, streams: &mut Streams, head: &mut Vec<u8>) {
    values.sort_unstable_by_key(|(value, kind)| (*value, kind.salt()));
    values.dedup();
    let mut filter = vec![0u8; (values.len() * BITS_A_VALUE).div_ceil(8)];
    let bits = filter.len() as u64 * 8;
    for (value, kind) in values {
        for bit in probes(value, kind, bits) {
            filter[bit / 8] |= 1 << (bit % 8);
        }
    }
    streams.put(Class::Random, &filter, head);
}

#[derive(Debug)]
pub(crate) struct FilterPlan(Piece);

impl FilterPlan {
    pub(crate) fn take(input: &mut Input<'_>, pieces: &mut Pieces) -> Result<Self> {
        pieces.next(input, usize::MAX >> 2).map(Self)
    }

    pub(crate) fn read(&self, frames: &Frames) -> Result<Filter> {
        frames.read(self.0).map(Filter)
    }
}

#[derive(Debug)]
pub(crate) struct Filter(Bytes);

impl Filter {
    /// Whether the value may be there; `false` is certain.
    pub(crate) fn admits(&self, value: u128, kind: Kind) -> bool {
        let bits = self.0.len() as u64 * 8;
        bits > 0
            && probes(value, kind, bits)
                .all(|bit| self.0.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1))
    }
}

/// The value that thirty-two hexadecimal digits write, with hyphens or without, in either case.
pub(crate) fn parse(text: &[u8]) -> Option<u128> {
    if text.len() != 32 && text.len() != 36 {
        return None;
    }
    let (mut value, mut digits) = (0u128, 0);
    for byte in text.iter().filter(|byte| **byte != b'-') {
        value = value << 4 | u128::from(char::from(*byte).to_digit(16)?);
        digits += 1;
    }
    (digits == 32).then_some(value)
}
