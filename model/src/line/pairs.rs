//! `key=value` pairs: the keys that name fields, and a level among the words of a line.

use std::borrow::Cow;

use super::level;

/// What a member or pair is taken for, and which of several is preferred: the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    Level,
    Message,
    Resource,
    Trace,
    Span,
    Commit,
}

/// How many roles there are.
pub(super) const ROLES: usize = 7;

const TIME: &[&str] = &[
    "timestamp",
    "@timestamp",
    "time",
    "ts",
    "__REALTIME_TIMESTAMP",
    "t",
    "T",
    "Timestamp",
    "@t",
    "asctime",
    "datetime",
    "date",
    "instant",
    "timeMillis",
    "eventTime",
    "eventtime",
];
const LEVEL: &[&str] = &[
    "level",
    "severity",
    "lvl",
    "levelname",
    "log.level",
    "PRIORITY",
    "loglevel",
    "LogLevel",
    "log_level",
    "Level",
    "L",
    "@l",
    "severityText",
    "severity_text",
    "SeverityText",
    "s",
    "at",
];
const MESSAGE: &[&str] = &["message", "msg", "MESSAGE", "log", "Message", "M", "@m", "@mt"];
const RESOURCE: &[&str] = &["resourceId", "_HOSTNAME", "hostname", "host"];
const TRACE: &[&str] = &["traceId", "trace_id", "trace.id", "traceID"];
const SPAN: &[&str] = &["spanId", "span_id", "span.id", "spanID"];
const COMMIT: &[&str] = &["commit"];

/// The role that a key names, and its rank among the keys of the role.
pub(super) fn role(key: &str) -> Option<(Role, usize)> {
    let candidates = match key.as_bytes().first()? {
        b'@' => &[Role::Time, Role::Level, Role::Message][..],
        b't' => &[Role::Time, Role::Trace],
        b'T' | b'a' | b'd' | b'e' | b'i' => &[Role::Time, Role::Level],
        b'l' | b'L' | b's' | b'S' | b'P' => &[Role::Level, Role::Span, Role::Message],
        b'm' | b'M' => &[Role::Message],
        b'h' | b'r' => &[Role::Resource],
        b'_' => &[Role::Time, Role::Resource],
        b'c' => &[Role::Commit],
        _ => return None,
    };
    candidates.iter().find_map(|role| {
        let keys = match role {
            Role::Time => TIME,
            Role::Level => LEVEL,
            Role::Message => MESSAGE,
            Role::Resource => RESOURCE,
            Role::Trace => TRACE,
            Role::Span => SPAN,
            Role::Commit => COMMIT,
        };
        Some((*role, keys.iter().position(|known| *known == key)?))
    })
}

/// The level that a pair among the first words names: `… level=warn …`.
pub(super) fn level(text: &str) -> Option<Cow<'_, str>> {
    const REACH: usize = 512;
    let text = text.get(..text.floor_char_boundary(REACH))?;
    memchr::memchr_iter(b'=', text.as_bytes()).find_map(|equals| {
        let before = text.get(..equals)?;
        let key = before.rsplit([' ', '\t', ',', '[', '(', '{']).next()?;
        if !["level", "severity", "lvl", "loglevel", "log_level", "levelname"].contains(&key) {
            return None;
        }
        let after = text.get(equals + 1..)?;
        let after = after.strip_prefix('"').unwrap_or(after);
        let end = after.find([' ', '"', ',', ']', ')', '}', '\t']).unwrap_or(after.len());
        let name = level::of_word(after.get(..end)?.as_bytes())?;
        Some(Cow::Borrowed(name.level.as_str()))
    })
}
