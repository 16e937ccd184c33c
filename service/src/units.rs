//! Durations and byte counts as people write them in flags: `250ms`, `1h30m`, `30d`; `64KiB`, `1.5GiB`, `10MB`.

use std::time::Duration;

const DURATION_HINT: &str = "write a number and a unit (ms, s, m, h, d, w), such as 250ms, 10s, 1h30m or 30d";
const BYTES_HINT: &str =
    "write a number and a unit (B, KiB, MiB, GiB, TiB, or kB, MB, GB, TB), such as 16MiB or 1GiB";

/// Why a text is no duration or no byte count, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a {what}: {hint}")]
pub struct InvalidUnit {
    text: String,
    what: &'static str,
    hint: &'static str,
}

/// Parses a duration: one or more whole numbers, each with its unit, the parts added up; `0` needs none.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidUnit> {
    let invalid = || InvalidUnit { text: text.to_owned(), what: "duration", hint: DURATION_HINT };
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?);
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let number: u64 = number.parse().map_err(|_| invalid())?;
        let millis: u64 = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return Err(invalid()),
        };
        let part = number.checked_mul(millis).map(Duration::from_millis).ok_or_else(invalid)?;
        total = total.checked_add(part).ok_or_else(invalid)?;
        rest = after;
    }
    Ok(total)
}

/// Parses a byte count: a number, decimals allowed, with a binary (`KiB` … `TiB`) or decimal (`kB` … `TB`)
/// unit in any case; a whole number alone is bytes.
pub fn parse_bytes(text: &str) -> Result<u64, InvalidUnit> {
    let invalid = || InvalidUnit { text: text.to_owned(), what: "byte count", hint: BYTES_HINT };
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(invalid()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty()
        || (number.contains('.') && (fraction.is_empty() || factor == 1))
        || fraction.len() > 6
    {
        return Err(invalid());
    }
    let whole = whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(factor)).ok_or_else(invalid)?;
    if fraction.is_empty() {
        return Ok(whole);
    }
    let scale = 10u128.pow(u32::try_from(fraction.len()).map_err(|_| invalid())?);
    let fraction: u128 = fraction.parse().map_err(|_| invalid())?;
    let part = u64::try_from(u128::from(factor) * fraction / scale).map_err(|_| invalid())?;
    whole.checked_add(part).ok_or_else(invalid)
}

/// Writes a byte count for people: in the largest binary unit of which it is at least one, to one decimal.
pub fn format_bytes(bytes: u64) -> String {
    for (unit, factor) in [("TiB", 1u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes >= factor {
            let tenths = (u128::from(bytes) * 10 + u128::from(factor) / 2) / u128::from(factor);
            let (whole, tenth) = (tenths / 10, tenths % 10);
            return if tenth == 0 { format!("{whole} {unit}") } else { format!("{whole}.{tenth} {unit}") };
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_unit_and_add_up() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("250ms", 250),
            ("10s", 10_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("30d", 2_592_000_000),
            ("2w", 1_209_600_000),
            (" 10 s ", 10_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_a_hint() {
        for text in [
            "",
            "10",
            "s",
            "-5s",
            "1.5h",
            "10 parsecs",
            "1h 30",
            "99999999999999999999s",
            "9999999999999999w",
        ] {
            let error = parse_duration(text).unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("such as 250ms"), "{error}");
        }
    }

    #[test]
    fn byte_counts_are_read_in_binary_and_decimal_units() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("512B", 512),
            ("64KiB", 65_536),
            ("16MiB", 16_777_216),
            ("1.5GiB", 1_610_612_736),
            ("1tib", 1 << 40),
            ("10MB", 10_000_000),
            ("0.25 gb", 250_000_000),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_byte_count_is_refused_with_a_hint() {
        for text in
            ["", "MiB", "1.5", "-1MiB", "1.MiB", ".5MiB", "1 potato", "1e9", "99999999TiB", "1.2.3MiB"]
        {
            let error = parse_bytes(text).unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("such as 16MiB"), "{error}");
        }
    }

    #[test]
    fn byte_counts_are_written_for_people() {
        for (bytes, text) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1 KiB"),
            (1_610_612_736, "1.5 GiB"),
            (16 << 20, "16 MiB"),
            (u64::MAX, "16777216 TiB"),
        ] {
            assert_eq!(format_bytes(bytes), text);
        }
    }
}
