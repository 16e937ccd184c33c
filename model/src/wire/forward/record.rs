//! From a time and a record to an entry.

use std::borrow::Cow;

use crate::Timestamp;
use crate::entry::{Draft, Field, Rejection};
use crate::vocabulary::{self, When, time};
use crate::wire::CLOCK;
use crate::wire::msgpack::{Reader, Token, copy, cut, key, scalar};

/// Names with dots are looked for down to this many keys.
const NAME_DEPTH: usize = 4;

/// Reads the time and the record that come next.
pub(super) fn read<'a>(tag: &'a str, reader: &mut Reader<'a>, depth: usize) -> Result<Draft<'a>, Rejection> {
    let mut draft = Draft::default();
    let first = reader.token().map_err(cut)?;
    let unread = match first {
        // Fluent Bit's second version: the time with what it knows besides.
        Token::Array(2) => {
            let time = reader.token().map_err(cut)?;
            let unread = set_time(&mut draft, time);
            match reader.token().map_err(cut)? {
                Token::Map(0) | Token::Nil => {}
                token => {
                    draft.metadata().key("event_metadata");
                    copy(token, reader, depth, draft.metadata())?;
                }
            }
            unread
        }
        Token::Array(_) | Token::Map(_) => {
            return Err(Rejection::whole("the time of an event is a number or an EventTime"));
        }
        time => set_time(&mut draft, time),
    };
    if let Some(text) = unread {
        draft.metadata().string("time", &text);
    }
    draft.metadata().string("tag", tag);
    match reader.token().map_err(cut)? {
        Token::Map(count) => {
            for _ in 0..count {
                member(&mut draft, reader, depth)?;
            }
            if !draft.has(Field::Message) {
                draft.set(Field::Message, "");
            }
        }
        Token::Text(bytes) | Token::Binary(bytes) => {
            draft.set(Field::Message, String::from_utf8_lossy(bytes))
        }
        _ => return Err(Rejection::whole("the record of an event is a map")),
    }
    Ok(draft)
}

/// Returns what it came as where it is no time.
fn set_time(draft: &mut Draft<'_>, token: Token<'_>) -> Option<String> {
    let time = match token {
        Token::Unsigned(seconds) => seconds_since(i128::from(seconds) * 1_000_000_000),
        Token::Extension(0, bytes) => bytes.first_chunk::<8>().and_then(|bytes| {
            let (seconds, nanos) =
                (u64::from_be_bytes(*bytes) >> 32, u64::from_be_bytes(*bytes) & 0xffff_ffff);
            seconds_since(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
        }),
        Token::Double(seconds) => time::epoch(&seconds.to_string()),
        Token::Single(seconds) => time::epoch(&seconds.to_string()),
        Token::Text(text) => str::from_utf8(text).ok().and_then(time::read),
        _ => None,
    };
    match (time, token) {
        (Some(time), Token::Extension(..)) => {
            draft.set_time_in(time, CLOCK);
            None
        }
        (Some(time), _) => {
            draft.set_time(time);
            None
        }
        (None, Token::Text(text)) => Some(String::from_utf8_lossy(text).into_owned()),
        (None, token) => scalar(token).filter(|_| token != Token::Nil),
    }
}

fn seconds_since(nanos: i128) -> Option<Timestamp> {
    let bounds = Timestamp::MIN.unix_nanos()..=Timestamp::MAX.unix_nanos();
    bounds.contains(&nanos).then(|| Timestamp::from_unix_nanos(nanos))
}

fn member<'a>(draft: &mut Draft<'a>, reader: &mut Reader<'a>, depth: usize) -> Result<(), Rejection> {
    let name = key(reader)?;
    let token = reader.token().map_err(cut)?;
    match token {
        Token::Text(bytes) | Token::Binary(bytes) => match str::from_utf8(bytes) {
            Ok(text) => draft.attribute(name, text),
            Err(_) => {
                draft.metadata().key(&name);
                draft.metadata().push_base64(bytes);
                if vocabulary::find(&name).is_some_and(|found| found.row.field == Field::Message) {
                    draft.copy(name, String::from_utf8_lossy(bytes));
                }
            }
        },
        Token::Map(_) if vocabulary::is_prefix(&name) => {
            let inner = reader.clone_at(reader.position());
            draft.metadata().key(&name);
            copy(token, reader, depth, draft.metadata())?;
            let mut path = name.into_owned();
            copies(draft, token, &mut inner.clone(), &mut path, 1);
        }
        token => match scalar(token).filter(|text| is_field(&name, text)) {
            Some(text) => draft.attribute(name, text),
            None => {
                draft.metadata().key(&name);
                copy(token, reader, depth, draft.metadata())?;
            }
        },
    }
    Ok(())
}

/// Whether a number or a boolean is a field's value under its name, so that it must not stay a number in `metadata`.
fn is_field(name: &str, text: &str) -> bool {
    let Some(found) = vocabulary::find(name) else { return false };
    match found.row.field {
        Field::Level => found.row.when == When::Always && vocabulary::level(text).is_some(),
        Field::Timestamp | Field::Message | Field::Metadata => false,
        _ => text != "null",
    }
}

/// Offers the texts within a map under their keys joined by dots.
fn copies<'a>(
    draft: &mut Draft<'a>,
    token: Token<'a>,
    reader: &mut Reader<'a>,
    path: &mut String,
    depth: usize,
) {
    let Token::Map(count) = token else { return };
    for _ in 0..count {
        let Ok(name) = key(reader) else { return };
        let Ok(value) = reader.token() else { return };
        let length = path.len();
        path.push('.');
        path.push_str(&name);
        match value {
            Token::Text(bytes) | Token::Binary(bytes) => {
                if vocabulary::find(path).is_some()
                    && let Ok(text) = str::from_utf8(bytes)
                {
                    draft.copy(Cow::Owned(path.clone()), text);
                }
            }
            Token::Map(_) if depth < NAME_DEPTH => copies(draft, value, reader, path, depth + 1),
            Token::Array(count) => skip(reader, u64::from(count)),
            Token::Map(count) => skip(reader, 2 * u64::from(count)),
            _ => {}
        }
        path.truncate(length);
    }
}

fn skip(reader: &mut Reader<'_>, values: u64) {
    let _ = (0..values).try_for_each(|_| reader.skip());
}
