//! Strings of JSON: where they end, what they mean, and how they are written.

use std::borrow::Cow;

use super::Fault;
use crate::hex;

/// What backslashes a string holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Escapes {
    /// Plain text that is not JSON at all, without quotes.
    Plain,
    /// None: the string is its own text.
    None,
    Some,
    /// Half of a surrogate pair among them, which stands for no character.
    LoneSurrogate,
}

/// Where the string ends whose opening quote is just before `at`: behind its closing quote.
#[inline]
pub fn scan(bytes: &[u8], mut at: usize) -> Result<(usize, Escapes), Fault> {
    let mut escapes = Escapes::None;
    loop {
        at = skip_plain(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok((at + 1, escapes)),
            Some(b'\\') => {
                let (end, escape) = scan_escape(bytes, at)?;
                (at, escapes) = (end, escapes.max(escape));
            }
            Some(&byte) => return Err(Fault::Control { offset: at, byte }),
            None => return Err(Fault::End { offset: at, expected: "the string's closing quote" }),
        }
    }
}

/// The first quote, backslash or control byte from `at` on, or the end; eight bytes at a time.
#[inline]
fn skip_plain(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let marks = marks(u64::from_le_bytes(*chunk));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    // The last bytes once more with those before them, which are plain.
    if let Some(chunk) = bytes.last_chunk::<8>().filter(|_| at > start && at < bytes.len()) {
        let marks = marks(u64::from_le_bytes(*chunk)) >> (8 * (8 - (bytes.len() - at)));
        return if marks == 0 { bytes.len() } else { at + (marks.trailing_zeros() / 8) as usize };
    }
    // Four to seven bytes are the first four and the last four.
    let rest = bytes.get(at..).unwrap_or_default();
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>())
        && marks(u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32) == 0
    {
        return bytes.len();
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

/// The high bits of the bytes that are a quote, a backslash or a control byte. A borrow can mark bytes behind such a byte wrongly,
/// never before one: the lowest mark is right.
#[inline(always)]
fn marks(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    const fn zero_bytes(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let quotes = zero_bytes(word ^ (ONES * b'"' as u64));
    let backslashes = zero_bytes(word ^ (ONES * b'\\' as u64));
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    (quotes | backslashes | controls) & HIGH
}

#[cold]
fn scan_escape(bytes: &[u8], at: usize) -> Result<(usize, Escapes), Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok((at + 2, Escapes::Some)),
        Some(b'u') => {
            let first = code_unit(bytes, at).ok_or(Fault::Escape { offset: at })?;
            match first {
                0xd800..0xdc00 => match low_surrogate(bytes, at + 6) {
                    Some(_) => Ok((at + 12, Escapes::Some)),
                    None => Ok((at + 6, Escapes::LoneSurrogate)),
                },
                0xdc00..0xe000 => Ok((at + 6, Escapes::LoneSurrogate)),
                _ => Ok((at + 6, Escapes::Some)),
            }
        }
        Some(_) => Err(Fault::Escape { offset: at }),
        None => Err(Fault::End { offset: at + 1, expected: "the rest of an escape" }),
    }
}

/// The `\uXXXX` that begins at `at`.
fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes.get(at..at + 6)? else { return None };
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

fn low_surrogate(bytes: &[u8], at: usize) -> Option<u32> {
    code_unit(bytes, at).filter(|unit| (0xdc00..0xe000).contains(unit))
}

/// The text that a string stands for, given what is between its quotes. Halves of surrogate pairs become
/// U+FFFD.
pub fn unescape(raw: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, _)) = rest.split_once('\\') {
        text.push_str(plain);
        let (character, length) = unescape_one(&rest.as_bytes()[plain.len()..]);
        text.push(character);
        rest = rest.get(plain.len() + length..).unwrap_or_default();
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The character that the escape at the front stands for, and the escape's length.
fn unescape_one(escape: &[u8]) -> (char, usize) {
    let character = match escape.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let Some(unit) = code_unit(escape, 0) else { return (char::REPLACEMENT_CHARACTER, 2) };
            return match (unit, low_surrogate(escape, 6)) {
                (0xd800..0xdc00, Some(low)) => {
                    let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
                }
                _ => (char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
            };
        }
        Some(&byte) if byte.is_ascii() => char::from(byte),
        _ => return (char::REPLACEMENT_CHARACTER, 1),
    };
    (character, 2)
}

