//! Splunk's HTTP Event Collector.

use std::sync::Arc;

use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::json;

use crate::support::server::{Answer, Server, gzip};
use crate::support::store::FakeStore;

const EVENT: &str = "/services/collector/event";
const CHANNEL: (&str, &str) = ("x-splunk-request-channel", "0a1b2c3d-0000-4000-8000-000000000001");

fn code(answer: &Answer) -> (u16, u64) {
    (answer.status, answer.body["code"].as_u64().unwrap_or_else(|| panic!("{answer:?}")))
}

#[tokio::test]
async fn events_of_real_clients_are_stored_with_their_fields() {
    let server = Server::start(&[]).await;
    // winston-splunk-httplogger, splunk-logging and splunk-hec-handler, as they were recorded.
    let winston = r#"{"source":"winston","sourcetype":"winston-splunk-logger","index":"winston-index","time":"1796040312.430","event":{"message":{"msg":"line 0","meta":{"order":42,"paid":true,"level":"info","message":"line 0"}},"severity":"info"}}"#;
    let logging = r#"{"host":"h","source":"s","sourcetype":"st","index":"main","time":"1796040326.338","event":{"message":{"temp":"70F"},"severity":"info"}}{"time":"1796040326.338","event":{"message":"line 1","severity":"info"}}"#;
    let handler = r#"{"event": {"log_level": "INFO", "message": "line 0"}, "fields": {}, "host": "vm", "index": "main", "source": "src", "sourcetype": "_json", "time": 1796038702.8588274}"#;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = server.post_to("/services/collector/event/1.0", &form, winston).await;
    assert_eq!((answer.status, &answer.body), (200, &json!({"text": "Success", "code": 0})));
    assert!(!answer.headers["x-logpipeline-receipt"].is_empty());
    assert_eq!(server.post_to("/services/collector", &form, logging).await.status, 200);
    let zipped = [("content-encoding", "gzip")];
    assert_eq!(server.post_to(EVENT, &zipped, gzip(handler.as_bytes())).await.status, 200);
    server.settled().await;
    let entries = server.store.entries();
    assert_eq!(entries.len(), 4);
    let entry = entries.iter().find(|entry| entry["message"] == "line 0").unwrap();
    assert_eq!(
        (&entry["timestamp"], &entry["level"], &entry["resourceId"], &entry["metadata"]),
        (
            &json!("2026-11-30T11:38:22.858827400Z"),
            &json!("info"),
            &json!("vm"),
            &json!({"index": "main", "source": "src", "sourcetype": "_json"})
        )
    );
}

#[tokio::test]
async fn a_retry_with_times_stores_nothing_twice() {
    let server = Server::start(&[]).await;
    let body = r#"{"time":1796040326.338125,"event":"a"}{"time":1796040326.338125,"event":"a"}"#;
    for _ in 0..3 {
        assert_eq!(code(&server.post_to(EVENT, &[], body).await), (200, 0));
    }
    assert_eq!(server.settled().await["stored"], 2);
}

