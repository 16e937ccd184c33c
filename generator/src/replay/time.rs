//! Times as logs write them.

use std::str::FromStr;

use logpipeline_model::Timestamp;
use logpipeline_model::timestamp::Date;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_SECONDS: i64 = 86_400;

/// What a time that names no offset from UTC is taken to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offset(i32);

impl Offset {
    /// East of Greenwich.
    pub fn seconds(self) -> i32 {
        self.0
    }
}

/// The text is not an offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an offset is UTC or hours and minutes from it, such as +02:00")]
pub struct InvalidOffset;

impl FromStr for Offset {
    type Err = InvalidOffset;

    fn from_str(text: &str) -> Result<Self, InvalidOffset> {
        let mut rest = text.trim();
        if rest.eq_ignore_ascii_case("utc") {
            return Ok(Self(0));
        }
        match take_offset(&mut rest) {
            Some(offset) if rest.is_empty() => Ok(offset),
            _ => Err(InvalidOffset),
        }
    }
}

/// A year for times without one: that of the log's reading, or the one before where that would be more than
/// a day ahead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) now: Timestamp,
    pub(crate) offset: Offset,
}

impl Clock {
    /// Takes a time like `2026-11-23 22:55:01,123` from the front: date with hyphens or slashes, `T` or
    /// spaces, any fraction, and an offset, `Z` or `UTC` where there is one.
    pub(crate) fn take_iso(&self, rest: &mut &str) -> Option<Timestamp> {
        let mut text = *rest;
        let year = digits(&mut text, 4)?;
        let separator = text.chars().next().filter(|c| matches!(c, '-' | '/'))?;
        text = &text[1..];
        let month = digits(&mut text, 2)?;
        text = text.strip_prefix(separator)?;
        let day = digits(&mut text, 2)?;
        text = match text.strip_prefix(['T', 't']) {
            Some(after) => after,
            None => text.strip_prefix(' ')?.trim_start_matches(' '),
        };
        let date = Date { year: year as i32, month, day };
        let time = self.take_clock(date, &mut text)?;
        *rest = text;
        Some(time)
    }

    /// Takes `Nov 23 22:55:01`, with or without a fraction, from the front.
    pub(crate) fn take_bsd(&self, rest: &mut &str) -> Option<Timestamp> {
        let mut text = *rest;
        let month = month(&mut text)?;
        text = text.strip_prefix(' ')?.trim_start_matches(' ');
        let day = number(&mut text, 2)?;
        text = text.strip_prefix(' ')?;
        // A year between date and time, as some devices write it.
        let mut with_year = text;
        if let (Some(year), true) = (digits(&mut with_year, 4), with_year.starts_with(' ')) {
            with_year = &with_year[1..];
            let time = self.take_clock(Date { year: year as i32, month, day }, &mut with_year)?;
            *rest = with_year;
            return Some(time);
        }
        let time = self.take_yearless(month, day, &mut text)?;
        *rest = text;
        Some(time)
    }

    /// Takes `1123 22:55:01.000000` from the front.
    pub(crate) fn take_klog(&self, rest: &mut &str) -> Option<Timestamp> {
        let mut text = *rest;
        let month = digits(&mut text, 2)?;
        let day = digits(&mut text, 2)?;
        text = text.strip_prefix(' ')?;
        let time = self.take_yearless(month, day, &mut text)?;
        *rest = text;
        Some(time)
    }

    /// Takes `23/Nov/2026:22:55:01 +0000` from the front.
    pub(crate) fn take_access(&self, rest: &mut &str) -> Option<Timestamp> {
        let mut text = *rest;
        let day = digits(&mut text, 2)?;
        text = text.strip_prefix('/')?;
        let month = month(&mut text)?;
        text = text.strip_prefix('/')?;
        let year = digits(&mut text, 4)? as i32;
        text = text.strip_prefix(':')?;
        let time = self.take_clock(Date { year, month, day }, &mut text)?;
        *rest = text;
        Some(time)
    }

    /// Reads a whole text as a time: any of the forms above, or seconds, milliseconds, microseconds or
    /// nanoseconds since 1970.
    pub(crate) fn read(&self, text: &str) -> Option<Timestamp> {
        let mut rest = text.trim();
        if let Some(time) = epoch(rest) {
            return Some(time);
        }
        let time = self
            .take_iso(&mut rest)
            .or_else(|| self.take_bsd(&mut rest))
            .or_else(|| self.take_access(&mut rest))?;
        rest.trim().is_empty().then_some(time)
    }

    fn take_yearless(&self, month: u32, day: u32, text: &mut &str) -> Option<Timestamp> {
        let year = self.now.to_civil().0.year;
        let (mut this, mut last) = (*text, *text);
        let time = self.take_clock(Date { year, month, day }, &mut this);
        if let Some(time) = time
            && time.unix_seconds() <= self.now.unix_seconds() + DAY_SECONDS
        {
            *text = this;
            return Some(time);
        }
        let time = self.take_clock(Date { year: year - 1, month, day }, &mut last)?;
        *text = last;
        Some(time)
    }

