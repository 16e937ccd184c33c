//! A batch as the ingestor takes it in: whatever is wrong with one entry, the others are taken.

use logpipeline_model::entry::Limits;
use logpipeline_model::wire::json::lines;

use crate::texts::accept_whole;

/// The numbers of the lines taken, and those of the lines rejected with their reasons.
fn take(body: &[u8]) -> (Vec<u64>, Vec<(u64, String)>) {
    let (mut taken, mut rejected) = (Vec::new(), Vec::new());
    for line in lines(body, &Limits::default()) {
        match line.json.and_then(accept_whole) {
            Ok(_) => taken.push(line.number),
            Err(rejection) => rejected.push((line.number, rejection.to_string())),
        }
    }
    (taken, rejected)
}

/// Entries that are refused, with the beginning of the reason; none holds a line break.
fn refused() -> Vec<(Vec<u8>, &'static str)> {
    let long = format!(r#"{{"message":"{}"}}"#, "a".repeat(1 << 20));
    let deep = format!(r#"{{"message":"m","a":{}1{}}}"#, "[".repeat(64), "]".repeat(64));
    let very_deep = format!(r#"{{"message":"m","a":{}{}}}"#, "[".repeat(400_000), "]".repeat(400_000));
    vec![
        (long.into_bytes(), "the entry has 1048590 bytes, more than the limit of 1048576"),
        (deep.into_bytes(), "nested deeper than 64 levels"),
        (very_deep.into_bytes(), "nested deeper than 64 levels"),
        (b"{\"message\":\"a\0b\"}".to_vec(), "control byte 0x00"),
        (b"{\"message\":\"a\x1bb\"}".to_vec(), "control byte 0x1b"),
        (b"{\"message\":\"\xff\xfe\"}".to_vec(), "invalid UTF-8 at byte offset 12"),
        (br#"{"level":"info"}"#.to_vec(), "message: missing"),
        (br#"{"message":"m","timestamp":"soon"}"#.to_vec(), "timestamp: must be an RFC 3339 time"),
        (br#"{"message":"m","traceId":{}}"#.to_vec(), "traceId: must be a string"),
        (br#"{"message":"m","level":"a","level":"b"}"#.to_vec(), "level: given twice"),
        (br#"{"message":oops}"#.to_vec(), "invalid JSON"),
        (br#"{"message":"m"}}"#.to_vec(), "invalid JSON"),
        (br#""text""#.to_vec(), "an entry is a JSON object, found a string"),
        (br#"[{"message":"m"}]"#.to_vec(), "an entry is a JSON object, found an array"),
    ]
}

#[test]
fn a_refused_entry_leaves_the_rest_of_the_batch() {
    let good = br#"{"message":"m","timestamp":"2023-09-15T08:00:00Z"}"#.to_vec();
    for (bad, reason) in refused() {
        let batch = [good.clone(), bad, good.clone()];
        let array = [&b"["[..], &batch.join(&b",\n"[..]), &b"]"[..]].concat();
        for body in [batch.join(&b"\n"[..]), batch.join(&b"\r\n"[..]), array] {
            let (taken, rejected) = take(&body);
            assert_eq!(taken, [1, 3], "{reason}");
            let [(2, why)] = &rejected[..] else { panic!("{rejected:?}") };
            assert!(why.starts_with(reason), "{why}");
        }
    }
}

#[test]
fn a_batch_of_all_of_them_names_each() {
    let mut body = Vec::new();
    for (bad, _) in refused() {
        body.extend_from_slice(b"{\"message\":\"m\"}\n");
        body.extend_from_slice(&bad);
        body.push(b'\n');
    }
    let (taken, rejected) = take(&body);
    let count = refused().len() as u64;
    assert_eq!(taken, (0..count).map(|n| 2 * n + 1).collect::<Vec<_>>());
    for ((number, why), (index, (_, reason))) in rejected.iter().zip((1..).zip(refused())) {
        assert!(*number == 2 * index && why.starts_with(reason), "line {number}: {why}");
    }
    assert_eq!(rejected.len() as u64, count);
}

#[test]
fn equal_entries_are_all_taken() {
    let (taken, rejected) = take(br#"[{"message":"m"},{"message":"m"},{"message":"m"}]"#);
    assert_eq!((taken, rejected), (vec![1, 2, 3], vec![]));
}