/// Writes `text` as a string with its quotes, escaping no more than JSON asks for.
#[inline]
pub fn write(text: &str, out: &mut Vec<u8>) {
    let plain = skip_plain(text.as_bytes(), 0);
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(&text.as_bytes()[..plain]);
    if plain < text.len() {
        write_escaped(&text.as_bytes()[plain..], out);
    }
    out.push(b'"');
}

/// Writes what a string holds from its first byte on that must be escaped.
#[cold]
fn write_escaped(mut rest: &[u8], out: &mut Vec<u8>) {
    while let Some((&byte, behind)) = rest.split_first() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x8 => out.extend_from_slice(b"\\b"),
            0xc => out.extend_from_slice(b"\\f"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&hex::PAIRS[usize::from(control)]);
            }
        }
        let plain = skip_plain(behind, 0);
        out.extend_from_slice(&behind[..plain]);
        rest = &behind[plain..];
    }
}

/// The longest beginning of `text` of at most `limit` bytes that ends between two characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str) -> Result<(usize, Escapes), Fault> {
        scan(text.as_bytes(), 0)
    }

    #[test]
    fn a_string_ends_at_the_first_quote_that_is_not_escaped() {
        for filler in 0..20 {
            let plain = "é".repeat(filler);
            assert_eq!(scanned(&format!("{plain}\" rest of the text")), Ok((plain.len() + 1, Escapes::None)));
            let escaped = format!("{plain}\\\"{plain}\\\\");
            assert_eq!(scanned(&format!("{escaped}\"")), Ok((escaped.len() + 1, Escapes::Some)));
            assert!(matches!(scanned(&plain), Err(Fault::End { .. })));
        }
    }

    #[test]
    fn every_control_byte_is_found_wherever_it_stands() {
        for byte in 0..0x20 {
            for before in 0..20 {
                let text =
                    format!("{}{}{}", "~".repeat(before), char::from(byte), "\u{80}\u{7f}\"".repeat(5));
                assert_eq!(scanned(&text), Err(Fault::Control { offset: before, byte }));
            }
        }
    }

    #[test]
    fn surrogates_count_as_pairs_only() {
        for (text, expected) in [
            (r#"\ud83d\ude00""#, Ok((13, Escapes::Some))),
            (r#"\uD83D""#, Ok((7, Escapes::LoneSurrogate))),
            (r#"\ude00""#, Ok((7, Escapes::LoneSurrogate))),
            (r#"\ud83d\ud83d\ude00""#, Ok((19, Escapes::LoneSurrogate))),
            (r#"\ud83d\n""#, Ok((9, Escapes::LoneSurrogate))),
            (r#"\u00e""#, Err(Fault::Escape { offset: 0 })),
            (r#"\u+0e9""#, Err(Fault::Escape { offset: 0 })),
            (r#"\x41""#, Err(Fault::Escape { offset: 0 })),
        ] {
            assert_eq!(scanned(text), expected, "{text}");
        }
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        for (raw, text) in [
            (r"plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"\u0041\u00e9\u20AC\u0000", "A\u{e9}\u{20ac}\0"),
            (r"\ud83d\ude00!", "\u{1f600}!"),
            (r"a\ud83db\ude00c", "a\u{fffd}b\u{fffd}c"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        ] {
            assert_eq!(unescape(raw), text, "{raw}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let text: String = (0..=0x100).filter_map(char::from_u32).chain("\u{2028}😀".chars()).collect();
        let mut out = Vec::new();
        write(&text, &mut out);
        assert_eq!(scan(&out, 1).map(|(end, _)| end), Ok(out.len()));
        let written = str::from_utf8(&out).unwrap();
        assert_eq!(unescape(&written[1..written.len() - 1]), text);
    }

    #[test]
    fn a_cut_keeps_characters_whole() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("aé", 100), "aé");
    }
}
