//! Arithmetic of the calendar, in UTC.

use crate::Timestamp;
use crate::timestamp::{Date, days_in_month};

/// Units of relative times and of precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    /// Monday to Sunday (ISO 8601).
    Week,
    Month,
    Year,
}

impl Unit {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "ms" => Self::Millisecond,
            "s" => Self::Second,
            "m" => Self::Minute,
            "h" => Self::Hour,
            "d" => Self::Day,
            "w" => Self::Week,
            "M" => Self::Month,
            "y" => Self::Year,
            _ => return None,
        })
    }

    /// The unit that a name from elsewhere probably means.
    pub(super) fn from_long_name(name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        Some(match lower.strip_suffix('s').unwrap_or(&lower) {
            "milli" | "msec" | "millisecond" => Self::Millisecond,
            "" | "sec" | "second" => Self::Second,
            "min" | "minute" => Self::Minute,
            "h" | "hr" | "hour" => Self::Hour,
            "d" | "day" => Self::Day,
            "w" | "wk" | "week" => Self::Week,
            "mo" | "mon" | "month" => Self::Month,
            "y" | "yr" | "year" => Self::Year,
            _ => return None,
        })
        .filter(|_| !name.is_empty())
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Millisecond => "ms",
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "w",
            Self::Month => "M",
            Self::Year => "y",
        }
    }

    /// Moves an instant by so many units, held within what a [`Timestamp`] can be. A day that the month
    /// reached does not have becomes its last.
    pub(super) fn add(self, instant: Timestamp, count: i64) -> Timestamp {
        match self {
            Self::Month => add_months(instant, count),
            Self::Year => add_months(instant, count.saturating_mul(12)),
            _ => Timestamp::from_unix_nanos(
                instant.unix_nanos().saturating_add(i128::from(count).saturating_mul(self.nanos())),
            ),
        }
    }

    /// The first nanosecond of the unit around an instant.
    pub(super) fn floor(self, instant: Timestamp) -> Timestamp {
        let (date, _) = instant.to_civil();
        match self {
            Self::Month => civil(Date { day: 1, ..date }, 0),
            Self::Year => civil(Date { month: 1, day: 1, ..date }, 0),
            // The epoch was a Thursday.
            Self::Week => civil_days((instant.unix_days() + 3).div_euclid(7) * 7 - 3),
            _ => Timestamp::from_unix_nanos(instant.unix_nanos().div_euclid(self.nanos()) * self.nanos()),
        }
    }

    /// The last nanosecond of the unit around an instant.
    pub(super) fn ceiling(self, instant: Timestamp) -> Timestamp {
        let (date, _) = instant.to_civil();
        let next = match self {
            Self::Month => next_month(date),
            Self::Year => Date { year: date.year + 1, month: 1, day: 1 }.unix_days(),
            Self::Week => (instant.unix_days() + 3).div_euclid(7) * 7 + 4,
            _ => {
                let start = instant.unix_nanos().div_euclid(self.nanos()) * self.nanos();
                return Timestamp::from_unix_nanos(start + self.nanos() - 1);
            }
        };
        Timestamp::from_unix_nanos(i128::from(next) * Self::Day.nanos() - 1)
    }

    /// Of a month and a year, which differ in length, a nominal one.
    fn nanos(self) -> i128 {
        match self {
            Self::Millisecond => 1_000_000,
            Self::Second => 1_000_000_000,
            Self::Minute => 60 * Self::Second.nanos(),
            Self::Hour => 3_600 * Self::Second.nanos(),
            Self::Day => 86_400 * Self::Second.nanos(),
            Self::Week => 7 * Self::Day.nanos(),
            Self::Month => 30 * Self::Day.nanos(),
            Self::Year => 365 * Self::Day.nanos(),
        }
    }
}

/// The instant so many nanoseconds behind a date's midnight.
pub(super) fn civil(date: Date, nanos: i128) -> Timestamp {
    Timestamp::from_unix_nanos(i128::from(date.unix_days()) * Unit::Day.nanos() + nanos)
}

fn civil_days(days: i64) -> Timestamp {
    Timestamp::from_unix_nanos(i128::from(days) * Unit::Day.nanos())
}

fn next_month(date: Date) -> i64 {
    let (year, month) = if date.month == 12 { (date.year + 1, 1) } else { (date.year, date.month + 1) };
    Date { year, month, day: 1 }.unix_days()
}

fn add_months(instant: Timestamp, count: i64) -> Timestamp {
    let (date, nanos) = instant.to_civil();
    let months = (i64::from(date.year) * 12 + i64::from(date.month) - 1).saturating_add(count);
    if months < 0 {
        return Timestamp::MIN;
    }
    let (Ok(year), month) = (i32::try_from(months / 12), (months % 12) as u32 + 1) else {
        return Timestamp::MAX;
    };
    if year > 9999 {
        return Timestamp::MAX;
    }
    let day = date.day.min(days_in_month(year, month));
    civil(Date { year, month, day }, i128::from(nanos))
}
