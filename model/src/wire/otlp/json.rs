//! The JSON encoding: keys in camel or snake case, in any order, and whatever SDKs make of numbers and enums.

mod value;

use std::borrow::Cow;

use super::any::Any;
use super::entries::Entries;
use super::record::{Id, Record};
use super::resource::Resource;
use crate::entry::{Draft, Limits, Members, Rejection};
use crate::json::Kind;
use crate::vocabulary;
use crate::wire::Unreadable;
use crate::wire::cursor::Cursor;
use value::{Composite, any, key_values};

pub(super) fn read<'a>(text: &'a str, entries: &mut Entries<'a, '_>) -> Result<(), Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut request = Cursor::new(text);
    if !request.enter(Kind::Object)? {
        return Err(Unreadable::Malformed("the body is no JSON object with \"resourceLogs\"".to_owned()));
    }
    // Each resource is gone through twice: for where its parts are, then for the parts.
    while let Some(key) = request.key()? {
        if !matches!(&*key, "resourceLogs" | "resource_logs") {
            request.skip()?;
        } else if request.enter(Kind::Array)? {
            while request.element()? {
                resource_logs(&mut request, entries)?;
            }
        }
    }
    Ok(request.finish()?)
}

/// Where the parts of a `ScopeLogs` are.
#[derive(Debug, Default)]
struct ScopeLogs<'a> {
    scope: &'a str,
    schema: Cow<'a, str>,
    records: Vec<&'a str>,
}

fn resource_logs<'a>(cursor: &mut Cursor<'a>, entries: &mut Entries<'a, '_>) -> Result<(), Unreadable> {
    entries.shared.resource.clear();
    let (mut scopes, mut said, mut schema) = (Vec::new(), "", Cow::Borrowed(""));
    if cursor.enter(Kind::Object)? {
        while let Some(key) = cursor.key()? {
            match &*key {
                "resource" => said = cursor.skip()?,
                "schemaUrl" | "schema_url" => schema = cursor.text()?,
                "scopeLogs" | "scope_logs" => {
                    if cursor.enter(Kind::Array)? {
                        while cursor.element()? {
                            entries.charge(2 * size_of::<ScopeLogs<'_>>())?;
                            scopes.push(scope_logs(cursor, entries)?);
                        }
                    }
                }
                _ => drop(cursor.skip()?),
            }
        }
    }
    let read = resource(said, schema, &mut entries.shared.resource, &entries.limits);
    entries.shared.resource.fault = read.err();
    for part in scopes {
        entries.shared.scope.clear();
        let fault = scope(&part, &mut entries.shared.scope, &entries.limits).err();
        entries.shared.settle();
        for text in part.records {
            entries.record(text.len(), |into, draft, limits| match &fault {
                Some(fault) => Err(fault.clone()),
                None => record(text, into, draft, limits),
            })?;
        }
    }
    Ok(())
}

fn scope_logs<'a>(
    cursor: &mut Cursor<'a>,
    entries: &mut Entries<'a, '_>,
) -> Result<ScopeLogs<'a>, Unreadable> {
    let mut part = ScopeLogs::default();
    if !cursor.enter(Kind::Object)? {
        return Ok(part);
    }
    while let Some(key) = cursor.key()? {
        match &*key {
            "scope" => part.scope = cursor.skip()?,
            "schemaUrl" | "schema_url" => part.schema = cursor.text()?,
            "logRecords" | "log_records" => {
                if cursor.enter(Kind::Array)? {
                    while cursor.element()? {
                        if part.records.len() == part.records.capacity() {
                            let more = part.records.len().max(4);
                            entries.charge(more * size_of::<&str>())?;
                            part.records.reserve_exact(more);
                        }
                        part.records.push(cursor.skip()?);
                    }
                }
            }
            _ => drop(cursor.skip()?),
        }
    }
    Ok(part)
}

fn resource<'a>(
    text: &'a str,
    schema: Cow<'a, str>,
    resource: &mut Resource<'a>,
    limits: &Limits,
) -> Result<(), Rejection> {
    limits.check_size(text.len())?;
    let mut dropped = 0;
    let mut cursor = Cursor::new(text);
    if !text.is_empty() && cursor.enter(Kind::Object)? {
        while let Some(key) = cursor.key()? {
            match &*key {
                "attributes" => {
                    key_values(&mut cursor, |key, value| resource.attribute(key, any(value)?, limits))?;
                }
                "droppedAttributesCount" | "dropped_attributes_count" => dropped = cursor.count()?,
                _ => drop(cursor.skip()?),
            }
        }
    }
    add_rest(dropped, &schema, &mut resource.members);
    Ok(())
}

