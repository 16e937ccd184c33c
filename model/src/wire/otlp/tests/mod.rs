mod awkward;
mod recorded;

use serde_json::{Value, json};

use super::*;
use crate::wire::encode::{fixed32, fixed64, message, text, varint};
use crate::wire::testing::Collector;

/// Entries of a request in protobuf, with their receipt left out.
fn from_protobuf(body: &[u8]) -> Vec<Value> {
    let mut collector = Collector::default();
    read_protobuf(body, &mut collector).unwrap();
    assert_eq!(collector.rejections, []);
    collector.entries.iter().map(super::super::testing::Collected::json).collect()
}

fn from_json(body: &str) -> Vec<Value> {
    let mut collector = Collector::default();
    read_json(body.as_bytes(), &mut collector).unwrap();
    assert_eq!(collector.rejections, []);
    collector.entries.iter().map(super::super::testing::Collected::json).collect()
}

/// A request of one record, whose fields are given.
fn request(record: &[u8]) -> Vec<u8> {
    message(1, &message(2, &message(2, record)))
}

fn only(record: &[u8]) -> Value {
    from_protobuf(&request(record)).pop().unwrap()
}

fn attribute(field: u32, key: &str, value: &[u8]) -> Vec<u8> {
    message(field, &[text(1, key), message(2, value)].concat())
}

fn example() -> Vec<Vec<u8>> {
    let trace = *b"\x5b\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c";
    let span = *b"\xee\xe1\x9b\x7e\xc3\xc1\xb1\x74";
    let list = message(5, &[message(1, &text(1, "a")), message(1, &varint(2, 1))].concat());
    let map = message(6, &attribute(1, "x", &varint(3, 1)));
    vec![
        fixed64(1, 1_700_000_000_123_456_789),
        varint(2, 14),
        text(3, "WARN2"),
        message(5, &text(1, "it \"broke\"\n")),
        attribute(6, "order", &varint(3, 42)),
        attribute(6, "below", &varint(3, -42i64 as u64)),
        attribute(6, "paid", &varint(2, 1)),
        attribute(6, "ratio", &fixed64(4, 0.25f64.to_bits())),
        attribute(6, "tags", &list),
        attribute(6, "nested", &map),
        attribute(6, "raw", &message(7, b"\x00\xff")),
        attribute(6, "void", b""),
        varint(7, 3),
        fixed32(8, 1),
        message(9, &trace),
        message(10, &span),
        fixed64(11, 1_700_000_001_000_000_000),
        text(12, "order.failed"),
    ]
}

fn expected() -> Value {
    json!({
        "timestamp": "2023-11-14T22:13:20.123456789Z",
        "level": "warn",
        "message": "it \"broke\"\n",
        "resourceId": "shop",
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "metadata": {
            "order": 42, "below": -42, "paid": true, "ratio": 0.25, "tags": ["a", true], "nested": {"x": 1}, "raw": "AP8=",
            "void": null,
            "severityText": "WARN2", "severityNumber": 14, "eventName": "order.failed",
            "observedTimestamp": "2023-11-14T22:13:21Z", "flags": 1, "droppedAttributesCount": 3,
            "scope": {"name": "cart", "version": "1.0", "attributes": {"s": "t"}},
            "resource": {"k8s.pod.name": "shop-0", "replicas": 2},
        },
    })
}

/// The example in its resource and scope, each with its fields in the order that `arrange` gives them.
fn whole(arrange: impl Fn(Vec<Vec<u8>>) -> Vec<u8>) -> Vec<u8> {
    let resource = [
        attribute(1, "k8s.pod.name", &text(1, "shop-0")),
        attribute(1, "service.name", &text(1, "shop")),
        attribute(1, "replicas", &varint(3, 2)),
    ];
    let scope = arrange(vec![text(1, "cart"), text(2, "1.0"), attribute(3, "s", &text(1, "t"))]);
    let scope_logs = arrange(vec![message(1, &scope), message(2, &arrange(example()))]);
    message(1, &arrange(vec![message(1, &resource.concat()), message(2, &scope_logs)]))
}

