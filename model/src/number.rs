//! Numbers of `metadata.*`, compared by value whatever their spelling.

use std::cmp::Ordering;

/// A JSON number, ordered by value. Integers of up to 64 bits are exact; anything else is the nearest
/// `f64`, and beyond its range an infinity.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    nearest: f64,
    /// What an integer adds to `nearest`; 64-bit integers are at most 1,024 away from an `f64`.
    residue: i16,
}

impl Number {
    /// Parses a decimal number with nothing before or behind it: an optional sign, digits with at most one
    /// point before, among or behind them, and an optional exponent: `e` or `E`, an optional sign, digits.
    /// Those are the numbers of JSON, and `+5`, `007`, `.5` and `5.`, which JSON does not have.
    pub fn parse(literal: &str) -> Option<Self> {
        // Most texts are known as none by their first or last character.
        let of_number = |c: char| c.is_ascii_digit() || c == '.';
        let unsigned = literal.strip_prefix(['-', '+']).unwrap_or(literal);
        if !unsigned.starts_with(of_number) || !unsigned.ends_with(of_number) {
            return None;
        }
        if let Ok(integer) = literal.parse::<i128>()
            && (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&integer)
        {
            return Some(Self::from_integer(integer));
        }
        let value: f64 = literal.parse().ok()?;
        // A decimal that is a whole 64-bit number equals the integer of the same value.
        Some(Self { nearest: if value == 0.0 { 0.0 } else { value }, residue: 0 })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "bounded by 64-bit integers"
    )]
    fn from_integer(integer: i128) -> Self {
        let nearest = integer as f64;
        Self { nearest, residue: (integer - nearest as i128) as i16 }
    }

    /// Ten bytes whose lexicographic order is the numeric order.
    pub fn sort_key(self) -> [u8; 10] {
        let bits = self.nearest.to_bits();
        let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
        let mut key = [0; 10];
        key[..8].copy_from_slice(&ordered.to_be_bytes());
        key[8..].copy_from_slice(&(self.residue as u16 ^ 0x8000).to_be_bytes());
        key
    }

    pub fn as_f64(self) -> f64 {
        self.nearest
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::from_integer(value.into())
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nearest.total_cmp(&other.nearest).then(self.residue.cmp(&other.residue))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl serde::Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.residue == 0 {
            return serializer.serialize_f64(self.nearest);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a residue means an integer of 64 bits")]
        let integer = self.nearest as i128 + i128::from(self.residue);
        serializer.serialize_i128(integer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(literal: &str) -> Number {
        Number::parse(literal).unwrap()
    }

    #[test]
    fn spelling_does_not_matter() {
        assert_eq!(number("500"), number("500.0"));
        assert_eq!(number("500"), number("5e2"));
        assert_eq!(number("-0"), number("0"));
        assert_eq!(number("-0.0"), number("0"));
    }

    #[test]
    fn integers_are_exact_to_64_bits() {
        assert!(number("18446744073709551614") < number("18446744073709551615"));
        assert!(number("9007199254740992") < number("9007199254740993"));
        assert!(number("18446744073709551615") < number("18446744073709551616000"));
    }

    #[test]
    fn words_are_not_numbers() {
        for literal in ["", "nan", "inf", "-inf", "infinity", "0x10", "1_000", "12ms", "-", "."] {
            assert!(Number::parse(literal).is_none(), "{literal}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_number_is_what_the_grammar_says(literal in "[-+]{0,2}[0-9]{0,3}[.]{0,2}[0-9]{0,2}([eE][-+]?[0-9]{0,3})?[ x]?") {
            let grammar = regex::Regex::new(r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$").unwrap();
            proptest::prop_assert_eq!(Number::parse(&literal).is_some(), grammar.is_match(&literal));
        }

        #[test]
        fn no_other_text_is_a_number(text in proptest::prelude::any::<String>()) {
            let decimal = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
            proptest::prop_assert!(Number::parse(&text).is_none() || text.chars().all(decimal));
        }
    }

    #[test]
    fn sort_keys_keep_the_order() {
        let mut numbers: Vec<_> = [
            "-1e999",
            "-1e300",
            "-18",
            "-1.5",
            "-1",
            "0",
            "1e-300",
            "1",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "1e30",
            "1e999",
        ]
        .map(number)
        .to_vec();
        let expected: Vec<_> = numbers.iter().map(|n| n.sort_key()).collect();
        assert!(expected.windows(2).all(|pair| pair[0] < pair[1]));
        numbers.reverse();
        numbers.sort();
        assert_eq!(numbers.iter().map(|n| n.sort_key()).collect::<Vec<_>>(), expected);
    }
}
