//! Syslog: RFC 5424, RFC 3164, and the file formats of rsyslog and journalctl.

use crate::entry::push_string;

use super::{Clock, Fields, number_or_text, quoted};

const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

pub(super) fn parse(text: &str, clock: &Clock) -> Option<Fields> {
    let (priority, rest) = match text.strip_prefix('<') {
        Some(after) => {
            let (digits, rest) = after.split_once('>')?;
            (Some(digits.parse::<u8>().ok().filter(|priority| *priority < 192)?), rest)
        }
        None => (None, text),
    };
    let mut fields = match (priority, rest.strip_prefix("1 ")) {
        (Some(_), Some(rest)) => rfc5424(rest, clock)?,
        _ => rfc3164(rest, clock)?,
    };
    if let Some(priority) = priority {
        fields.draft.level = SEVERITIES[usize::from(priority & 7)].to_owned();
        fields.json("facility", (priority >> 3).to_string());
    } else if let Some((level, _)) = super::level::find(&fields.draft.message) {
        fields.draft.level = level.as_str().to_owned();
    }
    Some(fields)
}

/// `TIME HOST PROGRAM[PID]: MESSAGE`, the time as in `Nov 23 22:55:01` or in RFC 3339.
fn rfc3164(text: &str, clock: &Clock) -> Option<Fields> {
    let mut rest = text;
    let time = match clock.take_bsd(&mut rest) {
        Some(time) => time,
        None if text.as_bytes().get(10) == Some(&b'T') => clock.take_iso(&mut rest)?,
        None => return None,
    };
    let (host, rest) = rest.strip_prefix(' ')?.split_once(' ')?;
    let mut fields = Fields::default();
    fields.draft.timestamp = Some(time);
    let (tag, message) = rest.split_once(": ").or_else(|| Some((rest.strip_suffix(':')?, "")))?;
    if tag.is_empty() || tag.contains(' ') || host.contains(['=', '[', ':']) {
        return None;
    }
    let (program, pid) = match tag.strip_suffix(']').and_then(|tag| tag.rsplit_once('[')) {
        Some((program, pid)) => (program, pid),
        None => (tag, ""),
    };
    host.clone_into(&mut fields.draft.resource_id);
    message.clone_into(&mut fields.draft.message);
    fields.object("process", &[("name", quoted(program)), ("pid", number_or_text(pid))]);
    Some(fields)
}

/// `TIME HOST APP PROCID MSGID STRUCTURED-DATA MESSAGE`, `-` for what is absent.
fn rfc5424(text: &str, clock: &Clock) -> Option<Fields> {
    let mut parts = text.splitn(6, ' ');
    let (time, host, app, process, message_id) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let rest = parts.next()?;
    let given = |text: &'_ str| if text == "-" { String::new() } else { quoted(text) };
    let mut fields = Fields::default();
    fields.draft.timestamp = clock.read(time);
    if fields.draft.timestamp.is_none() && time != "-" {
        return None;
    }
    if host != "-" {
        host.clone_into(&mut fields.draft.resource_id);
    }
    let pid = if process == "-" { String::new() } else { number_or_text(process) };
    fields.object("process", &[("name", given(app)), ("pid", pid)]);
    if message_id != "-" {
        fields.text("messageId", message_id);
    }
    let message = match rest.strip_prefix('-') {
        Some(message) => message,
        None => structured_data(rest, &mut fields)?,
    };
    let message = message.strip_prefix(' ').unwrap_or(message);
    message.strip_prefix('\u{feff}').unwrap_or(message).clone_into(&mut fields.draft.message);
    Some(fields)
}

/// Reads `[id key="value" …]…` into metadata, and returns what follows.
fn structured_data<'a>(text: &'a str, fields: &mut Fields) -> Option<&'a str> {
    let mut rest = text;
    let mut elements: Vec<(String, String)> = Vec::new();
    while let Some(after) = rest.strip_prefix('[') {
        let end = after.find([' ', ']'])?;
        let (id, mut inner) = after.split_at(end);
        let mut parameters: Vec<(&str, String)> = Vec::new();
        loop {
            inner = inner.trim_start_matches(' ');
            if let Some(after) = inner.strip_prefix(']') {
                rest = after;
                break;
            }
            let (name, after) = inner.split_once("=\"")?;
            let mut value = String::new();
            let mut escaped = false;
            let mut end = None;
            for (index, c) in after.char_indices() {
                match c {
                    '\\' if !escaped => {
                        escaped = true;
                        continue;
                    }
                    '"' if !escaped => {
                        end = Some(index + 1);
                        break;
                    }
                    '"' | ']' | '\\' => {}
                    _ if escaped => value.push('\\'),
                    _ => {}
                }
                escaped = false;
                value.push(c);
            }
            inner = &after[end?..];
            let mut json = String::new();
            push_string(&value, &mut json);
            parameters.push((name, json));
        }
        parameters.dedup_by(|later, earlier| later.0 == earlier.0);
        let mut element = Fields::default();
        for (name, json) in parameters {
            element.json(name, json);
        }
        elements.push((id.to_owned(), format!("{{{}}}", element.into_draft().metadata)));
    }
    let mut all = Fields::default();
    for (id, json) in elements {
        all.json(&id, json);
    }
    fields.json("structuredData", format!("{{{}}}", all.into_draft().metadata));
    Some(rest)
}