fn scope(part: &ScopeLogs<'_>, scope: &mut Members, limits: &Limits) -> Result<(), Rejection> {
    limits.check_size(part.scope.len())?;
    let mut dropped = 0;
    let mut cursor = Cursor::new(part.scope);
    if !part.scope.is_empty() && cursor.enter(Kind::Object)? {
        while let Some(key) = cursor.key()? {
            match &*key {
                "name" | "version" => {
                    let text = cursor.text()?;
                    if !text.is_empty() {
                        scope.string(&key, &text);
                    }
                }
                "attributes" => {
                    let mut opened = false;
                    key_values(&mut cursor, |key, value| {
                        if !std::mem::replace(&mut opened, true) {
                            scope.open_object("attributes");
                        }
                        scope.key(&key);
                        any(value)?.write(scope, limits)
                    })?;
                    if opened {
                        scope.close();
                    }
                }
                "droppedAttributesCount" | "dropped_attributes_count" => dropped = cursor.count()?,
                _ => drop(cursor.skip()?),
            }
        }
    }
    add_rest(dropped, &part.schema, scope);
    Ok(())
}

fn add_rest(dropped: u64, schema: &str, members: &mut Members) {
    if dropped != 0 {
        members.free_key("droppedAttributesCount");
        members.push_number(dropped);
    }
    if !schema.is_empty() {
        members.free_key("schemaUrl");
        members.push_string(schema);
    }
    members.settle();
}

fn record<'a>(
    text: &'a str,
    record: &mut Record<'a>,
    draft: &mut Draft<'a>,
    limits: &Limits,
) -> Result<Any<'a, Composite<'a>>, Rejection> {
    let mut body = Any::Empty;
    let mut cursor = Cursor::new(text);
    if !cursor.enter(Kind::Object)? {
        return Err(Rejection::whole("a log record is a JSON object"));
    }
    while let Some(key) = cursor.key()? {
        match &*key {
            "timeUnixNano" | "time_unix_nano" => record.time = time(&mut cursor)?,
            "observedTimeUnixNano" | "observed_time_unix_nano" => record.observed = time(&mut cursor)?,
            "severityNumber" | "severity_number" => {
                let text = cursor.text()?;
                match text.parse() {
                    Ok(number) => record.severity = number,
                    Err(_) => record.severity = severity_named(&text),
                }
            }
            "severityText" | "severity_text" => record.severity_text = cursor.text()?,
            "body" => body = any(cursor.skip()?)?,
            "attributes" => key_values(&mut cursor, |key, value| {
                match any(value)? {
                    Any::Text(text) => draft.attribute(key, text),
                    value => {
                        draft.metadata().key(&key);
                        value.write(draft.metadata(), limits)?;
                    }
                }
                Ok(())
            })?,
            "droppedAttributesCount" | "dropped_attributes_count" => record.dropped = cursor.count()?,
            "flags" => record.flags = cursor.count()?,
            "traceId" | "trace_id" => record.trace = Id::Text(cursor.text()?),
            "spanId" | "span_id" => record.span = Id::Text(cursor.text()?),
            "eventName" | "event_name" => record.event = cursor.text()?,
            _ => drop(cursor.skip()?),
        }
    }
    Ok(body)
}

/// Nanoseconds since the Unix epoch, as a string or a number.
fn time(cursor: &mut Cursor<'_>) -> Result<u64, Rejection> {
    let text = cursor.text()?;
    if text.is_empty() {
        return Ok(0);
    }
    let nanos = text.parse().ok().or_else(|| {
        let time = vocabulary::time::read(&text)?;
        u64::try_from(time.unix_nanos()).ok()
    });
    nanos.ok_or_else(|| {
        let found = crate::json::string::cut(&text, 64);
        let reason = format!(
            "a time is a count of nanoseconds since 1970 such as \"1700000000000000000\", found {found:?}"
        );
        Rejection::field("timestamp", reason)
    })
}

/// The number of a severity by its name in the protocol, such as `SEVERITY_NUMBER_WARN2`.
fn severity_named(name: &str) -> i64 {
    let Some(name) = name.strip_prefix("SEVERITY_NUMBER_") else { return 0 };
    let (name, place) = match name.as_bytes().last() {
        Some(digit @ b'2'..=b'4') => (&name[..name.len() - 1], i64::from(digit - b'1')),
        _ => (name, 0),
    };
    let first = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].iter().position(|level| *level == name);
    first.map_or(0, |four| four as i64 * 4 + 1 + place)
}
