//! Compressed messages, told by their first bytes: senders name other codings than they use.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use crate::wire::{Sink, Unreadable};

const PIECE: usize = 16 << 10;

/// The message as JSON; `limit` bounds its bytes.
pub(super) fn inflate<'a>(
    bytes: &'a [u8],
    limit: usize,
    sink: &mut dyn Sink,
) -> Result<Cow<'a, [u8]>, Unreadable> {
    match bytes {
        [0x1f, 0x8b, ..] => read(MultiGzDecoder::new(bytes), "gzip", limit, sink).map(Cow::Owned),
        [method, flags, ..] if is_zlib(*method, *flags) => {
            read(ZlibDecoder::new(bytes), "zlib", limit, sink).map(Cow::Owned)
        }
        _ => Ok(Cow::Borrowed(bytes)),
    }
}

/// The header of RFC 1950: deflate with a window of up to 32 KiB, and a check sum.
fn is_zlib(method: u8, flags: u8) -> bool {
    method & 0x0f == 8 && method >> 4 <= 7 && (u16::from(method) << 8 | u16::from(flags)) % 31 == 0
}

fn read(
    mut decoder: impl Read,
    coding: &str,
    limit: usize,
    sink: &mut dyn Sink,
) -> Result<Vec<u8>, Unreadable> {
    let (mut bytes, mut filled) = (Vec::new(), 0);
    loop {
        if filled == bytes.len() {
            let more = filled.max(PIECE);
            sink.charge(more)?;
            bytes.resize(filled + more, 0);
        }
        let room = bytes.get_mut(filled..).unwrap_or_default();
        match decoder.read(room) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(_) => return Err(Unreadable::Malformed(format!("it is not whole or valid {coding}"))),
        }
        if filled > limit {
            return Err(Unreadable::TooLarge);
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
