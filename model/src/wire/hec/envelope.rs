use std::borrow::Cow;
use std::collections::HashMap;

use crate::entry::{Limits, Rejection};
use crate::json::{Escapes, Fault, Kind, Reader, Token, finish_value, string};
use crate::wire::{Full, Sink};

/// Bytes that a member beside the event takes at most, here and in the entry that it goes to, its escaped key left out.
const MEMBER: usize = 320;
/// More members than Splunk knows are found by their keys in a map.
const FEW: usize = 8;

/// What stands around an event.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    pub(super) time: Option<Part<'a>>,
    pub(super) event: Option<Part<'a>>,
    pub(super) fields: Option<Part<'a>>,
    /// `host`, `source`, `sourcetype`, `index`, and what Splunk does not know: each key once.
    pub(super) others: Vec<(Cow<'a, str>, Part<'a>)>,
    /// Where in `others` a key is, once there are many.
    places: HashMap<Cow<'a, str>, usize>,
}

/// A value of valid JSON, as it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

impl<'a> Part<'a> {
    pub(super) fn unquoted(self) -> &'a str {
        self.text.trim_matches('"')
    }
}

/// Why there is no envelope.
#[derive(Debug)]
pub(super) enum Unread {
    Rejected(Rejection),
    Full,
}

impl From<Rejection> for Unread {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        Self::Rejected(fault.into())
    }
}

impl From<Full> for Unread {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

/// The memory of one event after the other: charged for the largest.
pub(super) struct Memory<'s> {
    pub(super) sink: &'s mut dyn Sink,
    charged: usize,
}

impl<'s> Memory<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self { sink, charged: 0 }
    }

    fn hold(&mut self, bytes: usize) -> Result<(), Full> {
        if let Some(more) = bytes.checked_sub(self.charged).filter(|more| *more > 0) {
            self.sink.charge(more)?;
            self.charged = bytes;
        }
        Ok(())
    }
}

impl<'a> Envelope<'a> {
    pub(super) fn read(json: &'a [u8], limits: &Limits, memory: &mut Memory<'_>) -> Result<Self, Unread> {
        if json.len() > limits.entry_bytes {
            let (bytes, limit) = (json.len(), limits.entry_bytes);
            let reason = format!("the event has {bytes} bytes, more than the limit of {limit}");
            return Err(Rejection::limit(reason).into());
        }
        let text = str::from_utf8(json).map_err(|error| {
            Rejection::whole(format!("invalid UTF-8 at byte offset {}", error.valid_up_to()))
        })?;
        let mut reader = Reader::new(json, limits.depth);
        if !matches!(reader.token()?, Some(Token { kind: Kind::Object, .. })) {
            return Err(Rejection::whole(r#"an event is an object such as {"event":"…"}"#).into());
        }
        let (mut envelope, mut escaped) = (Self::default(), 0);
        while let Some(token) = reader.token()? {
            if token.kind != Kind::Key {
                break;
            }
            let key = match token.escapes {
                Escapes::None => Cow::Borrowed(token.inner(text)),
                _ => string::unescape(token.inner(text)),
            };
            let Some(first) = reader.token()? else { break };
            let (end, _) = finish_value(json, &mut reader, first)?;
            let part = Part { kind: first.kind, text: text.get(first.start..end).unwrap_or_default() };
            match &*key {
                "time" => envelope.time = Some(part).filter(|part| part.kind != Kind::Null),
                "event" => envelope.event = Some(part),
                "fields" => envelope.fields = Some(part).filter(|part| part.kind != Kind::Null),
                _ => {
                    if let Cow::Owned(key) = &key {
                        escaped += 2 * key.len();
                    }
                    memory.hold((envelope.others.len() + 1) * MEMBER + escaped)?;
                    envelope.put(key, part);
                }
            }
        }
        reader.finish()?;
        Ok(envelope)
    }

    /// Of a key that comes again, the last value counts.
    fn put(&mut self, key: Cow<'a, str>, part: Part<'a>) {
        if self.others.len() == FEW {
            self.places = self.others.iter().map(|(key, _)| key.clone()).zip(0..).collect();
        }
        let place = match self.others.len() {
            ..FEW => self.others.iter().position(|(other, _)| *other == key),
            _ => self.places.get(&key).copied(),
        };
        match place.and_then(|place| self.others.get_mut(place)) {
            Some((_, before)) => *before = part,
            None => {
                if self.others.len() >= FEW {
                    self.places.insert(key.clone(), self.others.len());
                }
                self.others.push((key, part));
            }
        }
    }
}
