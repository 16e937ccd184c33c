//! What stands before a line's text: its time, its level, and columns that are neither.
//!
//! A line is read word by word. Words that prose is made of say that the text has begun; a level is only taken
//! before that, and only where the words around it mark it as one.

mod gap;
mod place;

use crate::line::Context;
use crate::line::level::{self, Case};
use crate::line::time::{self, Style};
use crate::{Level, Timestamp};
use gap::Gap;

/// A header is looked for in so many bytes and words.
const REACH: usize = 320;
const WORDS: usize = 18;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Header {
    pub(super) time: Option<Found>,
    pub(super) level: Option<Level>,
    /// Where the text begins, behind a time at the front and a level right behind it; 0 without a time.
    pub(super) end: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) time: Timestamp,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) style: Style,
    pub(super) has_offset: bool,
    /// Nothing but brackets, stars and white space stands before it.
    pub(super) is_first: bool,
}

pub(super) fn scan(text: &str, context: &Context) -> Header {
    let mut scan = Scan::new(text.as_bytes(), context);
    scan.run();
    scan.finish()
}

#[derive(Debug)]
struct Scan<'a> {
    bytes: &'a [u8],
    context: &'a Context,
    limit: usize,
    at: usize,
    /// Of the line, and since the time or the beginning: words, those of prose, those in capitals.
    words: usize,
    since: usize,
    prose: usize,
    capitals: usize,
    /// The last word of prose begins with a capital.
    is_sentence: bool,
    depth: usize,
    /// A colon has ended a column that is no level: what follows is the text, or a level first.
    tagged: bool,
    /// The text has begun: no level follows, though a time may.
    is_text: bool,
    last: (usize, usize),
    time: Option<Found>,
    /// A number that may be a time, should there be no better one.
    epoch: Option<Found>,
    level: Option<(Level, usize, usize)>,
    /// A level at the beginning that is one only if the time follows.
    tentative: Option<(Level, usize, usize)>,
    role: bool,
}

impl<'a> Scan<'a> {
    fn new(bytes: &'a [u8], context: &'a Context) -> Self {
        let limit =
            memchr::memchr(b'\n', bytes.get(..REACH).unwrap_or(bytes)).unwrap_or(bytes.len().min(REACH));
        Self {
            bytes,
            context,
            limit,
            at: 0,
            words: 0,
            since: 0,
            prose: 0,
            capitals: 0,
            is_sentence: false,
            depth: 0,
            tagged: false,
            is_text: false,
            last: (0, 0),
            time: None,
            epoch: None,
            level: None,
            tentative: None,
            role: false,
        }
    }

    #[inline]
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    fn run(&mut self) {
        if self.glog() {
            return;
        }
        while self.words < WORDS && !(self.time.is_some() && self.level.is_some()) {
            let gap = self.pass_gap();
            if self.at >= self.limit || gap.ends_header {
                return;
            }
            self.tagged |= gap.closed_with_colon;
            if self.time.is_none() && self.take_time(&gap) || self.pass_time(&gap) {
                continue;
            }
            let end = self.word_end();
            if end == self.at {
                // A byte that is neither a word's nor a gap's.
                self.at += 1;
                continue;
            }
            let word = (self.at, end);
            if self.level.is_none()
                && !self.is_text
                && let Some(level) = self.level_at(word, &gap)
            {
                self.level = Some((level, word.0, word.1));
                self.prose = 0;
            } else if self.note(word, &gap) {
                return;
            }
            self.last = word;
            self.words += 1;
            self.since += 1;
            self.at = end;
        }
    }

    /// A level's letter with the time behind it, as klog, glog and CockroachDB write them.
    fn glog(&mut self) -> bool {
        let (Some(level), true) = (level::of_letter(self.byte(0)), self.byte(1).is_ascii_digit()) else {
            return false;
        };
        let Some(taken) = time::take_glog(self.bytes.get(1..).unwrap_or_default(), self.context) else {
            return false;
        };
        self.at = 1;
        self.found(taken);
        self.level = Some((level, 0, 1));
        true
    }

    fn found(&mut self, taken: time::Taken) {
        let end = self.at + taken.length;
        let found = Found {
            time: taken.time,
            start: self.at,
            end,
            style: taken.style,
            has_offset: taken.has_offset,
            is_first: self.words == 0,
        };
        self.at = end;
        self.time = Some(found);
        if let Some(level) = self.tentative.take() {
            self.level.get_or_insert(level);
        }
        (self.since, self.prose, self.capitals, self.tagged) = (0, 0, 0, false);
        self.last = (found.start, end);
        self.mark();
    }

    fn take_time(&mut self, gap: &Gap) -> bool {
        if !gap.may_begin_time {
            return false;
        }
        let Some(taken) = time::take(self.bytes.get(self.at..).unwrap_or_default(), self.context) else {
            return false;
        };
        if self.accepts(&taken, gap) {
            self.found(taken);
            return true;
        }
        if taken.style == Style::Epoch && self.epoch.is_none() && self.words <= 6 && self.prose <= 1 {
            let (start, end) = (self.at, self.at + taken.length);
            let (style, has_offset) = (taken.style, taken.has_offset);
            self.epoch = Some(Found { time: taken.time, start, end, style, has_offset, is_first: false });
        }
        false
    }

