//! What the servers' JSON parser takes. It refuses more than the language does, below `metadata` too, where nothing
//! is indexed.

use memchr::{memchr, memchr2};

/// Digits that the parser takes of a number.
const LONGEST_NUMBER: usize = 1_000;

/// Bytes of a key. The parser takes 50,000 characters, or a third less by how its buffer grows; such keys are rare.
const LONGEST_KEY: usize = 8 * 1024;

/// Whether servers parse an entry in its stored form. Some that they would parse are not told from the others.
pub(super) fn is_parseable(body: &[u8]) -> bool {
    !has_long_number(body) && (body.len() <= LONGEST_KEY || !has_long_key(body))
}

/// Looks at one byte of so many: a longer number has one of them.
fn has_long_number(body: &[u8]) -> bool {
    let of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    (LONGEST_NUMBER..body.len()).step_by(LONGEST_NUMBER).any(|at| {
        let (before, after) = body.split_at(at);
        let before = before.iter().rev().take_while(|byte| of_number(byte)).take(LONGEST_NUMBER).count();
        let room = LONGEST_NUMBER + 1 - before;
        of_number(&body[at])
            && before + after.iter().take_while(|byte| of_number(byte)).take(room).count() > LONGEST_NUMBER
    })
}

fn has_long_key(body: &[u8]) -> bool {
    let mut rest = body;
    while let Some(open) = memchr(b'"', rest) {
        rest = &rest[open + 1..];
        let Some(length) = closing_quote(rest) else { return false };
        rest = &rest[length + 1..];
        if length > LONGEST_KEY && rest.trim_ascii_start().first() == Some(&b':') {
            return true;
        }
    }
    false
}

fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parseable(metadata: &str) -> bool {
        is_parseable(format!("{{\"id\":\"0\",\"metadata\":{metadata}}}").as_bytes())
    }

    #[test]
    fn numbers_of_more_than_a_thousand_digits_are_told_wherever_they_stand() {
        for before in [0, 1, 7, 975, 980, 1_000, 1_999, 5_000] {
            let with = |number: &str| format!("{{\"{}\":[{number},1]}}", "k".repeat(before));
            for sign in ["", "-", "0.", "-1.", "1e", "1E-"] {
                let digits = |count: usize| format!("{sign}{}", "1".repeat(count - sign.len()));
                assert!(parseable(&with(&digits(1_000))), "{before} {sign}");
                for count in [1_001, 1_002, 2_000, 100_000] {
                    assert!(!parseable(&with(&digits(count))), "{before} {sign} {count}");
                }
            }
        }
        assert!(parseable(&format!("[{}1]", "1,".repeat(50_000))));
    }

    #[test]
    fn long_keys_are_told_from_long_values() {
        let long = "k".repeat(LONGEST_KEY + 1);
        assert!(parseable(&format!("{{\"{}\":1}}", &long[1..])));
        for key in [format!("\"{long}\":"), format!("\"{long}\" \t: "), format!("\"a\\\"{long}\\\\\":")] {
            assert!(!parseable(&format!("{{\"a\":{{{key}1}}}}")), "{}", key.len());
        }
        for value in [format!("[\"{long}\"]"), format!("{{\"a\":\"{long}\",\"b\":\"{long}\"}}")] {
            assert!(parseable(&value));
        }
        assert!(parseable(&format!("{{\"a\":\"{long}\\\":\"}}")));
    }
}
