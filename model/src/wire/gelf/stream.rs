//! GELF by TCP: messages that end with NUL.

use super::read_any;
use crate::wire::{Broken, Session, Sink, Step};

#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// Bytes of the message at the front that hold no end.
    scanned: usize,
}

impl Session for Stream {
    fn read(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken> {
        let (mut consumed, mut number) = (0, 1);
        loop {
            let rest = bytes.get(consumed..).unwrap_or_default();
            let Some(found) = memchr::memchr(0, rest.get(self.scanned..).unwrap_or_default()) else {
                self.scanned = rest.len();
                break;
            };
            let end = self.scanned + found;
            self.scanned = 0;
            number = read_any(rest.get(..end).unwrap_or_default(), number, sink)?;
            consumed += end + 1;
            if sink.enough() {
                break;
            }
        }
        Ok(Step { consumed, ..Step::default() })
    }

    /// The last message needs no NUL.
    fn end(&mut self, rest: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken> {
        self.scanned = 0;
        read_any(rest, 1, sink)?;
        Ok(Step { consumed: rest.len(), ..Step::default() })
    }

    /// Senders that write lines instead are taken at their pauses.
    fn stalled(&mut self, rest: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken> {
        self.end(rest, sink)
    }
}
