//! Content codings: inflates a body piece by piece, and stops as soon as it is too large.

use std::io::{self, Write};

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use crate::budget::Reservation;

/// zstd frames may look back this far (RFC 9659 asks web senders to keep to 8 MiB): it bounds the memory
/// a frame can claim.
const ZSTD_WINDOW_LOG: u32 = 23;
/// What a decoder takes besides its window, about.
const BUFFER: usize = 64 << 10;
/// What a request takes besides its body, about: its head, its task, and what its connection buffers for it.
pub(super) const REQUEST: usize = 16 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    /// The zlib format, as HTTP means it.
    Deflate,
    Zstd,
}

impl Coding {
    /// The coding a request names; `Err` holds the name of one that is not supported.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, String> {
        let mut coding = Self::Identity;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let text = String::from_utf8_lossy(value.as_bytes());
            for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let next = match name.to_ascii_lowercase().as_str() {
                    "identity" => continue,
                    "gzip" | "x-gzip" => Self::Gzip,
                    "deflate" => Self::Deflate,
                    "zstd" => Self::Zstd,
                    _ => return Err(name.to_owned()),
                };
                if coding != Self::Identity {
                    return Err(text.into_owned());
                }
                coding = next;
            }
        }
        Ok(coding)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        }
    }
}

/// Why a body's bytes did not become its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentError {
    /// Larger than allowed.
    TooLarge,
    /// The memory for requests is taken by others.
    NoMemory,
    /// Not what its content coding says, or cut off.
    Invalid,
}

/// A body's content as far as it has come.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) memory: Reservation,
    limit: usize,
    /// Memory of the decoder.
    overhead: usize,
    /// Memory of bytes that wait for the decoder.
    input: usize,
    failed: Option<ContentError>,
}

impl Content {
    /// An empty content; the request itself is charged from here on.
    pub(super) fn new(memory: Reservation, limit: usize) -> Result<Self, ContentError> {
        let mut content = Self { bytes: Vec::new(), memory, limit, overhead: 0, input: 0, failed: None };
        content.charge(0)?;
        Ok(content)
    }

    fn set_overhead(&mut self, overhead: usize) -> Result<(), ContentError> {
        self.overhead = overhead;
        self.charge(self.bytes.capacity())
    }

    fn set_input(&mut self, input: usize) -> Result<(), ContentError> {
        self.input = input;
        self.charge(self.bytes.capacity())
    }

