//! The answers about a request, from its acknowledgement to its end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use logpipeline_ingestor::wal::disk::LocalDisk;
use logpipeline_model::{EntryId, Timestamp};
use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::server::{Answer, Server, ndjson};
use crate::support::store::FakeStore;

pub(super) fn receipt(answer: &Answer) -> String {
    answer.body["receipt"].as_str().unwrap().to_owned()
}

pub(super) async fn ask(server: &Server, receipt: &str) -> Answer {
    server.get(&format!("/api/v1/receipts/{receipt}"), &[]).await
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_request_is_followed_from_the_log_to_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::down();
    *store.visible_within.lock().unwrap() = Duration::from_secs(30);
    let server = Server::start_on(folder.path(), &[], Arc::new(LocalDisk), Arc::clone(&store)).await;
    let body = format!("{}nonsense\n", ndjson("followed", 3));
    let sent = server.post_to("/logs", &[("idempotency-key", "k-1")], body).await;
    assert_eq!(sent.status, 202);
    let receipt = receipt(&sent);
    assert_eq!(receipt.parse::<EntryId>().unwrap().0[6] >> 4, 7, "a UUID of version 7");

    let waiting = ask(&server, &receipt).await;
    assert_eq!(waiting.status, 200, "{waiting:?}");
    let answer = &waiting.body;
    assert_eq!((&answer["receipt"], &answer["state"]), (&json!(receipt), &json!("waiting")));
    assert_eq!((&answer["protocol"], &answer["peer"]), (&json!("json"), &json!("127.0.0.1")));
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(3), &json!(1)));
    assert_eq!(answer["rejections"][0]["line"], 4);
    assert_eq!(answer["counts"], json!({"stored": 0, "duplicates": 0, "deadLettered": 0, "waiting": 3}));
    assert_eq!(answer["batches"], json!([]));
    assert_eq!(answer["ids"], sent.body["ids"]);
    let id = |which: &str| answer["ids"][which].as_str().unwrap().parse::<EntryId>().unwrap();
    assert_eq!((id("first").is_derived(), id("first").of_line(3)), (true, id("last")));
    assert!(answer.get("sender").is_none());
    let (received, synced) = (time(&answer["receivedAt"]), time(&answer["syncedAt"]));
    assert!(received <= synced, "{answer}");

    store.down.store(false, Ordering::SeqCst);
    server.settled().await;
    let delivered = ask(&server, &receipt).await.body;
    assert_eq!(delivered["state"], "delivered", "{delivered}");
    assert_eq!(delivered["counts"], json!({"stored": 3, "duplicates": 0, "deadLettered": 0, "waiting": 0}));
    assert_eq!((time(&delivered["receivedAt"]), time(&delivered["syncedAt"])), (received, synced));
    assert_eq!(time(&delivered["oldestReceipt"]), received);
    let batches = delivered["batches"].as_array().unwrap();
    assert_eq!((batches.len(), &batches[0]["entries"], &batches[0]["number"]), (1, &json!(3), &json!(1)));
    let written = time(&batches[0]["writtenAt"]);
    assert!(written >= synced);
    assert_eq!(time(&batches[0]["searchableBy"]), written + Duration::from_secs(30));

    // The admin port tells the same, without a token.
    let (status, text) = server.admin(&format!("/receipts/{receipt}")).await;
    assert_eq!((status, serde_json::from_str::<Value>(&text).unwrap()), (200, delivered));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn duplicates_dead_letters_and_what_was_rejected_are_told_apart() {
    let server = Server::start(&[]).await;
    let body = "{\"message\":\"a\"}\n{\"message\":\"refuse b\"}\n{\"message\":\"c\"}\n";
    let first = receipt(&server.post_to("/logs", &[("idempotency-key", "k")], body).await);
    server.settled().await;
    let again = receipt(&server.post_to("/logs", &[("idempotency-key", "k")], body).await);
    server.settled().await;
    let counts = async |receipt: &str| {
        let answer = ask(&server, receipt).await.body;
        assert_eq!(answer["state"], "delivered", "{answer}");
        answer["counts"].clone()
    };
    assert_eq!(counts(&first).await, json!({"stored": 2, "duplicates": 0, "deadLettered": 1, "waiting": 0}));
    assert_eq!(counts(&again).await, json!({"stored": 0, "duplicates": 2, "deadLettered": 1, "waiting": 0}));

    let refused = server.post("nonsense\n[1]\n").await;
    assert_eq!((refused.status, refused.kind()), (400, "nothing-usable"));
    let rejected = ask(&server, refused.body["receipt"].as_str().unwrap()).await;
    assert_eq!((&rejected.body["state"], &rejected.body["rejected"]), (&json!("delivered"), &json!(2)));
    assert_eq!(rejected.body["rejections"].as_array().unwrap().len(), 2);
    assert!(rejected.body.get("ids").is_none() && rejected.body.get("syncedAt").is_none());
}

