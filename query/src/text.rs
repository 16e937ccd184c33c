//! Durations as parameters and flags spell them.

use std::time::Duration;

use logpipeline_service::units;

/// Parses a duration other than zero, such as `30s`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    match units::parse_duration(text) {
        Ok(Duration::ZERO) => Err(format!("\"{text}\" is no time at all: write 1ms or more")),
        Ok(duration) => Ok(duration),
        Err(error) => Err(error.to_string()),
    }
}

/// The same spelling, in the largest unit that keeps it whole.
pub(crate) fn format_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    match units.into_iter().find(|(_, factor)| millis > 0 && millis.is_multiple_of(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", millis / factor),
        None => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_round_trip() {
        for text in ["250ms", "30s", "5m", "2h", "7d", "1500ms"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert!(parse_duration("0s").unwrap_err().contains("1ms or more"));
        assert!(parse_duration("soon").unwrap_err().contains("such as"));
    }
}
