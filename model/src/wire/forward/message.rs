//! One message: the events of a tag in one of four layouts.

use super::record;
use crate::entry::Rejection;
use crate::wire::inflate::{Coding, Deflated, inflate};
use crate::wire::msgpack::{Reader, Token, Writer};
use crate::wire::{Broken, Sink};

/// What a message says of itself.
#[derive(Debug, Default)]
struct Options<'a> {
    chunk: Option<&'a [u8]>,
    coding: Option<Coding>,
}

/// Hands the events of a whole message to the sink, and returns what acknowledges it, where that is asked for.
pub(super) fn read(
    message: &[u8],
    limit: usize,
    number: &mut u64,
    sink: &mut dyn Sink,
) -> Result<Vec<u8>, Broken> {
    let mut reader = Reader::new(message);
    let Ok(Token::Array(count @ 2..=4)) = reader.token() else {
        return Err(malformed("a message is an array of two to four values"));
    };
    let tag = match reader.token() {
        Ok(Token::Text(tag) | Token::Binary(tag)) => String::from_utf8_lossy(tag),
        _ => return Err(malformed("a message begins with its tag, a text")),
    };
    let events = reader.position();
    let second = reader.token().map_err(|_| malformed("the message is cut off"))?;
    let (is_single, packed) = match second {
        Token::Text(bytes) | Token::Binary(bytes) => (false, Some(bytes)),
        Token::Array(_) => (false, None),
        _ => (true, None),
    };
    // In front of the options: the events, or the time and the record of the only one.
    reader = Reader::at(message, events);
    for _ in 0..1 + u32::from(is_single) {
        reader.skip().map_err(|_| malformed("the message is cut off"))?;
    }
    let options = if count > 2 + u32::from(is_single) { options(&mut reader)? } else { Options::default() };
    let mut events = Events { tag: &tag, chunk: options.chunk, index: 0, number, sink };
    match packed {
        Some(bytes) => match options.coding {
            Some(coding) => {
                match inflate(coding, bytes, limit, events.sink) {
                    Ok(bytes) => events.packed(&bytes)?,
                    Err(Deflated::Full) => return Err(Broken::Full),
                    // Sent again, it would be the same: so it is rejected, and acknowledged.
                    Err(Deflated::Invalid) => events.rejected("the compressed events cannot be inflated")?,
                    Err(Deflated::TooLarge) => {
                        events.rejected("the compressed events inflate to more than a message may have")?;
                    }
                }
            }
            None => events.packed(bytes)?,
        },
        None if is_single => {
            events.take(&Reader::at(message, events_start(message)))?;
        }
        None => {
            let mut reader = Reader::at(message, events_start(message));
            let Ok(Token::Array(count)) = reader.token() else {
                return Err(malformed("there are no events"));
            };
            for _ in 0..count {
                if !events.event(&mut reader)? {
                    break;
                }
            }
        }
    }
    Ok(options
        .chunk
        .map(|chunk| Writer::default().map(1).text(b"ack").text(chunk).finish())
        .unwrap_or_default())
}

/// Behind the tag.
fn events_start(message: &[u8]) -> usize {
    let mut reader = Reader::new(message);
    let _ = reader.token().and_then(|_| reader.token());
    reader.position()
}

fn options<'a>(reader: &mut Reader<'a>) -> Result<Options<'a>, Broken> {
    let wrong = || malformed("the options of a message are a map");
    let mut options = Options::default();
    let count = match reader.token().map_err(|_| wrong())? {
        Token::Map(count) => count,
        Token::Nil => 0,
        _ => return Err(wrong()),
    };
    for _ in 0..count {
        let key = reader.token().map_err(|_| wrong())?;
        if matches!(key, Token::Array(_) | Token::Map(_)) {
            return Err(wrong());
        }
        let start = reader.position();
        let value = reader.token().map_err(|_| wrong())?;
        let (Token::Text(key) | Token::Binary(key)) = key else { continue };
        match (key, value) {
            (b"chunk", Token::Text(chunk) | Token::Binary(chunk)) => options.chunk = Some(chunk),
            (b"compressed", Token::Text(name) | Token::Binary(name)) => {
                options.coding = match name {
                    b"gzip" => Some(Coding::Gzip),
                    b"zstd" => Some(Coding::Zstd),
                    b"text" | b"" => None,
                    _ => return Err(malformed("its events are compressed by another way than gzip or zstd")),
                };
            }
            _ => {
                *reader = reader.clone_at(start);
                reader.skip().map_err(|_| wrong())?;
            }
        }
    }
    Ok(options)
}

fn malformed(reason: &str) -> Broken {
    Broken::Protocol(format!("a message of the forward protocol cannot be read: {reason}"))
}

/// The events of a message on their way to the sink.
struct Events<'a, 's> {
    tag: &'a str,
    chunk: Option<&'a [u8]>,
    index: u64,
    number: &'a mut u64,
    sink: &'s mut dyn Sink,
}

impl Events<'_, '_> {
    /// Events behind each other.
    fn packed(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let mut reader = Reader::new(bytes);
        while !reader.is_at_end() && self.event(&mut reader)? {}
        Ok(())
    }

    /// An event in an array of its own; `false` where nothing behind it can be read.
    fn event(&mut self, reader: &mut Reader<'_>) -> Result<bool, Broken> {
        let start = reader.position();
        let mut behind = reader.clone();
        if behind.skip().is_err() {
            self.rejected("the events are cut off, or no MessagePack, from here on")?;
            return Ok(false);
        }
        match reader.token() {
            Ok(Token::Array(2..)) => self.take(reader)?,
            _ => self.rejected("an event is an array of its time and its record")?,
        }
        *reader = reader.clone_at(behind.position().max(start));
        Ok(true)
    }

    /// An event whose time and record come next, whole.
    fn take(&mut self, reader: &Reader<'_>) -> Result<(), Broken> {
        let number = self.next();
        match record::read(self.tag, &mut reader.clone(), self.sink.limits().depth) {
            Ok(mut draft) => {
                draft.read_message(self.sink.received_at());
                drop(match self.chunk {
                    Some(chunk) => self.sink.take_of(number, chunk, self.index, &mut draft)?,
                    None => self.sink.take(number, None, &mut draft)?,
                });
            }
            Err(rejection) => self.sink.reject(number, rejection)?,
        }
        Ok(())
    }

    fn rejected(&mut self, reason: &str) -> Result<(), Broken> {
        let number = self.next();
        Ok(self.sink.reject(number, Rejection::whole(reason))?)
    }

    /// The number of the next event.
    fn next(&mut self) -> u64 {
        *self.number += 1;
        self.index += 1;
        *self.number
    }
}
