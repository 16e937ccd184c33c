//! The native format: one JSON object, an array of objects, or NDJSON.

mod in_text;
#[cfg(test)]
mod tests;

pub use in_text::{InText, in_text};

use super::{Full, Sink};
use crate::Timestamp;
use crate::entry::{self, Incoming, Limits, Rejection, Stamp};
use crate::json::{Element, Fault, Reader, container_end, element_end};

/// One entry of a body, as bytes of it, or why its line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// From 1: the line of NDJSON, or the element of an array. Each number comes once, and they grow: of
    /// several objects on one line those behind the first have the next free numbers.
    pub number: u64,
    pub json: Result<&'a [u8], Rejection>,
}

/// Hands every entry of a body to the sink.
pub fn read(body: &[u8], sink: &mut dyn Sink) -> Result<(), Full> {
    let limits = *sink.limits();
    for line in lines(body, &limits) {
        match line.json {
            Ok(json) => drop(sink.take(line.number, None, &mut Native(json))?),
            Err(rejection) => sink.reject(line.number, rejection)?,
        }
    }
    Ok(())
}

/// An entry in our own format, as bytes that are validated when they are written.
struct Native<'a>(&'a [u8]);

impl Incoming for Native<'_> {
    /// Not known before it is written, and not asked for: our senders say by a key that they send again.
    fn time(&self) -> Option<Timestamp> {
        None
    }

    fn write(&mut self, stamp: Stamp, limits: &Limits, out: &mut Vec<u8>) -> Result<(), Rejection> {
        entry::accept(self.0, stamp, limits, out)
    }
}

/// Splits a body into its entries: an array's elements, an object on its own however it is laid out, or
/// the lines of NDJSON, blank ones skipped. Never fails: what cannot be read comes as a rejected line.
///
/// Objects that span lines may follow each other too, as may objects on one line. What comes is not
/// validated, that is for [`crate::entry::accept`].
pub fn lines<'a>(body: &'a [u8], limits: &Limits) -> impl Iterator<Item = Line<'a>> + use<'a> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let rest = body.trim_ascii_start();
    let mut lines = Lines { body, at: body.len() - rest.len(), line: 1, last: 0, layout: Layout::Lines };
    lines.line += count_lines(&body[..lines.at]);
    lines.layout = match rest.first() {
        Some(b'[') => {
            lines.at += 1;
            Layout::Array { begun: false }
        }
        Some(b'{') if spans_lines(rest.trim_ascii_end(), limits) => Layout::Objects,
        _ => Layout::Lines,
    };
    lines
}

#[derive(Debug)]
struct Lines<'a> {
    body: &'a [u8],
    at: usize,
    /// The number of the line that `at` is on.
    line: u64,
    /// The number given last.
    last: u64,
    layout: Layout,
}

#[derive(Debug, Clone, Copy)]
enum Layout {
    /// An entry a line.
    Lines,
    /// Objects behind each other on a line that ends at `end`, each complete.
    Line { end: usize },
    /// Objects, of which the first at least spans lines.
    Objects,
    /// Inside an array; `begun` once an element was read.
    Array { begun: bool },
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        loop {
            let step = match self.layout {
                Layout::Lines => self.next_line()?,
                Layout::Line { end } => self.next_on_line(end),
                Layout::Objects => self.next_object()?,
                Layout::Array { begun } => self.next_element(begun)?,
            };
            if step.is_some() {
                return step;
            }
        }
    }
}

/// Whether the object at the front of `rest` is laid out over several lines. Where it is broken: whether
/// it looks like that rather than like a broken line of NDJSON.
fn spans_lines(rest: &[u8], limits: &Limits) -> bool {
    let Some(first_break) = memchr::memchr(b'\n', rest) else { return false };
    let mut reader = Reader::new(rest, limits.depth);
    loop {
        match reader.token() {
            Ok(Some(_)) => {}
            Ok(None) => return reader.position() > first_break,
            Err(fault) => {
                let read =
                    rest.get(first_break..=fault.offset()).or(rest.get(first_break..)).unwrap_or_default();
                return fault.offset() > first_break && memchr::memmem::find(read, b"\n{").is_none();
            }
        }
    }
}

fn count_lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

impl<'a> Lines<'a> {
    /// A line with the smallest free number from `number` on.
    fn numbered(&mut self, number: u64, json: Result<&'a [u8], Rejection>) -> Option<Line<'a>> {
        self.last = number.max(self.last + 1);
        Some(Line { number: self.last, json })
    }

    fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.body.get(start..end).unwrap_or_default()
    }

