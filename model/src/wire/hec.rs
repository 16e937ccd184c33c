//! Events of Splunk's HTTP Event Collector: JSON objects behind each other, each around an `event`.

mod envelope;
#[cfg(test)]
mod tests;

use super::{Full, Sink};
use crate::entry::{Around, AroundValue, ForeignObject, Limits, Rejection};
use crate::json::{Kind, container_end};
use crate::vocabulary::time;
use envelope::{Envelope, Memory, Unread};

/// An event that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    pub fault: Fault,
    /// From 0, as Splunk counts.
    pub number: u64,
}

/// What is wrong with an event, as Splunk tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not JSON, or beyond the limits of an entry.
    Format,
    /// There is no `event`.
    Missing,
    /// The `event` is an empty string.
    Blank,
}

/// Hands every event to the sink, and returns the first that was not taken. `beside` is what the request's query says of all
/// events, such as `host` and `source`, where they don't say it themselves.
///
/// White space, commas and the brackets of an array may stand between events. What is no object ends with its line.
pub fn read(body: &[u8], beside: &[(&str, &str)], sink: &mut dyn Sink) -> Result<Option<Invalid>, Full> {
    let limits = *sink.limits();
    let (mut first, mut memory) = (None, Memory::new(sink));
    for (number, event) in (1..).zip(Events(body)) {
        let envelope = match Envelope::read(event, &limits, &mut memory) {
            Ok(envelope) => Ok(envelope),
            Err(Unread::Rejected(rejection)) => Err((Fault::Format, rejection)),
            Err(Unread::Full) => return Err(Full),
        };
        let sink = &mut *memory.sink;
        let taken = match envelope.and_then(|envelope| entry(envelope, beside, &limits)) {
            Ok(mut entry) => {
                entry.read_message(sink.received_at());
                sink.take(number, None, &mut entry)?.map(drop).map_err(|_| Fault::Format)
            }
            Err((fault, rejection)) => {
                sink.reject(number, rejection)?;
                Err(fault)
            }
        };
        if let Err(fault) = taken {
            first.get_or_insert(Invalid { fault, number: number - 1 });
        }
    }
    Ok(first)
}

/// Splits a body into its events.
struct Events<'a>(&'a [u8]);

impl<'a> Iterator for Events<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self
            .0
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']'))?;
        let rest = self.0.get(start..)?;
        let end = match rest.first()? {
            b'{' => container_end(rest, 0).unwrap_or(rest.len()),
            _ => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
        };
        let (event, rest) = rest.split_at(end);
        self.0 = rest;
        Some(event)
    }
}

fn entry<'a>(
    envelope: Envelope<'a>,
    beside: &[(&'a str, &'a str)],
    limits: &Limits,
) -> Result<ForeignObject<'a>, (Fault, Rejection)> {
    let malformed = |rejection| (Fault::Format, rejection);
    let Some(event) = envelope.event.filter(|event| event.kind != Kind::Null) else {
        return Err((Fault::Missing, Rejection::whole("the event has no member \"event\"")));
    };
    if event.text == "\"\"" {
        return Err((Fault::Blank, Rejection::whole("the member \"event\" is an empty string")));
    }
    let written = envelope.time.map(|value| value.unquoted());
    let time = written.and_then(time::read);
    let mut entry = match (event.kind, time) {
        (Kind::Object, Some(time)) => ForeignObject::read_at(event.text.as_bytes(), limits, time),
        (Kind::Object, None) => ForeignObject::read(event.text.as_bytes(), limits),
        _ => Ok(ForeignObject::of_message(event.text)),
    }
    .map_err(malformed)?;
    if let Some(time) = time {
        entry.set_time_in(time, written.and_then(time::unit));
    }
    if let Some(fields) = envelope.fields.filter(|fields| fields.kind == Kind::Object) {
        entry.fill_from(fields.text);
    }
    let unread_time = envelope.time.filter(|_| time.is_none());
    let named = [("time", unread_time), ("fields", envelope.fields.filter(|fields| fields.text != "{}"))];
    let named = named.into_iter().filter_map(|(key, value)| Some((key.into(), value?)));
    let said =
        |key: &str| envelope.others.iter().any(|(other, value)| other == key && value.kind != Kind::Null);
    let beside: Vec<_> = beside.iter().filter(|(key, _)| !said(key)).collect();
    let around = envelope.others.into_iter().chain(named);
    entry.surround(around.map(|(key, value)| Around { key, value: AroundValue::Json(value.text) }).chain(
        beside.into_iter().map(|(key, text)| Around { key: (*key).into(), value: AroundValue::Text(text) }),
    ));
    Ok(entry)
}