#[test]
fn every_field_of_a_record_has_its_place() {
    assert_eq!(from_protobuf(&whole(|fields| fields.concat())), [expected()]);
}

#[test]
fn fields_come_in_any_order() {
    let backwards = whole(|fields| fields.into_iter().rev().flatten().collect());
    let mut stored = from_protobuf(&backwards);
    assert_eq!(stored.pop(), Some(expected()));
}

#[test]
fn json_says_the_same_in_camel_and_snake_case_and_any_order() {
    let body = r#"{"unknown": {"a": [1, {"b": null}]}, "resourceLogs": [{
        "scopeLogs": [{
            "logRecords": [{
                "timeUnixNano": "1700000000123456789", "observedTimeUnixNano": 1700000001000000000,
                "severityNumber": "SEVERITY_NUMBER_WARN2", "severityText": "WARN2",
                "body": {"stringValue": "it \"broke\"\n"},
                "attributes": [
                    {"key": "order", "value": {"intValue": "42"}}, {"key": "below", "value": {"intValue": -42}},
                    {"key": "paid", "value": {"boolValue": true}}, {"value": {"doubleValue": 0.25}, "key": "ratio"},
                    {"key": "tags", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"boolValue": true}]}}},
                    {"key": "nested", "value": {"kvlistValue": {"values": [{"value": {"intValue": "1"}, "key": "x"}]}}},
                    {"key": "raw", "value": {"bytesValue": "AP8="}}, {"key": "void", "value": {}}
                ],
                "droppedAttributesCount": 3, "flags": 1,
                "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174",
                "eventName": "order.failed", "future": [{}]
            }],
            "scope": {"version": "1.0", "name": "cart", "attributes": [{"key": "s", "value": {"stringValue": "t"}}]}
        }],
        "resource": {"attributes": [
            {"key": "k8s.pod.name", "value": {"stringValue": "shop-0"}},
            {"key": "service.name", "value": {"stringValue": "shop"}},
            {"key": "replicas", "value": {"intValue": "2"}}
        ]}
    }]}"#;
    assert_eq!(from_json(body), [expected()]);
    let mut snake = body.to_owned();
    for name in [
        "resourceLogs",
        "scopeLogs",
        "logRecords",
        "timeUnixNano",
        "observedTimeUnixNano",
        "severityNumber",
        "severityText",
        "stringValue",
        "intValue",
        "boolValue",
        "doubleValue",
        "arrayValue",
        "kvlistValue",
        "bytesValue",
        "droppedAttributesCount",
        "traceId",
        "spanId",
        "eventName",
    ] {
        let mut other = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() {
                other.push('_');
            }
            other.push(letter.to_ascii_lowercase());
        }
        snake = snake.replace(&format!("\"{name}\""), &format!("\"{other}\""));
    }
    assert_eq!(from_json(&snake), [expected()]);
}

