//! JSON lines with named members, as VictoriaLogs and vlagent speak them.

use serde_json::json;

use crate::support::server::{Server, zstd};

#[tokio::test]
async fn members_are_named_by_the_query_or_by_headers() {
    let server = Server::start(&[]).await;
    let line = "{\"text\":\"one\",\"when\":\"2023-09-15T08:00:00Z\",\"app\":\"shop\",\"noise\":1}\n";
    let query = "/insert/jsonline?_stream_fields=app&_msg_field=text&_time_field=when&ignore_fields=noise&extra_fields=zone%3Da";
    let headers = [
        ("vl-msg-field", "text"),
        ("vl-time-field", "when"),
        ("vl-ignore-fields", "noise"),
        ("vl-extra-fields", "zone=a"),
    ];
    let octets = [("content-encoding", "zstd"), ("content-type", "application/octet-stream")];
    let first = server.post_to(query, &octets, zstd(line.as_bytes())).await;
    let second = server.post_to("/insert/jsonline", &headers, line).await;
    for answer in [first, second] {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.headers["x-logpipeline-receipt"].is_empty());
    }
    server.settled().await;
    let entries = server.store.entries();
    assert_eq!(entries.len(), 2);
    for entry in entries {
        assert_eq!(
            (&entry["timestamp"], &entry["message"], &entry["resourceId"], &entry["metadata"]),
            (&json!("2023-09-15T08:00:00Z"), &json!("one"), &json!("shop"), &json!({"zone": "a"}))
        );
    }
}

#[tokio::test]
async fn a_body_without_a_usable_line_is_refused_with_the_reason() {
    let server = Server::start(&[]).await;
    let answer = server.post_to("/insert/jsonline", &[], "nonsense\n").await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.as_str().unwrap().starts_with("line 1: not JSON"), "{answer:?}");
    assert_eq!(server.post_to("/insert/jsonline", &[], "{\"_msg\":\"m\"}\nnonsense\n").await.status, 200);
}
