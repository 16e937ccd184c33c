use std::borrow::Cow;

use crate::entry::{Limits, Rejection};
use crate::json::{Escapes, Kind, Reader, Token, finish_value, string};

/// What stands around an event.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    pub(super) time: Option<Part<'a>>,
    pub(super) event: Option<Part<'a>>,
    pub(super) fields: Option<Part<'a>>,
    /// `host`, `source`, `sourcetype`, `index`, and what Splunk does not know.
    pub(super) others: Vec<(Cow<'a, str>, Part<'a>)>,
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

impl<'a> Envelope<'a> {
    pub(super) fn read(json: &'a [u8], limits: &Limits) -> Result<Self, Rejection> {
        if json.len() > limits.entry_bytes {
            let (bytes, limit) = (json.len(), limits.entry_bytes);
            return Err(Rejection::limit(format!(
                "the event has {bytes} bytes, more than the limit of {limit}"
            )));
        }
        let text = str::from_utf8(json).map_err(|error| {
            Rejection::whole(format!("invalid UTF-8 at byte offset {}", error.valid_up_to()))
        })?;
        let mut reader = Reader::new(json, limits.depth);
        if !matches!(reader.token()?, Some(Token { kind: Kind::Object, .. })) {
            return Err(Rejection::whole(r#"an event is an object such as {"event":"…"}"#));
        }
        let mut envelope = Self::default();
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
                _ => envelope.others.push((key, part)),
            }
        }
        reader.finish()?;
        Ok(envelope)
    }
}
