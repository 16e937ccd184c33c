//! Syslog: RFC 5424, RFC 3164, and the file formats of rsyslog and journalctl.

use std::borrow::Cow;

use super::header::Found;
use super::{Context, Recognised, header, is_syslog_time, level, recognise_text, time};
use crate::Timestamp;

const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// What a header of syslog says beside time and host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Syslog<'a> {
    pub facility: Option<u8>,
    /// The name of the priority's severity.
    pub severity: Option<&'static str>,
    pub program: &'a str,
    pub pid: &'a str,
    pub message_id: &'a str,
    /// As it was sent: `[id key="value"]…`.
    pub structured_data: &'a str,
    host: &'a str,
    message: &'a str,
}

/// The number of a `<34>` at the front, and what follows.
pub(super) fn priority(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) =
        text.strip_prefix('<')?.split_at_checked(text.as_bytes().iter().position(|b| *b == b'>')? - 1)?;
    let priority = digits.parse().ok().filter(|priority| *priority < 192 && digits.len() <= 3)?;
    Some((priority, rest.strip_prefix('>')?))
}

/// Reads a line that begins with a priority; `headers` may follow it.
pub(super) fn with_priority<'a>(text: &'a str, context: &Context, headers: usize) -> Option<Recognised<'a>> {
    let (priority, rest) = priority(text)?;
    let mut recognised = match rest.strip_prefix("1 ").and_then(|rest| rfc5424(rest, context)) {
        Some((time, syslog)) => recognise(syslog, time, context, headers),
        None => {
            let header = header::scan(rest, context);
            match header.time.and_then(|found| Some((found.time, behind_time(rest, &found)?))) {
                Some((time, syslog)) => recognise(syslog, Some(time), context, headers),
                None => recognise_text(rest, context, headers),
            }
        }
    };
    let severity = *SEVERITIES.get(usize::from(priority & 7))?;
    recognised.level = Some(Cow::Borrowed(severity));
    let header = recognised.syslog.get_or_insert_default();
    (header.facility, header.severity) = (Some(priority >> 3), Some(severity));
    Some(recognised)
}

/// What the header and its message say.
pub(super) fn recognise<'a>(
    syslog: Syslog<'a>,
    time: Option<Timestamp>,
    context: &Context,
    headers: usize,
) -> Recognised<'a> {
    let mut recognised = recognise_text(syslog.message, context, headers);
    if time.is_some() {
        recognised.timestamp = time;
    }
    if !syslog.host.is_empty() {
        recognised.resource_id = Some(Cow::Borrowed(syslog.host));
    }
    recognised.syslog = Some(syslog);
    recognised
}

/// Reads `HOST PROGRAM[PID]: MESSAGE` behind the time, which is as in `Nov 23 22:55:01` or has an offset. The
/// host may be missing.
pub(super) fn behind_time<'a>(text: &'a str, found: &Found) -> Option<Syslog<'a>> {
    if !is_syslog_time(found) {
        return None;
    }
    let rest = text.get(found.end..)?.strip_prefix(' ')?;
    // Only a tag in the first bytes is one.
    let near = rest.get(..rest.floor_char_boundary(256))?;
    let (head, message) = match near.find(": ") {
        Some(colon) => (near.get(..colon)?, rest.get(colon + 2..)?),
        None => (near.lines().next()?.strip_suffix(':')?, ""),
    };
    let (host, tag) = head.split_once(' ').unwrap_or(("", head));
    let (program, pid) = match tag.strip_suffix(']').and_then(|tag| tag.rsplit_once('[')) {
        Some((program, pid)) => (program, pid),
        None => (tag, ""),
    };
    let is_level = |word: &str| level::of_word(word.as_bytes()).is_some();
    // A time that is no syslog's own is followed by other things with a colon behind them as well.
    let is_sure = found.style == time::Style::MonthName
        || !pid.is_empty()
        || !host.is_empty() && !text.get(found.start..found.end)?.ends_with(['Z', 'C']);
    if !is_sure
        || program.is_empty()
        || program.contains([' ', '=', '"'])
        || program.starts_with('(')
        || host.contains(['=', '[', '"', '|'])
        || host.ends_with(':')
        || host.is_empty() && pid.is_empty() && program.contains(':')
        || is_level(host)
        || is_level(program)
    {
        return None;
    }
    Some(Syslog { program, pid, host, message, ..Syslog::default() })
}

/// Reads `TIME HOST APP PROCID MSGID STRUCTURED-DATA MESSAGE`, `-` for what is absent.
fn rfc5424<'a>(text: &'a str, context: &Context) -> Option<(Option<Timestamp>, Syslog<'a>)> {
    let mut parts = text.splitn(6, ' ');
    let mut given = || parts.next().map(|part| if part == "-" { "" } else { part });
    let (time, host, program, pid, message_id) = (given()?, given()?, given()?, given()?, given()?);
    let rest = parts.next()?;
    let timestamp = time::read(time, context);
    if timestamp.is_none() && !time.is_empty() {
        return None;
    }
    let end = match rest.strip_prefix('-') {
        Some(_) => 1,
        None => structured_data_end(rest)?,
    };
    let (structured_data, message) = rest.split_at_checked(end)?;
    let message = message.strip_prefix(' ').unwrap_or(message);
    let message = message.strip_prefix('\u{feff}').unwrap_or(message);
    let structured_data = structured_data.trim_start_matches('-');
    let syslog = Syslog { program, pid, message_id, structured_data, host, message, ..Syslog::default() };
    Some((timestamp, syslog))
}

/// Behind the last `]` of `[id key="value" …]…`.
fn structured_data_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while bytes.get(at) == Some(&b'[') {
        let mut quoted = false;
        loop {
            match bytes.get(at)? {
                b'\\' if quoted => at += 1,
                b'"' => quoted = !quoted,
                b']' if !quoted => break,
                _ => {}
            }
            at += 1;
        }
        at += 1;
    }
    (at > 0).then_some(at)
}
