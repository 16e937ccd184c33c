//! OTLP by HTTP, as SDKs and Collectors send it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::{Value, json};

use crate::support::disk::faulty_disk;
use crate::support::protobuf::{bytes, export, log_record, varint};
use crate::support::server::{Answer, Server, gzip, zstd};
use crate::support::store::FakeStore;

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");
const SMALL: [&str; 4] =
    ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=8MiB"];
/// 2023-11-14T22:13:20.000000001Z
const TIME: u64 = 1_700_000_000_000_000_001;

/// A request of an SDK, byte for byte; see the model's tests for what is in it.
const RUST: &[u8] = include_bytes!("../../../../model/src/wire/otlp/tests/rust-0.33.1.bin");

fn text(answer: &Answer) -> &str {
    answer.body.as_str().unwrap_or_default()
}

fn json_request(record: &str) -> String {
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#)
}

#[tokio::test]
async fn both_encodings_are_taken_plain_and_compressed_and_answered_in_kind() {
    let server = Server::start(&[]).await;
    let body = export([log_record(TIME, "by protobuf")]);
    for (coding, bytes) in [("identity", body.clone()), ("gzip", gzip(&body)), ("zstd", zstd(&body))] {
        let answer = server.post_to("/v1/logs", &[PROTOBUF, ("content-encoding", coding)], bytes).await;
        assert_eq!((answer.status, text(&answer)), (200, ""), "{coding}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/x-protobuf");
        assert!(!answer.headers["x-logpipeline-receipt"].is_empty());
    }
    let record = r#"{"severityText":"Warning","body":{"stringValue":"by JSON"}}"#;
    let charset = ("content-type", "application/json; charset=utf-8");
    let answer = server.post_to("/v1/logs", &[charset], json_request(record)).await;
    assert_eq!((answer.status, &answer.body), (200, &json!({})));
    assert_eq!(answer.headers["content-type"], "application/json");
    let empty = server.post_to("/v1/logs", &[PROTOBUF], "").await;
    assert_eq!(empty.status, 200, "a request without records is one too");

    let figures = server.settled().await;
    // The same records at the same nanosecond are one request that was sent again.
    assert_eq!((&figures["received"], &figures["stored"]), (&json!(4), &json!(2)));
    let entries = server.store.entries();
    let find = |message: &str| entries.iter().find(|entry| entry["message"] == message).unwrap();
    let entry = find("by protobuf");
    assert_eq!(entry["timestamp"], "2023-11-14T22:13:20.000000001Z");
    assert_eq!((&entry["level"], &entry["resourceId"]), (&json!("error"), &json!("shop")));
    assert_eq!(find("by JSON")["level"], "warn");
}

#[tokio::test]
async fn a_recorded_request_is_stored_and_sent_again_stores_nothing() {
    let server = Server::start(&[]).await;
    for _ in 0..2 {
        assert_eq!(server.post_to("/v1/logs", &[PROTOBUF], RUST).await.status, 200);
    }
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(3), &json!(3)));
    let mut messages = server.store.messages();
    messages.sort();
    assert_eq!(messages, ["line 0", "line 1", "line 2 in span"]);
}

#[tokio::test]
async fn rejected_records_are_told_in_the_answer_and_the_others_are_taken() {
    let server = Server::start(&["--max-entry=1KiB"]).await;
    let long = log_record(TIME, &"x".repeat(2_000));
    let body = export([log_record(TIME, "one"), long, log_record(TIME, "three")]);
    let answer = server.post_to("/v1/logs", &[PROTOBUF], body).await;
    assert_eq!(answer.status, 200);
    // partial_success (1) of rejected_log_records (1) and error_message (2).
    let reason = "log record 2: the entry has 2017 bytes, more than the limit of 1024";
    let partial = [varint(1, 1), bytes(2, reason)].concat();
    assert_eq!(text(&answer).as_bytes(), bytes(1, partial));

    let records = r#"{"timeUnixNano":"soon"},{"body":{"stringValue":"two"}}"#;
    let answer = server.post_to("/v1/logs", &[JSON], json_request(records)).await;
    assert_eq!((answer.status, &answer.body["partialSuccess"]["rejectedLogRecords"]), (200, &json!("1")));
    let reason = answer.body["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(reason.starts_with("log record 1: timestamp: ") && reason.contains("\"soon\""), "{reason}");
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["rejected"]), (&json!(3), &json!(2)));
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_400_with_a_status_in_its_encoding() {
    let server = Server::start(&[]).await;
    let answer = server.post_to("/v1/logs", &[JSON], "{\"resourceLogs\":[{]}").await;
    assert_eq!((answer.status, &answer.body["code"]), (400, &json!(3)), "INVALID_ARGUMENT");
    assert!(answer.body["message"].as_str().unwrap().contains("byte offset 18"), "{answer:?}");
    assert_eq!(answer.body.get("details"), None);

    let answer = server.post_to("/v1/logs", &[PROTOBUF], "\x0a\x05ab").await;
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (400, &"application/x-protobuf".parse().unwrap())
    );
    // code (1) of INVALID_ARGUMENT, and message (2).
    let message = "The body cannot be read: a field that is longer than what is left at byte offset 2 of a protobuf message. Nothing of it was kept.";
    assert!(text(&answer).starts_with("\x08\x03\x12") && text(&answer).ends_with(message), "{answer:?}");

    for content_type in ["text/plain", "application/x-ndjson"] {
        let answer = server.post_to("/v1/logs", &[("content-type", content_type)], "{}").await;
        assert_eq!((answer.status, answer.kind()), (415, "unsupported-media-type"));
    }
    assert_eq!(server.delivery().await["received"], 0);
}

