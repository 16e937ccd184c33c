//! Seconds, milliseconds, microseconds and nanoseconds since 1970, told apart by their size.

use super::cursor::Cursor;
use crate::Timestamp;

/// Reads a whole text, such as the value of a member: `1694764800`, `1694764800.25`, `1694764800123`.
pub(super) fn read(text: &str) -> Option<Timestamp> {
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
        nanos += i128::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?) * place;
        place /= 10;
    }
    Some(Timestamp::from_unix_nanos(nanos))
}

/// Takes a number from a line, where many numbers are no times: one of 10, 13, 16 or 19 digits.
pub(super) fn take(cursor: &mut Cursor<'_>, digits: usize) -> Option<Timestamp> {
    let mut end = cursor.at + digits;
    let ahead = Cursor { at: end, ..*cursor };
    if ahead.peek() == b'.' && ahead.ahead(1).is_ascii_digit() {
        let mut fraction = 1;
        while ahead.ahead(fraction).is_ascii_digit() {
            fraction += 1;
        }
        end += fraction;
    }
    let behind = Cursor { at: end, ..*cursor };
    if matches!(behind.peek(), b'-' | b'.' | b'/' | b'@' | b'%') {
        return None;
    }
    let text = cursor.rest().get(..end - cursor.at)?;
    let time = read(str::from_utf8(text).ok()?)?;
    cursor.at = end;
    Some(time)
}

/// Takes what djb's tools write: 2^62 and the seconds of TAI, and nanoseconds, as 24 hexadecimal digits.
///
/// Source: <https://cr.yp.to/libtai/tai64.html>. TAI was ten seconds ahead of UTC in 1970 by that definition, which
/// `tai64nlocal` takes off; leap seconds since then are not in Unix time.
pub(super) fn take_tai64n(cursor: &mut Cursor<'_>) -> Option<Timestamp> {
    let hex = |digits: &[u8]| i64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
    let seconds = hex(cursor.rest().get(..16)?)?.checked_sub((1 << 62) + 10)?;
    let nanos = hex(cursor.rest().get(16..24)?).filter(|nanos| *nanos < 1_000_000_000)?;
    cursor.at += 24;
    Some(Timestamp::from_unix_nanos(i128::from(seconds) * 1_000_000_000 + i128::from(nanos)))
}
