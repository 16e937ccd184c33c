//! Protocol Buffers: the fields of a message, one after the other, borrowed from its bytes.

use std::borrow::Cow;

/// Bytes that are no message of this format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte offset {offset} of a protobuf message")]
pub(crate) struct Garbled {
    what: &'static str,
    offset: usize,
}

/// The value of one field, as the wire tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    /// A string, bytes, or a message.
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    value: Value<'a>,
    offset: usize,
}

/// Reads a message field by field. What a caller does not know it leaves alone; a message within a message is read by a reader of
/// its own, so that nothing recurses by itself.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next field; `None` at the end of the message.
    // Inlined with all it calls, as the reader of JSON is: returned through memory, fields take twice as long.
    #[inline(always)]
    pub(crate) fn field(&mut self) -> Result<Option<Field<'a>>, Garbled> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let offset = self.at;
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| (1..1 << 29).contains(number));
        let number = number.ok_or(Garbled { what: "a field with an impossible number", offset })?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                Value::Bytes(self.slice(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            3 | 4 => return Err(Garbled { what: "a group, which is not supported,", offset }),
            _ => return Err(Garbled { what: "a field of no known wire type", offset }),
        };
        Ok(Some(Field { number, value, offset }))
    }

    #[inline(always)]
    fn varint(&mut self) -> Result<u64, Garbled> {
        // Nearly all are a single byte.
        if let Some(&byte) = self.bytes.get(self.at)
            && byte < 0x80
        {
            self.at += 1;
            return Ok(u64::from(byte));
        }
        self.long_varint()
    }

    #[cold]
    fn long_varint(&mut self) -> Result<u64, Garbled> {
        let offset = self.at;
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let &byte =
                self.bytes.get(self.at).ok_or(Garbled { what: "a number that is cut off", offset })?;
            self.at += 1;
            // Of the tenth byte, one bit is left.
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Garbled { what: "a number of more than ten bytes", offset })
    }

    #[inline(always)]
    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Garbled> {
        let bytes = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<LENGTH>);
        let bytes = bytes.ok_or(Garbled { what: "a number that is cut off", offset: self.at })?;
        self.at += LENGTH;
        Ok(*bytes)
    }

    #[inline(always)]
    fn slice(&mut self, length: usize) -> Result<&'a [u8], Garbled> {
        let end = self.at.checked_add(length);
        let bytes = end.and_then(|end| self.bytes.get(self.at..end));
        let bytes =
            bytes.ok_or(Garbled { what: "a field that is longer than what is left", offset: self.at })?;
        self.at += length;
        Ok(bytes)
    }
}

impl<'a> Field<'a> {
    /// A string, bytes, or a message.
    #[inline(always)]
    pub(crate) fn bytes(self) -> Result<&'a [u8], Garbled> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.mistyped()),
        }
    }

    /// A string; what is not UTF-8 in it becomes U+FFFD.
    #[inline(always)]
    pub(crate) fn text(self) -> Result<Cow<'a, str>, Garbled> {
        self.bytes().map(text)
    }

    #[inline(always)]
    pub(crate) fn varint(self) -> Result<u64, Garbled> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(self.mistyped()),
        }
    }

    #[inline(always)]
    pub(crate) fn fixed64(self) -> Result<u64, Garbled> {
        match self.value {
            Value::Fixed64(value) => Ok(value),
            _ => Err(self.mistyped()),
        }
    }

    #[inline(always)]
    pub(crate) fn fixed32(self) -> Result<u32, Garbled> {
        match self.value {
            Value::Fixed32(value) => Ok(value),
            _ => Err(self.mistyped()),
        }
    }

    #[cold]
    fn mistyped(self) -> Garbled {
        Garbled { what: "a field of another type than the protocol gives it", offset: self.offset }
    }
}

/// What is not UTF-8 becomes U+FFFD.
#[inline]
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(bytes: &[u8]) -> Result<Vec<(u32, Value<'_>)>, String> {
        let mut reader = Reader::new(bytes);
        let mut fields = Vec::new();
        while let Some(field) = reader.field().map_err(|garbled| garbled.to_string())? {
            fields.push((field.number, field.value));
        }
        Ok(fields)
    }

    #[test]
    fn fields_of_every_wire_type_are_read() {
        // The examples of protobuf.dev/programming-guides/encoding: 150 in field 1, "testing" in field 2.
        assert_eq!(fields(&[0x08, 0x96, 0x01]), Ok(vec![(1, Value::Varint(150))]));
        assert_eq!(fields(b"\x12\x07testing"), Ok(vec![(2, Value::Bytes(b"testing"))]));
        assert_eq!(fields(b"\x09\x01\0\0\0\0\0\0\x80"), Ok(vec![(1, Value::Fixed64(0x8000_0000_0000_0001))]));
        assert_eq!(fields(b"\x45\x01\0\0\0"), Ok(vec![(8, Value::Fixed32(1))]));
        // -2 takes ten bytes.
        let minus_two = [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(fields(&minus_two), Ok(vec![(1, Value::Varint(-2i64 as u64))]));
        assert_eq!(fields(b""), Ok(vec![]));
    }

    #[test]
    fn what_is_no_message_is_told_with_its_place() {
        for (bytes, expected) in [
            (&b"\x08"[..], "a number that is cut off at byte offset 1 of a protobuf message"),
            (b"\x08\x96", "a number that is cut off at byte offset 1 of a protobuf message"),
            (
                b"\x12\x07test",
                "a field that is longer than what is left at byte offset 2 of a protobuf message",
            ),
            (b"\x08\x01\x0b", "a group, which is not supported, at byte offset 2 of a protobuf message"),
            (b"\x00\x01", "a field with an impossible number at byte offset 0 of a protobuf message"),
            (b"\x0f", "a field of no known wire type at byte offset 0 of a protobuf message"),
            (
                b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                "a number of more than ten bytes at byte offset 1 of a protobuf message",
            ),
            (
                b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x",
                "a field that is longer than what is left at byte offset 11 of a protobuf message",
            ),
        ] {
            assert_eq!(fields(bytes), Err(expected.to_owned()), "{bytes:?}");
        }
    }

    #[test]
    fn a_field_of_another_type_is_garbled_and_broken_text_is_kept() {
        let field = |bytes| Reader::new(bytes).field().unwrap().unwrap();
        assert!(field(&[0x08, 0x01]).bytes().is_err() && field(&[0x08, 0x01]).fixed64().is_err());
        assert!(field(b"\x12\x01x").varint().is_err() && field(b"\x12\x01x").fixed32().is_err());
        assert_eq!(field(b"\x12\x03a\xffb").text().unwrap(), "a\u{fffd}b");
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = fields(&bytes);
        }
    }
}
