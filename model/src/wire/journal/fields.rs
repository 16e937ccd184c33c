//! From the fields of an entry of the journal to those of ours.

use std::borrow::Cow;

use crate::Timestamp;
use crate::entry::{Draft, Field};

/// Fills an entry with the fields in `bytes`, which are whole, and returns its cursor.
pub(super) fn fill<'a>(draft: &mut Draft<'a>, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let mut fields: Vec<_> = Fields(bytes).collect();
    fields.sort_by_key(|(name, _)| *name);
    let mut cursor = None;
    for values in fields.chunk_by(|(one, _), (other, _)| one == other) {
        let [(name, first), more @ ..] = values else { continue };
        let name = text(name);
        match &*name {
            "__CURSOR" => cursor = Some(*first).filter(|cursor| !cursor.is_empty()),
            "__REALTIME_TIMESTAMP" => {
                let micros = str::from_utf8(first).ok().and_then(|text| text.parse::<u64>().ok());
                let time = micros.map(|micros| Timestamp::from_unix_nanos(i128::from(micros) * 1_000));
                if let Some(time) = time.filter(|time| *time <= Timestamp::MAX) {
                    draft.set_time(time);
                    continue;
                }
            }
            "MESSAGE" => {
                draft.set(Field::Message, text(first));
                if more.is_empty() && str::from_utf8(first).is_ok() {
                    continue;
                }
            }
            _ if more.is_empty() => {
                match str::from_utf8(first) {
                    Ok(text) => draft.attribute(name, text),
                    Err(_) => {
                        draft.metadata().key(&name);
                        draft.metadata().push_base64(first);
                    }
                }
                continue;
            }
            _ => {}
        }
        let metadata = draft.metadata();
        metadata.key(&name);
        if !more.is_empty() {
            metadata.push_array();
        }
        for (_, value) in values {
            match str::from_utf8(value) {
                Ok(text) => metadata.push_string(text),
                Err(_) => metadata.push_base64(value),
            }
        }
        if !more.is_empty() {
            metadata.close();
        }
    }
    cursor
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Names and values of whole fields.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let end = memchr::memchr(b'\n', self.0).unwrap_or(self.0.len());
        let (line, rest) = self.0.split_at_checked(end)?;
        let rest = rest.get(1..).unwrap_or_default();
        if line.is_empty() {
            return None;
        }
        if let Some(equals) = memchr::memchr(b'=', line) {
            self.0 = rest;
            return Some((line.get(..equals)?, line.get(equals + 1..)?));
        }
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (value, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        self.0 = rest.get(1..).unwrap_or_default();
        Some((line, value))
    }
}
