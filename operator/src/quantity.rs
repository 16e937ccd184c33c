//! Quantities of bytes as Kubernetes writes them: `20Gi`, `1.5Ti`, `500M`.

/// The bytes of a quantity; `None` where it is none, or more than 64 bits hold.
pub fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor: u128 = match unit {
        "" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        "P" => 1_000_000_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "Pi" => 1 << 50,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let units = whole.parse::<u128>().ok()?.checked_mul(scale)?.checked_add(fraction.parse().ok()?)?;
    u64::try_from(units.checked_mul(factor)? / scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        for (text, expected) in [
            ("20Gi", Some(20 << 30)),
            ("1.5Ti", Some(3 << 39)),
            ("500M", Some(500_000_000)),
            ("0.5k", Some(500)),
            ("1024", Some(1_024)),
            ("", None),
            ("Gi", None),
            ("1.Gi", None),
            ("10GiB", None),
            ("-1Gi", None),
            ("99999999999999999999Pi", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
