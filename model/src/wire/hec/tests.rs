use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::testing::Collector;

fn collected(body: &str) -> (Vec<Value>, Option<Invalid>) {
    let mut sink = Collector::default();
    let first = read(body.as_bytes(), &[], &mut sink).unwrap();
    (sink.entries.iter().map(|entry| entry.json()).collect(), first)
}

fn one(body: &str) -> Value {
    let (mut entries, first) = collected(body);
    assert_eq!((entries.len(), first), (1, None), "{body}");
    entries.remove(0)
}

#[test]
fn a_text_is_the_message_and_the_rest_metadata() {
    assert_eq!(
        one(
            r#"{"time":1796038702.8588274,"host":"vm","source":"src","sourcetype":"_json","index":"main","event":"line \"0\"\u0000","fields":{"severity":"WARN","n":1.50}}"#
        ),
        json!({"timestamp": "2026-11-30T11:38:22.858827400Z", "level": "warn", "message": "line \"0\"\u{0}", "resourceId": "vm",
            "metadata": {"source": "src", "sourcetype": "_json", "index": "main", "fields": {"severity": "WARN", "n": 1.50}}})
    );
}

#[test]
fn an_object_is_read_through_the_vocabulary() {
    assert_eq!(
        one(
            r#"{"event":{"log_level":"ERROR","message":"m","service":"shop","source":"inner","timestamp":"2020-01-01T00:00:00Z"},"host":"h","source":"outer","time":"1796040326.338"}"#
        ),
        json!({"timestamp": "2026-11-30T12:05:26.338Z", "level": "error", "message": "m", "resourceId": "shop",
            "metadata": {"source": "inner", "timestamp": "2020-01-01T00:00:00Z", "host": "h", "source_": "outer"}})
    );
    let entry = one(r#"{"event":{"message":{"temp":"70F"},"severity":"info"}}"#);
    assert_eq!(
        (&entry["message"], &entry["level"]),
        (&json!(r#"{"message":{"temp":"70F"},"severity":"info"}"#), &json!("info"))
    );
}

#[test]
fn any_other_value_is_a_message_as_it_is_written() {
    for (event, message) in [("1.50", "1.50"), ("true", "true"), ("[1, \"a\"]", "[1, \"a\"]")] {
        assert_eq!(one(&format!("{{\"event\":{event}}}"))["message"], message);
    }
}

#[test]
fn times_are_strings_or_numbers_also_with_exponents() {
    for time in ["1796040326", "\"1796040326\"", "1.796040326e9", "1796040326000", "\"1796040326.000\""] {
        assert_eq!(
            one(&format!("{{\"time\":{time},\"event\":\"m\"}}"))["timestamp"],
            "2026-11-30T12:05:26Z",
            "{time}"
        );
    }
    let entry = one(r#"{"time":"yesterday","event":"m"}"#);
    assert_eq!(entry["metadata"], json!({"time": "yesterday"}));
    assert_eq!(one(r#"{"time":null,"event":"m","fields":{}}"#).get("metadata"), None);
}

#[test]
fn events_stand_behind_each_other_with_or_without_separators() {
    for body in [
        r#"{"event":"a"}{"event":"b"}{"event":"c"}"#,
        "{\"event\":\"a\"}\n\n{\"event\":\"b\"} \r\n{\n\"event\":\"c\"\n}\n",
        r#"[{"event":"a"}, {"event":"b"},{"event":"c"}]"#,
    ] {
        let (entries, first) = collected(body);
        let messages: Vec<_> = entries.iter().map(|entry| entry["message"].as_str().unwrap()).collect();
        assert_eq!((messages, first), (vec!["a", "b", "c"], None), "{body}");
    }
}

#[test]
fn a_bad_event_is_named_and_the_others_go_on() {
    for (bad, fault) in [
        ("{\"host\":\"h\"}", Fault::Missing),
        ("{\"event\":null}", Fault::Missing),
        ("{\"event\":\"\"}", Fault::Blank),
        ("{\"event\":tru}", Fault::Format),
        ("no event\n", Fault::Format),
    ] {
        let (entries, first) = collected(&format!("{{\"event\":\"a\"}}{bad}{{\"event\":\"b\"}}"));
        assert_eq!((entries.len(), first), (2, Some(Invalid { fault, number: 1 })), "{bad}");
    }
    let (entries, first) = collected("{\"event\":\"a\"}{\"event\":\"b\"");
    assert_eq!((entries.len(), first), (1, Some(Invalid { fault: Fault::Format, number: 1 })));
}

#[test]
fn the_query_says_what_events_leave_open() {
    let mut sink = Collector::default();
    read(br#"{"event":"m","source":"own"}"#, &[("host", "h"), ("source", "all")], &mut sink).unwrap();
    assert_eq!(
        sink.entries[0].json(),
        json!({"timestamp": "2027-01-15T08:00:00Z", "message": "m", "resourceId": "h", "metadata": {"source": "own"}})
    );
}

/// An event of the largest size, whose members take many times its bytes in memory.
fn hostile(member: impl Fn(usize) -> String) -> String {
    let mut body = String::from(r#"{"event":"m""#);
    let mut number = 0;
    while body.len() < (1 << 20) - 32 {
        body.push_str(&member(number));
        number += 1;
    }
    body.push('}');
    body
}

#[test]
fn members_around_an_event_are_charged_and_a_key_counts_once() {
    let many = hostile(|number| format!(",\"{number:x}\":0"));
    let mut sink = Collector { room: 16 << 20, ..Collector::default() };
    assert_eq!(read(many.as_bytes(), &[], &mut sink), Err(Full));

    // Of one key there are as many; they take no memory, and no key is made up for each.
    let (mut entries, first) = collected(&hostile(|_| ",\"\":1".to_owned()));
    assert_eq!((entries.len(), first), (1, None));
    assert_eq!(entries.remove(0)["metadata"], json!({"": 1}));
    let twelve: String = (0..24).map(|number| format!(",\"k{}\":{number}", number % 12)).collect();
    let entry = one(&format!("{{\"event\":\"m\"{twelve}}}"));
    let metadata = entry["metadata"].as_object().unwrap();
    assert_eq!((metadata.len(), &metadata["k0"], &metadata["k11"]), (12, &json!(12), &json!(23)));

    // Events that follow each other do not add up.
    let mut sink = Collector { room: 1 << 20, ..Collector::default() };
    let body = r#"{"event":"m","host":"h","source":"s","index":"i"}"#.repeat(2_000);
    assert_eq!(read(body.as_bytes(), &[], &mut sink), Ok(None));
}

const VALID: &str =
    r#"{"time":"1.5e9","host":"h","event":{"a":[1,{"b":"\ud83d\ude00"}]},"fields":{"x":"y"}} {"event":"t"}"#;

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut sink = Collector::default();
        read(&bytes, &[], &mut sink).unwrap();
    }

    #[test]
    fn a_changed_or_cut_body_is_read(at in 0..VALID.len(), byte: u8, end in 0..=VALID.len()) {
        let mut bytes = VALID.as_bytes().to_vec();
        bytes[at] = byte;
        let mut sink = Collector::default();
        read(&bytes[..end], &[("host", "q")], &mut sink).unwrap();
        for entry in &sink.entries {
            prop_assert!(crate::Document::parse(&entry.stored).is_ok());
        }
    }
}
