//! MessagePack, read token by token from bytes that may be cut anywhere.
//!
//! Source: <https://github.com/msgpack/msgpack/blob/master/spec.md>

#[cfg(test)]
mod tests;
mod write;

use crate::entry::{Members, Rejection};

pub(super) use write::Writer;

/// One token. Containers are followed by so many values, or pairs of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    Nil,
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Single(f32),
    Double(f64),
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Array(u32),
    Map(u32),
    Extension(i8, &'a [u8]),
}

/// Why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// So many bytes are missing, at least.
    Cut(usize),
    /// The byte that means nothing.
    Reserved,
}

/// Reads the values in `bytes` one behind the other.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self::at(bytes, 0)
    }

    /// Reads from `at` on.
    pub(super) fn at(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// A reader of the same bytes from `at` on.
    pub(super) fn clone_at(&self, at: usize) -> Self {
        Self::at(self.bytes, at)
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next token; where it is cut, the reader stays where it is.
    pub(super) fn token(&mut self) -> Result<Token<'a>, Fault> {
        let start = self.at;
        let token = self.read();
        if token.is_err() {
            self.at = start;
        }
        token
    }

    fn read(&mut self) -> Result<Token<'a>, Fault> {
        let [first] = self.take::<1>()?;
        Ok(match first {
            0x00..=0x7f => Token::Unsigned(u64::from(first)),
            0x80..=0x8f => Token::Map(u32::from(first & 0x0f)),
            0x90..=0x9f => Token::Array(u32::from(first & 0x0f)),
            0xa0..=0xbf => Token::Text(self.slice(u32::from(first & 0x1f))?),
            0xc0 => Token::Nil,
            0xc1 => return Err(Fault::Reserved),
            0xc2 => Token::Boolean(false),
            0xc3 => Token::Boolean(true),
            0xc4 => Token::Binary(self.sized::<1>()?),
            0xc5 => Token::Binary(self.sized::<2>()?),
            0xc6 => Token::Binary(self.sized::<4>()?),
            0xc7 => self.extension::<1>()?,
            0xc8 => self.extension::<2>()?,
            0xc9 => self.extension::<4>()?,
            0xca => Token::Single(f32::from_be_bytes(self.take()?)),
            0xcb => Token::Double(f64::from_be_bytes(self.take()?)),
            0xcc => Token::Unsigned(u64::from(u8::from_be_bytes(self.take()?))),
            0xcd => Token::Unsigned(u64::from(u16::from_be_bytes(self.take()?))),
            0xce => Token::Unsigned(u64::from(u32::from_be_bytes(self.take()?))),
            0xcf => Token::Unsigned(u64::from_be_bytes(self.take()?)),
            0xd0 => Token::Signed(i64::from(i8::from_be_bytes(self.take()?))),
            0xd1 => Token::Signed(i64::from(i16::from_be_bytes(self.take()?))),
            0xd2 => Token::Signed(i64::from(i32::from_be_bytes(self.take()?))),
            0xd3 => Token::Signed(i64::from_be_bytes(self.take()?)),
            0xd4..=0xd8 => {
                let [kind] = self.take::<1>()?;
                Token::Extension(kind.cast_signed(), self.slice(1 << (first - 0xd4))?)
            }
            0xd9 => Token::Text(self.sized::<1>()?),
            0xda => Token::Text(self.sized::<2>()?),
            0xdb => Token::Text(self.sized::<4>()?),
            0xdc => Token::Array(self.length::<2>()?),
            0xdd => Token::Array(self.length::<4>()?),
            0xde => Token::Map(self.length::<2>()?),
            0xdf => Token::Map(self.length::<4>()?),
            0xe0..=0xff => Token::Signed(i64::from(first.cast_signed())),
        })
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (taken, _) = rest.split_first_chunk::<N>().ok_or(Fault::Cut(N.saturating_sub(rest.len())))?;
        self.at += N;
        Ok(*taken)
    }

    fn length<const N: usize>(&mut self) -> Result<u32, Fault> {
        Ok(self.take::<N>()?.iter().fold(0, |length, byte| length << 8 | u32::from(*byte)))
    }

    fn slice(&mut self, length: u32) -> Result<&'a [u8], Fault> {
        let (rest, length) = (self.bytes.get(self.at..).unwrap_or_default(), length as usize);
        let slice = rest.get(..length).ok_or(Fault::Cut(length.saturating_sub(rest.len())))?;
        self.at += length;
        Ok(slice)
    }

    fn sized<const N: usize>(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.length::<N>()?;
        self.slice(length)
    }

    fn extension<const N: usize>(&mut self) -> Result<Token<'a>, Fault> {
        let length = self.length::<N>()?;
        let [kind] = self.take::<1>()?;
        Ok(Token::Extension(kind.cast_signed(), self.slice(length)?))
    }

    /// Passes over a whole value, however deep.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let mut extent = Extent { at: self.at, pending: 1 };
        self.at = extent.read(self.bytes)?;
        Ok(())
    }
}

