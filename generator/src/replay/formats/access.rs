//! Access logs of nginx and Apache: the common and the combined format.

use super::{Clock, Fields, quoted};

pub(super) fn parse(text: &str, clock: &Clock) -> Option<Fields> {
    let (client, rest) = text.split_once(' ')?;
    let bracket = rest.find('[')?;
    let (identity, rest) = rest.split_at(bracket);
    if identity.split_whitespace().count() < 2 {
        return None;
    }
    let mut rest = &rest[1..];
    let time = clock.take_access(&mut rest)?;
    let (request, rest) = take_quoted(rest.strip_prefix("] ")?)?;
    let mut words = rest.trim_start().splitn(3, ' ');
    let status = words.next()?.parse::<u16>().ok().filter(|status| (100..600).contains(status))?;
    let bytes = words.next().unwrap_or_default();
    let after = words.next().unwrap_or_default();
    let (referer, after) = take_quoted(after).unwrap_or(("", after));
    let (agent, _) = take_quoted(after.trim_start()).unwrap_or(("", after));

    let mut fields = Fields::default();
    fields.draft.timestamp = Some(time);
    fields.draft.level = match status {
        500.. => "error",
        400.. => "warn",
        _ => "info",
    }
    .to_owned();
    text.clone_into(&mut fields.draft.message);
    let mut request = request.split(' ');
    let (method, path) = (request.next().unwrap_or_default(), request.next().unwrap_or_default());
    let size =
        if bytes.bytes().all(|byte| byte.is_ascii_digit()) && !bytes.starts_with('0') { bytes } else { "" };
    let given = |text: &str| if text == "-" { String::new() } else { quoted(text) };
    fields.object(
        "http",
        &[
            ("agent", given(agent)),
            ("bytes", size.to_owned()),
            ("clientIp", given(client)),
            ("method", quoted(method)),
            ("path", quoted(path)),
            ("protocol", quoted(request.next().unwrap_or_default())),
            ("referer", given(referer)),
            ("status", status.to_string()),
            ("user", given(identity.split_whitespace().nth(1).unwrap_or_default())),
        ],
    );
    Some(fields)
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
