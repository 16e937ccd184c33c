use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::{EntryId, Timestamp};

/// What every stored form begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skim {
    pub id: EntryId,
    pub received_at: Timestamp,
    pub timestamp: Timestamp,
}

/// The identity and the times of an entry in its stored form, without reading the rest of it. `None`
/// where the bytes do not begin as a stored form does.
pub fn skim(stored: &[u8]) -> Option<Skim> {
    let rest = stored.strip_prefix(b"{\"id\":\"")?;
    let (id, rest) = rest.split_at_checked(36)?;
    let rest = rest.strip_prefix(b"\",\"receivedAt\":\"")?;
    let (received_at, rest) = until_quote(rest)?;
    let rest = rest.strip_prefix(b"\",\"timestamp\":\"")?;
    let (timestamp, _) = until_quote(rest)?;
    Some(Skim {
        id: str::from_utf8(id).ok()?.parse().ok()?,
        received_at: Timestamp::parse_rfc3339(received_at)?,
        timestamp: Timestamp::parse_rfc3339(timestamp)?,
    })
}

const MESSAGE: &[u8] = b"\"message\":\"";

/// To make a finder takes longer than to use it once.
static MESSAGE_FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(MESSAGE));

/// The `resourceId` of an entry in its stored form, as it is written there: with its escapes. `None` where it has none.
pub fn resource_of(stored: &[u8]) -> Option<&str> {
    // Nothing before the message can hold these bytes: texts there are short, and their quotes are escaped.
    let message = MESSAGE_FINDER.find(stored)? + MESSAGE.len();
    let rest = stored.get(string_end(stored, message)? + 1..)?;
    let start = rest.strip_prefix(b",\"resourceId\":\"")?;
    str::from_utf8(start.get(..string_end(start, 0)?)?).ok()
}

/// Where the string ends whose content begins at `at`.
fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

fn until_quote(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // The longest time is 30 bytes.
    let end = text.iter().take(31).position(|byte| *byte == b'"')?;
    text.split_at_checked(end)
}
