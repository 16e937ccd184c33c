//! One message: its priority, and which of the formats it is in.

use std::time::Duration;

use super::{Settings, rfc3164, rfc5424};
use crate::Level;
use crate::entry::{Draft, Field, Incoming};
use crate::line::{self, Context};
use crate::wire::text::fill as fill_text;
use crate::wire::{Full, Sink};

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];
const SEVERITIES: [(&str, Level); 8] = [
    ("emerg", Level::Fatal),
    ("alert", Level::Fatal),
    ("crit", Level::Fatal),
    ("err", Level::Error),
    ("warning", Level::Warn),
    ("notice", Level::Info),
    ("info", Level::Info),
    ("debug", Level::Debug),
];

/// What a header says, as it stands there.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    pub(super) host: Option<&'a str>,
    pub(super) app: Option<&'a str>,
    pub(super) process: Option<&'a str>,
    pub(super) message_id: Option<&'a str>,
    /// A number that a device counts its messages by.
    pub(super) sequence: Option<&'a str>,
    /// A time that cannot be read.
    pub(super) time: Option<&'a str>,
    /// Elements of structured data, known to be well-formed.
    pub(super) structured: Option<&'a str>,
    pub(super) message: &'a str,
    /// In the format of RFC 5424.
    pub(super) modern: bool,
}

/// Hands a message over. `resent` is what a sender repeats where it sends the message again: of a message with a time to
/// the microsecond, it is the identity.
pub(in crate::wire) fn deliver<'a>(
    bytes: &'a [u8],
    resent: Option<&[u8]>,
    settings: &Settings,
    number: u64,
    draft: &mut Draft<'a>,
    sink: &mut dyn Sink,
) -> Result<(), Full> {
    match str::from_utf8(bytes) {
        Ok(text) => deliver_text(text, resent, settings, number, draft, sink),
        Err(_) => {
            let text = String::from_utf8_lossy(bytes);
            deliver_text(&text, resent, settings, number, &mut Draft::default(), sink)
        }
    }
}

fn deliver_text<'a>(
    text: &'a str,
    resent: Option<&[u8]>,
    settings: &Settings,
    number: u64,
    draft: &mut Draft<'a>,
    sink: &mut dyn Sink,
) -> Result<(), Full> {
    draft.clear();
    let (priority, length) =
        priority(text.as_bytes()).map_or((None, 0), |(code, length)| (Some(code), length));
    let context = Context { now: sink.received_at(), offset_seconds: settings.zone };
    if priority.is_none() {
        let line = line::recognise(text, &context);
        if line.syslog.is_none() && (line.timestamp.is_some() || line.level.is_some() || line.is_structured())
        {
            // A line of another format, as appenders for Logstash send over TCP.
            fill_text(draft, line);
            add_host(draft, None, settings);
            drop(sink.take(number, None, draft)?);
            return Ok(());
        }
    }
    let rest = text.get(length..).unwrap_or_default();
    let modern = priority.is_some().then(|| rfc5424::read(rest, draft)).flatten();
    let header = modern.unwrap_or_else(|| rfc3164::read(rest, settings.zone, sink.received_at(), draft));
    fill(draft, &header, priority, settings, &context);
    let key = resent.filter(|_| header.modern && names_microseconds(draft));
    drop(sink.take(number, key, draft)?);
    Ok(())
}

/// What names no microsecond may be another message that looks the same.
fn names_microseconds(draft: &Draft<'_>) -> bool {
    draft.is_finer_than(Duration::from_millis(1))
}

fn fill<'a>(
    draft: &mut Draft<'a>,
    header: &Header<'a>,
    priority: Option<u8>,
    settings: &Settings,
    context: &Context,
) {
    let message = header.message.strip_prefix('\u{feff}').unwrap_or(header.message);
    let (time, unit) = (draft.time(), draft.time_unit());
    let mut line = line::recognise(message, context);
    // What the text says of its level is more than the priority, which many programs leave at its default.
    let level = line.level.is_some();
    let resource = line.resource_id.take();
    fill_text(draft, line);
    if let Some(time) = time {
        draft.set_time_in(time, unit);
    }
    match (header.app, resource) {
        (Some(app), resource) => {
            draft.attribute("appname", app);
            if let Some(resource) = resource {
                draft.metadata().string(Field::ResourceId.name(), &resource);
            }
        }
        (None, Some(resource)) => draft.set(Field::ResourceId, resource),
        (None, None) => {}
    }
    add_host(draft, header.host, settings);
    if let Some(code) = priority.filter(|_| !level) {
        let (_, level) = SEVERITIES[usize::from(code & 7)];
        draft.set_level(level);
    }
    let members = draft.metadata();
    let named = [
        ("procid", header.process),
        ("msgid", header.message_id),
        ("sequence", header.sequence),
        ("timestamp", header.time),
    ];
    if priority.is_some() || named.iter().any(|(_, text)| text.is_some()) {
        members.open_object("syslog");
        if let Some(code) = priority {
            members.string("facility", FACILITIES[usize::from(code >> 3)]);
            members.string("severity", SEVERITIES[usize::from(code & 7)].0);
        }
        for (name, text) in named {
            if let Some(text) = text {
                members.string(name, text);
            }
        }
        members.close();
    }
    if let Some(elements) = header.structured {
        super::structured::write(elements, members);
    }
}

/// Who sent it: the host that the message names, or the peer's address.
fn add_host<'a>(draft: &mut Draft<'a>, host: Option<&'a str>, settings: &Settings) {
    match (host, settings.peer) {
        (Some(host), _) => draft.attribute("host", host),
        (None, Some(peer)) => draft.attribute("host", peer.to_string()),
        (None, None) => {}
    }
}

/// The code of a priority, and its length with its brackets.
pub(super) fn priority(bytes: &[u8]) -> Option<(u8, usize)> {
    let digits = bytes.strip_prefix(b"<")?;
    let count = digits.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=3).contains(&count) || digits.get(count) != Some(&b'>') {
        return None;
    }
    let code = digits.iter().take(count).fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    Some((u8::try_from(code).ok().filter(|code| *code < 192)?, count + 2))
}