    /// Takes `22:55:01`, a fraction, and an offset, and makes an instant of them.
    fn take_clock(&self, date: Date, rest: &mut &str) -> Option<Timestamp> {
        let mut text = *rest;
        let hour = digits(&mut text, 2)?;
        text = text.strip_prefix(':')?;
        let minute = digits(&mut text, 2)?;
        text = text.strip_prefix(':')?;
        let second = digits(&mut text, 2)?;
        let mut nanos = 0;
        if let Some(fraction) = text.strip_prefix(['.', ',']) {
            let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if length > 0 {
                let digits = fraction.bytes().take(length).chain(std::iter::repeat(b'0'));
                nanos = digits.take(9).fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
                text = &fraction[length..];
            }
        }
        let spaced = text.strip_prefix(' ').unwrap_or(text);
        let mut zoned = spaced;
        let offset = if let Some(after) = spaced.strip_prefix("UTC").or_else(|| spaced.strip_prefix("GMT")) {
            text = after;
            Offset(0)
        } else if let Some(offset) = take_offset(&mut zoned) {
            text = zoned;
            offset
        } else {
            self.offset
        };
        let local = Timestamp::from_civil(date, hour, minute, second, nanos)?;
        let shift = i128::from(offset.0) * 1_000_000_000;
        *rest = text;
        Some(Timestamp::from_unix_nanos(local.unix_nanos() - shift))
    }
}

/// A number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its size.
pub(crate) fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || whole.len() > 19 || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    let value: i128 = whole.parse().ok()?;
    // Numbers below are too few to be a time of this millennium.
    let unit = match value {
        100_000_000..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        100_000_000_000_000_000.. => 1,
        _ => return None,
    };
    let mut nanos = value * unit;
    let mut place = unit / 10;
    for digit in fraction.bytes() {
        nanos += i128::from(digit.checked_sub(b'0')?) * place;
        place /= 10;
    }
    Some(Timestamp::from_unix_nanos(nanos))
}

/// Takes `Z`, `+02:00`, `+0200` or `+02`.
fn take_offset(rest: &mut &str) -> Option<Offset> {
    let mut text = *rest;
    if let Some(after) = text.strip_prefix(['Z', 'z']) {
        *rest = after;
        return Some(Offset(0));
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    text = &text[1..];
    let hours = digits(&mut text, 2)?;
    let mut minutes = 0;
    let mut after = text.strip_prefix(':').unwrap_or(text);
    if let Some(value) = digits(&mut after, 2) {
        minutes = value;
        text = after;
    }
    if hours > 15 || minutes > 59 {
        return None;
    }
    *rest = text;
    Some(Offset(sign * (hours * 3_600 + minutes * 60) as i32))
}

fn month(rest: &mut &str) -> Option<u32> {
    let position = MONTHS.iter().position(|name| rest.starts_with(name))?;
    *rest = &rest[3..];
    Some(position as u32 + 1)
}

/// Takes exactly `count` digits.
fn digits(rest: &mut &str, count: usize) -> Option<u32> {
    let text = rest.get(..count)?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *rest = &rest[count..];
    text.parse().ok()
}

/// Takes one to `most` digits.
fn number(rest: &mut &str, most: usize) -> Option<u32> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count == 0 { None } else { digits(rest, count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock { now: "2026-11-23T23:00:00Z".parse().unwrap(), offset: Offset(0) }
    }

    #[test]
    fn times_are_read_as_logs_write_them() {
        for (text, expected) in [
            ("2026-11-23 22:55:01,123", "2026-11-23T22:55:01.123Z"),
            ("2026-09-22 04:55:01", "2026-09-22T04:55:01Z"),
            ("2025-06-24  14:36:25", "2025-06-24T14:36:25Z"),
            ("2026/11/23 22:55:01", "2026-11-23T22:55:01Z"),
            ("2026-11-23T22:55:01.123456+02:00", "2026-11-23T20:55:01.123456Z"),
            ("2026-05-20 10:00:00.123 UTC", "2026-05-20T10:00:00.123Z"),
            ("2026-05-20 10:00:00 -0730", "2026-05-20T17:30:00Z"),
            ("Nov  3 22:55:01", "2026-11-03T22:55:01Z"),
            ("Dec 31 23:59:59.5", "2025-12-31T23:59:59.500Z"),
            ("Nov 23 2024 01:02:03", "2024-11-23T01:02:03Z"),
            ("23/Nov/2026:22:55:01 +0100", "2026-11-23T21:55:01Z"),
            ("1694764800", "2023-09-15T08:00:00Z"),
            ("1694764800.25", "2023-09-15T08:00:00.250Z"),
            ("1694764800123", "2023-09-15T08:00:00.123Z"),
            ("1694764800123456", "2023-09-15T08:00:00.123456Z"),
            ("1694764800123456789", "2023-09-15T08:00:00.123456789Z"),
        ] {
            assert_eq!(clock().read(text).map(|time| time.to_string()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "12",
            "2026-13-01 00:00:00",
            "2026-11-23",
            "yesterday",
            "Feb 30 00:00:00",
            "1.2.3",
            "99999999999999999999",
        ] {
            assert_eq!(clock().read(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_taken_in_the_one_given() {
        let clock = Clock { offset: "+02:00".parse().unwrap(), ..clock() };
        let read = |text: &str| clock.read(text).unwrap().to_string();
        assert_eq!(read("2026-11-23 22:55:01"), "2026-11-23T20:55:01Z");
        assert_eq!(read("2026-11-23 22:55:01Z"), "2026-11-23T22:55:01Z");
    }

    #[test]
    fn offsets_are_read() {
        for (text, seconds) in
            [("UTC", 0), ("utc", 0), ("Z", 0), ("+02:00", 7_200), ("-0730", -27_000), ("+05", 18_000)]
        {
            assert_eq!(text.parse(), Ok(Offset(seconds)), "{text}");
        }
        for text in ["", "2", "+2", "+99:00", "Europe/Berlin", "+02:00x"] {
            assert_eq!(text.parse::<Offset>(), Err(InvalidOffset), "{text}");
        }
    }
}
