//! Lumberjack, as Beats and Logstash speak it: windows of JSON documents, acknowledged by their sequence numbers. Its first version too.
//!
//! Source: <https://github.com/logstash-plugins/logstash-input-beats/blob/main/PROTOCOL.md>

mod frame;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::inflate::{Coding, Deflated, inflate};
use super::repeats::Repeats;
use super::{Broken, Session, Sink, Step};
use crate::entry::{Draft, ForeignObject, Incoming};
use frame::{Frame, Frames, Pairs};

/// Compressed frames may stand within each other so often.
const NESTING: usize = 4;

/// One connection.
#[derive(Debug, Clone)]
pub struct Lumberjack {
    /// Bytes that a compressed frame may inflate to, or a frame may have.
    limit: usize,
    /// Events of the window that are to come.
    open: u32,
    frames: Frames,
    repeats: Repeats,
}

impl Lumberjack {
    pub fn new(limit: usize) -> Self {
        Self { limit, open: 0, frames: Frames::default(), repeats: Repeats::default() }
    }
}

impl Session for Lumberjack {
    fn read(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken> {
        let mut step = Step::default();
        let mut number = 0;
        while step.consumed < bytes.len() && !sink.enough() {
            let rest = bytes.get(step.consumed..).unwrap_or_default();
            let (frame, length) = match self.frames.next(rest, self.limit) {
                Ok(found) => found,
                Err(frame::Fault::Cut(missing)) => {
                    step.missing = missing;
                    return Ok(step);
                }
                Err(frame::Fault::Wrong(_)) if step.consumed > 0 => return Ok(step),
                Err(frame::Fault::Wrong(reason)) => return Err(Broken::Protocol(reason)),
            };
            let before = (self.open, self.frames);
            match self.take(frame, &mut number, &mut step.acknowledge, sink) {
                Ok(()) => step.consumed += length,
                Err(Broken::Protocol(_)) if step.consumed > 0 => {
                    (self.open, self.frames) = before;
                    return Ok(step);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(step)
    }

    fn end(&mut self, _: &[u8], _: &mut dyn Sink) -> Result<Step, Broken> {
        // A frame that is cut is its sender's to send again.
        Ok(Step::default())
    }
}

impl Lumberjack {
    fn take(
        &mut self,
        frame: Frame<'_>,
        number: &mut u64,
        acknowledge: &mut Vec<u8>,
        sink: &mut dyn Sink,
    ) -> Result<(), Broken> {
        match frame {
            Frame::Window(events) => self.open = events,
            Frame::Json { version, sequence, document } => {
                *number += 1;
                json(document, *number, &mut self.repeats, sink)?;
                self.count(version, sequence, acknowledge);
            }
            Frame::Pairs { version, sequence, pairs } => {
                *number += 1;
                let mut draft = fields(pairs);
                draft.read_message(sink.received_at());
                let _ = sink.take(*number, None, &mut draft)?;
                self.count(version, sequence, acknowledge);
            }
            Frame::Compressed(bytes) => {
                let bytes = self.unpack(bytes, NESTING, sink)?;
                let mut frames = Frames::default();
                let mut rest = &bytes[..];
                while let Ok((frame, length)) = frames.next(rest, self.limit) {
                    self.take(frame, number, acknowledge, sink)?;
                    rest = rest.get(length..).unwrap_or_default();
                }
            }
        }
        Ok(())
    }

    /// The whole frames in a compressed one, those of further compressed ones in their place. None is handed over before all
    /// are known to be whole: what stands before a fault would be stored, and sent again.
    fn unpack(&self, bytes: &[u8], nesting: usize, sink: &mut dyn Sink) -> Result<Vec<u8>, Broken> {
        let broken = |reason: &str| Broken::Protocol(reason.to_owned());
        let too_large = || broken("a compressed frame inflates to more than a frame may have");
        if nesting == 0 {
            return Err(broken("compressed frames stand within each other too often"));
        }
        let bytes = inflate(Coding::Zlib, bytes, self.limit, sink).map_err(|fault| match fault {
            Deflated::Full => Broken::Full,
            Deflated::Invalid => broken("a compressed frame cannot be inflated"),
            Deflated::TooLarge => too_large(),
        })?;
        let (mut at, mut frames) = (0, Frames::default());
        // Needed only where frames stand within each other.
        let mut flat: Option<Vec<u8>> = None;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let (frame, length) = frames.next(rest, self.limit).map_err(|fault| match fault {
                frame::Fault::Cut(_) => broken("a frame within a compressed one is cut off"),
                frame::Fault::Wrong(reason) => Broken::Protocol(reason),
            })?;
            let inner = match frame {
                Frame::Compressed(inner) => Some(self.unpack(inner, nesting - 1, sink)?),
                _ => None,
            };
            if let Some(inner) = &inner {
                let before = if flat.is_none() { bytes.get(..at).unwrap_or_default() } else { &[] };
                sink.charge(before.len() + inner.len())?;
                let flat = flat.get_or_insert_default();
                flat.extend_from_slice(before);
                flat.extend_from_slice(inner);
                if flat.len() > self.limit {
                    return Err(too_large());
                }
            } else if let Some(flat) = &mut flat {
                sink.charge(length)?;
                flat.extend_from_slice(rest.get(..length).unwrap_or_default());
            }
            at += length;
        }
        Ok(flat.unwrap_or(bytes))
    }

    /// Counts an event of the window; the last is acknowledged for all.
    fn count(&mut self, version: u8, sequence: u32, acknowledge: &mut Vec<u8>) {
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            acknowledge.extend_from_slice(&[version, b'A']);
            acknowledge.extend_from_slice(&sequence.to_be_bytes());
        }
    }
}

/// A document is the same one where another session brings it again if no other line can have its bytes: its time is finer than a
/// millisecond, or it says where in its file the line stood, as Filebeat's do. Others may be equal and are all kept, as are equal
/// ones of one session.
fn json(document: &[u8], number: u64, repeats: &mut Repeats, sink: &mut dyn Sink) -> Result<(), Broken> {
    let limits = *sink.limits();
    match ForeignObject::read(document, &limits) {
        Ok(mut entry) => {
            entry.read_message(sink.received_at());
            let placed = memchr::memmem::find(document, b"\"offset\":").is_some();
            let unit = if placed { Duration::from_secs(1) } else { Duration::from_millis(1) };
            let unique = entry.is_finer_than(unit);
            let key = unique.then(|| repeats.key(document));
            let _ = sink.take(number, key.as_deref(), &mut entry)?;
        }
        Err(rejection) => sink.reject(number, rejection)?,
    }
    Ok(())
}

/// An event of the first version: names and texts, of which `line` is the message.
fn fields(pairs: Pairs<'_>) -> Draft<'_> {
    let mut draft = Draft::default();
    for (name, text) in pairs {
        let (name, text) = (String::from_utf8_lossy(name), String::from_utf8_lossy(text));
        match &*name {
            "line" => draft.set(crate::entry::Field::Message, text),
            _ => draft.attribute(name, text),
        }
    }
    draft
}
