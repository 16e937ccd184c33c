use serde_json::{Value, json};

use crate::entry::{Around, AroundValue, Extra, ForeignObject, Incoming, Limits};
use crate::wire::Sink;
use crate::wire::testing::Collector;

fn stored(entry: &mut dyn Incoming) -> Value {
    let mut collector = Collector::default();
    collector.take(1, None, entry).unwrap().unwrap();
    collector.entries[0].json()
}

fn mapped(json: &str) -> Value {
    stored(&mut ForeignObject::read(json.as_bytes(), &Limits::default()).unwrap())
}

#[test]
fn members_move_to_their_fields_and_the_rest_to_metadata() {
    assert_eq!(
        mapped(
            r#"{"@timestamp":"2023-09-15T10:00:00.5+0200","log.level":"WARN","message":"m\u0000","service.name":"shop","trace.id":"t","span.id":"s","git.commit":"c","url":{"path":"/x"},"n":1.50}"#
        ),
        json!({"timestamp": "2023-09-15T08:00:00.500Z", "level": "warn", "message": "m\u{0}", "resourceId": "shop", "traceId": "t",
            "spanId": "s", "commit": "c", "metadata": {"url": {"path": "/x"}, "n": 1.50}})
    );
}

#[test]
fn values_inside_objects_are_copied_and_their_objects_stay() {
    assert_eq!(
        mapped(
            r#"{"message":"m","log":{"level":"error","logger":"a.B"},"trace":{"id":"t"},"kubernetes":{"labels":{"app":"shop","x":{"app":"no"}},"pod":{"name":"p-1"}}}"#
        ),
        json!({"timestamp": "2027-01-15T08:00:00Z", "level": "error", "message": "m", "resourceId": "shop", "traceId": "t",
            "metadata": {"log": {"level": "error", "logger": "a.B"}, "trace": {"id": "t"},
                "kubernetes": {"labels": {"app": "shop", "x": {"app": "no"}}, "pod": {"name": "p-1"}}}})
    );
}

#[test]
fn of_several_names_the_first_of_the_table_counts_and_the_others_stay() {
    for text in [
        r#"{"message":"m","host":"h","service":"shop","app":"a","msg":"other","lvl":"debug","level":"info"}"#,
        r#"{"lvl":"debug","level":"info","msg":"other","app":"a","message":"m","service":"shop","host":"h"}"#,
    ] {
        let entry = mapped(text);
        assert_eq!(
            (&entry["message"], &entry["resourceId"], &entry["level"]),
            (&json!("m"), &json!("shop"), &json!("info"))
        );
        assert_eq!(
            entry["metadata"],
            json!({"host": "h", "app": "a", "msg": "other", "lvl": "debug"}),
            "{text}"
        );
    }
}

