//! Access logs of web servers: the common and the combined format, and requests in others.

use super::header::Found;
use crate::Level;

/// Members are empty where the line has `-` or nothing for them.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    pub client_ip: &'a str,
    pub user: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub protocol: &'a str,
    pub status: u16,
    pub bytes: &'a str,
    pub referer: &'a str,
    pub agent: &'a str,
}

/// Reads `CLIENT IDENTITY USER [TIME] "REQUEST" STATUS BYTES "REFERER" "AGENT"`, with or without the last two,
/// and with or without the virtual host before it.
pub(super) fn parse<'a>(text: &'a str, found: &Found) -> Option<(Access<'a>, Level)> {
    let before = text.get(..found.start)?.strip_suffix('[')?;
    let mut words = before.split_ascii_whitespace();
    let (mut client, second, mut user) = (words.next()?, words.next()?, words.next()?);
    if let Some(fourth) = words.next() {
        (client, user) = (second, fourth);
    }
    let (request, rest) = take_quoted(text.get(found.end..)?.strip_prefix("] ")?)?;
    let mut words = rest.trim_start().splitn(3, ' ');
    let status = status(words.next()?)?;
    let bytes = words.next().unwrap_or_default();
    let after = words.next().unwrap_or_default();
    let (referer, after) = take_quoted(after).unwrap_or(("", after));
    let (agent, _) = take_quoted(after.trim_start()).unwrap_or(("", after));
    let mut request = request.split(' ');
    let given = |text: &'a str| if text == "-" { "" } else { text };
    let is_size = bytes.bytes().all(|byte| byte.is_ascii_digit()) && !bytes.starts_with('0');
    let access = Access {
        client_ip: given(client),
        user: given(user),
        method: request.next().unwrap_or_default(),
        path: request.next().unwrap_or_default(),
        protocol: request.next().unwrap_or_default(),
        status,
        bytes: if is_size { bytes } else { "" },
        referer: given(referer),
        agent: given(agent),
    };
    Some((access, level_of(status)))
}

/// The level by the status behind the first request in quotes: `"GET / HTTP/1.1" 200`.
pub(super) fn level_of_request(text: &str) -> Option<Level> {
    let quote = memchr::memchr(b'"', text.as_bytes().get(..200.min(text.len()))?)?;
    let (request, rest) = take_quoted(text.get(quote..)?)?;
    let (_, protocol) = request.rsplit_once(' ')?;
    if !protocol.starts_with("HTTP/") {
        return None;
    }
    Some(level_of(status(rest.strip_prefix(' ')?.split(' ').next()?)?))
}

fn status(word: &str) -> Option<u16> {
    let status = word.parse().ok()?;
    (word.len() == 3 && (100..600).contains(&status)).then_some(status)
}

fn level_of(status: u16) -> Level {
    match status {
        500.. => Level::Error,
        400.. => Level::Warn,
        _ => Level::Info,
    }
}

/// Takes a text in quotes from the front; a backslash keeps the quote after it from ending it.
fn take_quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut escaped = false;
    let end = inner.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((&inner[..end], &inner[end + 1..]))
}
