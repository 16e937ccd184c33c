//! What a line of plain text says of itself: its time, its level, and what its format names besides.
//!
//! One parser for bodies of `text/plain`, messages of syslog, logs of pods, replayed files, and messages of any protocol whose
//! sender left level or time open. It is made of
//! few parts that know no products: times in any order and with any separator ([`time`]), words that are levels,
//! and a header that tells where the text begins. Each line is read in time linear in its length, and nothing
//! is allocated for plain lines.

mod access;
mod container;
mod header;
mod json;
mod klog;
mod level;
mod logfmt;
mod metadata;
mod pairs;
mod said;
mod syslog;
#[cfg(test)]
mod tests;
pub mod time;

use std::borrow::Cow;

use crate::{Level, Timestamp};

pub use access::Access;
pub use json::{Member, Object};
pub use klog::Klog;
pub use logfmt::Line as Pairs;
pub use metadata::{Metadata, Value, write_members};
pub use said::{Open, Said, said};
pub use syslog::Syslog;

use header::{Found, Header};
use time::Style;

/// Relays put messages of others into their own. More headers than this are text: each is read by a call within the call for the
/// one before.
const HEADERS: usize = 4;

/// What a line alone doesn't tell.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// For times without a year, a century or a date.
    pub now: Timestamp,
    /// Seconds east of Greenwich, for times that name no zone.
    pub offset_seconds: i32,
}

/// What a line of plain text says of itself.
#[derive(Debug, Clone)]
pub struct Recognised<'a> {
    pub timestamp: Option<Timestamp>,
    /// The canonical name ([`Level::as_str`]), or what a member, a pair or syslog's priority has for it, as it came.
    pub level: Option<Cow<'a, str>>,
    /// The line; of JSON and logfmt the message in it, of syslog and container runtimes what is behind their
    /// header.
    pub message: Cow<'a, str>,
    /// Bytes of `message` that are a time, and a level behind it, at its front.
    header: usize,
    pub resource_id: Option<Cow<'a, str>>,
    pub trace_id: Option<Cow<'a, str>>,
    pub span_id: Option<Cow<'a, str>>,
    pub commit: Option<Cow<'a, str>>,
    pub syslog: Option<Syslog<'a>>,
    /// `stdout` or `stderr`, where a container runtime says so.
    pub stream: Option<&'a str>,
    /// The container runtime says that the line goes on in the next one.
    pub is_partial: bool,
    pub body: Body<'a>,
}

/// The format of what the line says.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    Plain,
    /// An object, with the members that have become fields.
    Json(json::Object<'a>),
    /// Nothing but `key=value`.
    Logfmt(logfmt::Line<'a>),
    /// A line of a web server's access log.
    Access(Access<'a>),
    /// klog and glog.
    Klog(Klog<'a>),
}

/// Says what can be said of a line, or of a record of several lines that begins with it. Never fails: a line of
/// no known format is its own message.
pub fn recognise<'a>(line: &'a str, context: &Context) -> Recognised<'a> {
    match container::strip(line) {
        Some(container) => {
            let mut inner = recognise_text(container.text, context, HEADERS);
            inner.timestamp = Some(container.time);
            inner.stream = Some(container.stream);
            inner.is_partial = container.is_partial;
            inner
        }
        None => recognise_text(line, context, HEADERS),
    }
}

/// Whether a line begins with what a record begins with: a time, an object, a priority.
pub fn begins_record(line: &str, context: &Context) -> bool {
    match line.as_bytes().first() {
        Some(b'{') => true,
        Some(b'<') if syslog::priority(line).is_some() => true,
        _ => header::scan(line, context).time.is_some_and(|found| found.is_first),
    }
}

/// Reads a text that may have so many headers of syslog, each in the message of the one before.
fn recognise_text<'a>(text: &'a str, context: &Context, headers: usize) -> Recognised<'a> {
    let start = text.trim_ascii_start();
    let special = match start.as_bytes().first() {
        Some(b'{') => json::recognise(text, context),
        Some(b'<') if headers > 0 => syslog::with_priority(text, context, headers - 1),
        _ if logfmt::begins(start) => logfmt::recognise(text, context),
        _ => None,
    };
    special.unwrap_or_else(|| recognise_plain(text, context, headers))
}

