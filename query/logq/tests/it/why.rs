//! `logq why`, against servers that answer as the API is documented to.

use serde_json::{Value, json};

use crate::fake;
use crate::server::{finish, logq};

const RECEIPT: &str = "018a97d2-5c00-7000-8000-000000000001";
const ENTRY: &str = "018a97d2-5c00-7000-8000-000000000002";

fn receipt() -> Value {
    json!({
        "receipt": RECEIPT, "ingestor": "10.1.0.4:9090", "receivedAt": "2026-11-30T08:00:00.001Z",
        "syncedAt": "2026-11-30T08:00:00.002Z", "protocol": "bulk", "sender": "team-a", "peer": "10.0.0.7",
        "accepted": 1200, "rejected": 1, "rejections": [{ "line": 2, "field": "timestamp", "reason": "not a\ttime" }],
        "state": "partlyDelivered", "counts": { "stored": 900, "duplicates": 100, "deadLettered": 0, "waiting": 200 },
        "batches": [{ "number": 9, "writtenAt": "2026-11-30T08:00:00.3Z", "searchableBy": "2026-11-30T08:00:01.3Z", "entries": 1000 }],
    })
}

/// A query server that knows one receipt, one entry, and one key.
fn server(entry: Value) -> String {
    let known = [
        (format!("/api/v1/receipts/{RECEIPT}"), receipt().to_string()),
        (format!("/api/v1/logs/{ENTRY}/delivery"), entry.to_string()),
        (
            "/api/v1/receipts?idempotencyKey=order-17".to_owned(),
            json!({ "receipts": [receipt(), receipt()] }).to_string(),
        ),
    ];
    fake::server(move |path, stream| {
        let path = path.trim_end_matches('?');
        if let Some((_, body)) = known.iter().find(|(known, _)| known == path) {
            return fake::json(stream, body);
        }
        if path.starts_with("/api/v1/logs/") {
            return fake::json(stream, &json!({ "id": RECEIPT, "state": "unknown" }).to_string());
        }
        if path.starts_with("/api/v1/receipts?") {
            return fake::json(stream, r#"{"receipts":[],"oldestReceipt":"2026-11-29T00:00:00Z"}"#);
        }
        let body = r#"{"type":"urn:logpipeline:problem:unknown-receipt","detail":"no"}"#;
        let head =
            format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        fake::write(stream, &(head + body));
    })
}

fn why(server: &str, args: &[&str]) -> (i32, String, String) {
    finish(logq().arg("why").args(args).args(["--server", server]))
}

#[test]
fn a_receipt_is_explained_line_by_line() {
    let (code, out, err) = why(&server(json!({})), &[RECEIPT]);
    assert_eq!((code, err.as_str()), (0, ""));
    let expected = "\
receipt 018a97d2-5c00-7000-8000-000000000001 is partly delivered
  received     2026-11-30 08:00:00.001Z  bulk, token team-a, from 10.0.0.7
  on disk      2026-11-30 08:00:00.002Z  by ingestor 10.1.0.4:9090
  entries      1,200 accepted, 1 rejected, 900 stored, 100 stored earlier, 200 waiting
  rejected     entry 2: timestamp: not a    time
  shipped      2026-11-30 08:00:00.300Z  1,000 entries in batch 9; searchable by 2026-11-30 08:00:01.300Z
";
    assert_eq!(out, expected);
}

#[test]
fn an_entry_is_explained_with_its_request() {
    let entry = json!({
        "id": ENTRY, "state": "searchable", "place": "partition 2026-11-30", "storedAt": "2026-11-30T08:00:00.3Z",
        "searchableBy": "2026-11-30T08:00:01.3Z", "request": receipt(),
    });
    let (code, out, err) = why(&server(entry), &[ENTRY]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.starts_with(&format!("entry {ENTRY} is searchable\n  receipt      {RECEIPT}\n  received ")),
        "{out}"
    );
    let end = "\
  stored       2026-11-30 08:00:00.300Z  in partition 2026-11-30
  searchable   2026-11-30 08:00:01.300Z at the latest
";
    assert!(out.ends_with(end), "{out}");
}

#[test]
fn dead_letters_and_expired_entries_say_why() {
    let letter =
        json!({ "id": RECEIPT, "at": "2026-11-30T08:00:00Z", "reason": "the field is\u{1b}[31m too deep" });
    let entry = json!({ "id": ENTRY, "state": "deadLettered", "deadLetter": letter });
    let (_, out, _) = why(&server(entry), &[ENTRY]);
    let expected = format!(
        "entry {ENTRY} is a dead letter\n  dead letter  2026-11-30 08:00:00.000Z  {RECEIPT}: the field is\\x1b[31m too deep\n"
    );
    assert_eq!(out, expected);
    let rule = json!({ "rule": "--retention-max-age 30d", "at": "2026-12-30T08:00:00Z" });
    let (_, out, _) = why(&server(json!({ "id": ENTRY, "state": "expired", "expired": rule })), &[ENTRY]);
    assert!(out.contains("\n  expired      2026-12-30 08:00:00.000Z  by --retention-max-age 30d\n"), "{out}");
}

#[test]
fn a_key_may_have_several_requests() {
    let server = server(json!({}));
    let (code, out, _) = why(&server, &["order-17"]);
    assert_eq!((code, out.matches(&format!("receipt {RECEIPT} is")).count()), (0, 2));
    let (_, out, _) = why(&server, &["order-17", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json!([receipt(), receipt()]));
    let (_, out, _) = why(&server, &["order-17", "-o", "ndjson"]);
    assert_eq!(out.lines().count(), 2);
    let (code, _, err) = why(&server, &["order-17", "-o", "csv"]);
    assert_eq!(code, 2);
    assert!(err.contains("prints a table or JSON"), "{err}");
}

#[test]
fn what_nobody_knows_is_exit_code_1_and_says_since_when_things_are_known() {
    let server = server(json!({}));
    for what in ["order-18", "018a97d2-5c00-7000-8000-00000000000f"] {
        let (code, out, err) = why(&server, &[what]);
        assert_eq!((code, out.as_str()), (1, ""));
        let expected = format!(
            "logq: no receipt, entry or Idempotency-Key is known as {what}; the ingestors know receipts and keys since 2026-11-29T00:00:00Z\n"
        );
        assert_eq!(err, expected);
    }
}
