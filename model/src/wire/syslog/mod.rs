//! Syslog: RFC 5424, RFC 3164 and what real senders make of it, by streams and by datagrams.
//!
//! Nothing is dropped for being odd: what cannot be read is the message.

mod framing;
mod message;
mod rfc3164;
mod rfc5424;
mod structured;
mod time;

#[cfg(test)]
mod tests;

use core::net::IpAddr;

use super::{Broken, Datagrams, Full, Session, Sink, Step};
use crate::entry::{Draft, Limits};
use framing::{Framing, Next};

pub(in crate::wire) use framing::trim;
pub(in crate::wire) use message::deliver;

/// What a message does not say of itself.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Seconds east of UTC, for times that name no zone.
    pub zone: i32,
    /// Who sent it: its host, where it names none.
    pub peer: Option<IpAddr>,
}

/// A connection of TCP or TLS, by any of the framings in use.
#[derive(Debug, Clone)]
pub struct Stream {
    settings: Settings,
    framing: Framing,
}

impl Stream {
    pub fn new(settings: Settings) -> Self {
        Self { settings, framing: Framing::default() }
    }

    fn hand_over(&mut self, bytes: &[u8], last: bool, sink: &mut dyn Sink) -> Result<Step, Broken> {
        let (mut consumed, mut number, mut draft) = (0, 0, Draft::default());
        let piece = piece(sink.limits());
        loop {
            let rest = bytes.get(consumed..).unwrap_or_default();
            let mut next = self.framing.next(rest, piece);
            if last && matches!(next, Next::More(_)) && !rest.is_empty() {
                next = self.framing.rest(rest);
            }
            let (message, length) = match next {
                Next::Frame { message, length } => (message, length),
                Next::More(missing) => return Ok(Step { consumed, missing, ..Step::default() }),
                Next::Broken(reason) => return Err(Broken::Protocol(reason.to_owned())),
            };
            consumed += length;
            if !message.is_empty() {
                number += 1;
                deliver(message, None, &self.settings, number, &mut draft, sink)?;
            }
            if sink.enough() || consumed == bytes.len() {
                return Ok(Step { consumed, ..Step::default() });
            }
        }
    }
}

impl Session for Stream {
    fn read(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken> {
        self.hand_over(bytes, false, sink)
    }

    fn end(&mut self, rest: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken> {
        self.hand_over(rest, true, sink)
    }

    /// Senders without any framing are taken at their pauses.
    fn stalled(&mut self, rest: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken> {
        self.hand_over(rest, true, sink)
    }
}

/// Datagrams of UDP: each is a message.
#[derive(Debug, Clone)]
pub struct Packets {
    settings: Settings,
}

impl Packets {
    pub fn new(zone: i32) -> Self {
        Self { settings: Settings { zone, peer: None } }
    }
}

impl Datagrams for Packets {
    fn read(&mut self, datagram: &[u8], peer: IpAddr, first: u64, sink: &mut dyn Sink) -> Result<u64, Full> {
        let message = trim(datagram);
        if message.is_empty() {
            return Ok(first);
        }
        let settings = Settings { peer: Some(peer), ..self.settings };
        deliver(message, None, &settings, first, &mut Draft::default(), sink)?;
        Ok(first + 1)
    }
}

/// A longer message is handed over in pieces of so many bytes, which leave an entry room for what is around them.
pub(in crate::wire) fn piece(limits: &Limits) -> usize {
    (limits.entry_bytes - limits.entry_bytes / 8).max(64)
}
