//! JSON lines, as loggers, Docker and `journalctl -o json` write them.

use std::borrow::Cow;

use super::pairs::{self, ROLES, Role};
use super::{Body, Context, Recognised, level, level_within, time};
use crate::Timestamp;
use crate::json::{Kind, Reader, string};

/// Levels of nesting that are read, the object itself being the first; what is deeper is a plain line. An entry,
/// which may have 64, puts some around it.
const DEPTH: usize = 60;

/// An object, with the members that have become fields.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    text: &'a str,
    /// The member that has become the field, by role; `usize::MAX` for none.
    taken: [usize; ROLES],
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    pub key: Cow<'a, str>,
    /// As it was written.
    pub json: &'a str,
}

impl<'a> Object<'a> {
    /// The object as it was sent.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The members that have become no field, those of `metadata` among them.
    pub fn others(&self) -> Vec<Member<'a>> {
        let mut others = Vec::new();
        let mut index = 0;
        let _ = members(self.text, |key, value| {
            if !self.taken.contains(&index) {
                let nested_from = others.len();
                let hoisted = key == "metadata"
                    && value.kind == Kind::Object
                    && members(value.json, |key, value| {
                        others.push(Member { key: string::unescape(key), json: value.json });
                    })
                    .is_some();
                if !hoisted {
                    others.truncate(nested_from);
                    others.push(Member { key: string::unescape(key), json: value.json });
                }
            }
            index += 1;
        });
        others
    }
}

#[derive(Debug, Clone, Copy)]
struct Raw<'a> {
    kind: Kind,
    json: &'a str,
}

impl<'a> Raw<'a> {
    /// A string's or number's text.
    fn scalar(self) -> Option<Cow<'a, str>> {
        match self.kind {
            Kind::String => self.string(),
            Kind::Number => Some(Cow::Borrowed(self.json)),
            _ => None,
        }
    }

    fn unquoted(self) -> &'a str {
        self.json.trim_matches('"')
    }

    fn string(self) -> Option<Cow<'a, str>> {
        Some(string::unescape(self.json.get(1..self.json.len() - 1)?))
    }

    fn member(self, name: &str) -> Option<Raw<'a>> {
        let mut found = None;
        members(self.json, |key, value| {
            if key == name {
                found = Some(value);
            }
        })?;
        found
    }
}

pub(super) fn recognise<'a>(text: &'a str, context: &Context) -> Option<Recognised<'a>> {
    let mut taken = [usize::MAX; ROLES];
    let mut ranks = [usize::MAX; ROLES];
    let mut values: [Option<Cow<'a, str>>; ROLES] = [const { None }; ROLES];
    let mut timestamp = None;
    let mut nested_level = None;
    let mut index = 0;
    members(text, |key, value| {
        let member = index;
        index += 1;
        let Some((role, rank)) = pairs::role(key) else { return };
        let slot = role as usize;
        // Of equal keys the last counts.
        if rank > ranks[slot] {
            return;
        }
        let read = match role {
            Role::Time => {
                let Some(time) = time_of(value, context) else { return };
                timestamp = Some(time);
                Some(Cow::Borrowed(""))
            }
            Role::Level => level_of(key, value),
            Role::Message if value.kind == Kind::Object => {
                nested_level = value.member("level").and_then(|value| level_of("level", value));
                return;
            }
            Role::Message => message_of(value),
            Role::Resource | Role::Trace | Role::Span | Role::Commit => {
                value.scalar().filter(|text| !text.is_empty())
            }
        };
        if let Some(read) = read {
            let stays = role == Role::Level && level::says_more(value.unquoted(), &read);
            taken[slot] = if stays { usize::MAX } else { member };
            (ranks[slot], values[slot]) = (rank, Some(read));
        }
    })?;
    let [_, level, message, resource_id, trace_id, span_id, commit] = values;
    let level = level.or(nested_level);
    let mut recognised =
        Recognised::new(message.unwrap_or(Cow::Borrowed(text)), Body::Json(Object { text, taken }));
    let has_message = taken[Role::Message as usize] != usize::MAX;
    recognised.level = match level {
        None if has_message => level_within(&recognised.message, context),
        level => level,
    };
    recognised.timestamp = timestamp;
    recognised.resource_id = resource_id;
    (recognised.trace_id, recognised.span_id, recognised.commit) = (trace_id, span_id, commit);
    Some(recognised)
}

