//! Loki's push API, as its clients use it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::json;

use crate::support::protobuf::{bytes, varint};
use crate::support::server::{Server, gzip};
use crate::support::store::FakeStore;

const PUSH: &str = "/loki/api/v1/push";
const JSON: (&str, &str) = ("content-type", "application/json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

fn push(values: &str) -> String {
    format!(r#"{{"streams":[{{"stream":{{"app":"shop","env":"prod"}},"values":[{values}]}}]}}"#)
}

fn snappy(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).unwrap()
}

/// A push in protobuf of one line.
fn protobuf(line: &str) -> Vec<u8> {
    let time = [varint(1, 1_700_000_000), varint(2, 1)].concat();
    let metadata = [bytes(1, "order"), bytes(2, "42")].concat();
    let entry = [bytes(1, time), bytes(2, line), bytes(3, metadata)].concat();
    snappy(&bytes(1, [bytes(1, r#"{app="shop", level="warn"}"#), bytes(2, entry)].concat()))
}

#[tokio::test]
async fn both_encodings_are_taken_and_answered_with_204() {
    let server = Server::start(&[]).await;
    let one = push(r#"["1700000000000000001","one"]"#);
    let two = push(r#"["1700000000000000001","two",{"level":"error"}]"#);
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let requests: [(Headers<'_>, Vec<u8>); 7] = [
        (&[JSON, ("x-scope-orgid", "team-a")], one.into_bytes()),
        (
            &[("content-type", "application/json; charset=utf-8"), ("content-encoding", "gzip")],
            gzip(two.as_bytes()),
        ),
        (&[], push(r#"["1700000000000000001","without a type"]"#).into_bytes()),
        (&[PROTOBUF], protobuf("three")),
        (&[PROTOBUF, ("content-encoding", "snappy")], protobuf("four")),
        (&[PROTOBUF, ("content-encoding", "gzip")], gzip(&protobuf("five"))),
        (&[], protobuf("six")),
    ];
    for (headers, body) in requests {
        let answer = server.post_to(PUSH, headers, body).await;
        assert_eq!((answer.status, &answer.body), (204, &json!("")), "{headers:?}");
        assert!(!answer.headers["x-logpipeline-receipt"].is_empty());
    }
    assert_eq!(server.settled().await["stored"], 7);
    let entries = server.store.entries();
    let find = |message: &str| entries.iter().find(|entry| entry["message"] == message).unwrap();
    assert_eq!(find("one")["metadata"], json!({"env": "prod", "tenant": "team-a"}));
    assert_eq!((&find("two")["level"], &find("two")["metadata"]), (&json!("error"), &json!({"env": "prod"})));
    let four = find("four");
    assert_eq!((&four["resourceId"], &four["level"]), (&json!("shop"), &json!("warn")));
    assert_eq!(
        (&four["timestamp"], &four["metadata"]),
        (&json!("2023-11-14T22:13:20.000000001Z"), &json!({"order": "42"}))
    );
}

#[tokio::test]
async fn a_push_sent_again_stores_nothing_twice() {
    let server = Server::start(&[]).await;
    for _ in 0..2 {
        assert_eq!(server.post_to(PUSH, &[PROTOBUF], protobuf("once")).await.status, 204);
    }
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_in_plain_text() {
    let server = Server::start(&["--max-body=1MiB", "--max-in-flight=8MiB"]).await;
    let some = push(r#"["soon","bad"],["1700000000000000000","good"]"#);
    assert_eq!(server.post_to(PUSH, &[JSON], some).await.status, 204, "one line was taken");
    let none = server.post_to(PUSH, &[JSON], push(r#"["soon","bad"],[]"#)).await;
    assert_eq!(
        (none.status, &none.headers["content-type"]),
        (400, &"text/plain; charset=utf-8".parse().unwrap())
    );
    let text = none.body.as_str().unwrap();
    assert!(text.starts_with("None of the 2 lines was taken:\nline 1: timestamp: "), "{text}");
    let bomb = snappy(&vec![0; 16 << 20]);
    for (headers, body, status, expected) in [
        (&[JSON][..], b"{\"streams\":[{]}".to_vec(), 400, "byte offset 13"),
        (&[PROTOBUF], b"{\"streams\":[]}".to_vec(), 400, "one block of Snappy"),
        (&[PROTOBUF], bomb, 413, "larger than 1 MiB"),
        (&[PROTOBUF], b"\x80\x80\x20abc".to_vec(), 400, "cannot hold"),
        (&[PROTOBUF, ("content-encoding", "br")], protobuf("m"), 415, "not supported"),
    ] {
        let answer = server.post_to(PUSH, headers, body).await;
        let text = answer.body.as_str().unwrap();
        assert!(answer.status == status && text.contains(expected), "{expected}: {answer:?}");
    }
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["rejected"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn a_full_log_answers_429_with_when_to_come_back_and_keeps_nothing_of_the_push() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=8MiB"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    let line = "x".repeat(300);
    let values = |from: u64| {
        let values: Vec<_> =
            (from..from + 50).map(|n| format!(r#"["{}","{line}"]"#, 1_700_000_000_000_000_001 + n)).collect();
        push(&values.join(","))
    };
    let mut accepted = 0;
    let refused = loop {
        let answer = server.post_to(PUSH, &[JSON], values(accepted)).await;
        if answer.status != 204 {
            break answer;
        }
        accepted += 50;
        assert!(accepted < 100_000, "the log never fills");
    };
    assert_eq!(refused.status, 429);
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert!(refused.body.as_str().unwrap().contains("is full"), "{refused:?}");
    assert_eq!(server.delivery().await["received"], accepted);
    server.store.down.store(false, Ordering::SeqCst);
    server.settled().await;
    assert_eq!(server.post_to(PUSH, &[JSON], values(accepted)).await.status, 204);
    assert_eq!(server.settled().await["stored"], accepted + 50);
}

#[tokio::test]
async fn a_token_comes_as_the_password_of_basic_too() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "shop:0123456789abcdef").unwrap();
    let flag = format!("--tokens-file={}", tokens.display());
    let server = Server::start(&[&flag]).await;
    let body = push(r#"["1700000000000000000","m"]"#);
    assert_eq!(server.post_to(PUSH, &[JSON], body.clone()).await.status, 401);
    // u:0123456789abcdef
    let basic = ("authorization", "Basic dTowMTIzNDU2Nzg5YWJjZGVm");
    assert_eq!(server.post_to(PUSH, &[JSON, basic], body).await.status, 204);
}
