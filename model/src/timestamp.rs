//! Instants to the nanosecond, over every year RFC 3339 can write (0000 to 9999).

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NANOS: i128 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i128);

impl Timestamp {
    /// 0000-01-01T00:00:00Z
    pub const MIN: Self = Self(-62_167_219_200 * NANOS);
    /// 9999-12-31T23:59:59.999999999Z
    pub const MAX: Self = Self(253_402_300_800 * NANOS - 1);

    /// An instant from nanoseconds since the Unix epoch, held within [`Self::MIN`] and [`Self::MAX`].
    pub fn from_unix_nanos(nanos: i128) -> Self {
        Self(nanos.clamp(Self::MIN.0, Self::MAX.0))
    }

    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self::from_unix_nanos(i128::from(seconds) * NANOS)
    }

    pub fn unix_nanos(self) -> i128 {
        self.0
    }

    /// Whether it has digits below this unit, which is how finely its sender measured it at least.
    pub fn is_finer_than(self, unit: Duration) -> bool {
        // 64 bits hold the years 1677 to 2262 and divide several times faster.
        match (i64::try_from(self.0), i64::try_from(unit.as_nanos())) {
            (Ok(nanos), Ok(unit)) => unit > 0 && nanos % unit != 0,
            _ => i128::try_from(unit.as_nanos()).is_ok_and(|unit| unit > 0 && self.0 % unit != 0),
        }
    }

    pub fn unix_millis(self) -> i64 {
        match i64::try_from(self.0) {
            Ok(nanos) => nanos.div_euclid(1_000_000),
            Err(_) => self.0.div_euclid(1_000_000) as i64,
        }
    }

    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(NANOS) as i64
    }

    /// Whole days since 1970-01-01, rounded down.
    pub fn unix_days(self) -> i64 {
        self.unix_seconds().div_euclid(DAY_SECONDS)
    }

    /// An instant from a date and time of day in UTC; `None` where the calendar has no such moment.
    pub fn from_civil(date: Date, hour: u32, minute: u32, second: u32, nanos: u32) -> Option<Self> {
        if !date.is_valid() || hour > 23 || minute > 59 || second > 60 || nanos >= 1_000_000_000 {
            return None;
        }
        let seconds = date.unix_days() * DAY_SECONDS
            + i64::from(hour) * 3_600
            + i64::from(minute) * 60
            + i64::from(second);
        Some(Self(i128::from(seconds) * NANOS + i128::from(nanos)))
    }

    /// The UTC date and the nanoseconds since its midnight.
    pub fn to_civil(self) -> (Date, u64) {
        const DAY_NANOS: i64 = DAY_SECONDS * 1_000_000_000;
        // 64 bits hold the years 1677 to 2262 and divide several times faster.
        let (days, nanos) = match i64::try_from(self.0) {
            Ok(nanos) => (nanos.div_euclid(DAY_NANOS), nanos.rem_euclid(DAY_NANOS) as u64),
            Err(_) => {
                let day = i128::from(DAY_NANOS);
                (self.0.div_euclid(day) as i64, self.0.rem_euclid(day) as u64)
            }
        };
        (Date::from_unix_days(days), nanos)
    }

    pub fn checked_add(self, other: Duration) -> Option<Self> {
        let nanos = self.0 + i128::try_from(other.as_nanos()).ok()?;
        (nanos <= Self::MAX.0).then_some(Self(nanos))
    }

    pub fn saturating_sub(self, other: Duration) -> Self {
        Self::from_unix_nanos(self.0.saturating_sub(i128::try_from(other.as_nanos()).unwrap_or(i128::MAX)))
    }

    pub fn saturating_add(self, other: Duration) -> Self {
        Self::from_unix_nanos(self.0.saturating_add(i128::try_from(other.as_nanos()).unwrap_or(i128::MAX)))
    }

    /// Parses an RFC 3339 time: any offset, any number of fractional digits (those beyond the ninth are
    /// cut), `T`, `t` or a space between date and time. A leap second, `:60`, is the next minute's first.
    /// `None` also where the offset moves the time out of the years 0000 to 9999 in UTC.
    pub fn parse_rfc3339(text: &[u8]) -> Option<Self> {
        let mut rest = text;
        let date = Date::take(&mut rest)?;
        let (b'T' | b't' | b' ') = take_byte(&mut rest)? else { return None };
        let hour = take_digits(&mut rest, 2)?;
        take_exactly(&mut rest, b':')?;
        let minute = take_digits(&mut rest, 2)?;
        take_exactly(&mut rest, b':')?;
        let second = take_digits(&mut rest, 2)?;
        let mut nanos = 0;
        if let Some((b'.' | b',', after)) = rest.split_first().map(|(byte, after)| (*byte, after)) {
            let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            let kept = &after[..digits.min(9)];
            nanos = kept.iter().fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
            nanos *= 10u32.pow(9 - kept.len() as u32);
            rest = &after[digits..];
        }
        let offset = match take_byte(&mut rest)? {
            b'Z' | b'z' => 0,
            sign @ (b'+' | b'-') => {
                let hours = take_digits(&mut rest, 2)?;
                take_exactly(&mut rest, b':')?;
                let minutes = take_digits(&mut rest, 2)?;
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = i64::from(hours * 60 + minutes) * 60;
                if sign == b'+' { offset } else { -offset }
            }
            _ => return None,
        };
        if !rest.is_empty() {
            return None;
        }
        let local = Self::from_civil(date, hour, minute, second, nanos)?;
        let utc = Self(local.0 - i128::from(offset) * NANOS);
        (Self::MIN..=Self::MAX).contains(&utc).then_some(utc)
    }

    /// Writes the time in UTC with as many fractional digits as it needs: `2023-09-15T08:00:00Z`,
    /// `2023-09-15T08:00:00.120Z`. Digits come in groups of three.
    pub fn write_rfc3339(self, out: &mut Vec<u8>) {
        let (date, nanos) = self.to_civil();
        let (seconds, nanos) = ((nanos / 1_000_000_000) as u32, (nanos % 1_000_000_000) as u32);
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        put_digits(&mut text, 0, 4, date.year as u32);
        put_digits(&mut text, 5, 2, date.month);
        put_digits(&mut text, 8, 2, date.day);
        put_digits(&mut text, 11, 2, seconds / 3_600);
        put_digits(&mut text, 14, 2, seconds / 60 % 60);
        put_digits(&mut text, 17, 2, seconds % 60);
        let length = if nanos == 0 {
            19
        } else if nanos % 1_000_000 == 0 {
            put_digits(&mut text, 20, 3, nanos / 1_000_000);
            23
        } else if nanos % 1_000 == 0 {
            put_digits(&mut text, 20, 6, nanos / 1_000);
            26
        } else {
            put_digits(&mut text, 20, 9, nanos);
            29
        };
        text[length] = b'Z';
        out.extend_from_slice(&text[..=length]);
    }
}

