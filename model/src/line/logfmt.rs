//! logfmt: `time=2026-11-23T22:55:01Z level=info msg="listening" port=8080`.

use std::borrow::Cow;

use super::pairs::{self, ROLES, Role};
use super::{Body, Context, Recognised, level, time};
use crate::Timestamp;

/// A line of nothing but pairs.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    text: &'a str,
    /// The pair that has become the field, by role; `usize::MAX` for none.
    taken: [usize; ROLES],
}

impl<'a> Line<'a> {
    /// The pairs that have become no field.
    pub fn others(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        let taken = self.taken;
        pairs(self.text)
            .map_while(|pair| pair)
            .enumerate()
            .filter(move |(index, _)| !taken.contains(index))
            .map(|(_, pair)| pair)
    }
}

/// Whether the line's first word is a pair.
pub(super) fn begins(line: &str) -> bool {
    line.bytes().take(64).find(|byte| !is_key(*byte)) == Some(b'=')
}

pub(super) fn recognise<'a>(text: &'a str, context: &Context) -> Option<Recognised<'a>> {
    let mut taken = [usize::MAX; ROLES];
    let mut ranks = [usize::MAX; ROLES];
    let mut values: [Option<Cow<'a, str>>; ROLES] = [const { None }; ROLES];
    let mut timestamp = None;
    let mut date_and_time = [""; 2];
    let mut count = 0;
    for (index, pair) in pairs(text).enumerate() {
        let (key, value) = pair?;
        count += 1;
        // Some firewalls write the date and the time of day as two pairs.
        if let (Cow::Borrowed(value), Some(part)) =
            (&value, ["date", "time"].iter().position(|name| *name == key))
        {
            date_and_time[part] = value;
        }
        let Some((role, rank)) = pairs::role(key) else { continue };
        let slot = role as usize;
        if rank >= ranks[slot] {
            continue;
        }
        let sent = if role == Role::Level { value.clone() } else { Cow::Borrowed("") };
        let value = match role {
            Role::Time => match time::read(&value, context) {
                Some(time) => {
                    timestamp = Some(time);
                    Some(value)
                }
                None => None,
            },
            // Heroku's router has "at=info".
            Role::Level if key == "at" => {
                let known = level::of_word(value.as_bytes());
                known.map(|name| Cow::Borrowed(name.level.as_str()))
            }
            Role::Level => level::of_value(value),
            // The audit daemon's is a time and a number.
            Role::Message if value.starts_with("audit(") => return None,
            Role::Message => ["message", "msg"].contains(&key).then_some(value),
            // A host is not the line's resource here, but what it tells of.
            Role::Resource | Role::Commit => None,
            Role::Trace | Role::Span => Some(value),
        };
        if let Some(value) = value {
            let stays = role == Role::Level && level::says_more(&sent, &value);
            taken[slot] = if stays { usize::MAX } else { index };
            (ranks[slot], values[slot]) = (rank, Some(value));
        }
    }
    let [_, level, message, _, trace_id, span_id, _] = values;
    // Any text may hold an equals sign; a line of logfmt has a level or a message as well.
    if count < 2 || level.is_none() && message.is_none() {
        return None;
    }
    let mut recognised =
        Recognised::new(message.unwrap_or(Cow::Borrowed(text)), Body::Logfmt(Line { text, taken }));
    recognised.timestamp = timestamp.or_else(|| joined(date_and_time, context));
    recognised.level = level;
    (recognised.trace_id, recognised.span_id) = (trace_id, span_id);
    Some(recognised)
}

fn joined([date, time]: [&str; 2], context: &Context) -> Option<Timestamp> {
    if !(8..=10).contains(&date.len()) || !(8..=32).contains(&time.len()) {
        return None;
    }
    time::read(&format!("{date} {time}"), context)
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'@' | 0x80..)
}

/// The pairs of a line; `None`, and the end, where there is something else.
fn pairs(text: &str) -> impl Iterator<Item = Option<(&str, Cow<'_, str>)>> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((pair, after)) = take_pair(rest) else {
            rest = "";
            return Some(None);
        };
        rest = after.trim_start();
        Some(Some(pair))
    })
}

fn take_pair(text: &str) -> Option<((&str, Cow<'_, str>), &str)> {
    let end = text.bytes().position(|byte| !is_key(byte)).filter(|end| *end > 0)?;
    let (key, after) = text.split_at(end);
    let after = after.strip_prefix('=')?;
    let (value, after) = match after.strip_prefix('"') {
        Some(quoted) => take_quoted(quoted)?,
        None => {
            let end = memchr::memchr(b' ', after.as_bytes()).unwrap_or(after.len());
            let (value, after) = after.split_at(end);
            (Cow::Borrowed(value), after)
        }
    };
    Some(((key, value), after))
}

fn take_quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let first = memchr::memchr2(b'"', b'\\', text.as_bytes())?;
    if text.as_bytes().get(first) == Some(&b'"') {
        return Some((Cow::Borrowed(&text[..first]), &text[first + 1..]));
    }
    let mut value = text[..first].to_owned();
    let mut characters = text[first..].char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((Cow::Owned(value), &text[first + index + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}
