//! What is accepted comes back: the same values from the stored form, and the stored form again when its
//! own fields are sent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use logpipeline_model::document::Numeral;
use logpipeline_model::{Document, Timestamp, level};
use proptest::prelude::*;
use serde_json::value::RawValue;

use crate::texts::{RECEIVED, accept_whole, entry};

/// A JSON value without layout: objects by key with the last of equal ones, numbers as written.
#[derive(Debug, Clone, PartialEq)]
enum Plain {
    Object(BTreeMap<String, Plain>),
    Array(Vec<Plain>),
    Text(String),
    Literal(String),
}

/// Reads with serde_json, halves of surrogate pairs taken out of the way before.
fn plain(raw: &str) -> Plain {
    match raw.as_bytes()[0] {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw).unwrap();
            Plain::Object(members.into_iter().map(|(key, value)| (key, plain(value.get()))).collect())
        }
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(raw).unwrap();
            Plain::Array(elements.into_iter().map(|element| plain(element.get())).collect())
        }
        b'"' => Plain::Text(serde_json::from_str(raw).unwrap()),
        _ => Plain::Literal(raw.to_owned()),
    }
}

/// `\ud800` and the like as `\ufffd`, so that serde_json reads them.
fn without_lone_surrogates(json: &str) -> String {
    let unit = |at: usize| {
        let digits = json.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut out, mut at) = (String::new(), 0);
    while let Some(character) = json[at..].chars().next() {
        let (text, len) = match (character, unit(at)) {
            ('\\', Some(0xd800..0xdc00)) => match unit(at + 6) {
                Some(0xdc00..0xe000) => (&json[at..at + 12], 12),
                _ => ("\\ufffd", 6),
            },
            ('\\', Some(0xdc00..0xe000)) => ("\\ufffd", 6),
            ('\\', _) => (&json[at..at + 2], 2),
            _ => (&json[at..at + character.len_utf8()], character.len_utf8()),
        };
        out.push_str(text);
        at += len;
    }
    out
}

fn object(json: &str) -> BTreeMap<String, Plain> {
    let Plain::Object(members) = plain(json) else { panic!("{json}") };
    members
}

fn keyword_text(value: Option<&Plain>) -> Option<String> {
    match value {
        Some(Plain::Text(text)) => Some(text.clone()),
        Some(Plain::Literal(literal)) if literal != "null" => Some(literal.clone()),
        _ => None,
    }
}

/// The values below an object, in no particular order: path, text, and whether it is a JSON number.
fn leaves(prefix: &str, value: &Plain, found: &mut Vec<(String, String, bool)>) {
    match value {
        Plain::Object(members) => {
            for (key, value) in members {
                let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}{key}") };
                match value {
                    Plain::Object(_) => leaves(&format!("{path}."), value, found),
                    _ => leaves(&path, value, found),
                }
            }
        }
        Plain::Array(elements) => {
            for element in elements {
                match element {
                    Plain::Object(_) => leaves(&format!("{prefix}."), element, found),
                    _ => leaves(prefix, element, found),
                }
            }
        }
        Plain::Text(text) => found.push((prefix.to_owned(), text.clone(), false)),
        Plain::Literal(literal) if literal == "null" => {}
        Plain::Literal(literal) => {
            found.push((prefix.to_owned(), literal.clone(), !matches!(&literal[..], "true" | "false")));
        }
    }
}

/// What metadata should be: the object sent, or the value under "value", and every unknown key under a
/// name that is its own or has underscores behind it.
fn check_metadata(sent: &BTreeMap<String, Plain>, stored: Option<&Plain>) {
    const KNOWN: [&str; 8] =
        ["timestamp", "level", "message", "resourceId", "traceId", "spanId", "commit", "metadata"];
    let own = match sent.get("metadata") {
        Some(Plain::Object(members)) => members.clone(),
        Some(Plain::Literal(literal)) if literal == "null" => BTreeMap::new(),
        Some(value) => BTreeMap::from([("value".to_owned(), value.clone())]),
        None => BTreeMap::new(),
    };
    let unknown: BTreeMap<_, _> = sent.iter().filter(|(key, _)| !KNOWN.contains(&key.as_str())).collect();
    let Some(stored) = stored else {
        assert!(own.is_empty() && unknown.is_empty());
        return;
    };
    let Plain::Object(mut stored) = stored.clone() else { panic!("{stored:?}") };
    for (key, value) in &own {
        assert_eq!(stored.remove(key).as_ref(), Some(value), "{key}");
    }
    assert_eq!(stored.len(), unknown.len());
    for (key, value) in unknown {
        let under_its_name = if own.contains_key(key) {
            stored.iter().find(|(name, stored)| {
                *stored == value
                    && name.strip_prefix(key.as_str()).is_some_and(|rest| rest.bytes().all(|b| b == b'_'))
            })
        } else {
            stored.get_key_value(key).filter(|(_, stored)| *stored == value)
        };
        assert!(under_its_name.is_some(), "{key:?}: {value:?} is not in {stored:?}");
    }
}

fn owned(text: &Option<Cow<'_, str>>) -> Option<String> {
    text.as_ref().map(ToString::to_string)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_stored_entry_has_the_values_that_were_sent(json in entry()) {
        let stored = accept_whole(json.as_bytes()).unwrap();
        let document = Document::parse(&stored).unwrap();
        let sent = object(&without_lone_surrogates(&json));

        let Some(Plain::Text(message)) = sent.get("message") else { panic!("{json}") };
        prop_assert_eq!(&document.message, message);
        prop_assert_eq!(owned(&document.resource_id), keyword_text(sent.get("resourceId")));
        prop_assert_eq!(owned(&document.trace_id), keyword_text(sent.get("traceId")));
        prop_assert_eq!(owned(&document.span_id), keyword_text(sent.get("spanId")));
        prop_assert_eq!(owned(&document.commit), keyword_text(sent.get("commit")));
        let level = keyword_text(sent.get("level")).map(|text| level::normalise(&text));
        prop_assert_eq!(owned(&document.level), level);
        let timestamp = keyword_text(sent.get("timestamp")).unwrap_or_else(|| RECEIVED.to_owned());
        prop_assert_eq!(document.timestamp, timestamp.parse::<Timestamp>().unwrap());

        // The stored form, read by serde_json, says the same.
        let read = object(str::from_utf8(&stored).unwrap());
        prop_assert_eq!(read.get("message"), sent.get("message"));
        check_metadata(&sent, read.get("metadata"));
        let mut expected = Vec::new();
        if let Some(metadata) = read.get("metadata") {
            leaves("", metadata, &mut expected);
        }
        let mut flattened: Vec<_> = document
            .metadata
            .iter()
            .map(|leaf| {
                let is_number = matches!(leaf.number, Some(Numeral::Bare(_)));
                (leaf.path.to_string(), leaf.text.to_string(), is_number)
            })
            .collect();
        expected.sort();
        flattened.sort();
        prop_assert_eq!(flattened, expected);
    }

    #[test]
    fn the_fields_of_a_stored_entry_give_the_same_stored_entry(json in entry()) {
        let stored = String::from_utf8(accept_whole(json.as_bytes()).unwrap()).unwrap();
        let (_, fields) = stored.split_once(r#","timestamp""#).unwrap();
        let again = accept_whole(format!(r#"{{"timestamp"{fields}"#).as_bytes()).unwrap();
        prop_assert_eq!(String::from_utf8(again).unwrap(), stored);
    }
}
