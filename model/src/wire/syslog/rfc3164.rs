//! `TIME HOST TAG[PID]: MESSAGE`, and what devices and libraries make of it.

use super::message::Header;
use super::time::{self, Clock};
use crate::Timestamp;
use crate::entry::Draft;

/// Tags, hosts and numbers before a time are no longer than this.
const LONGEST: usize = 64;

/// Reads what follows the priority. All parts but the message may be missing.
pub(super) fn read<'a>(text: &'a str, zone: i32, now: Timestamp, draft: &mut Draft<'a>) -> Header<'a> {
    let clock = Clock { now, zone };
    if let Some((time, rest)) = time::take(text, clock).filter(|(_, rest)| is_end_of_time(rest)) {
        draft.set_time(time);
        if let Some(message) = rest.strip_prefix(':') {
            return Header { message: message.trim_start_matches(' '), ..Header::default() };
        }
        return host_and_tag(rest.strip_prefix(' ').unwrap_or(rest));
    }
    if let Some((time, header)) = numbered(text, clock) {
        draft.set_time(time);
        return header;
    }
    match tag(text) {
        // Without a time, words before a colon are more likely a text's own.
        Some((app, process @ Some(_), message)) => {
            Header { app: Some(app), process, message, ..Header::default() }
        }
        _ => Header { message: text, ..Header::default() },
    }
}

fn is_end_of_time(rest: &str) -> bool {
    matches!(rest.as_bytes().first(), None | Some(b' ' | b':'))
}

/// As routers and switches write it: `NUMBER: HOST: *TIME: MESSAGE`, of which number and host may be missing.
fn numbered(text: &str, clock: Clock) -> Option<(Timestamp, Header<'_>)> {
    let mut header = Header::default();
    let (mut rest, mut first) = (text, None);
    for _ in 0..4 {
        let unmarked = rest.strip_prefix(['*', '.']).unwrap_or(rest);
        if let Some((time, after)) = time::take(unmarked, clock) {
            let message = after.strip_prefix(':').or_else(|| after.strip_prefix(' '))?;
            header.message = message.trim_start_matches(' ');
            return Some((time, header));
        }
        let near = rest.as_bytes().get(..LONGEST).unwrap_or(rest.as_bytes());
        let end = memchr::memchr(b':', near)?;
        let (word, after) = rest.split_at_checked(end)?;
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            // Where several numbers stand here, they are kept as they are written.
            let start = text.len() - rest.len();
            let from = *first.get_or_insert(start);
            header.sequence = text.get(from..start + word.len()).filter(|numbers| !numbers.is_empty());
        } else if header.host.is_none() && is_host(word) {
            header.host = Some(word);
        } else {
            return None;
        }
        rest = after.strip_prefix(": ")?.trim_start_matches(' ');
    }
    None
}

fn host_and_tag(text: &str) -> Header<'_> {
    let named = |text, host| match tag(text) {
        Some((app, process, message)) => {
            Header { host, app: Some(app), process, message, ..Header::default() }
        }
        None => Header { host, message: text, ..Header::default() },
    };
    match text.split_once(' ') {
        _ if tag(text).is_some() => named(text, None),
        Some((host, rest)) if is_host(host) => named(rest, Some(host)),
        _ => named(text, None),
    }
}

/// `NAME: MESSAGE`, `NAME[PID]: MESSAGE` or `NAME[PID] MESSAGE`.
fn tag(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let bytes = text.as_bytes();
    let length = bytes.iter().take(LONGEST).position(|byte| !is_of_tag(*byte))?;
    let (name, rest) = text.split_at_checked(length)?;
    if name.is_empty() {
        return None;
    }
    if let Some(message) = rest.strip_prefix(':') {
        return Some((name, None, message_behind(message)?));
    }
    let inner = rest.strip_prefix('[')?;
    let end = inner.bytes().take(LONGEST).position(|byte| matches!(byte, b']' | b' ' | b'['))?;
    let (process, rest) = inner.split_at_checked(end)?;
    let rest = rest.strip_prefix(']')?;
    let process = Some(process).filter(|process| !process.is_empty());
    Some((name, process, message_behind(rest.strip_prefix(':').unwrap_or(rest))?))
}

/// What follows a tag: its message begins behind a space.
fn message_behind(text: &str) -> Option<&str> {
    if text.is_empty() { Some(text) } else { text.strip_prefix(' ') }
}

fn is_of_tag(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@' | b'+' | b'(' | b')' | b'#' | b'$' | b'~')
}

fn is_host(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%' | b'/');
    !text.is_empty()
        && text.len() <= 255
        && text.bytes().all(allowed)
        && text.as_bytes()[0] != b'%'
        && !text.ends_with(':')
}
