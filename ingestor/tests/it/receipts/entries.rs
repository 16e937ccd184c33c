//! The answers about one entry.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use logpipeline_ingestor::wal::disk::LocalDisk;
use logpipeline_model::EntryId;
use logpipeline_model::dead_letter::id_of;
use serde_json::{Value, json};

use super::requests::{ask, receipt};
use crate::support::eventually;
use crate::support::server::{Server, ndjson};
use crate::support::store::FakeStore;

async fn entry(server: &Server, id: &str) -> Value {
    let answer = server.get(&format!("/api/v1/logs/{id}/delivery"), &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["id"], id);
    answer.body
}

/// The first and the last id of a request.
async fn ids(server: &Server, receipt: &str) -> (String, String) {
    let ids = ask(server, receipt).await.body["ids"].clone();
    (ids["first"].as_str().unwrap().to_owned(), ids["last"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_entry_is_followed_from_the_log_to_the_store_and_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::down();
    let flags = ["--retention-max-bytes=10GiB", "--grace=300ms"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), Arc::clone(&store)).await;
    let made = receipt(&server.post(ndjson("made", 3)).await);
    let derived = receipt(&server.post_to("/logs", &[("idempotency-key", "k")], ndjson("derived", 2)).await);
    let (_, last) = ids(&server, &made).await;
    let (key, _) = ids(&server, &derived).await;
    for (id, receipt) in [(&last, &made), (&key, &derived)] {
        let waiting = entry(&server, id).await;
        assert_eq!((&waiting["state"], &waiting["request"]["receipt"]), (&json!("waiting"), &json!(receipt)));
        assert!(waiting.get("place").is_none() && waiting.get("storedAt").is_none(), "{waiting}");
    }
    store.down.store(false, Ordering::SeqCst);
    server.settled().await;
    for (id, receipt) in [(&last, &made), (&key, &derived)] {
        let found = entry(&server, id).await;
        assert_eq!((&found["state"], &found["place"]), (&json!("searchable"), &json!("shelf 7")), "{found}");
        assert_eq!(found["request"]["receipt"], json!(receipt));
        assert_eq!(found["storedAt"], found["request"]["batches"][0]["writtenAt"], "{found}");
        assert!(found["searchableBy"].is_string());
    }
    let (status, text) = server.admin(&format!("/logs/{last}/delivery")).await;
    assert_eq!((status, serde_json::from_str::<Value>(&text).unwrap()), (200, entry(&server, &last).await));

    store.clear();
    for (id, receipt) in [(&last, &made), (&key, &derived)] {
        let gone = entry(&server, id).await;
        assert_eq!(
            (&gone["state"], &gone["expired"]),
            (&json!("expired"), &json!({"rule": "--retention-max-bytes 10GiB"}))
        );
        assert_eq!(gone["request"]["receipt"], json!(receipt));
        assert!(gone["storedAt"].is_string(), "{gone}");
    }
    server.stop().await.unwrap();

    let server =
        Server::start_on(folder.path(), &["--grace=300ms"], Arc::new(LocalDisk), Arc::clone(&store)).await;
    for id in [&last, &key] {
        let gone = entry(&server, id).await;
        assert_eq!(gone["state"], "unknown", "no rule explains it: {gone}");
        assert_eq!(gone["request"]["state"], "delivered");
    }
}

/// Retries bring the ids of the first request; what became of an entry is told by the request that had it stored.
#[tokio::test]
async fn derived_ids_lead_to_the_request_that_had_them_stored_and_to_dead_letters() {
    let server = Server::start(&["--retention-max-bytes=10GiB"]).await;
    let post = async |body: &str| {
        let answer = server.post_to("/logs", &[("idempotency-key", "k")], body.to_owned()).await;
        let id: EntryId = answer.body["ids"]["first"].as_str().unwrap().parse().unwrap();
        (receipt(&answer), id)
    };
    let body = "{\"message\":\"a\"}\n{\"message\":\"refuse b\"}\n{\"message\":\"c\"}";
    let (first, id) = post(body).await;
    server.settled().await;
    let (again, same_id) = post(body).await;
    server.settled().await;
    assert_ne!(first, again);
    assert_eq!(id, same_id);
    server.store.clear();
    let id = |line| id.of_line(line).to_string();
    for line in [1, 3] {
        let gone = entry(&server, &id(line)).await;
        let told = (&gone["state"], &gone["request"]["receipt"]);
        assert_eq!(told, (&json!("expired"), &json!(first)), "{gone}");
    }
    assert_eq!(entry(&server, &id(2)).await["state"], "deadLettered");
    let other = entry(&server, &id(4)).await;
    assert_eq!((&other["state"], other.get("request")), (&json!("unknown"), None), "no request has it");
}

#[tokio::test]
async fn an_entry_that_its_sender_identifies_is_told_of_after_its_end() {
    let server = Server::start(&["--retention-max-bytes=10GiB"]).await;
    let body = "{\"create\":{\"_id\":\"7\"}}\n{\"message\":\"once\"}\n";
    assert_eq!(server.post_to("/shop/_bulk", &[], body).await.status, 200);
    server.settled().await;
    let id = server.store.entries()[0]["id"].as_str().unwrap().to_owned();
    server.store.clear();
    let gone = entry(&server, &id).await;
    assert_eq!((&gone["state"], &gone["request"]["protocol"]), (&json!("expired"), &json!("bulk")), "{gone}");
}

#[tokio::test]
async fn a_dead_letter_is_told_with_its_reason_and_its_neighbours_are_not_dead() {
    let server = Server::start(&[]).await;
    let body = "{\"message\":\"a\"}\n{\"message\":\"refuse b\"}\n{\"message\":\"c\"}\n";
    let receipt = receipt(&server.post(body).await);
    server.settled().await;
    let (first, last) = ids(&server, &receipt).await;
    let (high, low) = first.parse::<EntryId>().unwrap().parts();
    let second = EntryId::from_parts(high, low + 1).to_string();
    let dead = entry(&server, &second).await;
    assert_eq!(dead["state"], "deadLettered", "{dead}");
    assert_eq!(dead["deadLetter"]["reason"], "the test refuses it");
    let letter = id_of(second.parse().unwrap()).to_string();
    assert_eq!(dead["deadLetter"]["id"], letter, "it is searched and sent again by its id");
    assert!(dead["deadLetter"]["at"].is_string() && dead.get("storedAt").is_none(), "{dead}");
    assert_eq!(dead["request"]["counts"]["deadLettered"], 1);
    for id in [first, last] {
        assert_eq!(entry(&server, &id).await["state"], "searchable");
    }
}

#[tokio::test]
async fn an_entry_that_is_not_found_yet_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    *store.visible_within.lock().unwrap() = Duration::from_secs(3_600);
    let flags = ["--retention-max-bytes=10GiB"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), Arc::clone(&store)).await;
    let receipt = receipt(&server.post(ndjson("slow", 1)).await);
    let (id, _) = ids(&server, &receipt).await;
    server.settled().await;
    store.clear();
    let slow = entry(&server, &id).await;
    assert_eq!(slow["state"], "waiting", "{slow}");
    assert!(slow["searchableBy"].is_string() && slow["storedAt"].is_string(), "{slow}");
}

