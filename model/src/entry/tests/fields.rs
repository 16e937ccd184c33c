use serde_json::json;

use super::*;

fn timestamp(value: &str) -> String {
    let stored = accepted(format!(r#"{{"message":"m","timestamp":{value}}}"#));
    let (_, rest) = stored.split_once(r#""timestamp":""#).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn the_sample_entry_is_stored_as_it_was_sent() {
    let sample = r#"{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234","timestamp":"2023-09-15T08:00:00Z","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{"parentResourceId":"server-0987"}}"#;
    assert_eq!(
        accepted(sample),
        format!(
            r#"{{"id":"{ID}","receivedAt":"{RECEIVED}","timestamp":"2023-09-15T08:00:00Z","level":"error","message":"Failed to connect to DB","resourceId":"server-1234","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{{"parentResourceId":"server-0987"}}}}"#
        )
    );
}

#[test]
fn only_a_message_is_required_and_it_may_be_empty() {
    assert_eq!(stored(r#"{"message":""}"#), r#""message":"""#);
    for json in [r#"{"level":"info"}"#, "{}", r#"{"message":null}"#, r#"{"Message":"m"}"#, r#"{"msg":"m"}"#] {
        let (field, reason) = rejected(json);
        assert_eq!(field, Some("message"), "{json}");
        assert!(reason.contains("missing"), "{reason}");
    }
}

#[test]
fn a_message_that_is_no_string_is_rejected() {
    for (value, found) in
        [("1", "a number"), ("true", "a boolean"), ("{}", "an object"), (r#"["m"]"#, "an array")]
    {
        let (field, reason) = rejected(format!(r#"{{"message":{value}}}"#));
        assert_eq!((field, reason), (Some("message"), format!("must be a string, found {found}")));
    }
}

#[test]
fn a_message_keeps_its_spelling() {
    let message = r#""message":"\"quoted\" \u00e9 é \ud83d\ude00 \/ \n\ttab \u0000 \u001b[31m""#;
    assert_eq!(stored(format!("{{{message}}}")), message);
}

#[test]
fn keys_may_be_escaped() {
    assert_eq!(stored(r#"{"m\u0065ssage":"m","\u006cevel":"INFO"}"#), r#""level":"info","message":"m""#);
}

#[test]
fn levels_are_normalised() {
    for (sent, expected) in [
        (r#""ERROR""#, "error"),
        (r#""Err""#, "error"),
        (r#"" warning ""#, "warn"),
        (r#""CRITICAL""#, "fatal"),
        (r#""notice""#, "info"),
        (r#""\u0045RROR""#, "error"),
        (r#""3""#, "error"),
        ("3", "error"),
        ("7", "debug"),
        ("0", "fatal"),
        ("30", "30"),
        (r#""Audit""#, "audit"),
        (r#""ÄRGER \"1\"""#, r#"ärger \"1\""#),
    ] {
        assert_eq!(
            stored(format!(r#"{{"message":"m","level":{sent}}}"#)),
            format!(r#""level":"{expected}","message":"m""#),
            "{sent}"
        );
    }
}

#[test]
fn a_missing_or_null_timestamp_is_the_time_of_receipt() {
    assert_eq!(stored(r#"{"message":"m"}"#), r#""message":"m""#);
    assert_eq!(timestamp("null"), RECEIVED);
}

#[test]
fn any_rfc_3339_time_is_taken_to_the_nanosecond_and_stored_in_utc() {
    for (sent, expected) in [
        ("2023-09-15T08:00:00Z", "2023-09-15T08:00:00Z"),
        ("2023-09-15t08:00:00z", "2023-09-15T08:00:00Z"),
        ("2023-09-15 08:00:00Z", "2023-09-15T08:00:00Z"),
        ("2023-09-15T10:00:00+02:00", "2023-09-15T08:00:00Z"),
        ("2023-09-14T20:30:00-11:30", "2023-09-15T08:00:00Z"),
        ("2023-09-15T08:00:00.5Z", "2023-09-15T08:00:00.500Z"),
        ("2023-09-15T08:00:00,500Z", "2023-09-15T08:00:00.500Z"),
        ("2023-09-15T08:00:00.120Z", "2023-09-15T08:00:00.120Z"),
        ("2023-09-15T08:00:00.000Z", "2023-09-15T08:00:00Z"),
        ("2023-09-15T08:00:00.123456Z", "2023-09-15T08:00:00.123456Z"),
        ("2023-09-15T08:00:00.123000Z", "2023-09-15T08:00:00.123Z"),
        ("2023-09-15T08:00:00.123456789Z", "2023-09-15T08:00:00.123456789Z"),
        ("2023-09-15T08:00:00.123456000Z", "2023-09-15T08:00:00.123456Z"),
        ("2023-09-15T08:00:00.1234567891Z", "2023-09-15T08:00:00.123456789Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2016-12-31T23:59:60.120Z", "2017-01-01T00:00:00.120Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ("1677-09-21T00:12:43.145224191Z", "1677-09-21T00:12:43.145224191Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
    ] {
        assert_eq!(timestamp(&format!(r#""{sent}""#)), expected, "{sent}");
    }
    assert_eq!(timestamp(r#""2023-09-15T08:00:00\u005a""#), "2023-09-15T08:00:00Z");
}

#[test]
fn anything_else_is_no_timestamp() {
    for (value, found) in [
        ("1694764800", "found a number"),
        ("true", "found a boolean"),
        ("{}", "found an object"),
        (r#""""#, r#"found """#),
        (r#""yesterday""#, r#"found "yesterday""#),
        (r#""2023-02-29T08:00:00Z""#, r#"found "2023-02-29T08:00:00Z""#),
        (r#""2023-09-15T08:00:00""#, r#"found "2023-09-15T08:00:00""#),
    ] {
        let (field, reason) = rejected(format!(r#"{{"message":"m","timestamp":{value}}}"#));
        assert_eq!(field, Some("timestamp"));
        assert!(reason.starts_with("must be an RFC 3339 time") && reason.ends_with(found), "{reason}");
    }
    let (_, reason) = rejected(format!(r#"{{"message":"m","timestamp":"{}"}}"#, "é".repeat(100)));
    assert!(reason.ends_with(&format!("\"{}\"…", "é".repeat(32))), "{reason}");
}

#[test]
fn numbers_and_booleans_in_keyword_fields_become_their_text() {
    for field in ["resourceId", "traceId", "spanId", "commit"] {
        for (sent, expected) in [
            ("\"server-1\"", "server-1"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("-1.50e+3", "-1.50e+3"),
            ("false", "false"),
            ("\"\"", ""),
        ] {
            assert_eq!(stored_with(&format!(r#""{field}":{sent}"#)), format!(r#","{field}":"{expected}""#));
        }
        assert_eq!(stored_with(&format!(r#""{field}":null"#)), "");
    }
}

#[test]
fn objects_and_arrays_in_keyword_fields_are_rejected_by_name() {
    for field in ["resourceId", "traceId", "spanId", "commit"] {
        for (value, found) in [(r#"{"a":1}"#, "an object"), ("[]", "an array")] {
            let (at, reason) = rejected(format!(r#"{{"message":"m","{field}":{value}}}"#));
            assert_eq!(at, Some(field));
            assert_eq!(reason, format!("must be a string, a number or a boolean, found {found}"));
        }
    }
}

#[test]
fn a_level_is_a_string_or_a_number() {
    for (value, found) in
        [("true", "a boolean"), ("false", "a boolean"), (r#"{"a":1}"#, "an object"), ("[]", "an array")]
    {
        let (at, reason) = rejected(format!(r#"{{"message":"m","level":{value}}}"#));
        assert_eq!(at, Some("level"));
        assert_eq!(reason, format!("must be a string or a number, found {found}"));
    }
    assert_eq!(stored(r#"{"message":"m","level":null}"#), r#""message":"m""#);
}

#[test]
fn a_known_key_given_twice_is_rejected_by_name() {
    for field in ["timestamp", "level", "message", "resourceId", "traceId", "spanId", "commit", "metadata"] {
        let (at, reason) =
            rejected(format!(r#"{{"message":"m","{field}":null,"{field}":"x","message":"n"}}"#));
        assert!(at == Some(field) && reason.contains("twice"), "{at:?} {reason}");
    }
    assert_eq!(rejected(r#"{"message":"m","mess\u0061ge":"n"}"#).0, Some("message"));
}

#[test]
fn halves_of_surrogate_pairs_become_the_replacement_character() {
    assert_eq!(
        stored(r#"{"message":"a\ud800b \"\n\u00e9","resourceId":"\udc00","level":"\ud83d\ud83d\ude00"}"#),
        "\"level\":\"\u{fffd}\u{1f600}\",\"message\":\"a\u{fffd}b \\\"\\n\u{e9}\",\"resourceId\":\"\u{fffd}\""
    );
}

#[test]
fn fields_may_come_in_any_order_and_layout() {
    let json = "\t{ \"commit\" : \"c\" ,\r\n \"spanId\":\"s\",\"traceId\":\"t\",\n\"resourceId\":\"r\",\"message\":\"m\" ,\n\"level\":\"info\" }\n ";
    assert_eq!(
        stored(json),
        r#""level":"info","message":"m","resourceId":"r","traceId":"t","spanId":"s","commit":"c""#
    );
}

#[test]
fn the_rejection_of_a_field_reads_as_one_sentence() {
    let rejection = accept_within(Limits::default(), r#"{"message":7}"#).unwrap_err();
    assert_eq!(rejection.to_string(), "message: must be a string, found a number");
}

#[test]
fn skimming_finds_the_identity_and_the_times() {
    let stored = accepted(r#"{"message":"m","timestamp":"2023-09-15T08:00:00.000000001Z"}"#);
    let skimmed = skim(stored.as_bytes()).unwrap();
    assert_eq!((skimmed.id, skimmed.received_at), (stamp().id, stamp().received_at));
    assert_eq!(skimmed.timestamp.to_string(), "2023-09-15T08:00:00.000000001Z");
    let needed = stored.find(r#"","message"#).unwrap();
    for end in 0..=needed {
        assert_eq!(skim(&stored.as_bytes()[..end]), None, "cut at {end}");
    }
    assert_eq!(skim(&stored.as_bytes()[..=needed]), Some(skimmed));
}

#[test]
fn the_resource_is_found_behind_any_message() {
    for (entry, expected) in [
        (json!({ "message": "m", "resourceId": "shop" }), Some("shop")),
        (json!({ "message": "", "level": "error", "resourceId": "shop", "traceId": "t" }), Some("shop")),
        (json!({ "message": "a \"quoted\",\"resourceId\":\"x\" \\", "resourceId": "shop" }), Some("shop")),
        (json!({ "message": "m", "resourceId": "a\"b" }), Some("a\\\"b")),
        (json!({ "message": "m\",\"resourceId\":\"x" }), None),
        (json!({ "message": "m", "metadata": { "resourceId": "x" } }), None),
        (json!({ "message": "m", "level": "\"message\":\"", "resourceId": "shop" }), Some("shop")),
    ] {
        let stored = accepted(entry.to_string());
        assert_eq!(resource_of(stored.as_bytes()), expected, "{stored}");
        for end in 0..stored.len() {
            let _ = resource_of(&stored.as_bytes()[..end]);
        }
    }
}
