//! Names of runs.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A random number from the system's entropy.
pub fn random() -> u64 {
    // Each RandomState has keys of its own.
    RandomState::new().build_hasher().finish()
}

/// A name for a run that no other has: eight characters, lower-case letters and digits.
pub fn fresh() -> String {
    const DIGITS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let bits = random();
    (0..8).map(|place| char::from(DIGITS[(bits >> (place * 5) & 31) as usize])).collect()
}

/// Parses a run's name: 1 to 64 letters, digits, dots, hyphens and underscores.
pub fn parse(text: &str) -> Result<String, String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.is_empty() || text.len() > 64 || !text.chars().all(legal) {
        return Err("a run's name has 1 to 64 letters, digits, dots, hyphens and underscores".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_names_are_legal_and_differ() {
        let names: std::collections::HashSet<String> = (0..1_000).map(|_| fresh()).collect();
        assert_eq!(names.len(), 1_000);
        assert!(names.iter().all(|name| parse(name).is_ok()));
    }

    #[test]
    fn names_that_would_need_quoting_are_refused() {
        for name in ["", "a b", "a\"", "é", &"x".repeat(65)] {
            assert!(parse(name).is_err(), "{name}");
        }
        assert_eq!(parse("nightly-2026.11_23").as_deref(), Ok("nightly-2026.11_23"));
    }
}
