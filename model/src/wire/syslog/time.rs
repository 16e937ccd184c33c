//! Times of RFC 3164 and of its dialects.

use crate::Timestamp;
use crate::timestamp::Date;

/// Within so many bytes, [`heads`] sees all that it looks for.
pub(super) const LONGEST_HEAD: usize = 16;
const DAY: i64 = 86_400;
const MONTHS: [&[u8; 3]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

/// What a time without a year or a zone is read by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) now: Timestamp,
    /// Seconds east of UTC.
    pub(super) zone: i32,
}

/// Whether a header goes on here behind its priority: with version and date of RFC 5424, or with a time of RFC 3164.
pub(super) fn heads(bytes: &[u8]) -> bool {
    let shaped = |shape: &[u8]| {
        bytes.len() >= shape.len()
            && shape.iter().zip(bytes).all(|(shape, byte)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'_' => byte.is_ascii_digit() || *byte == b' ',
                b'a' => byte.is_ascii_alphabetic(),
                other => other == byte,
            })
    };
    shaped(b"1 0000-00-00T")
        || shaped(b"1 - ")
        || shaped(b"0000-00-00T")
        || (shaped(b"aaa _0 00:00:00") && month(bytes).is_some())
}

/// Takes a time from the front, with the zone behind it if there is one:
/// `Nov 30 11:46:33`, `Nov 30 2026 11:46:33.123`, `2026 Nov 30 11:46:33`, or as in ISO 8601.
pub(super) fn take(text: &str, clock: Clock) -> Option<(Timestamp, &str)> {
    let bytes = text.as_bytes();
    let mut rest = bytes;
    let (date, year) = if bytes.first()?.is_ascii_digit() {
        match Date::take(&mut rest) {
            Some(date) => {
                rest = rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b" "))?;
                (date, true)
            }
            None => {
                rest = bytes;
                let year = digits(&mut rest, 4, 4)?;
                rest = rest.strip_prefix(b" ")?;
                let (month, day) = month_and_day(&mut rest)?;
                (Date { year: year as i32, month, day }, true)
            }
        }
    } else {
        let (month, day) = month_and_day(&mut rest)?;
        let before = rest;
        match digits(&mut rest, 4, 4).filter(|_| rest.first() == Some(&b' ')) {
            Some(year) => {
                rest = rest.get(1..)?;
                (Date { year: year as i32, month, day }, true)
            }
            None => {
                rest = before;
                (Date { year: 0, month, day }, false)
            }
        }
    };
    let (hour, minute, second, nanos) = time_of_day(&mut rest)?;
    let zone = zone(&mut rest).unwrap_or(clock.zone);
    let in_year = |year| {
        let local = Timestamp::from_civil(Date { year, ..date }, hour, minute, second, nanos)?;
        Some(Timestamp::from_unix_nanos(local.unix_nanos() - i128::from(zone) * 1_000_000_000))
    };
    let time = if year { in_year(date.year)? } else { nearest(in_year, clock.now)? };
    Some((time, text.get(text.len() - rest.len()..)?))
}

/// The time in the year in which it is nearest to now, at most a day ahead. Leap days are up to eight years apart.
fn nearest(in_year: impl Fn(i32) -> Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let latest = Timestamp::from_unix_nanos(now.unix_nanos() + i128::from(DAY) * 1_000_000_000);
    let (today, _) = now.to_civil();
    (today.year - 8..=today.year + 1).rev().filter_map(in_year).find(|time| *time <= latest)
}

fn month(bytes: &[u8]) -> Option<u32> {
    let name = bytes.get(..3)?;
    let at = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    u32::try_from(at + 1).ok()
}

/// `Nov 30 ` or `Nov  3 `.
fn month_and_day(rest: &mut &[u8]) -> Option<(u32, u32)> {
    let month = month(rest)?;
    *rest = rest.get(3..)?.strip_prefix(b" ")?;
    *rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let day = digits(rest, 1, 2)?;
    *rest = rest.strip_prefix(b" ")?;
    Some((month, day))
}

fn time_of_day(rest: &mut &[u8]) -> Option<(u32, u32, u32, u32)> {
    let hour = digits(rest, 2, 2)?;
    *rest = rest.strip_prefix(b":")?;
    let minute = digits(rest, 2, 2)?;
    *rest = rest.strip_prefix(b":")?;
    let second = digits(rest, 2, 2)?;
    let mut nanos = 0;
    if let [b'.' | b',', after @ ..] = *rest {
        let count = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count > 0 {
            let kept = after.iter().take(count.min(9));
            nanos = kept.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
            nanos *= 10u32.pow(9 - u32::try_from(count.min(9)).ok()?);
            *rest = after.get(count..)?;
        }
    }
    Some((hour, minute, second, nanos))
}

/// Seconds east of UTC. A zone's letters that say nothing of it here are passed over where a colon ends them.
fn zone(rest: &mut &[u8]) -> Option<i32> {
    let bytes = *rest;
    if let [b'Z' | b'z', after @ ..] = bytes {
        *rest = after;
        return Some(0);
    }
    let spaced = bytes.strip_prefix(b" ").unwrap_or(bytes);
    if let [sign @ (b'+' | b'-'), after @ ..] = spaced {
        let mut after = after;
        let hours = digits(&mut after, 2, 2)?;
        after = after.strip_prefix(b":").unwrap_or(after);
        let minutes = digits(&mut after, 2, 2).unwrap_or(0);
        if hours > 14 || minutes > 59 || after.first().is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        *rest = after;
        let seconds = i32::try_from(hours * 3_600 + minutes * 60).ok()?;
        return Some(if *sign == b'+' { seconds } else { -seconds });
    }
    let letters = bytes.strip_prefix(b" ")?;
    let count = letters.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count();
    let (name, after) = letters.split_at_checked(count)?;
    let utc = matches!(name, b"UTC" | b"GMT") && matches!(after.first(), Some(b' ' | b':') | None);
    if utc || ((2..=5).contains(&count) && after.first() == Some(&b':') && after.get(1) == Some(&b' ')) {
        // `UTC:` may as well be a tag, but for devices that end their times with a colon.
        *rest = after;
    }
    utc.then_some(0)
}

fn digits(rest: &mut &[u8], least: usize, most: usize) -> Option<u32> {
    let count = rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    if count < least {
        return None;
    }
    let (digits, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}
