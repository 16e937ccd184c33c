//! What is odd, broken, or too much.

use proptest::prelude::*;
use serde_json::json;

use super::{attribute, example, only, request, whole};
use crate::entry::{Limits, Reason};
use crate::wire::Unreadable;
use crate::wire::encode::{fixed64, message, text, varint};
use crate::wire::otlp::{read_json, read_protobuf};
use crate::wire::testing::Collector;

#[test]
fn attributes_with_the_names_of_our_own_keys_keep_them() {
    let record = [
        attribute(6, "body", &text(1, "b")),
        attribute(6, "scope", &text(1, "s")),
        attribute(6, "resource", &text(1, "r")),
        attribute(6, "resource_", &text(1, "r_")),
        attribute(6, "eventName", &text(1, "e")),
        attribute(6, "trace_id", &text(1, "t")),
        text(12, "event"),
        message(5, &varint(3, 1)),
        message(9, &[0xab; 16]),
    ];
    let scoped = [message(1, &text(1, "cart")), message(2, &record.concat())].concat();
    let resource = message(1, &attribute(1, "a", &varint(3, 1)));
    let mut collector = Collector::default();
    read_protobuf(&message(1, &[resource, message(2, &scoped)].concat()), &mut collector).unwrap();
    assert_eq!(
        collector.entries[0].json()["metadata"],
        json!({
            "scope": "s", "resource": "r", "resource_": "r_", "eventName": "e", "body": "b", "body_": 1, "trace_id": "t",
            "eventName_": "event", "scope_": {"name": "cart"}, "resource__": {"a": 1},
        })
    );
}

#[test]
fn a_records_own_name_of_its_service_comes_before_its_resources() {
    let record = attribute(6, "service.name", &text(1, "worker"));
    let resource = message(1, &attribute(1, "service.name", &text(1, "shop")));
    let mut collector = Collector::default();
    let scoped = message(2, &message(2, &record));
    read_protobuf(&message(1, &[resource, scoped].concat()), &mut collector).unwrap();
    let entry = collector.entries[0].json();
    assert_eq!(
        (&entry["resourceId"], &entry["metadata"]),
        (&json!("worker"), &json!({"service.name": "shop"}))
    );
}

#[test]
fn text_that_is_not_utf_8_is_kept_as_far_as_it_can_be_read() {
    let entry = only(&message(5, &message(1, b"a\xffb")));
    assert_eq!(entry["message"], "a\u{fffd}b");
    let mut collector = Collector::default();
    let body =
        b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"a\xffb\"}}]}]}]}";
    read_json(body, &mut collector).unwrap();
    assert_eq!(collector.entries[0].json()["message"], "a\u{fffd}b");
}

#[test]
fn a_record_that_cannot_be_read_is_rejected_alone() {
    let good = |name| message(2, &message(5, &text(1, name)));
    let bad = message(2, b"\x0a\xff");
    let body = message(1, &message(2, &[good("one"), bad, good("three")].concat()));
    let mut collector = Collector::default();
    read_protobuf(&body, &mut collector).unwrap();
    let numbers: Vec<_> = collector.entries.iter().map(|entry| entry.number).collect();
    assert_eq!((numbers, collector.rejections[0].0), (vec![1, 3], 2));

    let body = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[
        {"body":{"stringValue":"one"}}, {"timeUnixNano":"yesterday"}, 7, {"body":{"stringValue":"four"}}]}]}]}"#;
    let mut collector = Collector::default();
    read_json(body.as_bytes(), &mut collector).unwrap();
    let numbers: Vec<_> = collector.entries.iter().map(|entry| entry.number).collect();
    let reasons: Vec<_> =
        collector.rejections.iter().map(|(number, rejection)| (*number, rejection.field)).collect();
    assert_eq!((numbers, reasons), (vec![1, 4], vec![(2, Some("timestamp")), (3, None)]));
}

#[test]
fn a_body_that_is_no_request_is_malformed() {
    for body in [&b"\x0a\x05ab"[..], b"{\"resourceLogs\":[]}", b"\x08\x01", b"\x0b"] {
        let read = read_protobuf(body, &mut Collector::default());
        assert!(matches!(read, Err(Unreadable::Malformed(_))), "{body:?}");
    }
    for body in ["", "[]", "{\"resourceLogs\":[{]}", "{} {}", "\x0a\x05"] {
        let read = read_json(body.as_bytes(), &mut Collector::default());
        assert!(matches!(read, Err(Unreadable::Malformed(_))), "{body:?}");
    }
    for body in ["{}", "{\"resourceLogs\":null}", "{\"resourceLogs\":[null,{\"scopeLogs\":[null]}]}"] {
        let mut collector = Collector::default();
        assert_eq!(read_json(body.as_bytes(), &mut collector), Ok(()), "{body}");
        assert!(collector.entries.is_empty());
    }
}