/// Where a value ends whose bytes come in pieces: none is looked at twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    at: usize,
    /// Values that are missing still.
    pending: u64,
}

impl Default for Extent {
    fn default() -> Self {
        Self { at: 0, pending: 1 }
    }
}

impl Extent {
    /// Behind the value that `bytes` begin with.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut reader = Reader::at(bytes, self.at);
        while self.pending > 0 {
            let more = match reader.token()? {
                Token::Array(count) => u64::from(count),
                Token::Map(count) => 2 * u64::from(count),
                _ => 0,
            };
            self.pending = (self.pending - 1).saturating_add(more);
            self.at = reader.position();
        }
        Ok(self.at)
    }
}

/// Writes a token that was read, and what is within it, as the value of a key or as an element. Binary data is text where it is UTF-8, and
/// base64 otherwise; so are extensions.
pub(super) fn copy(
    token: Token<'_>,
    reader: &mut Reader<'_>,
    depth: usize,
    members: &mut Members,
) -> Result<(), Rejection> {
    match token {
        Token::Nil => members.push_null(),
        Token::Boolean(value) => members.push_boolean(value),
        Token::Unsigned(value) => members.push_number(value),
        Token::Signed(value) => members.push_number(value),
        Token::Single(value) if value.is_finite() => members.push_number(value),
        Token::Single(value) => members.push_float(f64::from(value)),
        Token::Double(value) => members.push_float(value),
        Token::Text(bytes) | Token::Binary(bytes) => match str::from_utf8(bytes) {
            Ok(text) => members.push_string(text),
            Err(_) => members.push_base64(bytes),
        },
        Token::Extension(_, bytes) => members.push_base64(bytes),
        Token::Array(_) | Token::Map(_) if depth == 0 => {
            return Err(Rejection::limit("nested deeper than an entry may be"));
        }
        Token::Array(count) => {
            members.push_array();
            for _ in 0..count {
                let token = reader.token().map_err(cut)?;
                copy(token, reader, depth - 1, members)?;
            }
            members.close();
        }
        Token::Map(count) => {
            members.push_object();
            for _ in 0..count {
                members.key(&key(reader)?);
                let token = reader.token().map_err(cut)?;
                copy(token, reader, depth - 1, members)?;
            }
            members.close();
        }
    }
    Ok(())
}

/// The next value as a key: a text, or another scalar as it would be written.
pub(super) fn key<'a>(reader: &mut Reader<'a>) -> Result<std::borrow::Cow<'a, str>, Rejection> {
    let start = reader.position();
    Ok(match reader.token().map_err(cut)? {
        Token::Text(bytes) | Token::Binary(bytes) => String::from_utf8_lossy(bytes),
        token => match scalar(token) {
            Some(text) => text.into(),
            None => {
                *reader = Reader::at(reader.bytes, start);
                reader.skip().map_err(cut)?;
                return Err(Rejection::whole("a key of a map is a container"));
            }
        },
    })
}

/// A scalar other than text as JSON writes it.
pub(super) fn scalar(token: Token<'_>) -> Option<String> {
    Some(match token {
        Token::Nil => "null".to_owned(),
        Token::Boolean(value) => value.to_string(),
        Token::Unsigned(value) => value.to_string(),
        Token::Signed(value) => value.to_string(),
        Token::Single(value) => value.to_string(),
        Token::Double(value) => value.to_string(),
        _ => return None,
    })
}

/// What is said of a value that ends too early, which the frame around it does not.
pub(super) fn cut(_: Fault) -> Rejection {
    Rejection::whole("the MessagePack of the entry is cut off or invalid")
}
