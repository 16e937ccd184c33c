use serde_json::{Value, json};

use crate::entry::{Draft, Field, Limits, Members, Reason};
use crate::wire::Sink;
use crate::wire::testing::Collector;
use crate::{Level, Timestamp};

fn stored(draft: &mut Draft<'_>) -> Value {
    let mut collector = Collector::default();
    collector.take(1, None, draft).unwrap().unwrap();
    collector.entries[0].json()
}

#[test]
fn fields_and_attributes_become_an_entry() {
    let mut draft = Draft::default();
    draft.set_time(Timestamp::from_unix_nanos(1_700_000_000_000_000_001));
    draft.set_level(Level::Warn);
    draft.set(Field::Message, "a \"quoted\"\n\0 message");
    draft.attribute("host", "h");
    draft.attribute("service.name", "shop");
    draft.attribute("env", "prod");
    let metadata = draft.metadata();
    metadata.number("n", 1.5);
    metadata.open_object("o");
    metadata.boolean("yes", true);
    metadata.open_array("list");
    metadata.push_null();
    metadata.push_float(f64::NAN);
    metadata.push_base64(b"any carnal pleas");
    metadata.close();
    metadata.close();
    assert_eq!(
        stored(&mut draft),
        json!({"timestamp": "2023-11-14T22:13:20.000000001Z", "level": "warn", "message": "a \"quoted\"\n\0 message", "resourceId": "shop",
            "metadata": {"host": "h", "env": "prod", "n": 1.5, "o": {"yes": true, "list": [null, "NaN", "YW55IGNhcm5hbCBwbGVhcw=="]}}})
    );
    draft.clear();
    assert_eq!(stored(&mut draft), json!({"timestamp": "2027-01-15T08:00:00Z", "message": ""}));
}

#[test]
fn of_equal_keys_the_last_counts() {
    let mut draft = Draft::default();
    draft.attribute("a", "1");
    draft.attribute("b", "2");
    draft.attribute("a", "3");
    assert_eq!(stored(&mut draft)["metadata"], json!({"b": "2", "a": "3"}));
}

#[test]
fn a_field_that_is_set_keeps_attributes_in_metadata() {
    let mut draft = Draft::default();
    draft.attribute("level", "error");
    draft.set(Field::Level, "info");
    draft.attribute("severity", "fatal");
    let entry = stored(&mut draft);
    assert_eq!(
        (&entry["level"], &entry["metadata"]),
        (&json!("info"), &json!({"level": "error", "severity": "fatal"}))
    );
}

#[test]
fn limits_hold_for_drafts() {
    let limits = Limits { entry_bytes: 100, depth: 3 };
    let mut collector = Collector { limits, ..Collector::default() };
    let mut draft = Draft::default();
    draft.set(Field::Message, "x".repeat(100));
    assert_eq!(collector.take(1, None, &mut draft).unwrap().unwrap_err().kind, Reason::Limit);
    draft.clear();
    for _ in 0..3 {
        draft.metadata().open_object("k");
    }
    let rejection = collector.take(2, None, &mut draft).unwrap().unwrap_err();
    assert_eq!(
        (rejection.kind, rejection.reason.as_str()),
        (Reason::Limit, "nested deeper than 3 levels: the entry has 4")
    );
}

#[test]
fn ids_that_come_as_bytes_are_stored_as_digits() {
    let mut draft = Draft::default();
    draft.attribute("trace_id", "other");
    draft.set_id(Field::TraceId, &[0x5b, 0x8e, 0xff, 0x07]);
    draft.set_id(Field::SpanId, &[0xab; 17]);
    let entry = stored(&mut draft);
    assert_eq!((&entry["traceId"], &entry["spanId"]), (&json!("5b8eff07"), &json!("ab".repeat(17))));
    assert_eq!(entry["metadata"], json!({"trace_id": "other"}));
    draft.clear();
    draft.set_id(Field::SpanId, &[1]);
    draft.set(Field::SpanId, "text");
    assert_eq!(stored(&mut draft)["spanId"], "text");
}

