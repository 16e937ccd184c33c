//! The forward protocol of Fluentd and Fluent Bit: messages of MessagePack over a connection.
//!
//! Source: <https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1.5>

mod handshake;
mod message;
mod record;
#[cfg(test)]
mod tests;

use super::msgpack::{Extent, Fault};
use super::{Broken, Session, Sink, Step};
pub use handshake::{Handshake, SharedKey};

/// One connection.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Bytes that a compressed message may inflate to.
    limit: usize,
    /// Where the first message ends, as far as it was looked at.
    extent: Extent,
    /// What the sender has to prove before its messages are taken.
    handshake: Option<Handshake>,
}

impl Forward {
    /// `handshake` where the sender must know a shared key.
    pub fn new(limit: usize, handshake: Option<Handshake>) -> Self {
        Self { limit, extent: Extent::default(), handshake }
    }
}

impl Session for Forward {
    fn read(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken> {
        let mut step = Step::default();
        let mut number = 0;
        while step.consumed < bytes.len() && !sink.enough() {
            let rest = bytes.get(step.consumed..).unwrap_or_default();
            let length = match self.extent.read(rest) {
                Ok(length) => length,
                Err(Fault::Cut(missing)) => {
                    step.missing = missing;
                    return Ok(step);
                }
                Err(Fault::Reserved) => return ended(step, "a byte of it is none of MessagePack"),
            };
            let message = rest.get(..length).unwrap_or_default();
            if let Some(handshake) = self.handshake.as_mut().filter(|handshake| !handshake.is_done()) {
                let (reply, is_known) = handshake.ping(message)?;
                step.reply.extend_from_slice(&reply);
                step.close = !is_known;
            } else {
                match message::read(message, self.limit, &mut number, sink) {
                    Ok(acknowledgement) => step.acknowledge.extend_from_slice(&acknowledgement),
                    // What came before it is kept; the next call says what is wrong.
                    Err(Broken::Protocol(_)) if step.consumed > 0 => return Ok(step),
                    Err(error) => return Err(error),
                }
            }
            step.consumed += length;
            self.extent = Extent::default();
            if step.close {
                return Ok(step);
            }
        }
        Ok(step)
    }

    fn end(&mut self, _: &[u8], _: &mut dyn Sink) -> Result<Step, Broken> {
        // A message that is cut is its sender's to send again.
        Ok(Step::default())
    }

    fn is_admitted(&self) -> bool {
        self.handshake.as_ref().is_none_or(Handshake::is_done)
    }

    fn greeting(&mut self) -> Vec<u8> {
        self.handshake.as_ref().map(Handshake::hello).unwrap_or_default()
    }
}

fn ended(step: Step, reason: &str) -> Result<Step, Broken> {
    if step.consumed > 0 { Ok(step) } else { Err(Broken::Protocol(reason.to_owned())) }
}
