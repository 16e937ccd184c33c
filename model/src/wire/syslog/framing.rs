//! Where messages end in a stream. RFC 6587 has octet counts and line feeds; senders also end messages by NUL, by a count
//! and a line feed, or not at all.
//!
//! What is decided depends on the bytes of the stream alone, not on how they arrive: where more bytes may change it, it waits.

use super::message::priority;
use super::time;

/// Digits that claim more are not a count.
const MOST: usize = 64 << 20;

/// What a connection has shown of its framing.
#[derive(Debug, Clone, Default)]
pub(super) struct Framing {
    style: Style,
    /// Bytes of the frame at the front that hold no end.
    scanned: usize,
    /// Bytes to come of a counted frame that is handed over in pieces.
    left: usize,
    begun: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Style {
    /// No message had an end yet: the next may end by LF, by NUL, or where another begins.
    #[default]
    Unknown,
    /// By LF; NUL is one too where a message follows it.
    Lines,
    /// By NUL; LF is one too where a message follows it.
    Nul,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// A message, perhaps empty, and how many bytes it takes with its framing.
    Frame {
        message: &'a [u8],
        length: usize,
    },
    /// More bytes are needed, so many at least where that is known.
    More(usize),
    Broken(&'static str),
}

enum Is {
    Yes(usize),
    No,
    Open,
}

impl Framing {
    /// The message at the front of `bytes`; one that is longer than `piece` comes in pieces.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8], piece: usize) -> Next<'a> {
        if !self.begun {
            match bytes {
                [0x78, 0x01 | 0x9c | 0xda, ..] => {
                    return Next::Broken(
                        "the stream is compressed, which is not supported: switch the sender's compression off",
                    );
                }
                [] | [0x78] => return Next::More(0),
                _ => self.begun = true,
            }
        }
        if self.left > 0 {
            let length = self.left.min(piece);
            return match bytes.get(..length) {
                Some(message) => {
                    self.left -= length;
                    Next::Frame { message: trim(message), length }
                }
                None => Next::More(length - bytes.len()),
            };
        }
        let blank = bytes.iter().take_while(|byte| is_blank(**byte)).count();
        if blank > 0 && self.scanned == 0 {
            return Next::Frame { message: &[], length: blank };
        }
        match count(bytes) {
            Is::Open => return Next::More(0),
            Is::Yes(head) => {
                let counted = counted(bytes, head);
                let length = counted.min(piece);
                let Some(message) = bytes.get(head..head + length) else {
                    return Next::More(head + length - bytes.len());
                };
                self.left = counted - length;
                return Next::Frame { message: trim(message), length: head + length };
            }
            Is::No => {}
        }
        self.delimited(bytes, piece)
    }

    /// What is left at the end of a stream, or where it pauses.
    pub(super) fn rest<'a>(&mut self, bytes: &'a [u8]) -> Next<'a> {
        self.scanned = 0;
        self.begun = true;
        let head = match count(bytes) {
            _ if self.left > 0 => 0,
            Is::Yes(head) => {
                self.left = counted(bytes, head);
                head
            }
            _ => 0,
        };
        self.left = self.left.saturating_sub(bytes.len() - head);
        Next::Frame { message: trim(bytes.get(head..).unwrap_or_default()), length: bytes.len() }
    }

    fn delimited<'a>(&mut self, bytes: &'a [u8], piece: usize) -> Next<'a> {
        // Behind the longest piece nothing is looked for, but what shows whether its end is one.
        let mut at = self.scanned;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let found = match self.style {
                Style::Unknown => memchr::memchr3(b'\n', 0, b'<', rest),
                _ => memchr::memchr2(b'\n', 0, rest),
            };
            let end = found.map_or(bytes.len(), |found| at + found);
            if end > piece {
                return self.cut(bytes, piece);
            }
            if found.is_none() {
                self.scanned = end;
                return Next::More(0);
            }
            let behind = bytes.get(end + 1..).unwrap_or_default();
            let (ends, style, delimiter) = match (bytes.get(end), self.style) {
                (Some(b'\n'), Style::Unknown | Style::Lines) => (Is::Yes(0), Style::Lines, 1),
                (Some(0), Style::Unknown | Style::Nul) => (Is::Yes(0), Style::Nul, 1),
                (Some(0), Style::Lines) => (begins(behind), Style::Nul, 1),
                (Some(b'\n'), Style::Nul) => (begins(behind), Style::Lines, 1),
                (_, style) if end > 0 => (heads(bytes.get(end..).unwrap_or_default()), style, 0),
                (_, style) => (Is::No, style, 0),
            };
            match ends {
                Is::Yes(_) => {
                    (self.style, self.scanned) = (style, 0);
                    let message = bytes.get(..end).unwrap_or_default();
                    return Next::Frame { message: trim(message), length: end + delimiter };
                }
                Is::No => at = end + 1,
                Is::Open => {
                    self.scanned = end;
                    return Next::More(0);
                }
            }
        }
    }

    /// The first piece of a message that has no end within it.
    fn cut<'a>(&mut self, bytes: &'a [u8], piece: usize) -> Next<'a> {
        self.scanned = 0;
        // Not within a character.
        let back = (0..4).find(|back| !matches!(bytes.get(piece - back), Some(0x80..=0xbf)));
        let length = piece - back.unwrap_or(0);
        Next::Frame { message: trim(bytes.get(..length).unwrap_or_default()), length }
    }
}

