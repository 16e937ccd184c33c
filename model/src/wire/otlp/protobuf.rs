//! The binary encoding. Fields come in any order, so each message is gone through twice: for what is said of all its parts, then
//! for the parts.

use std::borrow::Cow;

use super::any::{Any, Container};
use super::entries::Entries;
use super::keys::Keys;
use super::record::{Id, Record};
use super::resource::Resource;
use crate::entry::{Draft, Limits, Members, Rejection};
use crate::wire::Unreadable;
use crate::wire::protobuf::{self, Garbled, Reader};

pub(super) fn read<'a>(body: &'a [u8], entries: &mut Entries<'a, '_>) -> Result<(), Unreadable> {
    let mut request = Reader::new(body);
    while let Some(field) = request.field()? {
        if field.number == 1 {
            resource_logs(field.bytes()?, entries)?;
        }
    }
    Ok(())
}

fn resource_logs<'a>(bytes: &'a [u8], entries: &mut Entries<'a, '_>) -> Result<(), Unreadable> {
    entries.shared.resource.clear();
    let mut schema = Cow::Borrowed("");
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        match field.number {
            1 => {
                let read = resource(field.bytes()?, &mut entries.shared.resource, &entries.limits);
                entries.shared.resource.fault = read.err();
            }
            3 => schema = field.text()?,
            _ => {}
        }
    }
    if !schema.is_empty() {
        entries.shared.resource.members.free_key("schemaUrl");
        entries.shared.resource.members.push_string(&schema);
    }
    entries.shared.resource.members.settle();
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        if field.number == 2 {
            scope_logs(field.bytes()?, entries)?;
        }
    }
    Ok(())
}

fn resource<'a>(bytes: &'a [u8], resource: &mut Resource<'a>, limits: &Limits) -> Result<(), Rejection> {
    limits.check_size(bytes.len())?;
    let mut dropped = 0;
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        match field.number {
            1 => {
                let (key, value) = key_value(field.bytes()?)?;
                resource.attribute(key, value, limits)?;
            }
            2 => dropped = field.varint()?,
            _ => {}
        }
    }
    push_dropped(dropped, &mut resource.members);
    Ok(())
}

fn scope_logs<'a>(bytes: &'a [u8], entries: &mut Entries<'a, '_>) -> Result<(), Unreadable> {
    entries.shared.scope.clear();
    let mut fault = None;
    let mut schema = Cow::Borrowed("");
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        match field.number {
            1 => fault = scope(field.bytes()?, &mut entries.shared.scope, &entries.limits).err(),
            3 => schema = field.text()?,
            _ => {}
        }
    }
    if !schema.is_empty() {
        entries.shared.scope.free_key("schemaUrl");
        entries.shared.scope.push_string(&schema);
    }
    entries.shared.scope.settle();
    entries.shared.settle();
    let mut keys = Keys::default();
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        if field.number == 2 {
            let bytes = field.bytes()?;
            entries.record(bytes.len(), |into, draft, limits| match &fault {
                Some(fault) => Err(fault.clone()),
                None => record(bytes, into, draft, &mut keys, limits),
            })?;
        }
    }
    Ok(())
}

fn scope(bytes: &[u8], scope: &mut Members, limits: &Limits) -> Result<(), Rejection> {
    limits.check_size(bytes.len())?;
    let (mut dropped, mut attributes) = (0, false);
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        match field.number {
            number @ (1 | 2) => {
                let text = field.text()?;
                if !text.is_empty() {
                    scope.string(if number == 1 { "name" } else { "version" }, &text);
                }
            }
            3 => attributes = true,
            4 => dropped = field.varint()?,
            _ => {}
        }
    }
    if attributes {
        scope.open_object("attributes");
        let mut message = Reader::new(bytes);
        while let Some(field) = message.field()? {
            if field.number == 3 {
                let (key, value) = key_value(field.bytes()?)?;
                scope.key(&key);
                value.write(scope, limits)?;
            }
        }
        scope.close();
    }
    push_dropped(dropped, scope);
    Ok(())
}

fn push_dropped(count: u64, members: &mut Members) {
    if count != 0 {
        members.free_key("droppedAttributesCount");
        members.push_number(count);
    }
}