#[test]
fn levels_and_times_that_are_none_stay_in_metadata() {
    assert_eq!(
        mapped(r#"{"message":"m","status":200,"time":"0.25","level":""}"#)["metadata"],
        json!({"status": 200, "time": "0.25", "level": ""})
    );
    assert_eq!(mapped(r#"{"message":"m","status":"Error"}"#)["level"], "error");
    assert_eq!(mapped(r#"{"msg":"m","level":30,"time":1700000000123}"#)["level"], "info");
    assert_eq!(mapped(r#"{"msg":"m","level":"audit"}"#)["level"], "audit");
}

#[test]
fn without_a_message_the_object_is_the_message() {
    assert_eq!(
        mapped(r#" {"a":1,"b":[true]} "#),
        json!({"timestamp": "2027-01-15T08:00:00Z", "message": r#"{"a":1,"b":[true]}"#, "metadata": {"a": 1, "b": [true]}})
    );
}

#[test]
fn additions_do_not_replace_what_the_sender_gave() {
    let json = br#"{"message":"m","index":"mine"}"#;
    let mut entry = ForeignObject::read(json, &Limits::default()).unwrap();
    entry.add(Extra { key: "index", text: "logs-\"app\"" });
    assert_eq!(
        stored(&mut entry),
        json!({"timestamp": "2027-01-15T08:00:00Z", "message": "m", "metadata": {"index": "mine", "index_": "logs-\"app\""}})
    );
}

#[test]
fn names_that_the_sender_chose_come_before_the_table() {
    for json in [
        r#"{"text":"hello","message":"other","when":"2023-09-15T08:00:00Z"}"#,
        r#"{"@timestamp":"2020-01-01T00:00:00Z","when":"2023-09-15T08:00:00Z","message":"other","text":"hello"}"#,
    ] {
        let mut entry =
            ForeignObject::read_named(json.as_bytes(), &Limits::default(), &["absent", "text"], &["when"])
                .unwrap();
        let entry = stored(&mut entry);
        assert_eq!(
            (&entry["message"], &entry["timestamp"]),
            (&json!("hello"), &json!("2023-09-15T08:00:00Z"))
        );
        assert_eq!(entry["metadata"]["message"], "other");
    }
}

#[test]
fn a_time_is_stored_in_one_spelling_however_it_is_sent() {
    for (sent, stored) in [
        ("2023-09-15T08:00:00.123Z", "2023-09-15T08:00:00.123Z"),
        (r"2023-09-15T08:00:00.123\u0034Z", "2023-09-15T08:00:00.123400Z"),
        ("2023-09-15T08:00:00.120000Z", "2023-09-15T08:00:00.120Z"),
        ("2023-09-15T08:00:60Z", "2023-09-15T08:01:00Z"),
        ("2023-09-15 08:00:00.123Z", "2023-09-15T08:00:00.123Z"),
    ] {
        let entry = mapped(&format!(r#"{{"message":"m","@timestamp":"{sent}"}}"#));
        assert_eq!(entry["timestamp"], stored, "{sent}");
    }
}

#[test]
fn equal_keys_count_once_and_the_last_of_them() {
    assert_eq!(mapped(r#"{"message":"m","a":1,"b":2,"a":3}"#)["metadata"], json!({"b": 2, "a": 3}));
    let many: String = (0..40).map(|n| format!(r#","k{n}":{n}"#)).collect();
    let entry = mapped(&format!(r#"{{"message":"m"{many},"k7":"last"}}"#));
    assert_eq!(
        (entry["metadata"].as_object().unwrap().len(), &entry["metadata"]["k7"]),
        (40, &json!("last"))
    );
}

#[test]
fn members_of_metadata_are_stored_however_they_are_written() {
    let metadata = r#"{"message":"m","a":1,"b" :2,"c": [ 1, 2 ],"d\u0041":"x","e":"\ud800","f":{
"g":{"h":1,"h":2}},"i":"é\n"}"#;
    let stored = stored_text(metadata);
    let expected = r#""metadata":{"a":1,"b":2,"c":[ 1, 2 ],"dA":"x","e":"�","f":{"g":{"h":2}},"i":"é\n"}}"#;
    assert!(stored.ends_with(expected), "{stored}");
    let twice = stored_text(r#"{"message":"m","a":1,"b":2,"a":"3","metadata":{"b":"own"}}"#);
    assert!(twice.ends_with(r#""metadata":{"b":"own","b_":2,"a":"3"}}"#), "{twice}");
}

fn stored_text(json: &str) -> String {
    let mut collector = Collector::default();
    let mut entry = ForeignObject::read(json.as_bytes(), &Limits::default()).unwrap();
    collector.take(1, None, &mut entry).unwrap().unwrap();
    String::from_utf8(collector.entries.remove(0).stored).unwrap()
}

#[test]
fn null_stays_in_metadata() {
    assert_eq!(
        mapped(r#"{"message":"m","user":null,"level":null,"trace.id":null,"time":null,"metadata":null}"#),
        json!({"timestamp": "2027-01-15T08:00:00Z", "message": "m",
            "metadata": {"user": null, "level": null, "trace.id": null, "time": null, "metadata": null}})
    );
    let mut entry = ForeignObject::read(br#"{"message":"m"}"#, &Limits::default()).unwrap();
    entry.surround([Around { key: "host".into(), value: AroundValue::Json("null") }]);
    assert_eq!(stored(&mut entry)["metadata"], json!({"host": null}));
}

#[test]
fn a_level_in_another_spelling_than_ours_stays_in_metadata() {
    for (sent, level, kept) in [
        (r#""NOTICE""#, "info", Some(json!("NOTICE"))),
        (r#""Warning""#, "warn", Some(json!("Warning"))),
        ("30", "info", Some(json!(30))),
        (r#""WARN""#, "warn", None),
        (r#""AUDIT""#, "audit", None),
    ] {
        let entry = mapped(&format!(r#"{{"message":"m","level":{sent}}}"#));
        assert_eq!(
            (&entry["level"], entry.get("metadata")),
            (&json!(level), kept.clone().map(|kept| json!({"level": kept})).as_ref()),
            "{sent}"
        );
        let mut entry = ForeignObject::read(br#"{"message":"m"}"#, &Limits::default()).unwrap();
        entry.surround([Around { key: "level".into(), value: AroundValue::Json(sent) }]);
        let entry = stored(&mut entry);
        assert_eq!(
            (&entry["level"], entry.get("metadata")),
            (&json!(level), kept.map(|kept| json!({"level": kept})).as_ref()),
            "{sent}"
        );
    }
}

#[test]
fn a_level_that_gives_way_to_a_better_name_stays_as_it_came() {
    let entry = mapped(r#"{"message":"m","lvl":"WARN","severity":"NOTICE","level":"INFO"}"#);
    assert_eq!(
        (&entry["level"], &entry["metadata"]),
        (&json!("info"), &json!({"lvl": "WARN", "severity": "NOTICE"}))
    );
}
