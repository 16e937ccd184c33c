//! What is taken as JSON is what serde_json takes. Its check of values that nobody reads has no limits of
//! depth and number range and lets halves of surrogate pairs pass, as ours does.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use crate::texts::{accept_whole, json_number, json_string, json_value, mutated};

fn check(value: &[u8]) {
    // `metadata` may be any value, so that an entry is valid when its metadata is.
    let entry = [br#"{"message":"m","metadata":"#, value, b"}"].concat();
    let expected = str::from_utf8(value).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    let accepted = accept_whole(&entry);
    // Text that closes the object and opens another member is an entry as a whole, never a value.
    if expected || !value.contains(&b',') {
        assert_eq!(accepted.is_ok(), expected, "{} {accepted:?}", String::from_utf8_lossy(value));
    }
    if let Err(rejection) = accepted {
        assert_eq!(rejection.field.is_some(), rejection.reason.contains("twice"), "{rejection}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn values(text in json_value()) {
        let entry = format!(r#"{{"message":"m","metadata":{text}}}"#);
        prop_assert!(accept_whole(entry.as_bytes()).is_ok());
        check(text.as_bytes());
    }

    #[test]
    fn values_with_mistakes(bytes in mutated(json_value())) {
        check(&bytes);
    }

    #[test]
    fn strings_with_mistakes(bytes in mutated(json_string())) {
        check(&bytes);
    }

    #[test]
    fn numbers_with_mistakes(bytes in mutated(json_number())) {
        check(&bytes);
    }

    #[test]
    fn near_numbers(text in "[-+0-9.eE]{1,8}") {
        check(text.as_bytes());
    }

    #[test]
    fn near_words(text in "(true|false|null|nul|tru|fals|True|nulll|truee|falsee) ?") {
        check(text.as_bytes());
    }
}

#[test]
fn all_short_texts_of_structural_characters() {
    let alphabet = b"[]{}\":,1-a\\";
    let mut texts = vec![Vec::new()];
    for _ in 0..5 {
        let longer =
            texts.iter().flat_map(|text| alphabet.iter().map(move |byte| [&text[..], &[*byte]].concat()));
        texts = longer.collect();
        texts.iter().for_each(|text| check(text));
    }
}
