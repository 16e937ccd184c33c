//! Times as foreign formats write them: RFC 3339 and its usual deviations, and counts since the Unix epoch.

use std::time::Duration;

use crate::Timestamp;

/// Counts of seconds from here on are times: 1973-03-03. Smaller numbers are more likely durations.
const LEAST_SECONDS: i128 = 100_000_000;
const NANOS: i128 = 1_000_000_000;
/// The longest text read, with room for a date, nine digits of a second and a zone.
const LONGEST: usize = 48;

/// An RFC 3339 time, also with a space or a comma where RFC 3339 has `T` or a point, with a zone such as `+0000` or `+02`, or
/// without one, then in UTC; or a count since the Unix epoch, see [`epoch`].
pub fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    Timestamp::parse_rfc3339(text.as_bytes()).or_else(|| epoch(text)).or_else(|| deviating(text))
}

/// A decimal count of seconds, milliseconds, microseconds or nanoseconds since the Unix epoch, told apart by its size, exact to
/// the nanosecond: `1700000000`, `1700000000.25`, `1700000000123`.
pub fn epoch(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() > LONGEST || !bytes.first()?.is_ascii_digit() {
        return None;
    }
    if memchr::memchr2(b'e', b'E', bytes).is_some() {
        return scientific(text);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() > 30 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let unit = unit_of_count(whole)?;
    // Digits of the fraction beyond the nanosecond are cut.
    let mut nanos = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        if place == 0 {
            break;
        }
        nanos += i128::from(digit - b'0') * place;
    }
    within(nanos)
}

/// Nanoseconds that one of a count is.
fn unit_of_count(count: i128) -> Option<i128> {
    let mut unit = NANOS;
    // A hundred thousand million seconds are in the year 5138, as many milliseconds in 1973.
    let mut bound = 100_000_000_000;
    if count < LEAST_SECONDS {
        return None;
    }
    while count >= bound && unit > 1 {
        unit /= 1_000;
        bound *= 1_000;
    }
    Some(unit)
}

/// The unit of the last digit of a time that [`read`] reads: a microsecond in `12:00:00.250000Z` and in `1700000000250000`.
pub fn unit(text: &str) -> Option<Duration> {
    let text = text.trim();
    let is_count = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let (second, fraction) = if is_count {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        (unit_of_count(whole.parse().ok()?)?, fraction)
    } else {
        // A fraction stands behind the seconds, which have two digits behind the second colon.
        let (at, _) = text.match_indices(':').nth(1)?;
        let rest = text.get(at + 3..).unwrap_or_default();
        (NANOS, rest.strip_prefix(['.', ',']).unwrap_or_default())
    };
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let nanos = second / 10i128.checked_pow(u32::try_from(digits.min(9)).ok()?)?;
    Some(Duration::from_nanos(u64::try_from(nanos.max(1)).ok()?))
}

fn scientific(text: &str) -> Option<Timestamp> {
    let value: f64 = text.parse().ok()?;
    if !(1e8..1e22).contains(&value) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    let (whole, fraction) = (value.trunc() as i128, value.fract());
    let unit = unit_of_count(whole)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "below a second")]
    let rest = (fraction * unit as f64) as i128;
    within(whole.checked_mul(unit)? + rest)
}

fn within(nanos: i128) -> Option<Timestamp> {
    (Timestamp::MIN.unix_nanos()..=Timestamp::MAX.unix_nanos())
        .contains(&nanos)
        .then(|| Timestamp::from_unix_nanos(nanos))
}

/// A time whose zone is not spelled as in RFC 3339.
fn deviating(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() < 19 || bytes.len() > LONGEST || bytes[4] != b'-' {
        return None;
    }
    let zone =
        bytes.iter().skip(19).position(|byte| matches!(byte, b'+' | b'-' | b' ' | b'Z')).map(|at| at + 19);
    let (local, zone) = bytes.split_at(zone.unwrap_or(bytes.len()));
    let mut fixed = local.to_vec();
    match zone.trim_ascii() {
        b"" | b"Z" | b"UTC" | b"GMT" | b"Z[UTC]" => fixed.push(b'Z'),
        [sign @ (b'+' | b'-'), hours @ .., a, b] if hours.len() == 2 => {
            fixed.extend_from_slice(&[*sign, hours[0], hours[1], b':', *a, *b]);
        }
        [sign @ (b'+' | b'-'), hours @ ..] if hours.len() == 2 => {
            fixed.extend_from_slice(&[*sign, hours[0], hours[1], b':', b'0', b'0']);
        }
        other => fixed.extend_from_slice(other),
    }
    Timestamp::parse_rfc3339(&fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Option<String> {
        read(text).map(|time| time.to_string())
    }

    #[test]
    fn rfc_3339_and_its_usual_deviations_are_read() {
        for text in [
            "2023-09-15T08:00:00.25Z",
            "2023-09-15 08:00:00.25Z",
            "2023-09-15 08:00:00,250",
            "2023-09-15T10:00:00.250+02:00",
            "2023-09-15T10:00:00.250+0200",
            "2023-09-15T10:00:00.250+02",
            "2023-09-15 08:00:00.250 UTC",
            "2023-09-15 06:00:00.250 -0200",
            " 2023-09-15T08:00:00.25Z ",
        ] {
            assert_eq!(time(text).as_deref(), Some("2023-09-15T08:00:00.250Z"), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2023-09-15",
            "2023-13-15T08:00:00Z",
            "2023-09-15T08:00:00+25:00",
            "12",
            "-1700000000",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn the_unit_is_that_of_the_last_digit_whatever_the_digits_are() {
        for (text, nanos) in [
            ("2023-09-15T08:00:00Z", 1_000_000_000),
            ("2023-09-15T10:00:00+02:00", 1_000_000_000),
            ("2023-09-15T08:00:00.000Z", 1_000_000),
            ("2023-09-15 08:00:00,250", 1_000_000),
            ("2023-09-15T10:00:00.000000+02:00", 1_000),
            ("2023-09-15T08:00:00.123456789123Z", 1),
            ("1700000000", 1_000_000_000),
            ("1700000000.000", 1_000_000),
            ("1700000000000", 1_000_000),
            ("1700000000000000", 1_000),
            ("1700000000000000000", 1),
        ] {
            assert_eq!(unit(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        for text in ["", "yesterday", "2023-09-15", "12"] {
            assert_eq!(unit(text), None, "{text}");
        }
    }

    #[test]
    fn counts_since_the_epoch_are_told_apart_by_size_and_exact() {
        for (text, expected) in [
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("1700000000.25", "2023-11-14T22:13:20.250Z"),
            ("1700000000.123456789", "2023-11-14T22:13:20.123456789Z"),
            ("1700000000.1234567899", "2023-11-14T22:13:20.123456789Z"),
            ("1700000000123", "2023-11-14T22:13:20.123Z"),
            ("1796038869956.923234", "2026-11-30T11:41:09.956923234Z"),
            ("1700000000123456", "2023-11-14T22:13:20.123456Z"),
            ("1700000000123456789", "2023-11-14T22:13:20.123456789Z"),
            ("1.7e9", "2023-11-14T22:13:20Z"),
            ("100000000", "1973-03-03T09:46:40Z"),
        ] {
            assert_eq!(time(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["99999999", "1700000000.x", "1e300", "1700000000 s", "9".repeat(40).as_str()] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