fn recognise_plain<'a>(text: &'a str, context: &Context, headers: usize) -> Recognised<'a> {
    let header = header::scan(text, context);
    if let Some(found) = header.time {
        if headers > 0
            && found.is_first
            && found.start <= 1
            && let Some(syslog) = syslog::behind_time(text, &found)
        {
            return syslog::recognise(syslog, Some(found.time), context, headers - 1);
        }
        if let Some(klog) = klog::parse(text, &header) {
            return klog;
        }
        if let Some((access, level)) = access::parse(text, &found) {
            let mut recognised = Recognised::plain(text, &header);
            recognised.level = Some(Cow::Borrowed(level.as_str()));
            recognised.header = 0;
            recognised.body = Body::Access(access);
            return recognised;
        }
    }
    let mut recognised = Recognised::plain(text, &header);
    if header.level.is_none() {
        recognised.level = inner_level(text, &header, context);
    }
    recognised
}

/// A level in what follows the header: of JSON, of a pair, of an HTTP request's status.
fn inner_level<'a>(text: &'a str, header: &Header, context: &Context) -> Option<Cow<'a, str>> {
    let from = header.time.map_or(0, |found: Found| found.end);
    let rest = text.get(from..)?;
    if let Some(object) = rest.trim_start_matches([' ', '\t', ':', '-', ']', '|']).strip_prefix('{')
        && object.trim_start().starts_with('"')
        && let Some(inner) = json::recognise(rest.get(rest.find('{')?..)?, context)
    {
        return inner.level;
    }
    pairs::level(rest).or_else(|| {
        let level = header.time.is_some().then(|| access::level_of_request(rest)).flatten()?;
        Some(Cow::Borrowed(level.as_str()))
    })
}

impl<'a> Recognised<'a> {
    fn new(message: Cow<'a, str>, body: Body<'a>) -> Self {
        Self {
            timestamp: None,
            level: None,
            message,
            header: 0,
            resource_id: None,
            trace_id: None,
            span_id: None,
            commit: None,
            syslog: None,
            stream: None,
            is_partial: false,
            body,
        }
    }

    fn plain(text: &'a str, header: &Header) -> Self {
        Self {
            timestamp: header.time.map(|found| found.time),
            level: header.level.map(|level| Cow::Borrowed(level.as_str())),
            header: header.end,
            ..Self::new(Cow::Borrowed(text), Body::Plain)
        }
    }

    /// The message without the time, and the level behind it, that it begins with.
    pub fn text(&self) -> &str {
        self.message.get(self.header..).unwrap_or(&self.message)
    }

    /// Whether it is JSON, logfmt, or a line of another format with named parts.
    pub fn is_structured(&self) -> bool {
        !matches!(self.body, Body::Plain)
    }

    /// The level by its severity, where it is a known one.
    pub fn severity(&self) -> Option<Level> {
        Level::recognise(self.level.as_deref()?)
    }

    /// What the line says beside its fields.
    pub fn metadata(&self) -> Metadata<'_> {
        metadata::of(self)
    }
}

/// What JSON, pairs or a header within a text that is owned say, as far as it outlives the text.
fn level_within(text: &str, context: &Context) -> Option<Cow<'static, str>> {
    let inner = recognise_text(text, context, HEADERS);
    inner.level.map(|level| match Level::recognise(&level) {
        Some(known) => Cow::Borrowed(known.as_str()),
        None => Cow::Owned(level.into_owned()),
    })
}

/// Whether a style of time is what syslog has in its header.
fn is_syslog_time(found: &Found) -> bool {
    match found.style {
        Style::MonthName => true,
        Style::Full | Style::Epoch => found.has_offset,
        Style::Yearless | Style::Clock => false,
    }
}