#[test]
fn objects_put_together_once_are_copied_and_keys_of_our_own_give_way() {
    let mut shared = Members::default();
    shared.string("a", "1");
    shared.open_object("o");
    shared.close();
    let mut draft = Draft::default();
    draft.metadata().extend(&Members::default());
    draft.metadata().extend(&shared);
    draft.attribute("b", "2");
    draft.attribute("a", "3");
    draft.metadata().free_key("a");
    draft.metadata().push_members(&shared);
    draft.metadata().free_key("a");
    draft.metadata().push_number(4);
    let copy = json!({"a": "1", "o": {}});
    assert_eq!(stored(&mut draft)["metadata"], json!({"o": {}, "b": "2", "a": "3", "a_": copy, "a__": 4}));
}

#[test]
fn settled_members_hold_each_key_once() {
    let mut members = Members::default();
    for value in 0..1_000 {
        members.number("a", value);
    }
    members.string("b", "x");
    members.settle();
    assert_eq!(members.written_since(0), r#"{"a":999,"b":"x""#);
    let mut draft = Draft::default();
    draft.metadata().extend(&members);
    draft.attribute("c", "y");
    assert_eq!(stored(&mut draft)["metadata"], json!({"a": 999, "b": "x", "c": "y"}));
}

#[test]
fn an_object_joins_another_where_no_key_clashes() {
    let mut shared = Members::default();
    shared.open_object("scope");
    shared.string("name", "s");
    shared.close();
    let mut draft = Draft::default();
    draft.attribute("name", "n");
    assert!(draft.metadata().join(&Members::default()) && draft.metadata().join(&shared));
    assert!(!draft.metadata().join(&shared));
    draft.attribute("b", "2");
    let metadata = json!({"name": "n", "scope": {"name": "s"}, "b": "2"});
    assert_eq!(stored(&mut draft)["metadata"], metadata);
}

#[test]
fn integers_are_written_to_the_digit() {
    let mut members = Members::default();
    for (key, value) in [("a", 0), ("b", 7), ("c", -10), ("d", i64::MAX), ("e", i64::MIN)] {
        members.integer(key, value);
    }
    let expected = r#"{"a":0,"b":7,"c":-10,"d":9223372036854775807,"e":-9223372036854775808"#;
    assert_eq!(members.written_since(0), expected);
}

#[test]
fn a_level_in_another_spelling_than_ours_stays_as_it_came() {
    for (sent, level, kept) in [
        ("NOTICE", "info", true),
        ("30", "info", true),
        ("Warning", "warn", true),
        ("WARN", "warn", false),
        ("AUDIT", "audit", false),
    ] {
        let mut draft = Draft::default();
        draft.attribute("level", sent);
        let entry = stored(&mut draft);
        assert_eq!(entry["level"], level, "{sent}");
        assert_eq!(entry.get("metadata"), kept.then(|| json!({"level": sent})).as_ref(), "{sent}");
        // It stays once where a better one comes.
        draft.clear();
        draft.attribute("level", sent);
        draft.set_level(Level::Error);
        let entry = stored(&mut draft);
        assert_eq!((&entry["level"], &entry["metadata"]), (&json!("error"), &json!({"level": sent})));
    }
}

#[test]
fn a_time_that_gives_way_stays_in_metadata() {
    let mut draft = Draft::default();
    draft.attribute("ts", "2023-09-15 08:00:00");
    draft.attribute("@timestamp", "2023-09-15T09:00:00Z");
    let entry = stored(&mut draft);
    assert_eq!(
        (&entry["timestamp"], &entry["metadata"]),
        (&json!("2023-09-15T09:00:00Z"), &json!({"ts": "2023-09-15 08:00:00"}))
    );
    draft.clear();
    draft.attribute("ts", "2023-09-15 08:00:00");
    draft.set_time(Timestamp::from_unix_seconds(1_700_000_000));
    assert_eq!(stored(&mut draft)["metadata"], json!({"ts": "2023-09-15 08:00:00"}));
}
