//! Lines that begin with a time: `2026-11-23 22:55:01,123 ERROR …`, `[2026-11-23T22:55:01Z] …`, dpkg.log.

use super::{Clock, Fields, level};

pub(super) fn parse(text: &str, clock: &Clock) -> Option<Fields> {
    let (open, mut rest) = match text.strip_prefix('[') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let time = clock.take_iso(&mut rest)?;
    if open {
        rest = rest.strip_prefix(']')?;
    }
    // More of a word would mean that this was something else.
    if !rest.is_empty() && !rest.starts_with([' ', '\t', ':', '|', ']', '\n']) {
        return None;
    }
    let rest = rest.trim_start_matches([' ', '\t', ':', '|']);
    let mut fields = Fields::default();
    fields.draft.timestamp = Some(time);
    let mut message = rest;
    if let Some((found, following)) = level::find(rest.lines().next().unwrap_or_default()) {
        fields.draft.level = found.as_str().to_owned();
        if let Some(following) = following {
            // `following` lies in the first line; the others go with it.
            let first_line = rest.lines().next().unwrap_or_default();
            message = &rest[first_line.len() - following.len()..];
        }
    }
    message.clone_into(&mut fields.draft.message);
    Some(fields)
}
