//! Dates, in every order and with every separator that logs have.

use super::cursor::Cursor;
use super::day::{Day, year_of};
use super::names;
use crate::line::Context;
use crate::timestamp::Date;

const YEARS: std::ops::RangeInclusive<u32> = 1900..=2199;

/// Takes a date that begins with a number of `count` digits.
pub(super) fn numeric(cursor: &mut Cursor<'_>, count: usize, context: &Context) -> Option<Day> {
    match count {
        1 | 2 => short_first(cursor, count, context),
        4 => year_first(cursor),
        // `081109 203615`, `20171223-22:15:29`.
        6 | 8 => {
            let year = if count == 8 { cursor.number(4) as i32 } else { year_of(cursor.number(2), context) };
            full(year, cursor.number(2), cursor.number(2))
        }
        _ => None,
    }
}

/// Takes `Nov 30`, `Nov 30 2026`, `November 30, 2026`; a day of the week may stand before it, and before a
/// date of numbers.
pub(super) fn named(cursor: &mut Cursor<'_>, context: &Context) -> Option<Day> {
    let mut ahead = *cursor;
    if names::weekday(&mut ahead) {
        ahead.eat(b',');
        if ahead.skip_spaces() == 0 {
            return None;
        }
        *cursor = ahead;
        let count = cursor.digits(8);
        if count > 0 {
            return numeric(cursor, count, context);
        }
    }
    let month = names::month(cursor)?;
    let separator = cursor.peek();
    if !cursor.eat(b'-') && !cursor.eat(b'/') && cursor.skip_spaces() == 0 {
        return None;
    }
    let day = cursor.short()?;
    let mut ahead = *cursor;
    ahead.eat(b',');
    if !ahead.eat(b'-') && !ahead.eat(b'/') && ahead.skip_spaces() == 0 {
        return Some(Day::Yearless { month, day, either: false });
    }
    if let Some(year) = year(&mut ahead) {
        *cursor = ahead;
        return full(year, month, day);
    }
    // "Apr-07-13"
    if separator == b'-' && cursor.peek() == b'-' && ahead.digits(2) == 2 && ahead.ahead(2) != b':' {
        *cursor = ahead;
        return full(year_of(cursor.number(2), context), month, day);
    }
    Some(Day::Yearless { month, day, either: false })
}

/// Takes the year that `date` and asctime write behind the time of day.
pub(super) fn year_behind(cursor: &mut Cursor<'_>) -> Option<i32> {
    let mut ahead = *cursor;
    if !ahead.eat(b' ') {
        return None;
    }
    let year = year(&mut ahead)?;
    if !ahead.at_boundary() || matches!(ahead.peek(), b'-' | b'.' | b'/') {
        return None;
    }
    *cursor = ahead;
    Some(year)
}

/// A year of four digits, which are not hours and minutes.
fn year(cursor: &mut Cursor<'_>) -> Option<i32> {
    if cursor.digits(4) != 4 {
        return None;
    }
    let year = cursor.number(4);
    YEARS.contains(&year).then_some(year as i32)
}

fn full(year: i32, month: u32, day: u32) -> Option<Day> {
    let date = Date { year, month, day };
    (date.is_valid() && YEARS.contains(&(year as u32))).then_some(Day::Full(date))
}

/// `2026-11-30`, `2026/11/30`, `2026.11.30`, `2026:11:30`, `2026-Nov-30`, `2026 Nov 30`.
fn year_first(cursor: &mut Cursor<'_>) -> Option<Day> {
    let year = cursor.number(4) as i32;
    let separator = cursor.peek();
    if !matches!(separator, b'-' | b'/' | b'.' | b' ' | b':') {
        return None;
    }
    cursor.at += 1;
    let month = if cursor.peek().is_ascii_digit() {
        if separator == b' ' {
            return None;
        }
        if separator == b'-' && cursor.digits(3) == 3 {
            return day_of_year(year, cursor.number(3));
        }
        cursor.short()?
    } else {
        names::month(cursor)?
    };
    if !cursor.eat(separator) {
        return None;
    }
    full(year, month, cursor.short()?)
}

/// `2026-334`
fn day_of_year(year: i32, ordinal: u32) -> Option<Day> {
    let first = Date { year, month: 1, day: 1 }.unix_days();
    let date = Date::from_unix_days(first + i64::from(ordinal.checked_sub(1)?));
    (date.year == year).then_some(Day::Full(date))
}

/// `30/Nov/2026`, `30 Nov 2026`, `30.11.2026`, `11/30/26`, `17/06/09`, `03-17`.
fn short_first(cursor: &mut Cursor<'_>, count: usize, context: &Context) -> Option<Day> {
    let first = cursor.number(count);
    let mut separator = cursor.peek();
    if !matches!(separator, b'-' | b'/' | b'.' | b' ') {
        return None;
    }
    cursor.at += 1;
    // "30. November 2026"
    if separator == b'.' && cursor.eat(b' ') {
        separator = b' ';
    }
    if !cursor.peek().is_ascii_digit() {
        let month = names::month(cursor)?;
        return behind_day(cursor, separator, first, month, context);
    }
    if separator == b' ' {
        return None;
    }
    let length = cursor.digits(2);
    let second = cursor.short()?;
    if cursor.peek() == separator && cursor.ahead(1).is_ascii_digit() && !is_clock(cursor) {
        cursor.at += 1;
        let month_first = separator == b'/';
        return match cursor.digits(4) {
            4 => {
                let year = cursor.number(4);
                YEARS.contains(&year).then_some(Day::Unordered {
                    first,
                    second,
                    year: year as i32,
                    month_first,
                })
            }
            2 if count == 2 => {
                let third = cursor.number(2);
                // Nobody writes the year first with points.
                if separator == b'.' {
                    let year = year_of(third, context);
                    return Some(Day::Unordered { first, second, year, month_first });
                }
                Some(Day::Short { first, second, third, month_first })
            }
            _ => None,
        };
    }
    let is_padded = count == 2 && length == 2;
    (is_padded || separator == b'/').then_some(Day::Yearless { month: first, day: second, either: true })
}

/// Whether the time of day follows behind one more hyphen, as in `11/30-10:00:00`.
fn is_clock(cursor: &Cursor<'_>) -> bool {
    cursor.ahead(3) == b':' || cursor.ahead(2) == b':'
}

/// The year behind day and month name, or none.
fn behind_day(
    cursor: &mut Cursor<'_>,
    separator: u8,
    day: u32,
    month: u32,
    context: &Context,
) -> Option<Day> {
    let mut ahead = *cursor;
    if ahead.eat(separator) {
        if let Some(year) = year(&mut ahead) {
            *cursor = ahead;
            return full(year, month, day);
        }
        if ahead.digits(2) == 2 && separator != b' ' {
            *cursor = ahead;
            return full(year_of(cursor.number(2), context), month, day);
        }
    }
    Some(Day::Yearless { month, day, either: false })
}
