//! The balance by protocol, token and resource.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::server::Server;
use crate::support::store::FakeStore;

const TOKENS: &str = "team-a:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nteam-b:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n";

fn bearer(letter: &str) -> String {
    format!("Bearer {}", letter.repeat(32))
}

fn line<'a>(balance: &'a Value, by: &str, name: &str) -> &'a Value {
    balance[by].as_array().unwrap().iter().find(|line| line["name"] == name).unwrap_or(&Value::Null)
}

fn figures(line: &Value) -> [u64; 6] {
    ["received", "stored", "duplicates", "rejected", "deadLettered", "waiting"]
        .map(|column| line[column].as_u64().unwrap_or_else(|| panic!("{column} of {line}")))
}

/// Every kind of name adds up to the total.
fn assert_balanced(balance: &Value) {
    for by in ["protocols", "tokens", "resources"] {
        let mut sum = [0; 6];
        for line in balance[by].as_array().unwrap() {
            let figures = figures(line);
            sum.iter_mut().zip(figures).for_each(|(sum, count)| *sum += count);
            assert_eq!(figures[0], figures[1..].iter().sum::<u64>(), "{by}: {line}");
        }
        assert_eq!(sum, figures(&balance["total"]), "{by} of {balance}");
    }
}

#[tokio::test]
async fn every_entry_is_counted_by_protocol_token_and_resource() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, TOKENS).unwrap();
    let flag = format!("--tokens-file={}", tokens.display());
    let store = FakeStore::new();
    let server =
        Server::start_on(folder.path(), &["--grace=300ms", &flag], Arc::new(LocalDisk), Arc::clone(&store))
            .await;
    let (a, b) = (bearer("a"), bearer("b"));
    let json = [("authorization", a.as_str()), ("idempotency-key", "once")];
    let body =
        "{\"message\":\"m\",\"resourceId\":\"shop\"}\n{\"message\":\"refuse\",\"resourceId\":\"db\"}\n{}\n";
    for _ in 0..2 {
        server.post_to("/logs", &json, body).await;
    }
    let bulk = "{\"create\":{}}\n{\"message\":\"m\",\"service.name\":\"shop\"}\n{\"create\":{}}\n{\"message\":\"m\"}\n";
    let headers = [("authorization", b.as_str()), ("content-type", "application/x-ndjson")];
    assert_eq!(server.post_to("/_bulk", &headers, bulk).await.status, 200);
    eventually("everything is shipped", async || {
        let figures: Value = serde_json::from_str(&server.admin("/delivery").await.1).unwrap();
        figures["waiting"] == 0
    })
    .await;

    let balance = server.get("/api/v1/delivery/balance", &[("authorization", &a)]).await.body;
    assert_balanced(&balance);
    let expected = |by, name, expected: [u64; 6]| {
        assert_eq!(figures(line(&balance, by, name)), expected, "{by} {name}: {balance}");
    };
    // Refused twice, for the store keeps nothing of it.
    expected("tokens", "team-a", [6, 1, 1, 2, 2, 0]);
    expected("tokens", "team-b", [2, 2, 0, 0, 0, 0]);
    expected("protocols", "json", [6, 1, 1, 2, 2, 0]);
    expected("protocols", "bulk", [2, 2, 0, 0, 0, 0]);
    expected("resources", "shop", [3, 2, 1, 0, 0, 0]);
    expected("resources", "db", [2, 0, 0, 0, 2, 0]);
    expected("resources", "(none)", [3, 1, 0, 2, 0, 0]);

    let metrics = server.admin("/metrics").await.1;
    for sample in [
        r#"logpipeline_ingestor_balance_entries{by="token",name="team-a",state="received"} 6"#,
        r#"logpipeline_ingestor_balance_entries{by="resource",name="db",state="dead_lettered"} 2"#,
        r#"logpipeline_ingestor_unbalanced_entries{by="resource"} 0"#,
        r#"logpipeline_ingestor_unbalanced_entries{by="log"} 0"#,
    ] {
        assert!(metrics.lines().any(|line| line == sample), "{sample} is not in {metrics}");
    }
}

#[tokio::test]
async fn entries_of_an_earlier_process_are_counted_apart() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::down();
    let start = async || {
        Server::start_on(folder.path(), &["--grace=300ms"], Arc::new(LocalDisk), Arc::clone(&store)).await
    };
    let server = start().await;
    server.post("{\"message\":\"m\",\"resourceId\":\"shop\"}").await;
    server.stop().await.unwrap();

    let server = start().await;
    server.post("{\"message\":\"m\",\"resourceId\":\"shop\"}").await;
    store.down.store(false, Ordering::SeqCst);
    server.settled().await;
    let balance: Value = serde_json::from_str(&server.admin("/delivery/balance").await.1).unwrap();
    assert_balanced(&balance);
    for by in ["protocols", "tokens", "resources"] {
        assert_eq!(figures(line(&balance, by, "(recovered)")), [1, 1, 0, 0, 0, 0], "{by}: {balance}");
    }
    assert_eq!(figures(line(&balance, "resources", "shop")), [1, 1, 0, 0, 0, 0]);
    assert_eq!(balance["total"]["received"], json!(2));
}