#[test]
fn a_body_of_any_value_is_the_message_and_keeps_its_structure() {
    let map = message(6, &[attribute(1, "msg", &text(1, "obj")), attribute(1, "n", &varint(3, 1))].concat());
    let list = message(5, &[message(1, &text(1, "a")), message(1, &map)].concat());
    for (body, text, structure) in [
        (map.clone(), r#"{"msg":"obj","n":1}"#, json!({"msg": "obj", "n": 1})),
        (list, r#"["a",{"msg":"obj","n":1}]"#, json!(["a", {"msg": "obj", "n": 1}])),
        (varint(3, 7), "7", json!(7)),
        (varint(2, 0), "false", json!(false)),
        (fixed64(4, 1.5f64.to_bits()), "1.5", json!(1.5)),
        (message(7, b"\xde\xad"), "3q0=", json!("3q0=")),
    ] {
        let entry = only(&message(5, &body));
        assert_eq!((&entry["message"], &entry["metadata"]["body"]), (&json!(text), &structure));
    }
    let entry = only(&message(5, &text(1, "")));
    assert_eq!((&entry["message"], entry.get("metadata")), (&json!(""), None));
}

#[test]
fn a_record_without_body_has_the_events_name_or_an_attribute_as_its_message() {
    let event = text(12, "cart.emptied");
    assert_eq!(only(&event)["message"], "cart.emptied");
    let entry = only(&[attribute(6, "msg", &text(1, "emptied")), event].concat());
    assert_eq!(
        (&entry["message"], &entry["metadata"]),
        (&json!("emptied"), &json!({"eventName": "cart.emptied"}))
    );
    assert_eq!(only(b"")["message"], "");
}

#[test]
fn severity_is_a_level_by_its_number_and_by_its_text_where_that_is_0() {
    let levels = ["trace", "debug", "info", "warn", "error", "fatal"];
    for number in 1..=24u64 {
        let entry = only(&varint(2, number));
        assert_eq!(entry["level"], levels[(number as usize - 1) / 4], "{number}");
        let kept = entry.get("metadata").map(|metadata| metadata["severityNumber"].clone());
        assert_eq!(kept, (number % 4 != 1).then(|| json!(number)), "{number}");
    }
    for (number, name, level, metadata) in [
        (0, "Information", Some("info"), json!({"severityText": "Information"})),
        (0, "WARN", Some("warn"), json!(null)),
        (0, "Audit", Some("audit"), json!(null)),
        (17, "ERROR", Some("error"), json!(null)),
        (17, "SEVERE", Some("error"), json!({"severityText": "SEVERE"})),
        (99, "info", Some("info"), json!({"severityNumber": 99})),
        (i64::MIN as u64, "", None, json!({"severityNumber": i64::MIN})),
    ] {
        let entry = only(&[varint(2, number), text(3, name)].concat());
        assert_eq!(
            (entry.get("level").and_then(Value::as_str), &entry["metadata"]),
            (level, &metadata),
            "{name}"
        );
    }
}

#[test]
fn times_and_ids_that_are_not_set_are_absent() {
    let entry =
        only(&[fixed64(11, 1_700_000_000_000_000_001), message(9, &[0; 16]), message(10, b"")].concat());
    assert_eq!(entry, json!({"timestamp": "2023-11-14T22:13:20.000000001Z", "message": ""}));
    let same = [fixed64(1, 1_700_000_000_000_000_001), fixed64(11, 1_700_000_000_000_000_001)].concat();
    assert_eq!(only(&same).get("metadata"), None);
    let record =
        r#"{"traceId": "", "spanId": "0000000000000000", "timeUnixNano": "", "observedTimeUnixNano": "0"}"#;
    let body = format!(r#"{{"resourceLogs": [{{"scopeLogs": [{{"logRecords": [{record}]}}]}}]}}"#);
    assert_eq!(from_json(&body)[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["timestamp", "message"]);
}

#[test]
fn numbers_of_json_stay_as_they_are_written() {
    let values = r#"[
        {"key": "a", "value": {"doubleValue": 12.50}}, {"key": "b", "value": {"intValue": 18446744073709551615}},
        {"key": "c", "value": {"doubleValue": "NaN"}}, {"key": "d", "value": {"intValue": "seven"}},
        {"key": "e", "value": "bare"}, {"key": "f", "value": 1e400}, {"key": "g", "value": null}, {"key": "h"}
    ]"#;
    let body =
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"attributes":{values}}}]}}]}}]}}"#);
    let mut collector = Collector::default();
    read_json(body.as_bytes(), &mut collector).unwrap();
    let stored = str::from_utf8(&collector.entries[0].stored).unwrap();
    let expected = r#""metadata":{"a":12.50,"b":18446744073709551615,"c":"NaN","d":"seven","e":"bare","f":1e400,"g":null,"h":null}}"#;
    assert!(stored.ends_with(expected), "{stored}");
}
