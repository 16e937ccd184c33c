//! Datadog's API for logs.

use std::sync::Arc;

use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::json;

use crate::support::server::{Server, gzip, zstd};
use crate::support::store::FakeStore;

/// datadog-api-client 2.62.0, as it was recorded.
const RECORDED: &str = r#"[{"ddsource": "nginx", "ddtags": "env:staging", "hostname": "h", "service": "shop", "message": "line 0"}, {"ddsource": "nginx", "ddtags": "env:staging", "hostname": "h", "service": "shop", "message": "line 1"}]"#;

#[tokio::test]
async fn logs_of_a_real_client_are_stored_with_their_fields() {
    let server = Server::start(&[]).await;
    let answer = server.post_to("/api/v2/logs", &[("dd-api-key", "k")], RECORDED).await;
    assert_eq!((answer.status, &answer.body), (202, &json!({})));
    assert!(!answer.headers["x-logpipeline-receipt"].is_empty());
    for (coding, bytes) in [("gzip", gzip(RECORDED.as_bytes())), ("zstd", zstd(RECORDED.as_bytes()))] {
        let answer = server.post_to("/v1/input?ddtags=a:b", &[("content-encoding", coding)], bytes).await;
        assert_eq!(answer.status, 202, "{coding}");
    }
    server.settled().await;
    let entries = server.store.entries();
    assert_eq!(entries.len(), 6);
    for entry in entries {
        assert_eq!(
            (&entry["resourceId"], &entry["metadata"]),
            (
                &json!("shop"),
                &json!({"ddsource": "nginx", "ddtags": "env:staging", "hostname": "h", "tags": {"env": "staging"}})
            )
        );
    }
}

#[tokio::test]
async fn a_bad_log_goes_alone_and_a_body_of_bad_ones_is_refused() {
    let server = Server::start(&[]).await;
    let answer = server.post_to("/api/v2/logs", &[], r#"[{"message":"a"},{"message":tru}]"#).await;
    assert_eq!((answer.status, &answer.body), (202, &json!({})));
    let answer = server.post_to("/api/v2/logs", &[], "nonsense").await;
    assert_eq!((answer.status, &answer.body["errors"][0]["status"]), (400, &json!("400")));
    assert!(
        answer.body["errors"][0]["detail"].as_str().unwrap().starts_with("log 1: not JSON"),
        "{answer:?}"
    );
    // What agents try a connection with.
    assert_eq!(server.post_to("/api/v2/logs", &[], "{}").await.status, 202);
    assert_eq!(server.settled().await["stored"], 1);
}

#[tokio::test]
async fn the_key_is_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "shop:0123456789abcdef").unwrap();
    let server = Server::start(&["--tokens-file", tokens.to_str().unwrap()]).await;
    assert_eq!(
        server.post_to("/api/v2/logs", &[("dd-api-key", "0123456789abcdef")], RECORDED).await.status,
        202
    );
    for headers in [&[][..], &[("dd-api-key", "0123456789abcdeg")]] {
        let answer = server.post_to("/api/v2/logs", headers, RECORDED).await;
        assert_eq!((answer.status, &answer.body["errors"][0]["title"]), (403, &json!("Forbidden")));
    }
    // Other protocols ask as they do.
    assert_eq!(server.post(RECORDED).await.kind(), "unauthorized");
}

#[tokio::test]
async fn a_full_log_is_a_429_and_nothing_of_the_batch_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=8MiB"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    let log = format!("{{\"message\":\"{}\"}}", "x".repeat(300));
    let body = format!("[{}]", vec![log; 50].join(","));
    let mut accepted = 0;
    let refused = loop {
        let answer = server.post_to("/api/v2/logs", &[], body.clone()).await;
        if answer.status != 202 {
            break answer;
        }
        accepted += 50;
        assert!(accepted < 100_000, "the log never fills");
    };
    assert_eq!((refused.status, &refused.body["errors"][0]["title"]), (429, &json!("Too Many Requests")));
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(server.delivery().await["received"], accepted);
}
