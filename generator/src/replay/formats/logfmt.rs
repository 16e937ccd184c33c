//! logfmt: `time=2026-11-23T22:55:01Z level=info msg="listening" port=8080`.

use super::{Clock, Fields, number_or_text};

pub(super) fn parse(text: &str, clock: &Clock) -> Option<Fields> {
    let pairs = pairs(text)?;
    let known = |names: &[&str]| pairs.iter().position(|(key, _)| names.contains(key));
    let level = known(&["level", "lvl", "severity"]);
    let message = known(&["msg", "message"]);
    let time = known(&["time", "ts", "timestamp", "t"]);
    let trace = known(&["traceId", "trace_id", "traceID"]);
    let span = known(&["spanId", "span_id", "spanID"]);
    // Any text may hold an equals sign; a line of logfmt has a level or a message as well.
    if level.is_none() && message.is_none() {
        return None;
    }
    let timestamp = time.and_then(|position| clock.read(&pairs[position].1));
    let mut fields = Fields::default();
    fields.draft.timestamp = timestamp;
    fields.draft.message = message.map_or_else(|| text.to_owned(), |position| pairs[position].1.clone());
    for (position, field) in [
        (level, &mut fields.draft.level),
        (trace, &mut fields.draft.trace_id),
        (span, &mut fields.draft.span_id),
    ] {
        *field = position.map(|position| pairs[position].1.trim().to_owned()).unwrap_or_default();
    }
    let taken = [level, message, trace, span, time.filter(|_| timestamp.is_some())];
    for (position, (key, value)) in pairs.iter().enumerate() {
        if !taken.contains(&Some(position)) {
            let json = if value.is_empty() { "\"\"".to_owned() } else { number_or_text(value) };
            fields.json(key, json);
        }
    }
    Some(fields)
}

/// The pairs of a line that has nothing else; at least two.
fn pairs(text: &str) -> Option<Vec<(&str, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        if key.is_empty()
            || !key.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '@'))
        {
            return None;
        }
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => take_quoted(quoted)?,
            None => {
                let end = after.find(' ').unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        pairs.push((key, value));
        rest = after.trim_start();
    }
    (pairs.len() >= 2).then_some(pairs)
}

fn take_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, c)) = characters.next() {
        match c {
            '"' => return Some((value, &text[index + 1..])),
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
