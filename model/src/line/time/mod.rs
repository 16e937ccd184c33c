//! Times as logs write them.

mod clock;
mod cursor;
mod date;
mod day;
mod epoch;
mod names;
#[cfg(test)]
mod tests;
mod zone;

use super::Context;
use crate::Timestamp;
use crate::timestamp::Date;
use cursor::Cursor;
use day::Day;

/// How a time is written, which tells how sure it is that it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A date with its year, and a time of day.
    Full,
    /// `Nov 30 10:00:00`
    MonthName,
    /// `11-30 10:00:00`
    Yearless,
    /// `10:00:00`
    Clock,
    /// `1796032800.123`
    Epoch,
}

/// A time at the front of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) time: Timestamp,
    /// Bytes of it.
    pub(super) length: usize,
    pub(super) style: Style,
    pub(super) has_offset: bool,
}

/// Reads a whole text as a time: a date and time of day in any form that lines have, or seconds,
/// milliseconds, microseconds or nanoseconds since 1970.
pub fn read(text: &str, context: &Context) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(time) = Timestamp::parse_rfc3339(text.as_bytes()).or_else(|| epoch::read(text)) {
        return Some(time);
    }
    let taken = take(text.as_bytes(), context).filter(|taken| taken.style != Style::Clock)?;
    // Java adds the zone's name to its offset.
    let rest = text.get(taken.length..)?.trim_start();
    (rest.is_empty() || rest.starts_with('[') && rest.ends_with(']')).then_some(taken.time)
}

/// Reads an offset from UTC, in seconds east of Greenwich: `+02:00`, `-0730`, `Z`, `UTC`, `CEST`.
pub fn read_offset(text: &str) -> Option<i32> {
    zone::whole(text)
}

/// Takes a time from the front of `text`.
#[inline]
pub(super) fn take(text: &[u8], context: &Context) -> Option<Taken> {
    let mut cursor = Cursor::new(text);
    let (time, style, has_offset) = match text.first()? {
        b'4' if text.get(23).is_some_and(u8::is_ascii_hexdigit) && text.starts_with(b"400000") => {
            (epoch::take_tai64n(&mut cursor)?, Style::Full, true)
        }
        b'0'..=b'9' => numeric(&mut cursor, context)?,
        b'A'..=b'Z' | b'a'..=b'z' => match zone::before_date(&mut cursor) {
            // Monit writes the zone first.
            Some(offset_seconds) => named(&mut cursor, &Context { offset_seconds, ..*context })?,
            None => named(&mut cursor, context)?,
        },
        _ => return None,
    };
    if !cursor.at_boundary() {
        return None;
    }
    Some(Taken { time, length: cursor.at, style, has_offset })
}

/// Takes the month, day and time of day of glog: `1130 10:00:00.123456`.
pub(super) fn take_glog(text: &[u8], context: &Context) -> Option<Taken> {
    let mut cursor = Cursor::new(text);
    if cursor.digits(4) != 4 || cursor.ahead(4) != b' ' {
        return take(text, context).filter(|taken| taken.style == Style::Full);
    }
    let (time, style, has_offset) = squeezed(&mut cursor, b' ', context)?;
    Some(Taken { time, length: cursor.at, style, has_offset })
}

type Found = (Timestamp, Style, bool);

fn named(cursor: &mut Cursor<'_>, context: &Context) -> Option<Found> {
    let day = date::named(cursor, context)?;
    dated(cursor, day, Style::MonthName, context)
}

fn numeric(cursor: &mut Cursor<'_>, context: &Context) -> Option<Found> {
    let count = cursor.digits(19);
    match count {
        1 | 2 if cursor.ahead(count) == b':' => return time_of_day(cursor, context),
        4 if cursor.ahead(4) == b'/' && cursor.ahead(7).is_ascii_digit() => {
            return squeezed(cursor, b'/', context);
        }
        10 | 13 | 16 | 19 => return Some((epoch::take(cursor, count)?, Style::Epoch, true)),
        14 | 17 => {
            let day = date::numeric(cursor, 8, context)?;
            let clock = clock::take(cursor)?;
            return Some((day.at(&clock, context)?, Style::Full, clock.offset.is_some()));
        }
        _ => {}
    }
    let day = date::numeric(cursor, count, context)?;
    dated(cursor, day, Style::Yearless, context)
}

/// The time of day behind a date.
fn dated(cursor: &mut Cursor<'_>, mut day: Day, yearless: Style, context: &Context) -> Option<Found> {
    connect(cursor)?;
    let clock = clock::take(cursor)?;
    if let Day::Yearless { month, day: of_month, either: false } = day
        && let Some(year) = date::year_behind(cursor)
    {
        let date = Date { year, month, day: of_month };
        day = Day::Full(date);
    }
    let style = if day.has_year() { Style::Full } else { yearless };
    if !clock.has_seconds && style != Style::Full {
        return None;
    }
    Some((day.at(&clock, context)?, style, clock.offset.is_some()))
}

/// Passes what stands between a date and its time of day, at most a few bytes.
fn connect(cursor: &mut Cursor<'_>) -> Option<()> {
    let start = cursor.at;
    if matches!(cursor.peek(), b'T' | b't' | b'_') {
        cursor.at += 1;
    } else {
        while matches!(cursor.peek(), b' ' | b'\t' | b'-' | b':' | b',' | b'|' | b';' | b'/' | b'@') {
            cursor.at += 1;
            if cursor.at - start > 6 {
                return None;
            }
        }
        if cursor.at > start && cursor.rest().starts_with(b"at ") {
            cursor.at += 3;
        }
    }
    (cursor.at > start && cursor.peek().is_ascii_digit()).then_some(())
}

/// A time of day alone. It has seconds, or says AM or PM.
fn time_of_day(cursor: &mut Cursor<'_>, context: &Context) -> Option<Found> {
    let clock = clock::take(cursor)?;
    if !clock.has_seconds && !clock.has_half {
        return None;
    }
    Some((Day::Nearest.at(&clock, context)?, Style::Clock, clock.offset.is_some()))
}

/// Month and day of two digits each that nothing separates, with a time of day behind.
fn squeezed(cursor: &mut Cursor<'_>, separator: u8, context: &Context) -> Option<Found> {
    let (month, day) = (cursor.number(2), cursor.number(2));
    if !cursor.eat(separator) {
        return None;
    }
    let clock = clock::take(cursor).filter(|clock| clock.has_seconds)?;
    let day = Day::Yearless { month, day, either: false };
    Some((day.at(&clock, context)?, Style::Yearless, clock.offset.is_some()))
}