    fn charge(&mut self, capacity: usize) -> Result<(), ContentError> {
        let bytes = REQUEST + capacity + self.overhead + self.input;
        self.memory.resize(bytes).map_err(|_| ContentError::NoMemory)
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), ContentError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let length = self.bytes.len() + bytes.len();
        if length > self.limit {
            return Err(ContentError::TooLarge);
        }
        if length > self.bytes.capacity() {
            let capacity = length.next_power_of_two().min(self.limit).max(4096.min(self.limit));
            self.charge(capacity)?;
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

impl Write for Content {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.push(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(error) => {
                self.failed = Some(error);
                Err(io::Error::other("refused"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Turns the bytes of a compressed body into its content.
pub(super) enum Decoder {
    Gzip(Box<MultiGzDecoder<Content>>),
    Deflate(Box<ZlibDecoder<Content>>),
    Zstd(Box<Zstd>),
}

pub(super) struct Zstd {
    decoder: DCtx<'static>,
    buffer: Vec<u8>,
    content: Content,
    /// Whether what was fed so far ends with a frame.
    whole: bool,
}

impl Decoder {
    pub(super) fn gzip(mut content: Content) -> Result<Self, ContentError> {
        content.set_overhead(BUFFER)?;
        Ok(Self::Gzip(Box::new(MultiGzDecoder::new(content))))
    }

    pub(super) fn deflate(mut content: Content) -> Result<Self, ContentError> {
        content.set_overhead(BUFFER)?;
        Ok(Self::Deflate(Box::new(ZlibDecoder::new(content))))
    }

    pub(super) fn zstd(mut content: Content) -> Result<Self, ContentError> {
        let mut decoder = DCtx::try_create().ok_or(ContentError::NoMemory)?;
        content.set_overhead(BUFFER + decoder.sizeof())?;
        let window = DParameter::WindowLogMax(ZSTD_WINDOW_LOG);
        decoder.set_parameter(window).map_err(|_| ContentError::NoMemory)?;
        Ok(Self::Zstd(Box::new(Zstd { decoder, buffer: vec![0; BUFFER], content, whole: true })))
    }

    /// Charges the memory of bytes that are kept until they are fed.
    pub(super) fn set_input(&mut self, bytes: usize) -> Result<(), ContentError> {
        match self {
            Self::Gzip(decoder) => decoder.get_mut().set_input(bytes),
            Self::Deflate(decoder) => decoder.get_mut().set_input(bytes),
            Self::Zstd(decoder) => decoder.content.set_input(bytes),
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), ContentError> {
        match self {
            Self::Gzip(decoder) => decoder
                .write_all(bytes)
                .map_err(|_| decoder.get_ref().failed.unwrap_or(ContentError::Invalid)),
            Self::Deflate(decoder) => decoder
                .write_all(bytes)
                .map_err(|_| decoder.get_ref().failed.unwrap_or(ContentError::Invalid)),
            Self::Zstd(decoder) => decoder.feed(bytes),
        }
    }

    /// The whole content, once everything was fed.
    pub(super) fn finish(self) -> Result<Content, ContentError> {
        match self {
            Self::Gzip(mut decoder) => {
                let finished = decoder.try_finish();
                finished.map_err(|_| decoder.get_ref().failed.unwrap_or(ContentError::Invalid))?;
                decoder.finish().map_err(|_| ContentError::Invalid)
            }
            Self::Deflate(mut decoder) => {
                let finished = decoder.try_finish();
                finished.map_err(|_| decoder.get_ref().failed.unwrap_or(ContentError::Invalid))?;
                decoder.finish().map_err(|_| ContentError::Invalid)
            }
            Self::Zstd(decoder) if decoder.whole => Ok(decoder.content),
            Self::Zstd(_) => Err(ContentError::Invalid),
        }
    }
}

impl Zstd {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), ContentError> {
        let mut input = InBuffer::around(bytes);
        loop {
            if self.whole {
                if input.pos == bytes.len() {
                    return Ok(());
                }
                self.decoder.reset(ResetDirective::SessionOnly).map_err(|_| ContentError::Invalid)?;
                self.whole = false;
            }
            let mut output = OutBuffer::around(&mut self.buffer[..]);
            let step = self.decoder.decompress_stream(&mut output, &mut input);
            let hint = step.map_err(|_| ContentError::Invalid)?;
            let written = output.pos();
            // How far back a frame may look decides what the decoder takes.
            self.content.set_overhead(BUFFER + self.decoder.sizeof())?;
            self.content.push(&self.buffer[..written])?;
            self.whole = hint == 0;
            if !self.whole && input.pos == bytes.len() && written < self.buffer.len() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;

    fn content(limit: usize) -> Content {
        Content::new(Budget::new(64 << 20).reservation(), limit).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    type Encode = fn(&[u8]) -> Vec<u8>;

    const ALL: [(Coding, Encode); 3] =
        [(Coding::Gzip, gzip), (Coding::Deflate, deflate), (Coding::Zstd, zstd)];

    fn decode(coding: Coding, bytes: &[u8], piece: usize, limit: usize) -> Result<Vec<u8>, ContentError> {
        let mut decoder = match coding {
            Coding::Zstd => Decoder::zstd(content(limit))?,
            Coding::Deflate => Decoder::deflate(content(limit))?,
            _ => Decoder::gzip(content(limit))?,
        };
        for piece in bytes.chunks(piece) {
            decoder.feed(piece)?;
        }
        decoder.finish().map(|content| content.bytes)
    }

    #[test]
    fn members_and_frames_behind_each_other_are_one_content_however_they_are_cut() {
        let parts: [&[u8]; 3] = [b"{\"message\":\"one\"}\n", &b"x".repeat(200_000), b""];
        let whole = parts.concat();
        for (coding, encode) in [(Coding::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Coding::Zstd, zstd)] {
            let bytes = parts.map(encode).concat();
            for piece in [1, 7, 1_000, usize::MAX] {
                assert_eq!(
                    decode(coding, &bytes, piece, 1 << 20).as_ref(),
                    Ok(&whole),
                    "{coding:?} by {piece}"
                );
            }
        }
    }

    #[test]
    fn a_body_cut_anywhere_or_garbled_is_invalid() {
        for (coding, encode) in ALL {
            let bytes = encode(b"a body that is long enough to be cut in many places, and then some");
            for length in 1..bytes.len() {
                let cut = decode(coding, &bytes[..length], usize::MAX, 1 << 20);
                assert_eq!(cut, Err(ContentError::Invalid), "{coding:?} at {length}");
            }
            assert_eq!(decode(coding, b"no such thing", 5, 1 << 20), Err(ContentError::Invalid));
        }
    }

    #[test]
    fn a_body_that_inflates_beyond_the_limit_is_refused_before_it_does() {
        let bomb = vec![0; 64 << 20];
        for (coding, encode) in ALL {
            assert_eq!(
                decode(coding, &encode(&bomb), 512, 1 << 20),
                Err(ContentError::TooLarge),
                "{coding:?}"
            );
        }
        assert_eq!(decode(Coding::Gzip, &gzip(&bomb[..1 << 20]), 512, 1 << 20), Ok(vec![0; 1 << 20]));
    }

    #[test]
    fn a_zstd_frame_that_wants_a_huge_window_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.long_distance_matching(true).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
        assert_eq!(
            decode(Coding::Zstd, &encoder.finish().unwrap(), 512, 2 << 20),
            Err(ContentError::Invalid)
        );
    }

    #[test]
    fn the_window_of_a_zstd_frame_is_charged_like_any_memory() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(23).unwrap();
        encoder.write_all(&[b'x'; 10_000]).unwrap();
        let frame = encoder.finish().unwrap();
        let decode = |budget: &Budget| {
            let mut decoder = Decoder::zstd(Content::new(budget.reservation(), 1 << 20)?)?;
            decoder.feed(&frame)?;
            assert!(budget.bytes_taken() >= 8 << 20, "{}", budget.bytes_taken());
            decoder.finish().map(|content| content.bytes.len())
        };
        assert_eq!(decode(&Budget::new(16 << 20)), Ok(10_000));
        assert_eq!(decode(&Budget::new(4 << 20)), Err(ContentError::NoMemory));
    }

    #[test]
    fn a_request_and_its_decoder_are_charged_before_a_byte_has_come() {
        let budget = Budget::new(64 << 20);
        let content = Content::new(budget.reservation(), 1 << 20).unwrap();
        assert_eq!(budget.bytes_taken(), REQUEST);
        let mut decoder = Decoder::zstd(content).unwrap();
        let Decoder::Zstd(zstd) = &decoder else { panic!("asked for zstd") };
        let least = REQUEST + zstd.buffer.capacity() + zstd.decoder.sizeof();
        assert!(budget.bytes_taken() >= least, "{} of {least}", budget.bytes_taken());
        decoder.set_input(100_000).unwrap();
        assert!(budget.bytes_taken() >= least + 100_000);
        drop(decoder);
        assert_eq!(budget.bytes_taken(), 0);
        let nothing = Content::new(Budget::new(REQUEST as u64 - 1).reservation(), 1 << 20);
        assert_eq!(nothing.map(|_| ()), Err(ContentError::NoMemory));
    }

    #[test]
    fn memory_that_others_hold_is_not_taken() {
        let budget = Budget::new(1 << 20);
        let mut other = budget.reservation();
        other.resize(600 << 10).unwrap();
        let mut content = Content::new(budget.reservation(), 1 << 20).unwrap();
        assert_eq!(content.push(&[0; 300_000]), Err(ContentError::NoMemory));
        drop(other);
        assert_eq!(content.push(&[0; 300_000]), Ok(()));
    }

    #[test]
    fn codings_are_read_from_the_header() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_ENCODING, http::HeaderValue::from_static(value));
            }
            Coding::of(&headers)
        };
        assert_eq!(of(&[]), Ok(Coding::Identity));
        assert_eq!(of(&["identity"]), Ok(Coding::Identity));
        assert_eq!(of(&["GZip"]), Ok(Coding::Gzip));
        assert_eq!(of(&["identity, zstd"]), Ok(Coding::Zstd));
        assert_eq!(of(&["br"]), Err("br".to_owned()));
        assert_eq!(of(&["gzip, gzip"]), Err("gzip, gzip".to_owned()));
        assert_eq!(of(&["gzip", "zstd"]), Err("zstd".to_owned()));
    }
}
