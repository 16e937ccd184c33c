//! Compressed parts of a body or a frame, inflated under a bound and charged like any memory.

use std::io::{Read, Write};

use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::Sink;

/// zstd frames may look back 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;
/// Bytes inflated at a time.
const STEP: usize = 32 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Zlib,
    Zstd,
}

/// Why compressed bytes did not become their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deflated {
    /// Not what they are said to be, or cut off.
    Invalid,
    /// Larger than allowed.
    TooLarge,
    /// Memory is taken by others.
    Full,
}

/// The content of `bytes`, of at most `limit` bytes.
pub(super) fn inflate(
    coding: Coding,
    bytes: &[u8],
    limit: usize,
    sink: &mut dyn Sink,
) -> Result<Vec<u8>, Deflated> {
    let mut content = Content { bytes: Vec::new(), limit, sink };
    match coding {
        Coding::Gzip => content.read(MultiGzDecoder::new(bytes))?,
        Coding::Zlib => content.read(ZlibDecoder::new(bytes))?,
        Coding::Zstd => content.zstd(bytes)?,
    }
    Ok(content.bytes)
}

struct Content<'s> {
    bytes: Vec<u8>,
    limit: usize,
    sink: &'s mut dyn Sink,
}

impl Content<'_> {
    fn read(&mut self, mut decoder: impl Read) -> Result<(), Deflated> {
        self.charge(STEP)?;
        let mut step = vec![0; STEP];
        loop {
            let count = decoder.read(&mut step).map_err(|_| Deflated::Invalid)?;
            if count == 0 {
                return Ok(());
            }
            self.push(step.get(..count).unwrap_or_default())?;
        }
    }

    fn zstd(&mut self, bytes: &[u8]) -> Result<(), Deflated> {
        let mut decoder = DCtx::try_create().ok_or(Deflated::Full)?;
        decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG)).map_err(|_| Deflated::Full)?;
        let mut charged = decoder.sizeof();
        self.charge(STEP + charged)?;
        let mut step = vec![0; STEP];
        let mut input = InBuffer::around(bytes);
        loop {
            let mut output = OutBuffer::around(&mut step[..]);
            let hint = decoder.decompress_stream(&mut output, &mut input).map_err(|_| Deflated::Invalid)?;
            let written = output.pos();
            let size = decoder.sizeof();
            self.charge(size.saturating_sub(charged))?;
            charged = charged.max(size);
            self.push(step.get(..written).unwrap_or_default())?;
            if input.pos == bytes.len() && (hint == 0 || written < STEP) {
                return if hint == 0 { Ok(()) } else { Err(Deflated::Invalid) };
            }
        }
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Deflated> {
        self.sink.charge(bytes).map_err(|_| Deflated::Full)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Deflated> {
        let length = self.bytes.len() + bytes.len();
        if length > self.limit {
            return Err(Deflated::TooLarge);
        }
        if length > self.bytes.capacity() {
            let capacity = length.next_power_of_two().max(4096);
            // While it moves, the old one is there too; what is charged is given back at the end of the request.
            self.charge(capacity)?;
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.write_all(bytes).map_err(|_| Deflated::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::Collector;

    fn encode(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        match coding {
            Coding::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Coding::Zlib => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Coding::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        }
    }

    #[test]
    fn content_comes_back_and_what_is_cut_is_invalid() {
        let plain = b"some content that repeats, some content that repeats".repeat(2_000);
        for coding in [Coding::Gzip, Coding::Zlib, Coding::Zstd] {
            let bytes = encode(coding, &plain);
            let mut sink = Collector::default();
            assert_eq!(inflate(coding, &bytes, plain.len(), &mut sink), Ok(plain.clone()), "{coding:?}");
            for length in 1..bytes.len() {
                let cut = inflate(coding, &bytes[..length], plain.len(), &mut sink_with(16 << 20));
                assert_eq!(cut, Err(Deflated::Invalid), "{coding:?} at {length}");
            }
        }
    }

    fn sink_with(room: usize) -> Collector {
        Collector { room, ..Collector::default() }
    }

    #[test]
    fn bombs_are_refused_before_they_inflate() {
        let bomb = vec![0; 8 << 20];
        for coding in [Coding::Gzip, Coding::Zlib, Coding::Zstd] {
            let bytes = encode(coding, &bomb);
            assert_eq!(inflate(coding, &bytes, 1 << 20, &mut sink_with(64 << 20)), Err(Deflated::TooLarge));
            assert_eq!(inflate(coding, &bytes, 8 << 20, &mut sink_with(1 << 20)), Err(Deflated::Full));
        }
    }

    #[test]
    fn lengths_and_check_sums_that_lie_are_invalid_and_hold_nothing() {
        // One byte, in a frame that says it has a tebibyte.
        let boast =
            [&[0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0x00][..], &(1_u64 << 40).to_le_bytes(), &[0x09, 0, 0, b'x']];
        let mut garbled = vec![(Coding::Zstd, boast.concat())];
        for coding in [Coding::Gzip, Coding::Zlib] {
            let mut bytes = encode(coding, b"content");
            // The length of the content in gzip, the check sum in zlib.
            *bytes.last_mut().unwrap() ^= 0x7f;
            garbled.push((coding, bytes));
        }
        for (coding, bytes) in garbled {
            let mut sink = sink_with(64 << 20);
            assert_eq!(inflate(coding, &bytes, 1 << 30, &mut sink), Err(Deflated::Invalid), "{coding:?}");
            assert!(sink.room > 63 << 20, "{coding:?}: {} bytes were held", (64 << 20) - sink.room);
        }
    }
}