#[tokio::test]
async fn requests_are_found_by_their_idempotency_key_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server =
        Server::start_on(folder.path(), &["--grace=300ms"], Arc::new(LocalDisk), Arc::clone(&store)).await;
    let send = async |server: &Server, key: &str| {
        receipt(&server.post_to("/logs", &[("idempotency-key", key)], ndjson("keyed", 2)).await)
    };
    let of = async |server: &Server, key: &str| {
        let answer = server.get(&format!("/api/v1/receipts?idempotencyKey={key}"), &[]).await;
        assert_eq!((answer.status, &answer.body["complete"]), (200, &json!(true)), "{answer:?}");
        let receipts = answer.body["receipts"].as_array().unwrap();
        receipts.iter().map(|one| one["receipt"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = send(&server, "order-1").await;
    send(&server, "order-2").await;
    server.post(ndjson("without", 1)).await;
    server.settled().await;
    let second = send(&server, "order-1").await;
    server.settled().await;
    store.down.store(true, Ordering::SeqCst);
    let third = send(&server, "order-1").await;
    assert_eq!(of(&server, "order-1").await, [third.clone(), second.clone(), first.clone()]);
    assert_eq!(of(&server, "order-3").await, Vec::<String>::new());
    server.stop().await.unwrap();
    let server =
        Server::start_on(folder.path(), &["--grace=300ms"], Arc::new(LocalDisk), Arc::clone(&store)).await;
    assert_eq!(of(&server, "order-1").await, [third, second, first], "after a restart");
    let (status, text) = server.admin("/receipts?idempotencyKey=order-2").await;
    assert!(status == 200 && text.contains("\"receipts\":[{"), "{text}");
    for path in ["/api/v1/receipts", "/api/v1/receipts?idempotencyKey="] {
        let answer = server.get(path, &[]).await;
        assert_eq!((answer.status, answer.kind()), (400, "missing-key"));
    }
}

#[tokio::test]
async fn what_is_not_known_is_said_with_where_else_to_look() {
    let server = Server::start(&[]).await;
    let other = EntryId::v7(Timestamp::from_unix_seconds(1_600_000_000), 1, 2);
    let answer = ask(&server, &other.to_string()).await;
    assert_eq!((answer.status, answer.kind()), (404, "unknown-receipt"));
    assert!(answer.body["detail"].as_str().unwrap().contains("It knows no request yet"), "{answer:?}");
    server.post(ndjson("one", 1)).await;
    server.settled().await;
    let answer = ask(&server, &other.to_string()).await;
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("It knows requests from ") && detail.contains("--receipts-size"), "{detail}");
    assert!(answer.body["oldestReceipt"].is_string());
    let answer = ask(&server, "42-8192").await;
    assert_eq!((answer.status, answer.kind()), (400, "invalid-receipt"));
    let answer = server.post_to("/api/v1/receipts/x", &[], "").await;
    assert_eq!((answer.status, &answer.headers["allow"]), (405, &"GET, HEAD".parse().unwrap()));
}

#[tokio::test]
async fn whoever_has_no_token_is_told_nothing_but_on_the_admin_port() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "shop:0123456789abcdef-of-shop\n").unwrap();
    let server = Server::start(&[&format!("--tokens-file={}", tokens.display())]).await;
    let token = [("authorization", "Bearer 0123456789abcdef-of-shop")];
    let receipt = receipt(&server.post_to("/logs", &token, ndjson("of shop", 1)).await);
    let path = format!("/api/v1/receipts/{receipt}");
    for path in [&path, "/api/v1/receipts?idempotencyKey=k", &format!("/api/v1/logs/{receipt}/delivery")] {
        assert_eq!(server.get(path, &[]).await.status, 401, "{path}");
    }
    let answer = server.get(&path, &token).await;
    assert_eq!((answer.status, &answer.body["sender"]), (200, &json!("shop")));
    assert_eq!(server.admin(&format!("/receipts/{receipt}")).await.0, 200);
}

#[tokio::test]
async fn requests_and_their_counts_survive_a_restart_and_a_batch_that_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let start = async || {
        Server::start_on(folder.path(), &["--grace=300ms"], Arc::new(LocalDisk), Arc::clone(&store)).await
    };
    let server = start().await;
    let settled = receipt(&server.post_to("/logs", &[("idempotency-key", "k")], ndjson("settled", 9)).await);
    server.settled().await;
    let before = ask(&server, &settled).await.body;
    server.stop().await.unwrap();
    // As after a crash between the journal's write and the checkpoint.
    std::fs::remove_file(folder.path().join("wal/checkpoint")).unwrap();
    let server = start().await;
    eventually("it is shipped again", async || server.delivery().await["duplicates"] == 9).await;
    assert_eq!(ask(&server, &settled).await.body, before, "nothing is counted twice");
    server.stop().await.unwrap();
}