fn record<'a>(
    bytes: &'a [u8],
    record: &mut Record<'a>,
    draft: &mut Draft<'a>,
    keys: &mut Keys<'a>,
    limits: &Limits,
) -> Result<Any<'a, List<'a>>, Rejection> {
    keys.begin();
    let mut body: &[u8] = b"";
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        match field.number {
            1 => record.time = field.fixed64()?,
            2 => record.severity = field.varint()? as i64,
            3 => record.severity_text = field.text()?,
            5 => body = field.bytes()?,
            6 => attribute(field.bytes()?, draft, keys, limits)?,
            7 => record.dropped = field.varint()?,
            8 => record.flags = u64::from(field.fixed32()?),
            9 => record.trace = Id::Bytes(field.bytes()?),
            10 => record.span = Id::Bytes(field.bytes()?),
            11 => record.observed = field.fixed64()?,
            12 => record.event = field.text()?,
            _ => {}
        }
    }
    Ok(any_value(body)?)
}

/// Adds an attribute to a draft. The usual ones are told by their first bytes, since there are many.
#[inline]
fn attribute<'a>(
    bytes: &'a [u8],
    draft: &mut Draft<'a>,
    keys: &mut Keys<'a>,
    limits: &Limits,
) -> Result<(), Rejection> {
    match plain_pair(bytes) {
        Some((key, [0x0a, length @ 0..0x80, text @ ..])) if usize::from(*length) == text.len() => {
            draft.known_attribute(keys.next(key), protobuf::text(text));
        }
        Some((key, [0x10, flag @ 0..=1])) => {
            draft.metadata().known_key(keys.next(key));
            draft.metadata().push_boolean(*flag == 1);
        }
        Some((key, [0x18, low @ 0..0x80])) => {
            draft.metadata().known_key(keys.next(key));
            draft.metadata().push_integer(i64::from(*low));
        }
        Some((key, [0x18, low @ 0x80..=0xff, high @ 0..0x80])) => {
            draft.metadata().known_key(keys.next(key));
            draft.metadata().push_integer(i64::from(*high) << 7 | i64::from(low & 0x7f));
        }
        _ => {
            let (key, value) = key_value(bytes)?;
            match value {
                Any::Text(text) => draft.attribute(key, text),
                value => {
                    draft.metadata().key(&key);
                    value.write(draft.metadata(), limits)?;
                }
            }
        }
    }
    Ok(())
}

/// A key and the bytes of its value where they come once, in this order, and with less than 128 bytes each.
#[inline]
fn plain_pair(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x0a, length @ 0..0x80, rest @ ..] = bytes else { return None };
    let (key, rest) = rest.split_at_checked(usize::from(*length))?;
    let [0x12, length @ 0..0x80, value @ ..] = rest else { return None };
    (usize::from(*length) == value.len()).then_some((key, value))
}

#[inline]
fn key_value(bytes: &[u8]) -> Result<(Cow<'_, str>, Any<'_, List<'_>>), Garbled> {
    let (mut key, mut value) = (Cow::Borrowed(""), Any::Empty);
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        match field.number {
            1 => key = field.text()?,
            2 => value = any_value(field.bytes()?)?,
            _ => {}
        }
    }
    Ok((key, value))
}

#[inline(always)]
fn any_value(bytes: &[u8]) -> Result<Any<'_, List<'_>>, Garbled> {
    // Nearly all are a string of less than 128 bytes.
    if let [0x0a, length @ 0..0x80, text @ ..] = bytes
        && usize::from(*length) == text.len()
    {
        return Ok(Any::Text(protobuf::text(text)));
    }
    any_other_value(bytes)
}

fn any_other_value(bytes: &[u8]) -> Result<Any<'_, List<'_>>, Garbled> {
    let mut value = Any::Empty;
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        value = match field.number {
            1 => Any::Text(field.text()?),
            2 => Any::Boolean(field.varint()? != 0),
            3 => Any::Integer(field.varint()? as i64),
            4 => Any::Double(f64::from_bits(field.fixed64()?)),
            5 => Any::Container(List { keyed: false, bytes: field.bytes()? }),
            6 => Any::Container(List { keyed: true, bytes: field.bytes()? }),
            7 => Any::Bytes(field.bytes()?),
            _ => continue,
        };
    }
    Ok(value)
}

/// An `ArrayValue`, or a `KeyValueList`.
#[derive(Debug)]
struct List<'a> {
    keyed: bool,
    bytes: &'a [u8],
}

impl Container for List<'_> {
    fn write(self, members: &mut Members, limits: &Limits) -> Result<(), Rejection> {
        if self.keyed {
            members.push_object()
        } else {
            members.push_array()
        }
        let mut message = Reader::new(self.bytes);
        while let Some(field) = message.field()? {
            if field.number != 1 {
                continue;
            }
            let value = if self.keyed {
                let (key, value) = key_value(field.bytes()?)?;
                members.key(&key);
                value
            } else {
                any_value(field.bytes()?)?
            };
            value.write(members, limits)?;
        }
        members.close();
        Ok(())
    }
}