/// A day of the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: i32,
    pub month: u32,
    pub day: u32,
}

impl Date {
    pub fn is_valid(self) -> bool {
        (1..=12).contains(&self.month) && self.day >= 1 && self.day <= days_in_month(self.year, self.month)
    }

    /// Days since 1970-01-01. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    pub fn unix_days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * i64::from((self.month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The date of a day, held near the years 0000 to 9999. Source: Neri and Schneider, "Euclidean affine functions and
    /// their application to calendar algorithms".
    pub fn from_unix_days(days: i64) -> Self {
        // Days since 1 March of the year -400, so that none is negative.
        let days = (days.clamp(-800_000, 3_000_000) + 719_468 + 146_097) as u32;
        let centuries = 4 * days + 3;
        let (century, day_of_century) = (centuries / 146_097, centuries % 146_097 / 4);
        let years = u64::from(4 * day_of_century + 3) * 2_939_745;
        let (year_of_century, day_of_year) = ((years >> 32) as u32, years as u32 / 2_939_745 / 4);
        let months = 2_141 * day_of_year + 197_913;
        let (month, day) = (months >> 16, (months & 0xffff) / 2_141 + 1);
        // Years of this calendar begin in March.
        let next = day_of_year >= 306;
        let year = (100 * century + year_of_century) as i32 - 400 + i32::from(next);
        Self { year, month: if next { month - 12 } else { month }, day }
    }