#[tokio::test]
async fn what_is_wrong_is_told_by_code_and_number_and_the_rest_is_kept() {
    let server = Server::start(&[]).await;
    for (body, expected, number) in [
        ("", (400, 5), None),
        (" \n", (400, 5), None),
        (r#"{"event":"kept"}{"event":tru}"#, (400, 6), Some(1)),
        (r#"{"host":"h"}"#, (400, 12), Some(0)),
        (r#"{"event":"kept"}{"event":"kept"}{"event":""}"#, (400, 13), Some(2)),
        ("text", (400, 6), Some(0)),
    ] {
        let answer = server.post_to(EVENT, &[], body).await;
        assert_eq!(code(&answer), expected, "{body}");
        assert_eq!(
            answer.body.get("invalid-event-number").and_then(|number| number.as_u64()),
            number,
            "{body}"
        );
    }
    assert_eq!(server.settled().await["stored"], 3);
    let wrong = server.post_to(EVENT, &[("content-encoding", "gzip")], "no gzip").await;
    assert_eq!(code(&wrong), (400, 6));
}

/// A client that asks for acknowledgements sends again what is answered with `false`.
#[tokio::test]
async fn ids_are_acknowledged_also_after_a_restart_and_by_another_replica() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || Server::start_on(folder.path(), &[], Arc::new(LocalDisk), FakeStore::new()).await;
    let server = start().await;
    for id in 0..2 {
        let answer = server.post_to(EVENT, &[CHANNEL], r#"{"event":"m"}"#).await;
        assert_eq!(answer.body, json!({"text": "Success", "code": 0, "ackId": id}));
    }
    let by_query = format!("/services/collector/ack?channel={}", CHANNEL.1);
    let ask = async |server: &Server| {
        for (path, headers) in [("/services/collector/ack", &[CHANNEL][..]), (&by_query, &[])] {
            let answer = server.post_to(path, headers, r#"{"acks":[0,1]}"#).await;
            assert_eq!((answer.status, answer.body), (200, json!({"acks": {"0": true, "1": true}})));
        }
    };
    ask(&server).await;
    server.stop().await.unwrap();
    let server = start().await;
    ask(&server).await;
    // The channel's ids begin anew; those of before are acknowledged all the same.
    assert_eq!(server.post_to(EVENT, &[CHANNEL], r#"{"event":"m"}"#).await.body["ackId"], 0);
    ask(&server).await;
    ask(&Server::start(&[]).await).await;
}

#[tokio::test]
async fn who_asks_for_acknowledgements_names_its_channel() {
    let server = Server::start(&[]).await;
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        server.post_to(path, headers, r#"{"acks":[0,1,2]}"#).await
    };
    assert_eq!(code(&ask("/services/collector/ack", &[]).await), (400, 10));
    assert_eq!(code(&ask("/services/collector/ack?channel=", &[]).await), (400, 11));
    let nonsense = server.post_to("/services/collector/ack", &[CHANNEL], "{}").await;
    assert_eq!(code(&nonsense), (400, 6));
}

#[tokio::test]
async fn raw_lines_are_entries_and_the_query_says_whose() {
    let server = Server::start(&[]).await;
    let path = "/services/collector/raw?host=h&source=syslog&sourcetype=st&index=main&channel=c";
    let answer = server.post_to(path, &[], "2023-09-15T08:00:00Z ERROR broken\nCaused by: x\nplain\n").await;
    assert_eq!((code(&answer), &answer.body["ackId"]), ((200, 0), &json!(0)));
    server.settled().await;
    let entries = server.store.entries();
    assert_eq!(entries.len(), 2);
    let entry = entries.iter().find(|entry| entry["level"] == "error").unwrap();
    assert_eq!(
        (&entry["timestamp"], &entry["resourceId"], &entry["metadata"]),
        (
            &json!("2023-09-15T08:00:00Z"),
            &json!("h"),
            &json!({"source": "syslog", "sourcetype": "st", "index": "main"})
        )
    );
    assert_eq!(code(&server.post_to("/services/collector/raw/1.0", &[], "\n").await), (400, 5));
}

#[tokio::test]
async fn tokens_are_asked_for_in_splunks_words_and_health_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "shop:00000000-0000-0000-0000-000000000001").unwrap();
    let server = Server::start(&["--tokens-file", tokens.to_str().unwrap()]).await;
    let event = r#"{"event":"m"}"#;
    let post = async |path: &str, value: Option<&str>| {
        let headers: Vec<_> = value.map(|value| ("authorization", value)).into_iter().collect();
        code(&server.post_to(path, &headers, event).await)
    };
    assert_eq!(post(EVENT, Some("Splunk 00000000-0000-0000-0000-000000000001")).await, (200, 0));
    // The user name "x", and the token as the password.
    let basic = "Basic eDowMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDE=";
    assert_eq!(post(EVENT, Some(basic)).await, (200, 0));
    assert_eq!(post(EVENT, None).await, (401, 2));
    assert_eq!(post(EVENT, Some("Nonsense x")).await, (401, 3));
    assert_eq!(post(EVENT, Some("Splunk 00000000-0000-0000-0000-000000000002")).await, (403, 4));
    let in_query = "/services/collector/event?token=00000000-0000-0000-0000-000000000001";
    assert_eq!(post(in_query, None).await, (400, 16));
    for path in ["/services/collector/health", "/services/collector/health/1.0"] {
        assert_eq!(code(&server.get(path, &[]).await), (200, 17));
    }
    assert_eq!(server.get("/services/collector/ack", &[]).await.status, 405);
}

#[tokio::test]
async fn a_full_log_is_a_busy_server_and_nothing_of_the_batch_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=8MiB"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    let body = format!("{{\"event\":\"{}\"}}", "x".repeat(300)).repeat(50);
    let mut accepted = 0;
    let refused = loop {
        let answer = server.post_to(EVENT, &[CHANNEL], body.clone()).await;
        if answer.status != 200 {
            break answer;
        }
        accepted += 50;
        assert!(accepted < 100_000, "the log never fills");
    };
    assert_eq!(code(&refused), (503, 9));
    assert_eq!(refused.body["text"], "Server is busy");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(server.delivery().await["received"], accepted);
}
