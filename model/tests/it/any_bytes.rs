//! No bytes make the parser panic.

use logpipeline_model::Document;
use logpipeline_model::entry::{Limits, skim};
use logpipeline_model::wire::json::lines;
use proptest::prelude::*;

use crate::texts::{accept_whole, entry, json_value, mutated};

/// Runs everything that reads bytes from elsewhere, and holds what it says about them against itself.
fn read_all(bytes: &[u8]) {
    let accepted = accept_whole(bytes);
    if let Ok(stored) = &accepted {
        let document = Document::parse(stored).unwrap();
        let skimmed = skim(stored).unwrap();
        assert_eq!(
            (skimmed.id, skimmed.received_at, skimmed.timestamp),
            (document.id, document.received_at, document.timestamp)
        );
        assert!(!stored.contains(&b'\n') && !stored.contains(&b'\r'));
    }
    let _ = Document::parse(bytes);
    let _ = skim(bytes);

    let mut last = 0;
    for line in lines(bytes, &Limits::default()) {
        assert!(line.number > last);
        last = line.number;
        if let Ok(json) = line.json {
            let _ = accept_whole(json);
        }
    }
    assert!(last <= 2 + 2 * bytes.len() as u64);
    if accepted.is_ok() {
        let mut whole = lines(bytes, &Limits::default());
        let only = whole.next().and_then(|line| line.json.ok()).map(<[u8]>::trim_ascii);
        assert_eq!(only, Some(bytes.trim_ascii()), "an entry on its own is one line");
        assert_eq!(whole.next(), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn random_structure(text in "[\\[\\]{}\",:\\\\ua0-9.eE+ \n-]{0,60}") {
        read_all(text.as_bytes());
    }

    #[test]
    fn entries_with_mistakes(bytes in mutated(entry())) {
        read_all(&bytes);
    }

    #[test]
    fn bodies_with_mistakes(
        bytes in mutated(
            (prop::collection::vec(prop_oneof![entry(), json_value()], 0..5), 0..4usize).prop_map(|(entries, layout)| {
                match layout {
                    0 => entries.join("\n"),
                    1 => entries.join("\r\n\r\n"),
                    2 => format!("[{}]", entries.join(",\n")),
                    _ => entries.concat(),
                }
            })
        )
    ) {
        read_all(&bytes);
    }

    #[test]
    fn stored_entries_with_mistakes(
        bytes in mutated(entry().prop_map(|json| String::from_utf8(accept_whole(json.as_bytes()).unwrap()).unwrap()))
    ) {
        read_all(&bytes);
    }
}

#[test]
fn every_beginning_of_an_entry() {
    let json = "\u{feff}[{\"level\":3,\"message\":\"a\\ud83d\\ude00é\",\"timestamp\":\"2023-09-15T10:00:00.5+02:00\",\"x\":[-1.5e+3,true,null,{\"k\":\"\\ud800\",\"k\":{}}]},\n{}]\n{}{}";
    for end in 0..=json.len() {
        read_all(&json.as_bytes()[..end]);
        read_all(&json.as_bytes()[end..]);
    }
}

#[test]
fn every_byte_at_every_place_of_a_small_entry() {
    let json = br#"{"message":"a\u00e9","x":[1.5e3,true]}"#;
    for at in 0..json.len() {
        for byte in 0..=255 {
            let mut changed = json.to_vec();
            changed[at] = byte;
            read_all(&changed);
        }
    }
}
