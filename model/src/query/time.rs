//! Times as the language writes them, resolved to the nanosecond.

use super::text::cut;
use super::time_math::{Unit, civil};
use super::{QueryError, Span, TimeRange};
use crate::Timestamp;
use crate::timestamp::Date;

/// Bytes of the text in error that its message repeats.
const SHOWN: usize = 64;

/// Which instant of the unit that a literal names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Its first nanosecond: what a lower bound that is included means.
    First,
    /// Its last nanosecond: what an upper bound that is included means.
    Last,
}

/// Reads a time literal as one bound of a range, for requests that give `from` and `to` beside a query.
/// The error's span counts the bytes of `text`, and its suggestion replaces the whole of it.
pub fn parse_bound(text: &str, now: Timestamp, edge: Edge) -> Result<Timestamp, QueryError> {
    let range = parse_literal(text, now)?;
    Ok(match edge {
        Edge::First => range.first,
        Edge::Last => range.last,
    })
}

/// Reads a time literal: RFC 3339 or a beginning of it from the year on (`2023-09`, `2023-09-15T08:00`),
/// in UTC where it has no offset, or `now` followed by any of `-n unit`, `+n unit` and `/unit`. What it
/// leaves out is the range: a date is its whole day, a time without a fraction its whole second.
pub fn parse_literal(text: &str, now: Timestamp) -> Result<TimeRange, QueryError> {
    read(text, now).map_err(|flaw| match flaw {
        Flaw::Unit(span) => unknown_unit(text, span),
        Flaw::Form => unknown_form(text),
    })
}

/// Why text is no time literal.
enum Flaw {
    Form,
    /// No unit stands here.
    Unit(Span),
}

fn read(text: &str, now: Timestamp) -> Result<TimeRange, Flaw> {
    match text.strip_prefix("now") {
        Some(terms) => relative(text, terms, now),
        None => absolute(text.as_bytes()).ok_or(Flaw::Form),
    }
}

fn relative(text: &str, mut terms: &str, now: Timestamp) -> Result<TimeRange, Flaw> {
    let mut range = TimeRange { first: now, last: now };
    loop {
        let mut rest = terms.chars();
        let sign = match rest.next() {
            None => return Ok(range),
            Some(sign @ ('+' | '-' | '/')) => sign,
            Some(_) => return Err(Flaw::Form),
        };
        let rest = rest.as_str();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, rest) = rest.split_at(digits);
        let letters = rest.len() - rest.trim_start_matches(char::is_alphabetic).len();
        let (name, after) = rest.split_at(letters);
        if (sign == '/') != count.is_empty() {
            return Err(Flaw::Form);
        }
        let Some(unit) = Unit::from_name(name) else {
            let start = text.len() - rest.len();
            return Err(Flaw::Unit(Span { start, end: start + name.len() }));
        };
        if sign == '/' {
            range = TimeRange { first: unit.floor(range.first), last: unit.ceiling(range.last) };
        } else {
            let count = count.parse().unwrap_or(i64::MAX);
            let count = if sign == '-' { -count } else { count };
            range = TimeRange { first: unit.add(range.first, count), last: unit.add(range.last, count) };
        }
        terms = after;
    }
}

/// Parses `YYYY[-MM[-DD[Thh[:mm[:ss[.f…]]]]]]`, from the hour on with an optional offset.
fn absolute(mut rest: &[u8]) -> Option<TimeRange> {
    let mut date = Date { year: digits(&mut rest, 4)? as i32, month: 1, day: 1 };
    let mut unit = Unit::Year;
    if take(&mut rest, b"-") {
        date.month = digits(&mut rest, 2)?;
        unit = Unit::Month;
        if take(&mut rest, b"-") {
            date.day = digits(&mut rest, 2)?;
            unit = Unit::Day;
        }
    }
    if !date.is_valid() {
        return None;
    }
    if unit != Unit::Day || !take(&mut rest, b"Tt ") {
        return rest
            .is_empty()
            .then(|| TimeRange { first: civil(date, 0), last: unit.ceiling(civil(date, 0)) });
    }
    let mut nanos = nanos_of(digits(&mut rest, 2).filter(|hour| *hour < 24)?, 3_600);
    let mut precision = 3_600 * 1_000_000_000;
    if take(&mut rest, b":") {
        nanos += nanos_of(digits(&mut rest, 2).filter(|minute| *minute < 60)?, 60);
        precision = 60 * 1_000_000_000;
        if take(&mut rest, b":") {
            nanos += nanos_of(digits(&mut rest, 2).filter(|second| *second <= 60)?, 1);
            precision = 1_000_000_000;
            if take(&mut rest, b".,") {
                precision = fraction(&mut rest, &mut nanos)?;
            }
        }
    }
    let offset = offset(&mut rest)?;
    let first = civil(date, 0).unix_nanos() + nanos - offset;
    let last = first + precision - 1;
    let in_range = first >= Timestamp::MIN.unix_nanos() && last <= Timestamp::MAX.unix_nanos();
    (rest.is_empty() && in_range).then(|| TimeRange {
        first: Timestamp::from_unix_nanos(first),
        last: Timestamp::from_unix_nanos(last),
    })
}