#[tokio::test]
async fn where_nothing_is_known_nothing_is_guessed() {
    let server = Server::start(&["--retention-max-bytes=1GiB"]).await;
    let unknown = entry(&server, &EntryId::derived("nobody", 1).to_string()).await;
    assert_eq!(unknown.as_object().unwrap().len(), 2, "{unknown}");
    assert_eq!(unknown["state"], "unknown");
    let answer = server.get("/api/v1/logs/nonsense/delivery", &[]).await;
    assert_eq!((answer.status, answer.kind()), (400, "invalid-id"));

    server.post(ndjson("stored", 1)).await;
    server.settled().await;
    server.store.down.store(true, Ordering::SeqCst);
    let receipt = receipt(&server.post(ndjson("waits", 1)).await);
    let (waits, _) = ids(&server, &receipt).await;
    eventually("the store is tried", async || server.store.writes.load(Ordering::SeqCst) >= 2).await;
    assert_eq!(entry(&server, &waits).await["state"], "waiting", "the log tells that without the store");
    let stored = server.store.entries()[0]["id"].as_str().unwrap().to_owned();
    let answer = server.get(&format!("/api/v1/logs/{stored}/delivery"), &[]).await;
    assert_eq!((answer.status, answer.kind()), (503, "store-unavailable"));
    assert!(answer.body["detail"].as_str().unwrap().contains("switched off by the test"), "{answer:?}");
}
