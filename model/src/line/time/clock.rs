//! The time of day.

use super::cursor::Cursor;
use super::zone;

#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: u32,
    pub(super) nanos: u32,
    /// Seconds east of Greenwich, where the text says so.
    pub(super) offset: Option<i32>,
    pub(super) has_seconds: bool,
    pub(super) has_half: bool,
}

/// Takes `10:00:00`, `9:05`, `100000`, `10.00.00`, `10-00-00`; a fraction; AM or PM; an offset.
pub(super) fn take(cursor: &mut Cursor<'_>) -> Option<Clock> {
    let mut ahead = *cursor;
    let mut clock =
        Clock { hour: 0, minute: 0, second: 0, nanos: 0, offset: None, has_seconds: true, has_half: false };
    match ahead.digits(9) {
        count @ (6 | 9) => {
            (clock.hour, clock.minute, clock.second) = (ahead.number(2), ahead.number(2), ahead.number(2));
            if count == 9 {
                clock.nanos = ahead.number(3) * 1_000_000;
            }
        }
        count @ (1 | 2) => {
            clock.hour = ahead.number(count);
            separated(&mut ahead, &mut clock)?;
        }
        _ => return None,
    }
    if clock.has_seconds {
        fraction(&mut ahead, &mut clock);
    }
    half_of_day(&mut ahead, &mut clock)?;
    if clock.hour > 23 || clock.minute > 59 || clock.second > 60 {
        return None;
    }
    clock.offset = zone::take(&mut ahead);
    *cursor = ahead;
    Some(clock)
}

fn separated(cursor: &mut Cursor<'_>, clock: &mut Clock) -> Option<()> {
    let separator = cursor.peek();
    cursor.at += 1;
    match separator {
        b':' => {
            clock.minute = cursor.short()?;
            if cursor.peek() == b':' && cursor.ahead(1).is_ascii_digit() {
                cursor.at += 1;
                clock.second = cursor.short()?;
            } else {
                clock.has_seconds = false;
            }
        }
        b'.' | b'-' => {
            if cursor.digits(2) != 2 || cursor.ahead(2) != separator {
                return None;
            }
            clock.minute = cursor.number(2);
            cursor.at += 1;
            if cursor.digits(2) != 2 {
                return None;
            }
            clock.second = cursor.number(2);
        }
        _ => return None,
    }
    Some(())
}

/// A fraction behind a point or comma, or milliseconds behind a colon.
fn fraction(cursor: &mut Cursor<'_>, clock: &mut Clock) {
    let mut ahead = *cursor;
    let separator = ahead.peek();
    ahead.at += 1;
    let count = ahead.digits(18);
    match separator {
        b'.' if count > 0 => {}
        // A column of a comma-separated line is longer, or the first of several.
        b',' if (1..=9).contains(&count) => {}
        b':' if (1..=3).contains(&count) && ahead.ahead(count) != b':' => {
            clock.nanos = ahead.number(count) * 1_000_000;
            *cursor = ahead;
            return;
        }
        _ => return,
    }
    let kept = count.min(9);
    clock.nanos = ahead.number(kept) * 10u32.pow(9 - kept as u32);
    while ahead.peek().is_ascii_digit() {
        ahead.at += 1;
    }
    *cursor = ahead;
}

/// `AM`, `pm`, `a.m.`, with or without a space. `None` where the hour cannot be meant so.
fn half_of_day(cursor: &mut Cursor<'_>, clock: &mut Clock) -> Option<()> {
    let mut ahead = *cursor;
    // JavaScript writes a narrow no-break space.
    if ahead.rest().starts_with("\u{202f}".as_bytes()) {
        ahead.at += 3;
    } else {
        ahead.eat(b' ');
    }
    let afternoon = match ahead.peek() {
        b'A' | b'a' => false,
        b'P' | b'p' => true,
        _ => return Some(()),
    };
    ahead.at += 1;
    let dotted = ahead.eat(b'.');
    if !matches!(ahead.peek(), b'M' | b'm') {
        return Some(());
    }
    ahead.at += 1;
    if dotted {
        ahead.eat(b'.');
    }
    if !ahead.at_boundary() {
        return Some(());
    }
    // Some write "13:00:00 PM".
    if clock.hour > 12 && !afternoon {
        return None;
    }
    if clock.hour <= 12 {
        clock.hour = clock.hour % 12 + if afternoon { 12 } else { 0 };
    }
    clock.has_half = true;
    *cursor = ahead;
    Some(())
}