/// A message without the ends that framings leave on it.
pub(in crate::wire) fn trim(message: &[u8]) -> &[u8] {
    let length = message.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
    message.get(..length).unwrap_or_default()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | 0)
}

/// Whether the frame begins with an octet count; then, how long it is with the space behind it.
fn count(bytes: &[u8]) -> Is {
    let digits = bytes.iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
    match (bytes.first(), bytes.get(digits)) {
        (Some(b'1'..=b'9'), Some(b' ')) => {
            let head = digits + 1;
            match priority_begins(bytes.get(head..).unwrap_or_default()) {
                Is::Yes(_) if counted(bytes, head) <= MOST => Is::Yes(head),
                Is::Open => Is::Open,
                _ => Is::No,
            }
        }
        (Some(b'1'..=b'9'), None) => Is::Open,
        _ => Is::No,
    }
}

fn counted(bytes: &[u8], head: usize) -> usize {
    let digits = bytes.get(..head.saturating_sub(1)).unwrap_or_default();
    digits.iter().fold(0, |count, digit| count * 10 + usize::from(digit - b'0'))
}

/// Whether a message with a priority begins here.
fn priority_begins(bytes: &[u8]) -> Is {
    if let Some(length) = priority(bytes).map(|(_, length)| length) {
        return Is::Yes(length);
    }
    let digits = bytes.iter().skip(1).take(3).take_while(|byte| byte.is_ascii_digit()).count();
    match bytes.first() {
        None => Is::Open,
        Some(b'<') if digits < 4 && bytes.len() == digits + 1 => Is::Open,
        _ => Is::No,
    }
}

/// Whether a message begins behind what may be its delimiter.
fn begins(bytes: &[u8]) -> Is {
    match bytes {
        [] | [b'<'] => Is::Open,
        [b'<', digit, ..] if digit.is_ascii_digit() => Is::Yes(0),
        _ => Is::No,
    }
}

/// Whether a whole header begins here: a priority and a time, such as no text has in its midst.
fn heads(bytes: &[u8]) -> Is {
    let length = match priority_begins(bytes) {
        Is::Yes(length) => length,
        other => return other,
    };
    let behind = bytes.get(length..).unwrap_or_default();
    if time::heads(behind) {
        Is::Yes(0)
    } else if behind.len() < time::LONGEST_HEAD && !behind.contains(&b'\n') && !behind.contains(&0) {
        Is::Open
    } else {
        Is::No
    }
}
