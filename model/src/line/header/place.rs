//! Whether a word stands where a format puts its level.

use super::gap::Gap;
use super::{Scan, is_number};
use crate::Level;
use crate::line::level::{self, Case};

impl Scan<'_> {
    /// The level that the word is, where it is one.
    #[inline]
    pub(super) fn level_at(&mut self, (start, end): (usize, usize), gap: &Gap) -> Option<Level> {
        match end - start {
            1 => return self.letter_at(start, gap),
            2 => return self.pair_at(start, end, gap),
            _ => {}
        }
        let word = self.bytes.get(start..end)?;
        if word[0] == b'%' {
            return mnemonic(word);
        }
        if !word[0].is_ascii_alphabetic() {
            return None;
        }
        let (word, is_channel) = match self.byte(end) {
            // Monolog's channel and level: `local.ERROR:`.
            b':' => match word.iter().rposition(|byte| *byte == b'.') {
                Some(point) => (word.get(point + 1..)?, true),
                None => (word, false),
            },
            _ => (counted(word), false),
        };
        let name = level::of_word(word)?;
        let case = level::case_of(word);
        if is_channel {
            return (case == Case::Upper).then_some(name.level);
        }
        if self.is_labelled(gap)
            || self.is_bracketed(end, gap, case)
            || self.is_marked(end, gap, case, name)
            || !(name.is_rare && case == Case::Lower) && self.is_column(end, gap, case)
        {
            return Some(name.level);
        }
        if self.since == 0
            && self.time.is_none()
            && matches!(case, Case::Title | Case::Lower)
            && self.words == 0
            && !name.is_rare
        {
            self.tentative = Some((name.level, start, end));
        }
        (case == Case::Upper && self.is_plain_capitals(end, gap, name.is_rare)).then_some(name.level)
    }

    /// Behind the name of its column: `LEVEL: Warning`. In small letters such a pair may be the text's.
    fn is_labelled(&self, gap: &Gap) -> bool {
        gap.colon && matches!(self.bytes.get(self.last.0..self.last.1), Some(b"LEVEL" | b"SEVERITY"))
    }

    /// Alone between brackets: `[info]`, `<Error>`, `[ warn]`, `(err):`; or last in them: `[core:error]`, `[core:info,2026-…`.
    fn is_bracketed(&self, end: usize, gap: &Gap, case: Case) -> bool {
        let behind = self.pass(end, b" ");
        let closes = matches!(self.byte(behind), b']' | b'>' | b')' | b'}');
        // In parentheses a small word is the text's, or an argument.
        let is_parenthesis = gap.opener == b'(';
        let is_tag = self.byte(behind + 1) == b':' && self.byte(behind + 2) == b' ' && self.prose <= 1;
        let is_text = is_parenthesis && !is_tag && (case != Case::Upper || self.prose > 0);
        let alone = closes && gap.opener != 0 && !is_text;
        let before_time =
            self.time.is_none() && self.byte(end) == b',' && self.byte(end + 1).is_ascii_digit();
        let ends = closes && self.byte(end) == b']' || before_time;
        alone || ends && (gap.colon || gap.slash) && self.depth > 0
    }

    /// With a colon or bar behind it, at the beginning, behind the time, or behind a tag.
    fn is_marked(&self, end: usize, gap: &Gap, case: Case, name: level::Name) -> bool {
        let behind = self.pass(end, b" ");
        let mark = self.byte(behind);
        let is_marked = match mark {
            b':' => true,
            b'|' => case == Case::Upper || self.time.is_some(),
            // "Fatal error:"
            b'e' => {
                name.level == Level::Fatal
                    && self.bytes.get(behind..).is_some_and(|rest| rest.starts_with(b"error:"))
            }
            _ => false,
        };
        let far = behind > end && mark == b':' && self.since > 0;
        let upper = case == Case::Upper;
        is_marked
            && !far
            && !gap.assigned
            && (self.prose == 0 || self.tagged || upper && !self.is_sentence)
            && (self.depth == 0 || upper || gap.opener != 0)
            && (!name.is_rare || if upper { self.capitals == 0 } else { name.level >= Level::Error })
            && (mark == b'|' || !gap.slash || upper)
            // A word with more behind its colon is a name: "error::Kind", "log:80".
            && (mark == b'|' || upper || matches!(self.byte(behind + 1), b' ' | b'\t' | 0) || mark == b'e')
    }

    /// The column right behind the time, or between numbers and wide gaps.
    fn is_column(&self, end: usize, gap: &Gap, case: Case) -> bool {
        if self.time.is_none() || case == Case::Mixed || gap.assigned || gap.slash {
            return false;
        }
        let wide_behind = self.byte(end) == b'\t' || self.bytes.get(end..end + 2) == Some(b"  ");
        let wide_before = gap.spaces >= 2 || gap.column;
        let first = self.since == 0;
        match case {
            Case::Lower => {
                let component = self.byte(end) == b'/' && self.byte(end + 1).is_ascii_uppercase();
                first && (matches!(self.byte(end), b' ' | b'\t') && !gap.colon || wide_behind || component)
                    || wide_before && wide_behind && self.prose == 0
            }
            Case::Title | Case::Upper => {
                first && wide_behind
                    || wide_before && wide_behind && self.prose == 0
                    || first && self.pass(end, b" ") > end && self.byte(self.pass(end, b" ")) == b'['
            }
            Case::Mixed => false,
        }
    }

    /// A word in capitals among the columns.
    fn is_plain_capitals(&self, end: usize, gap: &Gap, is_rare: bool) -> bool {
        let opens_report = self.at == 1 && gap.assigned;
        let good_end = matches!(
            self.byte(end),
            b' ' | b'\t'
                | b']'
                | b'/'
                | b','
                | b'['
                | b')'
                | b'>'
                | b'{'
                | b'-'
                | b':'
                | 0x1b
                | 0
                | b'\n'
                | b'\r'
        ) || end == self.limit
            || self.byte(end) == b'+';
        if !good_end || gap.assigned && !opens_report {
            return false;
        }
        if is_rare {
            // Two columns in capitals stand before the level in the logs of Blue Gene; in those of databases a process: `[7] LOG`.
            let (start, end) = self.last;
            let is_process = self.byte(end) == b']' && self.bytes.get(start..end).is_some_and(is_number);
            return self.time.is_some() && (self.capitals >= 2 || is_process) && self.prose == 0;
        }
        self.prose == 0 || self.prose == 1 && (!self.is_sentence || gap.spaces >= 2 || self.depth > 0)
    }

    /// A level of one letter.
    fn letter_at(&mut self, start: usize, gap: &Gap) -> Option<Level> {
        let letter = self.byte(start);
        let level = match letter {
            // Android's assertions, WebSphere's audit, Ruby's any.
            b'A' if self.byte(start + 1) == b'/' => Level::Fatal,
            b'A' => Level::Info,
            _ => level::of_letter(letter)?,
        };
        let (behind, next) = (self.byte(start + 1), self.byte(start + 2));
        if self.words == 0 && behind == b' ' && letter != b'A' && next.is_ascii_digit() {
            self.tentative = Some((level, start, start + 1));
        }
        let at_front = self.words == 0 || self.time.is_some() && self.since == 0;
        let behind_numbers = self.time.is_some()
            && self.since > 0
            && self.prose == 0
            && is_number(self.bytes.get(self.last.0..self.last.1)?);
        let before_time = self.words == 0
            && gap.opener == b'('
            && self.bytes.get(start + 1..).is_some_and(|rest| rest.starts_with(b") "))
            && self.byte(start + 3).is_ascii_digit();
        let bracketed =
            gap.opener != 0 && (behind == b']' || behind == b' ' && next.is_ascii_digit()) || before_time;
        // Ruby's `I, [2026-11-30 …` and CUPS's `I [30/Nov/2026 …`.
        let comma = usize::from(behind == b',');
        let opens = self.words == 0
            && self.bytes.get(start + 1 + comma..).is_some_and(|rest| rest.starts_with(b" ["))
            && self.byte(start + 3 + comma).is_ascii_digit();
        let tag = behind == b'/' && (at_front || behind_numbers) && next.is_ascii_alphanumeric();
        let column = behind == b' '
            && !gap.colon
            && letter != b'A'
            && self.time.is_some()
            && (behind_numbers
                || self.since == 0
                    && !next.is_ascii_digit()
                    && (!next.is_ascii_lowercase() || self.is_tag(start + 2)));
        let wide = self.time.is_some()
            && self.prose <= 1
            && behind == b' '
            && (next == b' ' || gap.spaces >= 2)
            && self.since > 0;
        (bracketed || opens || tag || column || wide).then_some(level)
    }

    /// Whether a word with a colon behind it begins at `start`.
    fn is_tag(&self, start: usize) -> bool {
        let word = self.bytes.get(start..self.limit).unwrap_or_default();
        let end = word.iter().position(|byte| matches!(byte, b' ' | b':'));
        end.is_some_and(|end| self.byte(start + end) == b':')
    }

    /// A level of two letters: X.org's `(WW)`, MongoDB's `D2`, Apple's `Df`; or of one that is marked: `E!`.
    fn pair_at(&self, start: usize, end: usize, gap: &Gap) -> Option<Level> {
        let pair = self.bytes.get(start..end)?;
        if gap.opener == b'(' && self.byte(end) == b')' {
            return match pair {
                b"II" => Some(Level::Info),
                b"WW" => Some(Level::Warn),
                b"EE" => Some(Level::Error),
                _ => None,
            };
        }
        let first = self.time.is_some() && self.since == 0 && self.byte(end) == b' ';
        match pair {
            b"Df" if first => Some(Level::Info),
            [b'D', b'b' | b'1'..=b'5'] if first => Some(Level::Debug),
            [letter, b'!'] if first => level::of_letter(*letter),
            _ => None,
        }
    }
}

/// A word without what slog counts behind it: `DEBUG-2`.
fn counted(word: &[u8]) -> &[u8] {
    match word.iter().rposition(|byte| matches!(byte, b'+' | b'-')) {
        Some(sign) if sign + 2 == word.len() && word[sign + 1].is_ascii_digit() => &word[..sign],
        _ => word,
    }
}

/// Cisco's `%LINK-3-UPDOWN`: the digit is the severity.
fn mnemonic(word: &[u8]) -> Option<Level> {
    let mut parts = word.get(1..)?.split(|byte| *byte == b'-').skip(1);
    let digit = parts.find(|part| part.len() == 1)?;
    parts.next()?;
    level::of_severity(digit[0])
}
