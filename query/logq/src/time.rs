//! Times of the table.

use jiff::tz::TimeZone;

use crate::failure::Failure;

/// Which clock times are shown by.
#[derive(Debug, Clone)]
pub(crate) enum Zone {
    Utc,
    Local(TimeZone),
}

impl Zone {
    /// UTC, or with `local` this machine's time zone.
    pub(crate) fn choose(local: bool) -> Result<Self, Failure> {
        if !local {
            return Ok(Self::Utc);
        }
        TimeZone::try_system().map(Self::Local).map_err(|error| {
            Failure::Usage(format!("--local: this machine's time zone is unknown ({error}); set TZ to a name such as Europe/Berlin"))
        })
    }

    /// A stored time to the millisecond, with its offset: `2023-09-15 08:00:00.000Z`.
    pub(crate) fn show(&self, stored: &str) -> String {
        if let Self::Local(zone) = self
            && let Ok(time) = stored.parse::<jiff::Timestamp>()
        {
            return time.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S.%3f%:z").to_string();
        }
        utc(stored)
    }
}

fn utc(stored: &str) -> String {
    let text = stored.trim_end_matches('Z');
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    format!("{}.{millis}Z", seconds.replacen('T', " ", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_says_its_offset() {
        assert_eq!(Zone::Utc.show("2023-09-15T08:00:00Z"), "2023-09-15 08:00:00.000Z");
        assert_eq!(Zone::Utc.show("9999-12-31T23:59:59.999999999Z"), "9999-12-31 23:59:59.999Z");
        let zone = Zone::Local(TimeZone::fixed(jiff::tz::offset(2)));
        assert_eq!(zone.show("2023-09-15T23:00:00.1204Z"), "2023-09-16 01:00:00.120+02:00");
        assert_eq!(zone.show("9999-12-31T23:59:59Z"), "9999-12-31 23:59:59.000Z", "beyond the calendar");
    }
}