fn time_of(value: Raw<'_>, context: &Context) -> Option<Timestamp> {
    if value.kind == Kind::Object {
        if let Some(date) = value.member("$date") {
            return time::read(&date.scalar()?, context);
        }
        // Log4j's instant, and the timestamp of Google's libraries.
        let number = |names: [&str; 2]| {
            let member = names.iter().find_map(|name| value.member(name))?;
            member.scalar()?.parse::<i64>().ok()
        };
        let seconds = number(["epochSecond", "seconds"])?;
        let nanos = number(["nanoOfSecond", "nanos"]).unwrap_or(0);
        return Some(Timestamp::from_unix_nanos(i128::from(seconds) * 1_000_000_000 + i128::from(nanos)));
    }
    time::read(&value.scalar()?, context)
}

/// A level by name or syslog number; Bunyan and pino write 10 for trace to 60 for fatal.
fn level_of<'a>(key: &str, value: Raw<'a>) -> Option<Cow<'a, str>> {
    let text = value.scalar()?;
    if matches!(key, "s" | "at") {
        let known = match text.as_bytes() {
            [letter] => level::of_letter(*letter)?,
            [b'D', b'1'..=b'5'] => crate::Level::Debug,
            _ => return None,
        };
        return (key == "s").then_some(Cow::Borrowed(known.as_str()));
    }
    let name = match &*text {
        "10" => "trace",
        "20" => "debug",
        "30" => "info",
        "40" => "warn",
        "50" => "error",
        "60" => "fatal",
        _ => return level::of_value(text),
    };
    Some(Cow::Borrowed(name))
}

/// A message, whose last line end Docker keeps. journald writes one that is not UTF-8 as an array of bytes.
fn message_of(value: Raw<'_>) -> Option<Cow<'_, str>> {
    match value.kind {
        Kind::String => Some(match value.string()? {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches(['\n', '\r'])),
            Cow::Owned(mut text) => {
                text.truncate(text.trim_end_matches(['\n', '\r']).len());
                Cow::Owned(text)
            }
        }),
        Kind::Array => {
            let bytes: Option<Vec<u8>> = value
                .json
                .get(1..value.json.len() - 1)?
                .split(',')
                .map(|byte| byte.trim().parse().ok())
                .collect();
            Some(Cow::Owned(String::from_utf8_lossy(&bytes?).into_owned()))
        }
        _ => None,
    }
}

/// Hands each member of the object that is all of `text` to `visit`: its key as it was written, without the
/// quotes, and its value. `None` where the text is no object; members may have been visited before.
fn members<'a>(text: &'a str, mut visit: impl FnMut(&'a str, Raw<'a>)) -> Option<()> {
    let mut reader = Reader::new(text.as_bytes(), DEPTH);
    if reader.token().ok()??.kind != Kind::Object {
        return None;
    }
    let mut key = "";
    let mut open: Option<(Kind, usize)> = None;
    while let Some(token) = reader.token().ok()? {
        if token.escapes == crate::json::Escapes::LoneSurrogate {
            return None;
        }
        match (token.kind, reader.depth()) {
            (Kind::Key, 1) => key = token.inner(text),
            (kind @ (Kind::Object | Kind::Array), 2) => open = Some((kind, token.start)),
            (Kind::ObjectEnd | Kind::ArrayEnd, 1) => {
                let (kind, start) = open.take()?;
                visit(key, Raw { kind, json: text.get(start..token.end)? });
            }
            (Kind::Key | Kind::ObjectEnd | Kind::ArrayEnd, _) => {}
            (kind, 1) => visit(key, Raw { kind, json: text.get(token.start..token.end)? }),
            _ => {}
        }
    }
    reader.finish().ok()
}
