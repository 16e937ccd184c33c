use super::*;
use crate::document::{KEYWORD_LIMIT, LEAF_LIMIT, PATH_LIMIT};

fn nested(levels: usize) -> String {
    let (open, close) = (levels.div_ceil(2), levels / 2);
    // Arrays and objects in turn.
    let mut json = r#"[{"a":"#.repeat(levels / 2);
    if open > close {
        json.push_str("[]");
    } else {
        json.push('1');
    }
    json.push_str(&"}]".repeat(close));
    json
}

#[test]
fn an_entry_may_have_a_mebibyte() {
    let limit = Limits::default().entry_bytes;
    assert_eq!(limit, 1_048_576);
    let entry = |size: usize| format!(r#"{{"message":"{}"}}"#, "a".repeat(size - 14));
    assert_eq!(entry(limit).len(), limit);
    assert!(accept_within(Limits::default(), entry(limit)).is_ok());
    assert_eq!(
        rejected(entry(limit + 1)),
        (None, "the entry has 1048577 bytes, more than the limit of 1048576".to_owned())
    );
}

#[test]
fn an_entry_may_be_64_levels_deep() {
    for key in ["metadata", "unknown"] {
        let entry = |levels: usize| format!(r#"{{"message":"m","{key}":{}}}"#, nested(levels - 1));
        assert!(accept_within(Limits::default(), entry(64)).is_ok());
        let (field, reason) = rejected(entry(65));
        assert_eq!(field, None);
        assert!(reason.starts_with("nested deeper than 64 levels at byte offset"), "{reason}");
    }
}

#[test]
fn the_limits_can_be_raised() {
    let limits = Limits { depth: 5_000, entry_bytes: 2 << 20 };
    let json = format!(r#"{{"message":"m","metadata":{},"x":"{}"}}"#, nested(4_999), "x".repeat(1 << 20));
    let stored = accept_within(limits, &json).unwrap();
    assert!(stored.contains(&nested(4_999)));
    let twice = format!(r#"{{"message":"m","metadata":{{"a":1,"a":{}}}}}"#, nested(4_998));
    let stored = accept_within(limits, &twice).unwrap();
    assert!(stored.contains(&format!(r#""metadata":{{"a":{}}}"#, nested(4_998))));
}

#[test]
fn a_million_levels_are_refused_on_a_small_stack() {
    let refuse = || {
        let limits = Limits { entry_bytes: usize::MAX, ..Limits::default() };
        for open in ["[", "{\"a\":", "[{\"a\":", "[ \n"] {
            let deep = open.repeat(1_000_000);
            for json in [deep.clone(), format!("{{\"message\":\"m\",\"metadata\":{deep}")] {
                let rejection = accept_within(limits, json).unwrap_err();
                assert!(rejection.reason.contains("nested deeper") || rejection.reason.contains("array"));
            }
        }
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(refuse).unwrap().join().unwrap();
}

#[test]
fn control_bytes_in_strings_are_rejected_with_their_offset() {
    for byte in 0..0x20u8 {
        let mut json = br#"{"message":"ab"}"#.to_vec();
        json[13] = byte;
        assert_eq!(
            rejected(json),
            (
                None,
                format!(
                    "control byte 0x{byte:02x} in a string at byte offset 13: send it escaped, as \\u{byte:04x}"
                )
            )
        );
    }
    let (_, reason) = rejected(b"{\"message\":\"m\"\0}");
    assert_eq!(reason, "invalid JSON at byte offset 14: expected ',' or '}', found byte 0x00");
    assert!(accept_within(Limits::default(), "{\"message\":\"\u{7f}\u{85}\u{2028}\"}").is_ok());
}

#[test]
fn invalid_utf_8_is_rejected_with_its_offset() {
    for bytes in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"] {
        let json = [br#"{"message":"a"#, bytes, br#""}"#].concat();
        assert_eq!(rejected(json), (None, "invalid UTF-8 at byte offset 13".to_owned()));
    }
}

#[test]
fn what_is_no_object_is_rejected() {
    for (json, found) in [
        ("[]", "an array"),
        ("1", "a number"),
        ("\"m\"", "a string"),
        ("null", "null"),
        ("true", "a boolean"),
    ] {
        assert_eq!(rejected(json), (None, format!("an entry is a JSON object, found {found}")));
    }
}

#[test]
fn broken_json_is_rejected_with_the_place_and_what_was_expected() {
    for (json, reason) in [
        ("", "the JSON ends at byte offset 0, where a value was expected"),
        (
            "garbage",
            r#"not JSON: an entry is an object such as {"message":"…"}, found "garbage" at byte offset 0"#,
        ),
        (
            " \tnonsense of a limit exceeded: \u{1b}[0m",
            r#"not JSON: an entry is an object such as {"message":"…"}, found "nonsense of a limit exce"… at byte offset 2"#,
        ),
        (r#"{"message":"m"} x"#, "invalid JSON at byte offset 16: expected the end, found 'x'"),
        (r#"{"message":"m"}}"#, "invalid JSON at byte offset 15: expected the end, found '}'"),
        (r#"{"message":"m",}"#, "invalid JSON at byte offset 15: expected a key in double quotes, found '}'"),
        (r#"{"message" "m"}"#, "invalid JSON at byte offset 11: expected ':', found '\"'"),
        (
            r#"{'message':"m"}"#,
            "invalid JSON at byte offset 1: expected a key in double quotes, found a single quote",
        ),
        (
            r#"{"message":"m"#,
            "the JSON ends at byte offset 13, where the string's closing quote was expected",
        ),
        (r#"{"message":"m""#, "the JSON ends at byte offset 14, where ',' or '}' was expected"),
        (r#"{"message":"m","a":[1 2]}"#, "invalid JSON at byte offset 22: expected ',' or ']', found '2'"),
        (r#"{"message":"m","a":nul}"#, "invalid JSON at byte offset 22: expected null, found '}'"),
        (r#"{"message":"m","a":01}"#, "invalid JSON at byte offset 20: expected ',' or '}', found '1'"),
        (r#"{"message":"m","a":-}"#, "invalid JSON at byte offset 20: expected a digit, found '}'"),
        (r#"{"message":"m","a":NaN}"#, "invalid JSON at byte offset 19: expected a value, found 'N'"),
        (r#"{"message":"\x41"}"#, "invalid escape in a string at byte offset 12"),
        ("{\"message\"\n:\n}", "invalid JSON at byte offset 13: expected a value, found '}'"),
    ] {
        assert_eq!(rejected(json), (None, reason.to_owned()), "{json}");
    }
}

#[test]
fn long_keyword_values_are_kept_whole_and_named() {
    let at_limit = "a".repeat(KEYWORD_LIMIT);
    let beyond = "a".repeat(KEYWORD_LIMIT + 1);
    for field in ["resourceId", "traceId", "spanId", "commit"] {
        assert_eq!(stored_with(&format!(r#""{field}":"{at_limit}""#)), format!(r#","{field}":"{at_limit}""#));
        assert_eq!(
            stored_with(&format!(r#""{field}":"{beyond}""#)),
            format!(r#","{field}":"{beyond}","truncated":["{field}"]"#)
        );
    }
    assert_eq!(
        stored(format!(r#"{{"message":"{beyond}","level":"{beyond}"}}"#)),
        format!(r#""level":"{beyond}","message":"{beyond}","truncated":["level"]"#)
    );
    // What counts is the text, not its spelling.
    let escaped = r"\u0061".repeat(KEYWORD_LIMIT);
    assert_eq!(stored_with(&format!(r#""commit":"{escaped}""#)), format!(r#","commit":"{escaped}""#));
    let digits = "1".repeat(KEYWORD_LIMIT + 1);
    assert_eq!(
        stored_with(&format!(r#""commit":{digits}"#)),
        format!(r#","commit":"{digits}","truncated":["commit"]"#)
    );
}

#[test]
fn long_values_below_metadata_are_named_by_their_path() {
    let beyond = "é".repeat(KEYWORD_LIMIT / 2 + 1);
    assert_eq!(
        stored_with(&format!(
            r#""stack":"{beyond}","commit":"{beyond}","metadata":{{"a":{{"b":["{beyond}","{beyond}"]}},"c":"x"}}"#
        )),
        format!(
            r#","commit":"{beyond}","metadata":{{"a":{{"b":["{beyond}","{beyond}"]}},"c":"x","stack":"{beyond}"}},"truncated":["commit","metadata.a.b","metadata.stack"]"#
        )
    );
    let digits = "1".repeat(KEYWORD_LIMIT + 1);
    assert!(
        stored_with(&format!(r#""metadata":{{"n":{digits}}}"#)).ends_with(r#","truncated":["metadata.n"]"#)
    );
}

#[test]
fn paths_and_numbers_of_values_beyond_what_is_searched_are_named() {
    let named = r#","truncated":["metadata"]"#;
    let key = |len: usize| format!(r#""metadata":{{"a":{{"{}":1}}}}"#, "k".repeat(len - 2));
    assert!(!stored_with(&key(PATH_LIMIT)).contains(named));
    assert!(stored_with(&key(PATH_LIMIT + 1)).ends_with(named));
    let array = |len: usize| format!(r#""metadata":{{"a":[{}1]}}"#, "1,".repeat(len - 1));
    assert!(!stored_with(&array(LEAF_LIMIT)).contains(named));
    assert!(stored_with(&array(LEAF_LIMIT + 1)).ends_with(named));
}
