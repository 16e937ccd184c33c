//! Hexadecimal digits, as many in each value: two of them a byte.

use crate::error::{Error, Result};
use crate::frame::{Bytes, Class, Piece, Pieces, Streams};
use crate::span::Values;
use crate::wire::{Input, put_number};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HexForm {
    Lower,
    Upper,
    /// Thirty-two lower-case digits in groups of 8, 4, 4, 4 and 12, hyphens between them.
    Uuid,
}

const LONGEST: usize = 512;
const UUID: usize = 36;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The form of all values, and their digits.
pub(super) fn form(values: Values<'_>) -> Option<(HexForm, usize)> {
    let length = values.spans.first()?.len();
    if !(2..=LONGEST).contains(&length) || values.spans.iter().any(|span| span.len() != length) {
        return None;
    }
    [HexForm::Lower, HexForm::Upper, HexForm::Uuid]
        .into_iter()
        .find(|form| {
            (*form != HexForm::Uuid || length == UUID) && values.iter().all(|value| form.admits(value))
        })
        .map(|form| (form, if form == HexForm::Uuid { 32 } else { length }))
}

const LOWER: u8 = 1;
const UPPER: u8 = 2;
/// Which forms a byte is a digit of.
const DIGITS: [u8; 256] = {
    let mut digits = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = match byte as u8 {
            b'0'..=b'9' => LOWER | UPPER,
            b'a'..=b'f' => LOWER,
            b'A'..=b'F' => UPPER,
            _ => 0,
        };
        byte += 1;
    }
    digits
};

impl HexForm {
    fn admits(self, value: &[u8]) -> bool {
        let all = |value: &[u8], digit: u8| {
            value.iter().fold(digit, |all, byte| all & DIGITS[usize::from(*byte)]) != 0
        };
        match self {
            Self::Lower => all(value, LOWER),
            Self::Upper => all(value, UPPER),
            Self::Uuid => {
                value.len() == UUID
                    && value.iter().enumerate().all(|(at, byte)| {
                        if HYPHENS.contains(&at) {
                            *byte == b'-'
                        } else {
                            DIGITS[usize::from(*byte)] & LOWER != 0
                        }
                    })
            }
        }
    }

    /// The bytes of a value of `digits` digits; `None` where it is not of this form.
    pub(crate) fn parse(self, value: &[u8], digits: usize) -> Option<Vec<u8>> {
        let length = if self == Self::Uuid { UUID } else { digits };
        if value.len() != length || !self.admits(value) {
            return None;
        }
        let mut bytes = Vec::with_capacity(digits.div_ceil(2));
        push(value, digits, &mut bytes);
        Some(bytes)
    }

    /// The text of one value.
    pub(crate) fn write(self, bytes: &[u8], digits: usize, out: &mut Vec<u8>) {
        let letters: &[u8; 16] = if self == Self::Upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        let mut skip = digits % 2;
        for (index, byte) in bytes.iter().enumerate() {
            if self == Self::Uuid && matches!(index, 4 | 6 | 8 | 10) {
                out.push(b'-');
            }
            if skip == 0 {
                out.push(letters[usize::from(byte >> 4)]);
            }
            skip = 0;
            out.push(letters[usize::from(byte & 0xf)]);
        }
    }
}

/// Appends the digits of a value as bytes; the first of an odd number of digits has a byte of its own.
#[inline]
fn push(value: &[u8], digits: usize, out: &mut Vec<u8>) {
    const fn digit(byte: u8) -> u8 {
        (byte & 0xf) + (byte >> 6) * 9
    }
    if value.len() != digits {
        let plain: Vec<u8> = value.iter().copied().filter(|byte| *byte != b'-').collect();
        return push(&plain, plain.len(), out);
    }
    let (first, pairs) = value.split_at(digits % 2);
    out.extend(first.iter().map(|byte| digit(*byte)));
    out.extend(pairs.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])));
}

/// Writes values that are of this form.
pub(super) fn put(
    values: Values<'_>,
    form: HexForm,
    digits: usize,
    streams: &mut Streams,
    head: &mut Vec<u8>,
) {
    let mut bytes = Vec::with_capacity(values.len() * digits.div_ceil(2));
    values.iter().for_each(|value| push(value, digits, &mut bytes));
    head.push(form as u8);
    put_number(digits as u64, head);
    streams.put(Class::Random, &bytes, head);
}

/// Hexadecimal digits as the directory describes them.
#[derive(Debug)]
pub(crate) struct HexPlan {
    pub(crate) form: HexForm,
    pub(crate) digits: usize,
    pub(crate) piece: Piece,
}

impl HexPlan {
    pub(super) fn take(input: &mut Input<'_>, pieces: &mut Pieces, count: usize) -> Result<Self> {
        let form = match input.byte()? {
            0 => HexForm::Lower,
            1 => HexForm::Upper,
            2 => HexForm::Uuid,
            _ => return Err(Error::Damaged("a column of digits has no form")),
        };
        let digits = input.up_to(LONGEST)?;
        if digits < 2 || form == HexForm::Uuid && digits != 32 {
            return Err(Error::Damaged("a column of digits has none"));
        }
        let length = digits.div_ceil(2) * count;
        let piece = pieces.next(input, length)?;
        if piece.length != length {
            return Err(Error::Damaged("a column of digits has another length"));
        }
        Ok(Self { form, digits, piece })
    }
}

/// Hexadecimal digits, read.
#[derive(Debug)]
pub(crate) struct Hex {
    pub(crate) form: HexForm,
    pub(crate) digits: usize,
    pub(crate) bytes: Bytes,
}

impl Hex {
    pub(crate) fn width(&self) -> usize {
        self.digits.div_ceil(2)
    }

    pub(crate) fn write(&self, index: usize, out: &mut Vec<u8>) {
        let start = index * self.width();
        self.form.write(self.bytes.get(start..start + self.width()).unwrap_or_default(), self.digits, out);
    }

    /// The rows whose value this is.
    pub(crate) fn find(&self, value: &[u8]) -> Vec<usize> {
        let Some(wanted) = self.form.parse(value, self.digits) else { return Vec::new() };
        let width = self.width();
        let finder = memchr::memmem::Finder::new(&wanted);
        let mut rows = Vec::new();
        let mut at = 0;
        // A hit may lie across two values: each value is looked at from its own start.
        while let Some(found) = self.bytes.get(at..).and_then(|rest| finder.find(rest)) {
            let start = at + found;
            if start.is_multiple_of(width) {
                rows.push(start / width);
                at = start + width;
            } else {
                at = start + 1;
            }
        }
        rows
    }
}
