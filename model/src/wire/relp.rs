//! RELP: syslog messages in frames of which each is answered, `TXNR COMMAND LENGTH DATA`.
//!
//! A message is answered with `200 OK` once it is on disk. A sender that got no answer sends it again in its next session, under
//! another number; a message of RFC 5424 with a time to the microsecond is known again by its bytes and how often the session brought
//! them, and stored once.

#[cfg(test)]
mod tests;

use std::io::Write;

use super::repeats::Repeats;
use super::syslog::{Settings, deliver, piece, trim};
use super::{Broken, Session, Sink, Step};
use crate::entry::Draft;

/// The longest header of a frame: two numbers of nine digits, and a command.
const HEADER: usize = 9 + 1 + 32 + 1 + 9 + 1;

/// The server's side of one session.
#[derive(Debug, Clone)]
pub struct Server {
    settings: Settings,
    open: bool,
    repeats: Repeats,
}

struct Frame<'a> {
    number: u32,
    command: &'a [u8],
    data: &'a [u8],
    length: usize,
}

impl Server {
    pub fn new(settings: Settings) -> Self {
        Self { settings, open: false, repeats: Repeats::default() }
    }

    fn take<'a>(
        &mut self,
        frame: &Frame<'a>,
        entries: &mut u64,
        draft: &mut Draft<'a>,
        step: &mut Step,
        sink: &mut dyn Sink,
    ) -> Result<(), Broken> {
        let mut answer = |text: &str| respond(&mut step.acknowledge, frame.number, text);
        match frame.command {
            b"open" if offers_syslog(frame.data) => {
                self.open = true;
                answer("200 OK\nrelp_version=0\nrelp_software=logpipeline\ncommands=syslog");
            }
            b"open" => {
                answer("500 the command syslog is not among what is offered");
                step.close = true;
            }
            b"syslog" if !self.open => {
                answer("500 a session begins with open");
                step.close = true;
            }
            b"syslog" => {
                let before = *entries;
                for message in frame.data.chunks(piece(sink.limits())) {
                    let whole = message.len() == frame.data.len();
                    let resent = whole.then(|| self.repeats.key(message));
                    let message = trim(message);
                    if !message.is_empty() {
                        *entries += 1;
                        deliver(message, resent.as_deref(), &self.settings, *entries, draft, sink)?;
                    }
                }
                // Of what holds no message there is nothing to ask about.
                match sink.receipt().filter(|_| *entries > before) {
                    Some(receipt) => answer(&format!("200 OK {receipt}")),
                    None => answer("200 OK"),
                }
            }
            b"close" => {
                answer("200 OK");
                step.close = true;
            }
            _ => answer("500 the command is not supported"),
        }
        Ok(())
    }
}

impl Session for Server {
    fn read(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken> {
        let (mut step, mut entries, mut draft) = (Step::default(), 0, Draft::default());
        while !step.close && !sink.enough() {
            let rest = bytes.get(step.consumed..).unwrap_or_default();
            // They are taken at once: a client that sends nothing else would have all of them looked at with each byte.
            let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            step.consumed += blank;
            match frame(rest.get(blank..).unwrap_or_default()) {
                Ok(frame) => {
                    self.take(&frame, &mut entries, &mut draft, &mut step, sink)?;
                    step.consumed += frame.length;
                }
                Err(Unread::Part(missing)) => {
                    step.missing = missing;
                    break;
                }
                // What was read before it is answered first.
                Err(Unread::Wrong(_)) if step.consumed > 0 => break,
                Err(Unread::Wrong(reason)) => {
                    return Err(Broken::Protocol(format!("it is not a frame of RELP: {reason}")));
                }
            }
        }
        Ok(step)
    }

    /// What is not whole was not answered, and is sent again.
    fn end(&mut self, _: &[u8], _: &mut dyn Sink) -> Result<Step, Broken> {
        Ok(Step::default())
    }
}

enum Unread {
    /// So many bytes are missing at least; 0 where that is not known.
    Part(usize),
    Wrong(&'static str),
}

/// Reads the frame at the front.
fn frame(bytes: &[u8]) -> Result<Frame<'_>, Unread> {
    let head = bytes.get(..HEADER + 1).unwrap_or(bytes);
    let whole = head.len() > HEADER;
    let part = |reason| if whole { Unread::Wrong(reason) } else { Unread::Part(0) };

    let end = head.iter().position(|byte| *byte == b' ');
    let number = number(head.get(..end.unwrap_or(head.len())).unwrap_or_default())
        .ok_or(Unread::Wrong("it does not begin with a number of up to nine digits"))?;
    let after = head.get(end.ok_or_else(|| part("it has no command"))? + 1..).unwrap_or_default();
    let end = after.iter().position(|byte| !byte.is_ascii_alphanumeric());
    let command = after.get(..end.unwrap_or(after.len())).unwrap_or_default();
    if command.len() > 32
        || (end.is_some() && (command.is_empty() || after.get(command.len()) != Some(&b' ')))
    {
        return Err(Unread::Wrong("its command is not a word of up to 32 letters"));
    }
    let after = after.get(end.ok_or_else(|| part("its command has no end"))? + 1..).unwrap_or_default();
    let end = after.iter().position(|byte| !byte.is_ascii_digit());
    let digits = after.get(..end.unwrap_or(after.len())).unwrap_or_default();
    let length = self::number(digits);
    if (!digits.is_empty() || end.is_some()) && length.is_none() {
        return Err(Unread::Wrong("its length is not a number of up to nine digits"));
    }
    let (Some(end), Some(length)) = (end, length) else { return Err(part("its length has no end")) };
    let after = after.get(end..).unwrap_or_default();
    // Where a frame has no data, its end may follow the length at once.
    let space = usize::from(after.first() == Some(&b' '));
    if space == 0 && (length > 0 || after.first() != Some(&b'\n')) {
        return Err(Unread::Wrong("its length is not followed by its data"));
    }
    let begin = head.len() - after.len() + space;
    let end = begin + length as usize;
    let Some(data) = bytes.get(begin..end) else {
        return Err(Unread::Part(end + 1 - bytes.len()));
    };
    match bytes.get(end) {
        Some(b'\n') => Ok(Frame { number, command, data, length: end + 1 }),
        Some(_) => Err(Unread::Wrong("its data is not followed by a line feed")),
        None => Err(Unread::Part(1)),
    }
}

/// `None` for what is no number of up to nine digits; nothing at all is 0, for more may come.
fn number(digits: &[u8]) -> Option<u32> {
    if digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

fn respond(out: &mut Vec<u8>, number: u32, text: &str) {
    let _ = writeln!(out, "{number} rsp {} {text}", text.len());
}

/// Whether the client offers to send syslog; one that offers nothing in particular may.
fn offers_syslog(data: &[u8]) -> bool {
    let mut lines = data.split(|byte| *byte == b'\n');
    let commands = lines.find_map(|line| line.strip_prefix(b"commands="));
    commands.is_none_or(|commands| {
        commands.split(|byte| *byte == b',').any(|name| name.trim_ascii() == b"syslog")
    })
}
