//! Logs as agents of Datadog and its clients send them: a JSON object, or an array of them.

mod tags;
#[cfg(test)]
mod tests;

use super::{Full, Sink, json};
use crate::entry::{Around, AroundValue, ForeignObject, Limits, Rejection};
use crate::json::{Escapes, Kind, Reader, finish_value, string};

/// Hands every log to the sink. `beside` is what the request's query says of all logs, where they don't say it themselves:
/// `ddsource`, `ddtags`, `hostname`, `service` and whatever else it names.
///
/// `ddtags` stays as it came, and `tags` of `metadata` holds them by their keys besides. An object without members is what
/// agents try a connection with: it is no log.
pub fn read(body: &[u8], beside: &[(&str, &str)], sink: &mut dyn Sink) -> Result<(), Full> {
    let limits = *sink.limits();
    for line in json::lines(body, &limits) {
        let read = line.json.and_then(|json| {
            if is_empty(json) { Ok(None) } else { Log::read(json, beside, &limits).map(Some) }
        });
        match read {
            Ok(Some(Log { mut entry, tags })) => {
                entry.read_message(sink.received_at());
                if let Some(tags) = &tags {
                    let mut entry: ForeignObject<'_> = entry;
                    entry.surround([Around { key: "tags".into(), value: AroundValue::Json(tags) }]);
                    sink.take(line.number, None, &mut entry)?.ok();
                } else {
                    sink.take(line.number, None, &mut entry)?.ok();
                }
            }
            Ok(None) => {}
            Err(rejection) => sink.reject(line.number, rejection)?,
        }
    }
    Ok(())
}

fn is_empty(json: &[u8]) -> bool {
    let inner = json.trim_ascii().strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    inner.is_some_and(|inner| inner.trim_ascii().is_empty())
}

struct Log<'a> {
    entry: ForeignObject<'a>,
    /// The tags by their keys, as an object of JSON.
    tags: Option<String>,
}

impl<'a> Log<'a> {
    fn read(json: &'a [u8], beside: &[(&'a str, &'a str)], limits: &Limits) -> Result<Self, Rejection> {
        let mut entry = ForeignObject::read_named(json, limits, &["message"], &["timestamp", "date"])?;
        let own = |name: &str| member(json, name);
        let open: Vec<_> = beside.iter().filter(|(name, _)| own(name).is_none()).collect();
        let default_tags =
            open.iter().find(|(name, _)| *name == "ddtags").map(|(_, tags)| tags::as_object(tags));
        let tags = match memchr::memmem::find(json, b"ddtags") {
            Some(_) => own("ddtags").map(|tags| tags::as_object(&tags)).or(default_tags),
            None => default_tags,
        };
        entry.surround(
            open.into_iter()
                .map(|(name, text)| Around { key: (*name).into(), value: AroundValue::Text(text) }),
        );
        Ok(Self { entry, tags: tags.flatten() })
    }
}

/// What a member of an object says, where it is a text; an empty text where it is another value.
fn member(json: &[u8], name: &str) -> Option<String> {
    let text = str::from_utf8(json).ok()?;
    let mut reader = Reader::new(json, usize::MAX);
    reader.token().ok()??;
    while let Ok(Some(token)) = reader.token() {
        if token.kind != Kind::Key {
            break;
        }
        let found = token.inner(text) == name;
        let first = reader.token().ok()??;
        finish_value(json, &mut reader, first).ok()?;
        if found {
            let is_text = first.kind == Kind::String;
            let text = if is_text { first.inner(text) } else { "" };
            return Some(if first.escapes == Escapes::None {
                text.to_owned()
            } else {
                string::unescape(text).into_owned()
            });
        }
    }
    None
}