#[test]
fn depth_and_size_are_bounded_for_records_and_what_they_share() {
    let nested = |levels: usize| (0..levels).fold(text(1, "x"), |value, _| message(5, &message(1, &value)));
    let read = |body: &[u8], limits: Limits| {
        let mut collector = Collector { limits, ..Collector::default() };
        read_protobuf(body, &mut collector).unwrap();
        let rejection = collector.rejections.first().map(|(_, rejection)| rejection.kind);
        (collector.entries.len(), rejection)
    };
    let limits = Limits { entry_bytes: 2_000, depth: 8 };
    // The record's metadata is the first level, and a body's value one below.
    assert_eq!(read(&request(&message(5, &nested(7))), limits), (1, None));
    assert_eq!(read(&request(&message(5, &nested(8))), limits), (0, Some(Reason::Limit)));
    assert_eq!(read(&request(&message(5, &nested(100_000))), Limits { entry_bytes: 1 << 20, ..limits }).0, 0);
    let shared = |value: &[u8], records: usize| {
        let resource = message(1, &message(1, &[text(1, "k"), message(2, value)].concat()));
        let records = message(2, &message(5, &text(1, "m"))).repeat(records);
        message(1, &[resource, message(2, &records)].concat())
    };
    assert_eq!(read(&shared(&nested(6), 3), limits), (3, None));
    assert_eq!(read(&shared(&nested(7), 3), limits), (0, Some(Reason::Limit)));
    assert_eq!(read(&shared(&text(1, &"x".repeat(1_900)), 3), limits), (3, None));
    assert_eq!(read(&shared(&text(1, &"x".repeat(2_000)), 3), limits), (0, Some(Reason::Limit)));
    // As it is written, it is six times as long.
    assert_eq!(read(&shared(&text(1, &"\u{1}".repeat(1_000)), 3), limits), (0, Some(Reason::Limit)));
}

#[test]
fn memory_is_charged_and_its_end_ends_the_request() {
    let record = message(2, &message(5, &text(1, &"x".repeat(1_000))));
    let body = message(1, &message(2, &record.repeat(100)));
    let mut collector = Collector { room: 10_000, ..Collector::default() };
    assert_eq!(read_protobuf(&body, &mut collector), Err(Unreadable::Full));
    let body =
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}{{}}]}}]}}]}}"#, "{},".repeat(10_000));
    let mut collector = Collector { room: 100_000, ..Collector::default() };
    assert_eq!(read_json(body.as_bytes(), &mut collector), Err(Unreadable::Full));
    assert!(collector.entries.is_empty(), "where records are is charged before they are read");
}

#[test]
fn deep_json_is_rejected_alone_and_overflows_nothing() {
    let levels = 100_000;
    let open = r#"{"arrayValue":{"values":["#.repeat(levels);
    let close = "]}}".repeat(levels);
    let record = format!(r#"{{"attributes":[{{"key":"a","value":{open}{close}}}]}}"#);
    let body = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record},{{}}]}}]}}]}}"#);
    let limits = Limits { entry_bytes: 16 << 20, ..Limits::default() };
    let mut collector = Collector { limits, ..Collector::default() };
    read_json(body.as_bytes(), &mut collector).unwrap();
    assert_eq!((collector.entries.len(), collector.rejections[0].1.kind), (1, Reason::Limit));
}

/// What is read ends, holds what it was allowed to, and is stored as valid JSON.
fn check(body: &[u8], read: impl Fn(&[u8], &mut dyn crate::wire::Sink) -> Result<(), Unreadable>) {
    let mut collector = Collector { room: 1 << 20, ..Collector::default() };
    let _ = read(body, &mut collector);
    for entry in &collector.entries {
        assert!(crate::Document::parse(&entry.stored).is_ok(), "{}", String::from_utf8_lossy(&entry.stored));
    }
}

const JSON: &str = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeLogs":[{"scope":{"name":"c"},"logRecords":[{"timeUnixNano":"1796040160488000000","severityNumber":9,"body":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}}]}},"attributes":[{"key":"order","value":{"arrayValue":{"values":[{"doubleValue":1.5},{"bytesValue":"AA=="}]}}}]}]}]}]}"#;

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&body, read_protobuf);
        check(&body, read_json);
        check(&request(&body), read_protobuf);
    }

    #[test]
    fn a_request_cut_or_flipped_anywhere_is_read_or_refused(at in any::<prop::sample::Index>(), flip in 1..=255u8, cut in any::<bool>()) {
        for (mut body, json) in [(whole(|fields| fields.concat()), false), (request(&example().concat()), false), (JSON.as_bytes().to_vec(), true)] {
            let at = at.index(body.len());
            if cut { body.truncate(at) } else { body[at] ^= flip }
            if json { check(&body, read_json) } else { check(&body, read_protobuf) }
        }
    }

    #[test]
    fn any_values_of_json_are_read_or_refused(value in r#"[\[\]{}:,"a-z0-9 ]{0,40}"#) {
        for place in [r#""stringValue":"shop""#, r#""name":"c""#, r#""1796040160488000000""#, r#"{"doubleValue":1.5}"#, "1.5"] {
            check(JSON.replacen(place, &value, 1).as_bytes(), read_json);
        }
    }

    #[test]
    fn any_time_is_stored(time: u64, observed: u64) {
        only(&[fixed64(1, time), fixed64(11, observed)].concat());
    }
}
