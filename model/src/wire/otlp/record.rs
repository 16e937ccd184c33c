use std::borrow::Cow;
use std::fmt::Display;

use super::any::{Any, Container};
use super::shared::Shared;
use crate::entry::{Draft, Field, Limits, Members, Rejection};
use crate::wire::CLOCK;
use crate::{Level, Timestamp, vocabulary};

/// What a log record says beside its attributes and its body.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    /// Nanoseconds since the Unix epoch; 0 where it is not known, as in all of these.
    pub(super) time: u64,
    pub(super) observed: u64,
    pub(super) severity: i64,
    pub(super) severity_text: Cow<'a, str>,
    pub(super) event: Cow<'a, str>,
    pub(super) dropped: u64,
    pub(super) flags: u64,
    pub(super) trace: Id<'a>,
    pub(super) span: Id<'a>,
}

/// The id of a trace or of a span.
#[derive(Debug, Default)]
pub(super) enum Id<'a> {
    #[default]
    None,
    Bytes(&'a [u8]),
    /// Hexadecimal digits, most likely.
    Text(Cow<'a, str>),
}

impl<'a> Record<'a> {
    /// Adds the record to a draft that holds its attributes.
    pub(super) fn finish<C: Container>(
        &mut self,
        body: Any<'a, C>,
        shared: &Shared<'a>,
        draft: &mut Draft<'a>,
        limits: &Limits,
    ) -> Result<(), Rejection> {
        match (self.time, self.observed) {
            (0, 0) => {}
            (0, nanos) | (nanos, _) => draft.set_time_in(time(nanos), CLOCK),
        }
        set_message(body, self.event.clone(), draft, limits)?;
        self.set_level(draft);
        std::mem::take(&mut self.trace).set(Field::TraceId, draft);
        std::mem::take(&mut self.span).set(Field::SpanId, draft);
        shared.resource.name(draft);
        self.add_rest(draft.metadata());
        // What many records share is not copied for one that is refused.
        limits.check_size(draft.bytes() + shared.bytes())?;
        limits.check_depth(shared.depth())?;
        shared.add(draft.metadata());
        Ok(())
    }

    fn set_level(&self, draft: &mut Draft<'a>) {
        let level = level_of(self.severity);
        match level {
            Some(level) => draft.set_level(level),
            None if self.severity_text.trim().is_empty() => {}
            None => {
                let level = vocabulary::level(&self.severity_text);
                let name = level.map_or(self.severity_text.clone(), |level| level.as_str().into());
                draft.set(Field::Level, name);
            }
        }
    }

    /// What has no field of its own.
    fn add_rest(&self, metadata: &mut Members) {
        let level = level_of(self.severity);
        // A name that became the level says no more than it does; neither does the first number of a level's four.
        let text = self.severity_text.as_ref();
        let named = level.or_else(|| vocabulary::level(text)).map_or(text, |level| level.as_str());
        if !text.is_empty() && !text.eq_ignore_ascii_case(named) {
            metadata.free_key("severityText");
            metadata.push_string(text);
        }
        let number = |metadata: &mut Members, key: &str, value: &dyn Display| {
            metadata.free_key(key);
            metadata.push_number(value);
        };
        if self.severity != 0 && (level.is_none() || self.severity % 4 != 1) {
            number(metadata, "severityNumber", &self.severity);
        }
        if !self.event.is_empty() {
            metadata.free_key("eventName");
            metadata.push_string(&self.event);
        }
        if self.time != 0 && self.observed != 0 && self.time != self.observed {
            metadata.free_key("observedTimestamp");
            metadata.push_time(time(self.observed));
        }
        if self.flags != 0 {
            number(metadata, "flags", &self.flags);
        }
        if self.dropped != 0 {
            number(metadata, "droppedAttributesCount", &self.dropped);
        }
    }
}

impl<'a> Id<'a> {
    fn set(self, field: Field, draft: &mut Draft<'a>) {
        match self {
            Self::None => {}
            Self::Bytes(bytes) if bytes.iter().all(|byte| *byte == 0) => {}
            Self::Bytes(bytes) => draft.set_id(field, bytes),
            Self::Text(text) if text.bytes().all(|byte| byte == b'0') => {}
            Self::Text(mut text) => {
                let capital = |byte: u8| byte.is_ascii_uppercase();
                if text.bytes().any(capital) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    text.to_mut().make_ascii_lowercase();
                }
                draft.set(field, text);
            }
        }
    }
}

/// The body as the message; what is no text is kept under `body` too.
fn set_message<'a, C: Container>(
    body: Any<'a, C>,
    event: Cow<'a, str>,
    draft: &mut Draft<'a>,
    limits: &Limits,
) -> Result<(), Rejection> {
    match body {
        Any::Text(text) => draft.set(Field::Message, text),
        // An attribute may be the message; else the event's name says most.
        Any::Empty if !draft.has(Field::Message) => draft.set(Field::Message, event),
        Any::Empty => {}
        body => {
            let bytes = matches!(body, Any::Bytes(_));
            // An attribute that was the message gives way first: it may have the key, too.
            draft.set(Field::Message, "");
            let metadata = draft.metadata();
            metadata.free_key("body");
            let start = metadata.len();
            body.write(metadata, limits)?;
            let written = metadata.written_since(start);
            let text = if bytes { written.trim_matches('"') } else { written };
            let text = text.to_owned();
            draft.set(Field::Message, text);
        }
    }
    Ok(())
}

/// Numbers come by fours: 1 to 4 are TRACE, 21 to 24 FATAL.
fn level_of(severity: i64) -> Option<Level> {
    let four = usize::try_from(severity.checked_sub(1)?).ok()? / 4;
    Level::ALL.get(four).copied()
}

fn time(nanos: u64) -> Timestamp {
    Timestamp::from_unix_nanos(i128::from(nanos))
}
