use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::entry::Limits;
use crate::wire::encode::{message, text, varint};
use crate::wire::testing::{Collected, Collector};

const LIMIT: usize = 8 << 20;

fn snappy(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).unwrap()
}

fn from_json(body: &str) -> Vec<Value> {
    let mut collector = Collector::default();
    read_json(body.as_bytes(), None, &mut collector).unwrap();
    assert_eq!(collector.rejections, []);
    collector.entries.iter().map(Collected::json).collect()
}

fn from_protobuf(request: &[u8]) -> Vec<Value> {
    let mut collector = Collector::default();
    read_protobuf(&snappy(request), None, LIMIT, &mut collector).unwrap();
    assert_eq!(collector.rejections, []);
    collector.entries.iter().map(Collected::json).collect()
}

fn pair(name: &str, value: &str) -> Vec<u8> {
    [text(1, name), text(2, value)].concat()
}

fn line(seconds: u64, nanos: u64, line: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
    let time = message(1, &[varint(1, seconds), varint(2, nanos)].concat());
    let metadata: Vec<u8> =
        metadata.iter().flat_map(|(name, value)| message(3, &pair(name, value))).collect();
    [time, text(2, line), metadata].concat()
}

fn expected() -> [Value; 2] {
    [
        json!({
            "timestamp": "2023-11-14T22:13:20.000000001Z", "level": "error", "message": "{\"msg\":\"one\"}", "resourceId": "shop",
            "traceId": "5b8efff798038103d269b633813fc60c",
            "metadata": {"env": "prod", "path": "C:\\logs", "order": "42", "env_extracted": "test"},
        }),
        json!({
            "timestamp": "2023-11-14T22:13:21Z", "level": "warn", "message": "level=info two", "resourceId": "shop",
            "metadata": {"env": "prod", "path": "C:\\logs", "level": "error"},
        }),
    ]
}

#[test]
fn lines_take_their_labels_and_their_structured_metadata() {
    let body = r#"{"streams": [{
        "stream": {"service_name": "shop", "env": "prod", "path": "C:\\logs"},
        "values": [
            ["1700000000000000001", "{\"msg\":\"one\"}", {"order": "42", "detected_level": "ERROR", "env": "test", "trace_id": "5b8efff798038103d269b633813fc60c"}],
            [1700000001000000000, "level=info two", {"level": "warn", "severity": "error"}]
        ]
    }]}"#;
    let mut two = expected();
    two[1]["metadata"] = json!({"env": "prod", "path": "C:\\logs", "severity": "error"});
    assert_eq!(from_json(body), two);

    let labels = text(1, r#"{service_name="shop", env="prod", path="C:\\logs", level="error"}"#);
    let one = [("order", "42"), ("env", "test"), ("trace_id", "5b8efff798038103d269b633813fc60c")];
    let lines = [
        message(2, &line(1_700_000_000, 1, "{\"msg\":\"one\"}", &one)),
        message(2, &line(1_700_000_001, 0, "level=info two", &[])),
    ];
    let mut two = expected();
    two[1]["level"] = json!("error");
    two[1]["metadata"] = json!({"env": "prod", "path": "C:\\logs"});
    assert_eq!(from_protobuf(&message(1, &[labels.clone(), lines.concat()].concat())), two);
    assert_eq!(
        from_protobuf(&message(1, &[lines.concat(), labels].concat())),
        two,
        "labels behind the lines"
    );
}

#[test]
fn values_may_come_before_their_stream() {
    let body = r#"{"streams":[{"values":[["1700000000000000000","m"]],"other":[],"stream":{"app":"shop"}}]}"#;
    let entry = json!({"timestamp": "2023-11-14T22:13:20Z", "message": "m", "resourceId": "shop"});
    assert_eq!(from_json(body), [entry]);
}

/// As node-winston-loki 6.1.7 sent it.
#[test]
fn a_recorded_push_in_protobuf() {
    let request = b"\n[\n\x19{level=\"info\",app=\"shop\"}\x12>\n\x0c\x08\xf4\xca\xb5\xd8\x06\x10\x80\xfe\xb5\x87\x01\x12.line 0 {\"order\":42,\"paid\":true,\"level\":\"info\"}\nN\n\"{level=\"error\",app=\"shop\",job=\"x\"}\x12(\n\x0c\x08\xf4\xca\xb5\xd8\x06\x10\xc0\x82\xf3\x87\x01\x12\x18line 1 {\"level\":\"error\"}";
    assert_eq!(
        from_protobuf(request),
        [
            json!({"timestamp": "2026-11-30T12:00:52.284Z", "level": "info", "resourceId": "shop",
                "message": "line 0 {\"order\":42,\"paid\":true,\"level\":\"info\"}"}),
            json!({"timestamp": "2026-11-30T12:00:52.285Z", "level": "error", "resourceId": "shop",
                "message": "line 1 {\"level\":\"error\"}", "metadata": {"job": "x"}}),
        ]
    );
}

