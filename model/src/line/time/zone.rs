use super::cursor::Cursor;
use super::names;

/// Takes an offset from UTC in seconds: `Z`, `+02:00`, `+0200`, `+02`, `UTC`, `GMT+2`, `CEST`; one space may
/// stand before it.
pub(super) fn take(cursor: &mut Cursor<'_>) -> Option<i32> {
    let mut ahead = *cursor;
    let spaced = ahead.eat(b' ');
    let offset = match ahead.peek() {
        b'Z' | b'z' if !spaced => {
            ahead.at += 1;
            0
        }
        b'+' | b'-' => signed(&mut ahead, spaced)?,
        b'A'..=b'Z' => named(&mut ahead)?,
        _ => return None,
    };
    if !ahead.at_boundary() {
        return None;
    }
    *cursor = ahead;
    Some(offset)
}

/// Takes the name of a zone that stands before a date that begins with a month.
pub(super) fn before_date(cursor: &mut Cursor<'_>) -> Option<i32> {
    let length = cursor.letters(4);
    if !matches!(length, 3 | 4) || cursor.ahead(length) != b' ' {
        return None;
    }
    let offset = names::zone(cursor.rest().get(..length)?)?;
    cursor.at += length + 1;
    Some(offset)
}

/// Takes the offset that is all of `text`.
pub(super) fn whole(text: &str) -> Option<i32> {
    let mut cursor = Cursor::new(text.as_bytes());
    let offset = take(&mut cursor)?;
    cursor.rest().is_empty().then_some(offset)
}

/// Behind a space, a sign and two digits are as likely a number of the text, so minutes are asked for.
fn signed(cursor: &mut Cursor<'_>, spaced: bool) -> Option<i32> {
    let sign = if cursor.peek() == b'+' { 1 } else { -1 };
    cursor.at += 1;
    let (hours, minutes) = match cursor.digits(4) {
        4 => (cursor.number(2), cursor.number(2)),
        // DB2 counts minutes.
        3 if !spaced => {
            let minutes = cursor.number(3);
            (minutes / 60, minutes % 60)
        }
        2 if cursor.ahead(2) == b':' => {
            let hours = cursor.number(2);
            cursor.at += 1;
            if cursor.digits(2) != 2 {
                return None;
            }
            (hours, cursor.number(2))
        }
        2 if !spaced => (cursor.number(2), 0),
        _ => return None,
    };
    (hours <= 15 && minutes <= 59).then_some(sign * (hours * 60 + minutes) as i32 * 60)
}

fn named(cursor: &mut Cursor<'_>) -> Option<i32> {
    let length = cursor.letters(4);
    let offset = names::zone(cursor.rest().get(..length)?)?;
    cursor.at += length;
    let sign = match cursor.peek() {
        b'+' => 1,
        b'-' => -1,
        _ => return Some(offset),
    };
    // "UTC+2", "GMT-05:00"; anything else behind the name is the text's.
    let mut ahead = *cursor;
    ahead.at += 1;
    let Some(hours) = ahead.short().filter(|hours| *hours <= 15) else { return Some(offset) };
    let mut minutes = 0;
    if ahead.peek() == b':' && ahead.ahead(1).is_ascii_digit() {
        ahead.at += 1;
        minutes = ahead.short().filter(|minutes| *minutes <= 59)?;
    } else if ahead.digits(2) == 2 {
        minutes = ahead.number(2);
    }
    *cursor = ahead;
    Some(offset + sign * (hours * 60 + minutes) as i32 * 60)
}