    /// `None` at the end of the body; `Some(None)` where there is nothing here, and more behind it.
    fn next_line(&mut self) -> Option<Option<Line<'a>>> {
        let rest = self.body.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = self.at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let text = self.slice(self.at, end).trim_ascii_end();
        if holds_objects(text) {
            self.layout = Layout::Line { end };
            return Some(None);
        }
        let line = if text.is_empty() { None } else { self.numbered(self.line, Ok(text)) };
        self.at = end + 1;
        self.line += 1;
        Some(line)
    }

    fn next_on_line(&mut self, end: usize) -> Option<Line<'a>> {
        let rest = self.slice(self.at, end);
        let start = self.at + (rest.len() - rest.trim_ascii_start().len());
        match container_end(self.slice(0, end), start) {
            Some(object_end) => {
                self.at = object_end;
                self.numbered(self.line, Ok(self.slice(start, object_end)))
            }
            None => {
                self.at = end + 1;
                self.line += 1;
                self.layout = Layout::Lines;
                None
            }
        }
    }

    fn next_object(&mut self) -> Option<Option<Line<'a>>> {
        let rest = self.body.get(self.at..)?;
        let start = self.at + (rest.len() - rest.trim_ascii_start().len());
        self.line += count_lines(self.slice(self.at, start));
        let number = self.line;
        let (end, json) = match self.body.get(start)? {
            b'{' => match container_end(self.body, start) {
                Some(end) => (end, Ok(self.slice(start, end))),
                None => (self.body.len(), Err(unclosed("object", start, self.body))),
            },
            _ => {
                let end =
                    memchr::memchr(b'\n', &self.body[start..]).map_or(self.body.len(), |len| start + len);
                (end, Ok(self.slice(start, end).trim_ascii_end()))
            }
        };
        self.line += count_lines(self.slice(start, end));
        self.at = end;
        Some(self.numbered(number, json))
    }

    fn next_element(&mut self, begun: bool) -> Option<Option<Line<'a>>> {
        let start = self.at;
        if start > self.body.len() {
            return None;
        }
        let number = self.last + 1;
        let (end, after) = match element_end(self.body, start) {
            Element::Comma(end) => (end, Layout::Array { begun: true }),
            Element::Close(end) => (end, Layout::Lines),
            Element::End => return Some(self.last_element(start)),
        };
        let text = self.slice(start, end).trim_ascii();
        (self.at, self.layout) = (end + 1, after);
        // What follows the array goes by lines, under the numbers behind its elements'.
        self.line = number + 1;
        let empty_array = text.is_empty() && !begun && matches!(after, Layout::Lines);
        Some(if empty_array { None } else { self.numbered(number, Ok(text)) })
    }

    /// The element at `start`, behind which the body ends without closing the array.
    fn last_element(&mut self, start: usize) -> Option<Line<'a>> {
        let text = self.slice(start, self.body.len()).trim_ascii();
        let complete = !text.is_empty() && fault_of(text).is_none();
        self.at = self.body.len() + usize::from(!complete);
        let json = if complete {
            Ok(text)
        } else if text.is_empty() {
            Err(Rejection::whole("the array is not closed: ']' is missing at the end of the body"))
        } else {
            let blank = self.body.len() - start - self.slice(start, self.body.len()).trim_ascii_start().len();
            Err(unclosed("element", start + blank, self.body))
        };
        self.numbered(self.last + 1, json)
    }
}

/// Whether the line is nothing but several objects that are closed.
fn holds_objects(line: &[u8]) -> bool {
    // A brace behind another, with nothing but white space between them: rare in strings, and in JSON
    // where one object follows another only.
    let suspicious = memchr::memchr_iter(b'{', line)
        .skip(1)
        .any(|brace| line[..brace].trim_ascii_end().last() == Some(&b'}'));
    if !suspicious {
        return false;
    }
    let mut rest = line.trim_ascii_start();
    let mut objects = 0;
    while rest.first() == Some(&b'{') {
        let Some(end) = container_end(rest, 0) else { return false };
        rest = rest[end..].trim_ascii_start();
        objects += 1;
    }
    objects > 1 && rest.is_empty()
}

/// What is wrong with the object or element at `start` that goes on to the end of the body.
fn unclosed(what: &str, start: usize, body: &[u8]) -> Rejection {
    let fault = fault_of(body.get(start..).unwrap_or_default());
    let fault = fault.map(|fault| format!("; within it, {fault}")).unwrap_or_default();
    Rejection::whole(format!(
        "the {what} that begins at byte offset {start} of the body is not closed{fault}"
    ))
}

/// Why the text is not one JSON value.
fn fault_of(text: &[u8]) -> Option<Fault> {
    let mut reader = Reader::new(text, usize::MAX);
    loop {
        match reader.token() {
            Ok(Some(_)) => {}
            Ok(None) => return reader.finish().err(),
            Err(fault) => return Some(fault),
        }
    }
}