/// As py-logging-loki 0.3.1 and node-pino-loki 3.0.0 sent them.
#[test]
fn recorded_pushes_in_json() {
    let python = r#"{"streams": [{"stream": {"app": "shop", "severity": "info", "logger": "shop.cart", "order": "42"}, "values": [["1796038676318073856", "line 0"]]}]}"#;
    let entry = json!({"timestamp": "2026-11-30T11:37:56.318073856Z", "level": "info", "message": "line 0", "resourceId": "shop",
        "metadata": {"logger": "shop.cart", "order": "42"}});
    assert_eq!(from_json(python), [entry]);
    let pino = r#"{"streams":[{"stream":{"level":"info","hostname":"vm","app":"shop"},"values":[["1796040037137000000","{\"level\":30,\"msg\":\"line 0\"}",{"trace":"t1"}]]}]}"#;
    let entry = json!({"timestamp": "2026-11-30T12:00:37.137Z", "level": "info", "message": "{\"level\":30,\"msg\":\"line 0\"}",
        "resourceId": "shop", "metadata": {"hostname": "vm", "trace": "t1"}});
    assert_eq!(from_json(pino), [entry]);
}

#[test]
fn the_tenant_is_kept_and_takes_no_labels_key() {
    let body = r#"{"streams":[{"stream":{"tenant":"label"},"values":[["1700000000000000000","m"]]}]}"#;
    let mut collector = Collector::default();
    read_json(body.as_bytes(), Some("team-a"), &mut collector).unwrap();
    assert_eq!(collector.entries[0].json()["metadata"], json!({"tenant": "label", "tenant_": "team-a"}));
}

#[test]
fn what_is_odd_is_kept_and_what_is_no_value_is_rejected_alone() {
    let body = r#"{"streams":[{"stream":{"n":7,"o":{"a":[1]}},"values":[
        ["1700000000000000000", {"a": 1}], ["1700000000000000000"], "m", ["yesterday", "m"], ["0", "no time", null, 4], ["", ""]]}, null, {}]}"#;
    let mut collector = Collector::default();
    read_json(body.as_bytes(), None, &mut collector).unwrap();
    let rejected: Vec<_> =
        collector.rejections.iter().map(|(number, rejection)| (*number, rejection.field)).collect();
    assert_eq!(rejected, [(2, None), (3, None), (4, Some("timestamp"))]);
    let taken: Vec<_> =
        collector.entries.iter().map(|entry| (entry.number, entry.json()["message"].clone())).collect();
    assert_eq!(taken, [(1, json!("{\"a\": 1}")), (5, json!("no time")), (6, json!(""))]);
    assert_eq!(collector.entries[0].json()["metadata"], json!({"n": "7", "o": "{\"a\":[1]}"}));
    assert_eq!(collector.entries[1].time, None);

    let request = message(1, &[text(1, "no labels"), message(2, &text(2, "m"))].concat());
    assert_eq!(from_protobuf(&request)[0]["metadata"], json!({"labels": "no labels"}));
    let lines = [message(2, b"\x12\xff"), message(2, &line(1, 0, "good", &[]))];
    let mut collector = Collector::default();
    let body = snappy(&message(1, &[text(1, "{}"), lines.concat()].concat()));
    read_protobuf(&body, None, LIMIT, &mut collector).unwrap();
    assert_eq!((collector.rejections[0].0, collector.entries[0].number), (1, 2));
}

