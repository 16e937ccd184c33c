//! The same line says the same level and time, whichever protocol brings it.

use logpipeline_model::wire::testing::Collector;
use logpipeline_model::wire::{Session, bulk, datadog, forward, gelf, hec, journal, jsonline, loki};
use logpipeline_model::wire::{lumberjack, otlp, text};
use serde_json::{Value, json};

const LINE: &str = "2026-11-30 10:00:00.123 ERROR [main] shop.Cart - order 42 failed";
const TIME: &str = "2026-11-30T10:00:00.123Z";
/// What senders say where they give a time of their own.
const SENT: &str = "2026-12-01T00:00:00.000000001Z";
const SENT_NANOS: &str = "1796083200000000001";

fn one(read: impl FnOnce(&mut Collector)) -> Value {
    let mut sink = Collector::default();
    read(&mut sink);
    assert_eq!(sink.rejections, []);
    assert_eq!(sink.entries.len(), 1);
    sink.entries[0].json()
}

fn session(mut session: impl Session, bytes: &[u8]) -> Value {
    one(|sink| assert_eq!(session.read(bytes, sink).unwrap().consumed, bytes.len()))
}

fn otlp_json(time: &str, level: &str, message: &str) -> Value {
    let record = format!(r#"{{{time}{level}"body":{{"stringValue":"{message}"}}}}"#);
    let body = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#);
    one(|sink| otlp::read_json(body.as_bytes(), sink).unwrap())
}

fn text_of(bytes: &str) -> Vec<u8> {
    [&[0xd9, u8::try_from(bytes.len()).unwrap()], bytes.as_bytes()].concat()
}

/// `["t", time, {name: message}]`
fn forwarded(time: &[u8], name: &str, message: &str) -> Value {
    let message = [&b"\x93\xa1t"[..], time, b"\x81", &text_of(name), &text_of(message)].concat();
    session(forward::Forward::new(1 << 20, None), &message)
}

fn beats(document: &str) -> Value {
    let length = u32::try_from(document.len()).unwrap().to_be_bytes();
    let window = [&b"2W\0\0\0\x012J\0\0\0\x01"[..], &length, document.as_bytes()].concat();
    session(lumberjack::Lumberjack::new(1 << 20), &window)
}

/// The line by each protocol from a sender that gives nothing else.
fn bare(line: &str) -> Vec<(&'static str, Value)> {
    let member = |name: &str| format!(r#"{{"{name}":"{line}"}}"#);
    let parameters = jsonline::Parameters::default();
    let bulk = format!("{{\"create\":{{}}}}\n{}\n", member("message"));
    vec![
        (
            "text",
            one(|sink| text::read(line.as_bytes(), &text::Beside::nothing(sink.received_at), sink).unwrap()),
        ),
        ("jsonline", one(|sink| jsonline::read(member("_msg").as_bytes(), &parameters, sink).unwrap())),
        (
            "bulk",
            one(|sink| drop(bulk::read(bulk.as_bytes(), None, &bulk::Filter::default(), sink).unwrap())),
        ),
        ("OTLP", otlp_json("", "", line)),
        ("HEC", one(|sink| assert_eq!(hec::read(member("event").as_bytes(), &[], sink), Ok(None)))),
        ("Datadog", one(|sink| datadog::read(member("message").as_bytes(), &[], sink).unwrap())),
        ("GELF", one(|sink| gelf::read(member("short_message").as_bytes(), 1 << 20, sink).unwrap())),
        ("journal", one(|sink| journal::read(format!("MESSAGE={line}\n\n").as_bytes(), sink).unwrap())),
        ("forward, log", forwarded(b"\xc0", "log", line)),
        ("forward, message", forwarded(b"\xc0", "message", line)),
        ("Lumberjack", beats(&member("message"))),
        (
            "Loki",
            one(|sink| {
                let body = format!(r#"{{"streams":[{{"stream":{{}},"values":[["0","{line}"]]}}]}}"#);
                loki::read_json(body.as_bytes(), None, sink).unwrap();
            }),
        ),
    ]
}

#[test]
fn level_and_time_that_a_sender_leaves_open_are_those_of_the_line() {
    for (protocol, entry) in bare(LINE) {
        assert_eq!((&entry["level"], &entry["timestamp"]), (&json!("error"), &json!(TIME)), "{protocol}");
        assert_eq!(entry["message"], LINE, "{protocol}");
    }
}

#[test]
fn a_line_that_says_nothing_leaves_them_open() {
    for (protocol, entry) in bare("order 42 failed with an error") {
        assert_eq!(
            (entry.get("level"), &entry["timestamp"]),
            (None, &json!("2027-01-15T08:00:00Z")),
            "{protocol}"
        );
    }
}

#[test]
fn level_and_time_of_a_sender_come_first() {
    let object = |time: &str, level: &str, message: &str| {
        format!(r#"{{"{time}":"{SENT}","{level}":"notice","{message}":"{LINE}"}}"#)
    };
    let parameters = jsonline::Parameters::default();
    let bulk = format!("{{\"create\":{{}}}}\n{}\n", object("@timestamp", "log.level", "message"));
    for (protocol, entry) in [
        (
            "bulk",
            one(|sink| drop(bulk::read(bulk.as_bytes(), None, &bulk::Filter::default(), sink).unwrap())),
        ),
        (
            "jsonline",
            one(|sink| {
                jsonline::read(object("_time", "level", "_msg").as_bytes(), &parameters, sink).unwrap()
            }),
        ),
        ("Lumberjack", beats(&object("@timestamp", "level", "message"))),
        (
            "Datadog",
            one(|sink| {
                datadog::read(object("timestamp", "status", "message").as_bytes(), &[], sink).unwrap()
            }),
        ),
        (
            "OTLP",
            otlp_json(&format!(r#""timeUnixNano":"{SENT_NANOS}","#), r#""severityText":"notice","#, LINE),
        ),
    ] {
        assert_eq!((&entry["level"], &entry["timestamp"]), (&json!("info"), &json!(SENT)), "{protocol}");
        let kept = entry["metadata"].as_object().unwrap().values().filter(|value| *value == "notice").count();
        assert_eq!(kept, 1, "{protocol} keeps the spelling of the level: {entry}");
    }
}

#[test]
fn only_the_level_is_read_where_the_sender_gives_a_time() {
    let entry = forwarded(b"\xcek\x0df\xa8", "log", LINE);
    assert_eq!((&entry["level"], &entry["timestamp"]), (&json!("error"), &json!("2026-11-30T12:06:00Z")));
}

/// A Collector's receiver of files gives no time but that of its reading.
#[test]
fn the_time_of_a_line_comes_before_that_at_which_a_collector_read_it() {
    let observed = format!(r#""observedTimeUnixNano":"{SENT_NANOS}","#);
    let entry = otlp_json(&observed, "", LINE);
    assert_eq!(
        (&entry["timestamp"], &entry["metadata"]),
        (&json!(TIME), &json!({"observedTimestamp": SENT}))
    );
    let entry = otlp_json(&observed, "", "no time");
    assert_eq!((&entry["timestamp"], entry.get("metadata")), (&json!(SENT), None));
}

/// The ids of a request that is sent again hang on how fine the times are that its sender gave.
#[test]
fn the_time_that_makes_a_retry_known_is_the_senders() {
    let body = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"observedTimeUnixNano":"{SENT_NANOS}","body":{{"stringValue":"{LINE}"}}}}]}}]}}]}}"#
    );
    let mut sink = Collector::default();
    otlp::read_json(body.as_bytes(), &mut sink).unwrap();
    assert_eq!(sink.entries[0].time, Some(SENT.parse().unwrap()));
}

#[test]
fn a_level_of_json_or_logfmt_in_the_line_is_found() {
    for (line, level) in [
        (r#"{\"level\":\"warn\",\"msg\":\"m\"}"#, "warn"),
        (r#"{\"level\":\"audit\",\"msg\":\"m\"}"#, "audit"),
        ("level=debug msg=served status=200", "debug"),
        (r#"10.0.0.1 - - [30/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 502 612"#, "error"),
    ] {
        let document = format!(r#"{{"message":"{line}"}}"#);
        assert_eq!(beats(&document)["level"], level, "{line}");
        assert_eq!(otlp_json("", "", line)["level"], level, "{line}");
    }
}