    /// Passes a second time: that of a message to which syslog or a container runtime has added its own.
    fn pass_time(&mut self, gap: &Gap) -> bool {
        let may_follow = self.tagged || self.since <= 3 && self.prose == 0;
        if !may_follow || !gap.may_begin_time || self.time.is_none() || !self.byte(self.at).is_ascii_digit() {
            return false;
        }
        let taken = time::take(self.bytes.get(self.at..).unwrap_or_default(), self.context);
        let Some(taken) = taken.filter(|taken| taken.style == Style::Full) else { return false };
        (self.since, self.prose, self.capitals) = (0, 0, 0);
        (self.tagged, self.is_text) = (false, false);
        self.last = (self.at, self.at + taken.length);
        self.at += taken.length;
        self.mark();
        true
    }

    fn accepts(&self, taken: &time::Taken, gap: &Gap) -> bool {
        let day = std::time::Duration::from_secs(86_400);
        let is_past = taken.time <= self.context.now.saturating_add(day);
        match taken.style {
            Style::Full if self.prose == 0 => true,
            Style::Full | Style::MonthName => {
                self.prose <= 3 && self.words <= 10 && is_past && (self.prose == 0 || !self.relates())
            }
            Style::Yearless => self.words <= 3 && self.prose == 0,
            Style::Clock => {
                let is_bracketed = gap.opener == b'[' && self.byte(self.at + taken.length) == b']';
                self.words <= 1 && (self.prose == 0 || is_bracketed) && !gap.colon
            }
            Style::Epoch => self.words <= 1 && self.prose == 0 && is_past && !gap.assigned,
        }
    }

    /// Whether the word before says that the time is one of the text: "since", "until".
    fn relates(&self) -> bool {
        let word = self.bytes.get(self.last.0..self.last.1).unwrap_or_default();
        [&b"since"[..], b"until", b"till", b"for", b"before", b"after", b"from", b"by", b"to", b"of", b"on"]
            .iter()
            .any(|relation| word.eq_ignore_ascii_case(relation))
    }

    /// Redis marks levels by a character behind the time, where a process and its role stand before it.
    fn mark(&mut self) {
        if self.byte(self.at) == b' ' && self.role && self.byte(self.at + 2) == b' ' {
            let level = match self.byte(self.at + 1) {
                b'.' => Level::Debug,
                b'-' => Level::Trace,
                b'*' => Level::Info,
                b'#' => Level::Warn,
                _ => return,
            };
            self.level = Some((level, self.at + 1, self.at + 2));
        }
    }

    /// Notes a word that is no level; whether the text has begun with it.
    fn note(&mut self, (start, end): (usize, usize), gap: &Gap) -> bool {
        let word = self.bytes.get(start..end).unwrap_or_default();
        self.role |= gap.colon
            && matches!(word, b"M" | b"S" | b"C" | b"X")
            && self.byte(start.wrapping_sub(2)).is_ascii_digit();
        if self.words > 0 {
            self.tentative = None;
        }
        let after = self.byte(end);
        let is_tag = self.depth == 0 && after == b':' && matches!(self.byte(end + 1), b' ' | b'\t' | 0);
        let is_alphabetic =
            word.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'\'' || *byte >= 0x80);
        let case = level::case_of(word);
        // Neither parts of a path nor a program with its process, as in `unbound[123]`, are prose.
        let is_name = gap.slash || after == b'[' && self.byte(end + 1).is_ascii_digit();
        if self.depth == 0 && is_alphabetic && !is_name && after != b'=' && !gap.assigned {
            match case {
                Case::Lower | Case::Title => {
                    self.prose += 1;
                    self.is_sentence = case == Case::Title;
                }
                Case::Upper if word.first().is_some_and(|byte| *byte >= 0x80) => self.prose += 1,
                Case::Upper => self.capitals += 1,
                Case::Mixed => {}
            }
        }
        // Behind a tag, one word is looked at that is no number.
        self.is_text |= self.tagged && self.depth == 0 && !is_number(word) || self.prose > 1;
        self.tagged |= is_tag;
        match (self.time, self.level) {
            (None, None) => self.prose > 3,
            // The time of a line that begins with its level follows soon.
            (None, Some(_)) => self.prose > 0 || self.words > 6,
            // A second time may follow the tag.
            _ => self.is_text && !is_tag,
        }
    }

    fn finish(mut self) -> Header {
        if self.time.is_none() {
            self.time = self.epoch;
        }
        let end = match self.time {
            Some(found) if found.is_first => self.end_behind(found),
            _ => 0,
        };
        Header { time: self.time, level: self.level.map(|(level, ..)| level), end }
    }

    /// Where the text begins behind a time at the front.
    fn end_behind(&self, found: Found) -> usize {
        let opened = self.bytes.get(..found.start).unwrap_or_default().contains(&b'[');
        let mut end = found.end;
        if opened {
            if self.byte(end) != b']' {
                return 0;
            }
            end += 1;
        }
        let mut begins = self.pass(end, b" \t:|-,");
        if let Some((_, start, level_end)) = self.level {
            let opener = matches!(self.byte(begins), b'[' | b'<' | b'(');
            let first = begins + usize::from(opener);
            if start >= first && self.pass(first, b" ") == start {
                let mut behind = self.pass(level_end, b" ");
                if opener {
                    behind += usize::from(matches!(self.byte(behind), b']' | b'>' | b')'));
                }
                if matches!(self.byte(behind), b' ' | b'\t' | b':' | b'|' | b'-' | 0) || behind > level_end {
                    begins = self.pass(behind, b" \t:|-");
                }
            }
        }
        begins.min(self.bytes.len())
    }

    fn pass(&self, from: usize, bytes: &[u8]) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| bytes.contains(byte)).count()
    }
}

/// Numbers and addresses, of which columns are made.
fn is_number(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit)
        && word.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'.' | b'#' | b'-'))
}
