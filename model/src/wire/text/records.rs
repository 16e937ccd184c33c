//! Which lines of a text are one entry.

use std::borrow::Cow;

const PYTHON: &str = "Traceback (most recent call last)";

/// One line, or several that belong together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// The number of its first line, from 1.
    pub(super) number: u64,
    pub(super) text: Cow<'a, str>,
}

/// The records of a text, in order. Lines are joined up to `limit` bytes of a record.
#[derive(Debug)]
pub(super) struct Records<'a> {
    lines: Lines<'a>,
    next: Option<Line<'a>>,
    limit: usize,
}

#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    number: u64,
    start: usize,
    end: usize,
    /// Without a line break and a carriage return before it.
    text: &'a str,
    container: Option<Container<'a>>,
}

/// A line as a container runtime of Kubernetes writes it: `2026-11-30T10:00:00.1Z stdout F text`.
#[derive(Debug, Clone, Copy)]
struct Container<'a> {
    /// Time and stream, with the space behind them.
    head: &'a str,
    is_partial: bool,
    text: &'a str,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a str, limit: usize) -> Self {
        let mut lines = Lines { text, at: 0, number: 0 };
        let next = lines.next();
        Self { lines, next, limit }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let first = self.next.take()?;
        self.next = self.lines.next();
        if let Some(container) = first.container {
            return Some(Record { number: first.number, text: self.container(first.text, container) });
        }
        let (mut end, mut trace) = (first.end, first.text.starts_with(PYTHON));
        while let Some(line) = self.next.filter(|line| line.container.is_none()) {
            let indented = is_indented(line.text);
            // The line that ends a trace of Python is the exception, which is not indented.
            let ends_trace = trace && !indented;
            let begins = begins_trace(line.text);
            let joins = indented || begins || ends_trace || self.is_exception(line.text);
            if !joins || line.end - first.start > self.limit {
                break;
            }
            trace = line.text.starts_with(PYTHON) || (trace && indented);
            end = line.end;
            self.next = self.lines.next();
        }
        let text = self.lines.text.get(first.start..end).unwrap_or_default();
        Some(Record { number: first.number, text: Cow::Borrowed(text) })
    }
}

impl<'a> Records<'a> {
    /// Whether a line names an exception of Java, whose trace the line behind it begins.
    fn is_exception(&self, line: &str) -> bool {
        let name = line.split([':', ' ']).next().unwrap_or_default();
        let is_name = name.contains('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._$".contains(&byte));
        is_name && self.lines.rest().trim_start_matches([' ', '\t']).starts_with("at ")
    }

    /// The whole record that a line of a container begins, as one such line.
    fn container(&mut self, line: &'a str, first: Container<'a>) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(line);
        let mut is_partial = first.is_partial;
        while let Some(line) = self.next {
            let Some(part) = line.container.filter(|part| stream(part.head) == stream(first.head)) else {
                break;
            };
            let goes_on = is_partial || is_indented(part.text) || begins_trace(part.text);
            if !goes_on || text.len() + part.text.len() > self.limit {
                break;
            }
            if let Cow::Borrowed(_) = text {
                text = Cow::Owned(format!("{}F {}", first.head, first.text));
            }
            if !is_partial {
                text.to_mut().push('\n');
            }
            text.to_mut().push_str(part.text);
            is_partial = part.is_partial;
            self.next = self.lines.next();
        }
        text
    }
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// Lines that belong to the one before them and need not be indented.
fn begins_trace(line: &str) -> bool {
    ["Caused by:", "Suppressed:", PYTHON, "During handling of the above exception"]
        .iter()
        .any(|beginning| line.starts_with(beginning))
}

fn stream(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

/// The lines that are not blank.
#[derive(Debug)]
struct Lines<'a> {
    text: &'a str,
    at: usize,
    number: u64,
}

impl<'a> Lines<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        loop {
            let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
            let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let text = rest.get(..length).unwrap_or_default();
            let text = text.strip_suffix('\r').unwrap_or(text);
            let start = self.at;
            self.at += length + 1;
            self.number += 1;
            if !text.trim_ascii().is_empty() {
                let end = start + text.len();
                return Some(Line { number: self.number, start, end, text, container: container(text) });
            }
        }
    }
}

fn container(line: &str) -> Option<Container<'_>> {
    if line.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let space = line.as_bytes().iter().take(40).position(|byte| *byte == b' ')?;
    let rest = line.get(space..)?;
    let rest = rest.strip_prefix(" stdout ").or_else(|| rest.strip_prefix(" stderr "))?;
    let head = line.get(..space + 8)?;
    let (tags, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_partial = match tags.split(':').next()? {
        "P" => true,
        "F" => false,
        _ => return None,
    };
    Some(Container { head, is_partial, text })
}