    /// Takes `YYYY-MM-DD` from the front of `rest`.
    pub fn take(rest: &mut &[u8]) -> Option<Self> {
        let year = take_digits(rest, 4)? as i32;
        take_exactly(rest, b'-')?;
        let month = take_digits(rest, 2)?;
        take_exactly(rest, b'-')?;
        let day = take_digits(rest, 2)?;
        let date = Self { year, month, day };
        date.is_valid().then_some(date)
    }
}

pub fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn take_byte(rest: &mut &[u8]) -> Option<u8> {
    let (byte, after) = rest.split_first()?;
    *rest = after;
    Some(*byte)
}

fn take_exactly(rest: &mut &[u8], expected: u8) -> Option<()> {
    (take_byte(rest)? == expected).then_some(())
}

fn take_digits(rest: &mut &[u8], count: usize) -> Option<u32> {
    let digits = rest.get(..count)?;
    let mut value = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(digit - b'0');
    }
    *rest = &rest[count..];
    Some(value)
}

/// The digits of each number below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Puts the last `width` digits of a number at a place of the text.
#[inline(always)]
fn put_digits(text: &mut [u8; 30], at: usize, width: usize, mut value: u32) {
    let mut end = at + width;
    while end > at + 1 {
        text[end - 2..end].copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
        end -= 2;
    }
    if end > at {
        text[at] = b'0' + (value % 10) as u8;
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(30);
        self.write_rfc3339(&mut text);
        f.pad(str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an RFC 3339 time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time such as 2023-09-15T08:00:00Z or 2023-09-15T10:00:00.123+02:00")]
pub struct InvalidTime;

impl FromStr for Timestamp {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        Self::parse_rfc3339(text.as_bytes()).ok_or(InvalidTime)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, other: Duration) -> Self {
        self.saturating_add(other)
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, other: Duration) -> Self {
        self.saturating_sub(other)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Timestamp {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn any_offset_is_the_same_instant() {
        let expected = Timestamp::from_unix_seconds(1_694_764_800);
        for text in [
            "2023-09-15T08:00:00Z",
            "2023-09-15t08:00:00z",
            "2023-09-15 08:00:00Z",
            "2023-09-15T10:00:00+02:00",
            "2023-09-14T20:30:00-11:30",
            "2023-09-15T08:00:00.000000000000Z",
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn precision_is_a_nanosecond() {
        assert_eq!(parse("1970-01-01T00:00:00.000000001Z").unix_nanos(), 1);
        assert_eq!(parse("1969-12-31T23:59:59.999999999Z").unix_nanos(), -1);
        assert_eq!(parse("1970-01-01T00:00:00.1234567899Z").unix_nanos(), 123_456_789);
        assert_eq!(parse("2016-12-31T23:59:60Z"), parse("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn years_0000_to_9999_round_trip() {
        for text in [
            "0000-01-01T00:00:00Z",
            "1677-09-21T00:12:43.145224192Z",
            "2000-02-29T23:59:59.120Z",
            "2023-09-15T08:00:00.000001Z",
            "2262-04-11T23:47:16.854775808Z",
            "9999-12-31T23:59:59.999999999Z",
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
    }

    #[test]
    fn every_day_round_trips_through_the_calendar() {
        let mut expected = Date { year: -1, month: 12, day: 31 };
        let first = Date { year: 0, month: 1, day: 1 }.unix_days();
        let last = Date { year: 10_000, month: 1, day: 1 }.unix_days();
        for days in first..last {
            let date = Date::from_unix_days(days);
            let follows = (date.day == expected.day + 1 && date.month == expected.month)
                || (date.day == 1 && expected.day == days_in_month(expected.year, expected.month));
            assert!(follows && date.is_valid() && date.unix_days() == days, "{date:?}");
            expected = date;
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2023-09-15",
            "2023-09-15T08:00:00",
            "2023-09-15T08:00Z",
            "2023-02-29T08:00:00Z",
            "2023-13-01T08:00:00Z",
            "2023-09-15T24:00:00Z",
            "2023-09-15T08:00:61Z",
            "2023-09-15T08:00:00.Z",
            "2023-09-15T08:00:00+2:00",
            "2023-09-15T08:00:00+24:00",
            "2023-09-15T08:00:00Z ",
            "1694764800",
            "+2023-09-15T08:00:00Z",
            "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00+00:01",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTime), "{text}");
        }
    }
}
