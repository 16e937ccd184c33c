//! How the directory writes numbers and texts, and a reader of them that trusts nothing.

use crate::error::{Error, Result};

/// LEB128.
pub(crate) fn put_number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Small numbers of either sign are short.
pub(crate) fn put_signed(value: i64, out: &mut Vec<u8>) {
    put_number(zigzag(value), out);
}

/// Its length, then its bytes.
pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

pub(crate) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

const SHORT: Error = Error::Damaged("the directory ends early");

#[derive(Debug, Clone)]
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn number(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Error::Damaged("a number of the directory is too long"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64> {
        self.number().map(unzigzag)
    }

    /// A number of at most `limit`.
    pub(crate) fn up_to(&mut self, limit: usize) -> Result<usize> {
        let value = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if value > limit {
            return Err(Error::Damaged("a number of the directory is beyond its limit"));
        }
        Ok(value)
    }

    /// How many items follow, each of which takes a byte at least.
    pub(crate) fn count(&mut self, limit: usize) -> Result<usize> {
        let count = self.up_to(limit)?;
        if count > self.rest.len() {
            return Err(SHORT);
        }
        Ok(count)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = self.up_to(self.rest.len())?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str> {
        str::from_utf8(self.bytes()?).map_err(|_| Error::Damaged("a text of the directory is not UTF-8"))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(number: u64, signed: i64, bytes: Vec<u8>) {
            let mut out = Vec::new();
            put_number(number, &mut out);
            put_signed(signed, &mut out);
            put_bytes(&bytes, &mut out);
            let mut input = Input::new(&out);
            prop_assert_eq!(input.number().unwrap(), number);
            prop_assert_eq!(input.signed().unwrap(), signed);
            prop_assert_eq!(input.bytes().unwrap(), &bytes);
            prop_assert!(input.is_empty());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let mut input = Input::new(&bytes);
            let _ = input.number();
            let _ = input.count(10);
            let _ = input.bytes();
        }
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        assert!(Input::new(&[0xff; 10]).number().is_err());
        assert_eq!(
            Input::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).number().unwrap(),
            u64::MAX
        );
        assert!(Input::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number().is_err());
    }
}
