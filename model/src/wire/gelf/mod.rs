//! GELF: JSON objects with names of their own, by HTTP, by TCP with NUL behind each, and by UDP, compressed and in chunks.

mod chunks;
mod inflate;
mod stream;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use chunks::Chunks;
pub use stream::Stream;

use super::{Full, Sink, Unreadable, json};
use crate::entry::{Draft, Field, ForeignObject, Limits, Place, Rejection};

/// Reads the body of a request: an object, compressed or not; several, or an array of them, are taken too. `limit` bounds what
/// it inflates to.
pub fn read(body: &[u8], limit: usize, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let inflated = inflate::inflate(body, limit, sink)?;
    let limits = *sink.limits();
    for line in json::lines(&inflated, &limits) {
        let object = line.json.and_then(|json| object(json, &limits));
        match object {
            Ok(mut object) => {
                object.read_message(sink.received_at());
                drop(sink.take(line.number, None, &mut object)?);
            }
            Err(rejection) => sink.reject(line.number, rejection)?,
        }
    }
    Ok(())
}

/// Reads a message that came where nobody can be told what is wrong with it: what is no GELF is the message of an entry. Returns the
/// number behind the last entry.
fn read_any(message: &[u8], first: u64, sink: &mut dyn Sink) -> Result<u64, Full> {
    let limits = *sink.limits();
    let mut next = first;
    for line in json::lines(message, &limits) {
        let number = next;
        next += 1;
        let Ok(json) = line.json else {
            text(message, number, sink)?;
            continue;
        };
        match object(json, &limits) {
            Ok(mut object) => {
                object.read_message(sink.received_at());
                drop(sink.take(number, None, &mut object)?);
            }
            Err(_) => text(json, number, sink)?,
        }
    }
    Ok(next)
}

fn text(bytes: &[u8], number: u64, sink: &mut dyn Sink) -> Result<(), Full> {
    let mut draft = Draft::default();
    draft.set(Field::Message, String::from_utf8_lossy(bytes));
    draft.read_message(sink.received_at());
    drop(sink.take(number, None, &mut draft)?);
    Ok(())
}

fn object<'a>(json: &'a [u8], limits: &Limits) -> Result<ForeignObject<'a>, Rejection> {
    ForeignObject::read_placed(json, limits, place)
}

fn place<'a>(key: Cow<'a, str>, value: &str) -> Place<'a> {
    match (&*key, value) {
        ("version", "\"1.0\"" | "\"1.1\"") => Place::Nowhere,
        ("short_message", _) => Place::Field(Field::Message, 0, key),
        ("full_message", _) => Place::Field(Field::Message, 1, key),
        ("timestamp", _) => Place::Field(Field::Timestamp, 0, key),
        ("level", _) => Place::Field(Field::Level, 0, key),
        _ => Place::Named(without_underscore(key)),
    }
}

/// Additional fields begin with an underscore, which is no part of their names. Those that are named as one of GELF's own
/// keep it.
fn without_underscore(key: Cow<'_, str>) -> Cow<'_, str> {
    const OWN: [&str; 9] = [
        "version",
        "host",
        "short_message",
        "full_message",
        "timestamp",
        "level",
        "facility",
        "line",
        "file",
    ];
    let Some(name) = key.strip_prefix('_').filter(|name| !name.is_empty() && !name.starts_with('_')) else {
        return key;
    };
    if OWN.contains(&name) {
        return key;
    }
    match key {
        Cow::Borrowed(key) => Cow::Borrowed(key.strip_prefix('_').unwrap_or(key)),
        Cow::Owned(_) => Cow::Owned(name.to_owned()),
    }
}