#[tokio::test]
async fn a_full_log_answers_429_with_when_to_come_back_and_keeps_nothing_of_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_on(folder.path(), &SMALL, Arc::new(LocalDisk), FakeStore::down()).await;
    let mut accepted = 0;
    let batch = |from: u64| export((from..from + 50).map(|n| log_record(TIME + n, &"x".repeat(300))));
    let refused = loop {
        let answer = server.post_to("/v1/logs", &[PROTOBUF], batch(accepted)).await;
        if answer.status != 200 {
            break answer;
        }
        accepted += 50;
        assert!(accepted < 100_000, "the log never fills");
    };
    assert_eq!(refused.status, 429);
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    assert!(
        !text(&refused).contains("switched off by the test"),
        "senders learn nothing of the store: {refused:?}"
    );
    let info = bytes(1, varint(1, seconds));
    let detail = [bytes(1, "type.googleapis.com/google.rpc.RetryInfo"), bytes(2, info)].concat();
    let body = text(&refused).as_bytes();
    assert!(
        body.starts_with(&varint(1, 8)) && body.ends_with(&bytes(3, detail)),
        "RESOURCE_EXHAUSTED: {refused:?}"
    );
    let record = format!(r#"{{"body":{{"stringValue":"{}"}}}}"#, "y".repeat(30_000));
    let answer = server.post_to("/v1/logs", &[JSON], json_request(&record)).await;
    let retry =
        json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s")}]);
    assert_eq!((answer.status, &answer.body["code"], &answer.body["details"]), (429, &json!(8), &retry));
    assert_eq!(server.delivery().await["received"], accepted, "nothing of what was refused");

    server.store.down.store(false, Ordering::SeqCst);
    server.settled().await;
    let answer = server.post_to("/v1/logs", &[PROTOBUF], batch(accepted)).await;
    assert_eq!(answer.status, 200);
    server.settled().await;
    let all = server.store.messages().iter().filter(|message| message.len() == 300).count() as u64;
    assert_eq!(all, accepted + 50);
}

#[tokio::test]
async fn a_retry_after_a_cut_answer_stores_nothing_twice() {
    let server = Server::start(&[]).await;
    let body = export((0..100).map(|n| log_record(TIME + n, &format!("line {n}"))));
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    // The first connection is gone before its answer is read.
    {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        crate::support::eventually("the request was taken", async || {
            server.delivery().await["received"] == 100
        })
        .await;
    }
    assert_eq!(server.post_to("/v1/logs", &[PROTOBUF], body).await.status, 200);
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(100), &json!(100)));
}

#[tokio::test]
async fn bodies_of_hostile_sizes_are_refused() {
    let server = Server::start(&["--max-body=1MiB", "--max-in-flight=4MiB"]).await;
    let bomb = gzip(&vec![0; 16 << 20]);
    let answer = server.post_to("/v1/logs", &[PROTOBUF, ("content-encoding", "gzip")], bomb).await;
    assert_eq!(answer.status, 413);
    // A resource that is copied to each of many records takes more memory than all requests may.
    let attribute = [bytes(1, "k"), bytes(2, bytes(1, "x".repeat(60_000)))].concat();
    let records = bytes(2, []).repeat(100_000);
    let body = bytes(1, [bytes(1, bytes(1, attribute)), bytes(2, records)].concat());
    let answer = server.post_to("/v1/logs", &[PROTOBUF], body).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    assert_eq!(server.delivery().await["received"], 0);
    let entry: Value = server.post_to("/v1/logs", &[JSON], json_request("{}")).await.body;
    assert_eq!(entry, json!({}));
}

/// Exporters drop a batch after a 507, and where they are to wait longer than their own deadline.
#[tokio::test]
async fn a_full_disk_is_a_503_after_which_exporters_send_again() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let flags = ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=64MiB"];
    let server = Server::start_on(folder.path(), &flags, disk, FakeStore::down()).await;
    faults.no_space.store(true, Ordering::SeqCst);
    let batch = |from: u64| export((from..from + 50).map(|n| log_record(TIME + n, &"x".repeat(300))));
    let refused = loop {
        let received = server.delivery().await["received"].as_u64().unwrap();
        assert!(received < 10_000, "the disk never fills");
        let answer = server.post_to("/v1/logs", &[PROTOBUF], batch(received)).await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 5);
}