fn nanos_of(count: u32, seconds: i128) -> i128 {
    i128::from(count) * seconds * 1_000_000_000
}

/// Adds the fraction of a second and returns its precision in nanoseconds; digits beyond the ninth are cut.
fn fraction(rest: &mut &[u8], nanos: &mut i128) -> Option<i128> {
    let mut precision: i128 = 1_000_000_000;
    let mut some = false;
    while let Some((digit @ b'0'..=b'9', after)) = rest.split_first() {
        some = true;
        if precision > 1 {
            precision /= 10;
            *nanos += i128::from(digit - b'0') * precision;
        }
        *rest = after;
    }
    some.then_some(precision)
}

fn offset(rest: &mut &[u8]) -> Option<i128> {
    let sign = match rest.split_first() {
        None => return Some(0),
        Some((b'Z' | b'z', after)) => {
            *rest = after;
            return Some(0);
        }
        Some((b'+', after)) => {
            *rest = after;
            1
        }
        Some((b'-', after)) => {
            *rest = after;
            -1
        }
        Some(_) => return None,
    };
    let hours = digits(rest, 2).filter(|hours| *hours < 24)?;
    take(rest, b":").then_some(())?;
    let minutes = digits(rest, 2).filter(|minutes| *minutes < 60)?;
    Some(sign * (nanos_of(hours, 3_600) + nanos_of(minutes, 60)))
}

fn digits(rest: &mut &[u8], count: usize) -> Option<u32> {
    let (head, after) = rest.split_at_checked(count)?;
    let value = head.iter().try_fold(0, |value, byte| Some(value * 10 + char::from(*byte).to_digit(10)?))?;
    *rest = after;
    Some(value)
}

fn take(rest: &mut &[u8], any_of: &[u8]) -> bool {
    match rest.split_first() {
        Some((byte, after)) if any_of.contains(byte) => {
            *rest = after;
            true
        }
        _ => false,
    }
}

fn reads(text: &str) -> bool {
    read(text, Timestamp::MIN).is_ok()
}

fn unknown_unit(text: &str, span: Span) -> QueryError {
    let name = &text[span.start..span.end];
    let message = match name {
        "" => "a unit of time is missing".to_owned(),
        name => format!("`{}` is not a unit of time", cut(name, SHOWN)),
    };
    let hint = "units are ms, s, m (minutes), h, d, w, M (months) and y".to_owned();
    let suggestion = Unit::from_long_name(name)
        .map(|unit| format!("{}{}{}", &text[..span.start], unit.name(), &text[span.end..]))
        .filter(|repaired| reads(repaired));
    QueryError { message, span, hint, suggestion }
}

fn unknown_form(text: &str) -> QueryError {
    let trimmed = text.trim();
    let lower = trimmed.to_lowercase();
    let (hint, suggestion) = if let Some(instant) = from_epoch(trimmed) {
        ("numbers are not read as times; write the time itself", Some(instant.to_string()))
    } else if lower == "today" {
        ("write now/d for the current day, in UTC", Some("now/d".to_owned()))
    } else if lower == "yesterday" {
        ("write now-1d/d for the day before, in UTC", Some("now-1d/d".to_owned()))
    } else {
        (
            "write RFC 3339 such as 2023-09-15T08:00:00Z, a beginning of it such as 2023-09-15, or now-15m",
            nearest(trimmed),
        )
    };
    QueryError {
        message: format!("`{}` is not a time", cut(trimmed, SHOWN)),
        span: Span { start: 0, end: text.len() },
        hint: hint.to_owned(),
        suggestion,
    }
}

/// The literal that something close to one means: `NOW - 15m`, `15m`, `2023/09/15`.
fn nearest(text: &str) -> Option<String> {
    let compact: String = text.split_whitespace().collect();
    let now = compact.get(..3).filter(|start| start.eq_ignore_ascii_case("now"));
    let relative = match now {
        Some(_) => format!("now{}", &compact[3..]),
        None => format!("now-{}", compact.trim_start_matches('-')),
    };
    [text.to_owned(), relative, text.replace('/', "-")].into_iter().find(|candidate| reads(candidate))
}

/// Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by their length.
fn from_epoch(text: &str) -> Option<Timestamp> {
    let unit = match text.len() {
        10 => 1_000_000_000,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Timestamp::from_unix_nanos(text.parse::<i128>().ok()? * unit))
}
