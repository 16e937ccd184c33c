use serde_json::{Value, json};

use super::*;
use crate::wire::testing::Collector;

fn beside<'a>() -> Beside<'a> {
    Beside::nothing(Timestamp::from_unix_seconds(1_800_000_000))
}

fn collected(text: &[u8]) -> Vec<(u64, Value)> {
    let mut sink = Collector::default();
    read(text, &beside(), &mut sink).unwrap();
    assert_eq!(sink.rejections, []);
    sink.entries.iter().map(|entry| (entry.number, entry.json())).collect()
}

fn messages(text: &str) -> Vec<(u64, String)> {
    let entries = collected(text.as_bytes()).into_iter();
    entries.map(|(number, entry)| (number, entry["message"].as_str().unwrap().to_owned())).collect()
}

fn owned(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected.iter().map(|(number, text)| (*number, (*text).to_owned())).collect()
}

#[test]
fn a_line_is_an_entry_with_its_time_and_level() {
    let entries = collected(b"\xef\xbb\xbf2023-09-15 08:00:00.250 ERROR cannot connect\r\n\n \t\nhello\n");
    assert_eq!(
        entries,
        [
            (
                1,
                json!({"timestamp": "2023-09-15T08:00:00.250Z", "level": "error",
                    "message": "2023-09-15 08:00:00.250 ERROR cannot connect"})
            ),
            (4, json!({"timestamp": "2027-01-15T08:00:00Z", "message": "hello"})),
        ]
    );
}

#[test]
fn stack_traces_join_the_line_before_them() {
    let java = "failed\njava.lang.X: y\n\tat a.B(C.java:1)\nCaused by: z\n\tat d\n\t... 2 more";
    assert_eq!(messages(&format!("{java}\nnext")), owned(&[(1, java), (7, "next")]));
    let python = "oh\nTraceback (most recent call last):\n  File \"a.py\", line 1\n    f()\nValueError: no";
    assert_eq!(messages(&format!("{python}\nnext")), owned(&[(1, python), (6, "next")]));
    assert_eq!(messages("  indented first\nsecond"), owned(&[(1, "  indented first"), (2, "second")]));
}

#[test]
fn a_record_that_would_be_too_large_is_cut_between_lines() {
    let mut sink = Collector::default();
    sink.limits.entry_bytes = 64;
    let text = format!("begin\n{}", " 0123456789\n".repeat(12));
    read(text.as_bytes(), &beside(), &mut sink).unwrap();
    assert_eq!(sink.rejections, []);
    let lines: usize =
        sink.entries.iter().map(|entry| entry.json()["message"].as_str().unwrap().lines().count()).sum();
    assert_eq!(lines, 13, "every line is there once");
}

#[test]
fn lines_of_containers_lose_their_head_and_cut_ones_are_joined() {
    let text = "2026-11-30T10:00:00.1Z stdout P {\"level\":\"warn\",\n2026-11-30T10:00:00.2Z stdout F \"msg\":\"m\"}\n\
                2026-11-30T10:00:01Z stderr F oh\n2026-11-30T10:00:01Z stderr F \tat x\n2026-11-30T10:00:02Z stdout F ";
    let entries = collected(text.as_bytes());
    assert_eq!(
        entries[0],
        (
            1,
            json!({"timestamp": "2026-11-30T10:00:00.100Z", "level": "warn", "message": "m", "metadata": {"stream": "stdout"}})
        )
    );
    assert_eq!((entries[1].0, &entries[1].1["message"]), (3, &json!("oh\n\tat x")));
    assert_eq!((entries[2].0, &entries[2].1["message"]), (5, &json!("")));
}

#[test]
fn what_the_sender_says_beside_holds_for_lines_that_leave_it_open() {
    let mut sink = Collector::default();
    let beside = Beside {
        time: Some(Timestamp::from_unix_seconds(1_700_000_000)),
        attributes: vec![("host", "h"), ("source", "s")],
        ..beside()
    };
    read(b"plain\n2023-09-15T08:00:00Z timed\n", &beside, &mut sink).unwrap();
    assert_eq!(
        sink.entries[0].json(),
        json!({"timestamp": "2023-11-14T22:13:20Z", "message": "plain", "resourceId": "h", "metadata": {"source": "s"}})
    );
    assert_eq!(sink.entries[1].json()["timestamp"], "2023-09-15T08:00:00Z");
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    assert_eq!(collected(b"a\xffb\n")[0].1["message"], "a\u{fffd}b");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let mut sink = Collector::default();
        read(&bytes, &beside(), &mut sink).unwrap();
        proptest::prop_assert!(sink.entries.len() <= bytes.len());
    }

    #[test]
    fn every_line_is_in_one_entry(lines in proptest::collection::vec("[ \ta-zC:]{0,12}", 0..20)) {
        let text = lines.join("\n");
        let expected: Vec<_> = lines.iter().filter(|line| !line.trim_ascii().is_empty()).cloned().collect();
        let found: Vec<_> = Records::new(&text, 1 << 20)
            .flat_map(|record| record.text.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| !line.trim_ascii().is_empty())
            .collect();
        proptest::prop_assert_eq!(found, expected);
    }
}