#[test]
fn lengths_that_lie_and_blocks_that_are_none_are_refused() {
    let read = |body: &[u8], limit: usize, room: usize| {
        let mut collector = Collector { room, ..Collector::default() };
        let read = read_protobuf(body, None, limit, &mut collector);
        assert!(read.is_ok() || collector.entries.is_empty());
        read
    };
    let zeros = snappy(&vec![0; 1 << 20]);
    assert_eq!(read(&zeros, (1 << 20) - 1, usize::MAX), Err(Unreadable::TooLarge));
    assert_eq!(read(&zeros, 1 << 20, 1 << 19), Err(Unreadable::Full));
    for body in [
        &b"\x80\x80\x80\x03abc"[..],
        b"\xff\xff\xff\xff\x0f",
        b"\xff\x06\0\0sNaPpY",
        b"{\"streams\":[]}",
        b"\x05\x00a",
    ] {
        let read = read(body, 1 << 30, usize::MAX);
        assert!(matches!(&read, Err(Unreadable::Malformed(_))), "{body:?}: {read:?}");
    }
    assert_eq!(read(b"", LIMIT, 0), Ok(()));
    for body in ["[]", "7", "{\"streams\":[{]}"] {
        let read = read_json(body.as_bytes(), None, &mut Collector::default());
        assert!(matches!(read, Err(Unreadable::Malformed(_))), "{body}");
    }
}

#[test]
fn labels_that_many_lines_share_are_copied_within_bounds() {
    let limits = Limits { entry_bytes: 1_000, ..Limits::default() };
    let push = |labels: &str| {
        let line = message(2, &text(2, "m"));
        let body = snappy(&message(1, &[text(1, labels), line.repeat(3)].concat()));
        let mut collector = Collector { limits, ..Collector::default() };
        read_protobuf(&body, None, LIMIT, &mut collector).unwrap();
        (collector.entries.len(), collector.entries.first().map(|entry| entry.json()["metadata"].clone()))
    };
    assert_eq!(push(&format!("{{a=\"{}\"}}", "x".repeat(990))).0, 3);
    assert_eq!(push(&format!("{{a=\"{}\"}}", "x".repeat(1_000))).0, 0);
    let repeated = format!("{{{}a=\"last\",app=\"x\",app=\"y\"}}", "a=\"b\",".repeat(300));
    assert_eq!(push(&repeated), (3, Some(json!({"a": "last"}))));
}

fn check(body: &[u8], json: bool) {
    let mut collector = Collector { room: 1 << 20, ..Collector::default() };
    let _ = match json {
        true => read_json(body, Some("t"), &mut collector),
        false => read_protobuf(body, Some("t"), 1 << 20, &mut collector),
    };
    for entry in &collector.entries {
        assert!(crate::Document::parse(&entry.stored).is_ok(), "{}", String::from_utf8_lossy(&entry.stored));
    }
}

fn valid() -> Vec<u8> {
    let lines = message(2, &line(1_700_000_000, 1, "one two three", &[("a", "b"), ("app", "c")]));
    message(1, &[text(1, r#"{app="shop", path="C:\\logs"}"#), lines].concat())
}

const JSON: &str = r#"{"streams":[{"stream":{"app":"shop","env":"x\n"},"values":[["1796040037137000000","{\"level\":30}",{"trace":"t1","app":"é"}]]}]}"#;

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&body, true);
        check(&body, false);
        check(&snappy(&body), false);
        check(&snappy(&message(1, &body)), false);
    }

    #[test]
    fn a_push_cut_or_flipped_anywhere_is_read_or_refused(at in any::<prop::sample::Index>(), flip in 1..=255u8, cut in any::<bool>()) {
        let broken = |mut body: Vec<u8>| {
            let at = at.index(body.len());
            if cut { body.truncate(at) } else { body[at] ^= flip }
            body
        };
        check(&broken(JSON.as_bytes().to_vec()), true);
        check(&broken(snappy(&valid())), false);
        check(&snappy(&broken(valid())), false);
    }
}

#[test]
fn a_level_that_no_label_says_is_the_lines_own() {
    let push = |labels: &str, line: &str| {
        let line = serde_json::to_string(line).unwrap();
        let body =
            format!(r#"{{"streams":[{{"stream":{labels},"values":[["1796038869956923234",{line}]]}}]}}"#);
        let entry = from_json(&body).remove(0);
        (entry["level"].clone(), entry["message"].as_str().unwrap().to_owned())
    };
    let json_line = r#"{"level":50,"msg":"no stock"}"#;
    assert_eq!(push(r#"{"app":"shop"}"#, json_line), (json!("error"), json_line.to_owned()));
    assert_eq!(push(r#"{"app":"shop"}"#, "level=warn msg=slow").0, "warn");
    assert_eq!(push(r#"{"app":"shop","level":"debug"}"#, json_line).0, "debug");
    assert_eq!(push(r#"{"app":"shop"}"#, "nothing of the kind").0, Value::Null);
}
