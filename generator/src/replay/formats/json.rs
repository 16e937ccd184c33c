//! JSON lines, as loggers, Docker and `journalctl -o json` write them.

use serde_json::value::RawValue;

use crate::entry::canonical::{self, Members};

use super::{Clock, Fields, level};

const MESSAGE: &[&str] = &["message", "msg", "MESSAGE", "log"];
const LEVEL: &[&str] = &["level", "severity", "lvl", "levelname", "log.level", "PRIORITY"];
const TIME: &[&str] = &["timestamp", "@timestamp", "time", "ts", "__REALTIME_TIMESTAMP"];
const RESOURCE: &[&str] = &["resourceId", "_HOSTNAME", "hostname", "host"];
const TRACE: &[&str] = &["traceId", "trace_id", "trace.id"];
const SPAN: &[&str] = &["spanId", "span_id", "span.id"];
const COMMIT: &[&str] = &["commit"];

pub(super) fn parse(text: &str, clock: &Clock) -> Option<Fields> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let mut members = Members::parse(text).ok()?.0;
    let mut fields = Fields::default();

    match take(&mut members, MESSAGE, message) {
        Some(message) => fields.draft.message = message,
        None => fields.draft.message = text.to_owned(),
    }
    if let Some(time) = take(&mut members, TIME, |raw| clock.read(&scalar(raw)?)) {
        fields.draft.timestamp = Some(time);
    }
    fields.draft.level = take(&mut members, LEVEL, level_name).unwrap_or_else(|| {
        level::find(&fields.draft.message).map(|(level, _)| level.as_str().to_owned()).unwrap_or_default()
    });
    for (keys, field) in [
        (RESOURCE, &mut fields.draft.resource_id),
        (TRACE, &mut fields.draft.trace_id),
        (SPAN, &mut fields.draft.span_id),
        (COMMIT, &mut fields.draft.commit),
    ] {
        *field =
            take(&mut members, keys, |raw| scalar(raw).filter(|text| !text.is_empty())).unwrap_or_default();
    }
    for (name, raw) in members {
        if name == "metadata"
            && let Ok(nested) = Members::parse(raw.get())
        {
            for (name, raw) in nested.0 {
                add(&mut fields, &name, raw)?;
            }
        } else {
            add(&mut fields, &name, raw)?;
        }
    }
    Some(fields)
}

/// Takes out the first member of those names that `read` can read.
fn take<T>(
    members: &mut Vec<(String, &RawValue)>,
    names: &[&str],
    read: impl Fn(&RawValue) -> Option<T>,
) -> Option<T> {
    names.iter().find_map(|name| {
        let position = members.iter().rposition(|(key, _)| key == name)?;
        let value = read(members[position].1)?;
        members.remove(position);
        Some(value)
    })
}

fn add(fields: &mut Fields, name: &str, raw: &RawValue) -> Option<()> {
    let mut json = String::new();
    canonical::write(raw.get(), &mut json).ok()?;
    fields.json(name, json);
    Some(())
}

/// A string's or number's text.
fn scalar(raw: &RawValue) -> Option<String> {
    let json = raw.get();
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'0'..=b'9' | b'-' => Some(json.to_owned()),
        _ => None,
    }
}

/// A message, whose last line end Docker keeps. journald writes one that is not UTF-8 as an array of bytes.
fn message(raw: &RawValue) -> Option<String> {
    match raw.get().as_bytes().first()? {
        b'"' => {
            let text: String = serde_json::from_str(raw.get()).ok()?;
            Some(text.trim_end_matches(['\n', '\r']).to_owned())
        }
        b'[' => {
            let bytes: Vec<u8> = serde_json::from_str(raw.get()).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => None,
    }
}

/// A level by name or syslog number; Bunyan and pino write 10 for trace to 60 for fatal.
fn level_name(raw: &RawValue) -> Option<String> {
    let text = scalar(raw)?;
    let name = match text.as_str() {
        "10" => "trace",
        "20" => "debug",
        "30" => "info",
        "40" => "warn",
        "50" => "error",
        "60" => "fatal",
        text => text.trim(),
    };
    (!name.is_empty()).then(|| name.to_owned())
}
