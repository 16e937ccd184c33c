//! Letters sent once more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use logpipeline_model::EntryId;
use logpipeline_model::dead_letter::{Content, DeadLetter, Origin, Request};
use logpipeline_store::{LogStore, NewEntry};
use serde_json::{Value, json};

use super::{letters, start};
use crate::support::protobuf::{export, log_record};
use crate::support::server::{Answer, Server, gzip};
use crate::support::store::FakeStore;

async fn replay(server: &Server, asked: &Value) -> Answer {
    server.post_to("/api/v1/dead-letters/replay", &[], asked.to_string()).await
}

/// What a replay says that must not fail.
async fn replayed(server: &Server, asked: &Value) -> Value {
    let answer = replay(server, asked).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// A body as a letter, in the store as another process left it.
async fn leave(store: &FakeStore, bytes: &[u8], request: Option<Request>, sender: Option<&str>) -> EntryId {
    let id = EntryId::v7("2026-11-30T08:00:00Z".parse().unwrap(), 1, rand::random());
    let origin = Origin { protocol: Some("json"), sender, peer: Some("192.0.2.7"), receipt: None };
    let content = Content::Body { id, bytes, truncated: None, request };
    let letter = DeadLetter {
        at: "2026-11-30T08:00:00Z".parse().unwrap(),
        reason: "it could not be read",
        origin,
        content,
    };
    store.letters().write(vec![NewEntry { id, body: letter.stored().into() }]).await.unwrap();
    id
}

fn request(path: &str, content_type: &str) -> Option<Request> {
    let content_type = Some(content_type.to_owned());
    Some(Request { method: "POST".to_owned(), path: path.to_owned(), content_type, ..Request::default() })
}

#[tokio::test]
async fn refused_entries_are_stored_with_their_ids_once_the_store_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    server
        .post(
            "{\"message\":\"a\"}\n{\"message\":\"refuse 1\"}\n{\"message\":\"refuse 2\",\"level\":\"error\"}",
        )
        .await;
    server.settled().await;
    let before = letters(&server, 2).await;
    let entries: Vec<Value> = before
        .iter()
        .map(|letter| serde_json::from_str(letter["message"].as_str().unwrap()).unwrap())
        .collect();

    // Still refused: the letters stay as they are.
    let all = json!({"all": true});
    let said = replayed(&server, &all).await;
    assert_eq!(said, json!({"found": 2, "replayed": 2, "alreadyStored": 0, "failedCount": 0, "failed": []}));
    assert_eq!(server.settled().await["deadLettered"], 4);
    assert_eq!(letters(&server, 2).await, before);

    store.lenient.store(true, Ordering::SeqCst);
    let said = replayed(&server, &json!({"q": "level:error stream:dead-letters"})).await;
    assert_eq!((&said["found"], &said["replayed"]), (&json!(1), &json!(1)));
    server.settled().await;
    assert_eq!(store.len(), 2);
    for _ in 0..2 {
        let said = replayed(&server, &all).await;
        assert_eq!(said["found"], 2);
        server.settled().await;
        assert_eq!(store.len(), 3);
    }
    let said = replayed(&server, &all).await;
    assert_eq!(said, json!({"found": 2, "replayed": 0, "alreadyStored": 2, "failedCount": 0, "failed": []}));
    for entry in &entries {
        assert!(store.entries().contains(entry), "{entry} is stored as it was");
    }
}

#[tokio::test]
async fn letters_are_chosen_by_their_id_by_that_of_their_entry_and_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    server.post("{\"message\":\"refuse 1\"}\n{\"message\":\"refuse 2\"}").await;
    server.settled().await;
    store.lenient.store(true, Ordering::SeqCst);
    let letters = letters(&server, 2).await;
    let unknown = EntryId([7; 16]).to_string();
    let asked = json!({"ids": [letters[0]["id"], letters[1]["metadata"]["entryId"], unknown]});
    let said = replayed(&server, &asked).await;
    assert_eq!((&said["found"], &said["replayed"], &said["failedCount"]), (&json!(2), &json!(2), &json!(1)));
    assert_eq!(said["failed"][0]["id"], unknown);
    assert!(said["failed"][0]["reason"].as_str().unwrap().starts_with("there is no such dead letter"));
    server.settled().await;
    assert_eq!(store.len(), 2);
    let old = replayed(&server, &json!({"to": "2020-01-01"})).await;
    assert_eq!(old["found"], 0);
    let new = replayed(&server, &json!({"from": "now-1h"})).await;
    assert_eq!((&new["found"], &new["alreadyStored"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn many_letters_are_sent_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    let body: String = (0..1_300).map(|number| format!("{{\"message\":\"refuse {number}\"}}\n")).collect();
    server.post(body).await;
    assert_eq!(server.settled().await["deadLettered"], 1_300);
    store.lenient.store(true, Ordering::SeqCst);
    assert_eq!(replayed(&server, &json!({"all": true})).await["replayed"], 1_300);
    server.settled().await;
    assert_eq!(store.len(), 1_300);
}

/// Ids that the query server hands over go by pages: a store whose answers take time is not asked for each of them.
#[tokio::test]
async fn many_ids_ask_a_slow_store_a_few_times() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    let body: String = (0..500).map(|number| format!("{{\"message\":\"refuse {number}\"}}\n")).collect();
    server.post(body).await;
    server.settled().await;
    store.lenient.store(true, Ordering::SeqCst);
    let letters = letters(&server, 500).await;
    let ids: Vec<_> = letters.iter().map(|letter| letter["id"].clone()).collect();
    let stores = [Arc::clone(&store), store.letters()];
    let asked = || stores.iter().map(|store| store.asked.load(Ordering::SeqCst)).sum::<u64>();
    for store in &stores {
        *store.answers_within.lock().unwrap() = Duration::from_millis(20);
    }
    let before = asked();
    assert_eq!(replayed(&server, &json!({ "ids": ids })).await["replayed"], 500);
    assert!(asked() - before <= 8, "{} questions", asked() - before);
    server.settled().await;
    assert_eq!(store.len(), 500);
}

#[tokio::test]
async fn a_replay_that_is_given_a_time_names_what_it_did_not_reach() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    let mut ids = Vec::new();
    for number in 0..20 {
        let body = format!("{{\"message\":\"m {number}\"}}");
        ids.push(leave(&store, body.as_bytes(), request("/logs", "application/json"), None).await);
    }
    let client = reqwest::Client::new();
    let url = format!("http://{}/dead-letters/replay", server.admin);
    let (mut left, mut rounds) = (json!(ids), 0);
    while left.as_array().is_some_and(|left| !left.is_empty()) {
        let body = json!({ "ids": left, "seconds": 0 }).to_string();
        let response = client.post(&url).body(body).send().await.unwrap();
        let said: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!((&said["found"], &said["replayed"]), (&json!(1), &json!(1)), "{said}");
        left = said["remaining"].clone();
        rounds += 1;
    }
    assert_eq!(rounds, 20);
    server.settled().await;
    assert_eq!(store.len(), 20);
}

#[tokio::test]
async fn whole_bodies_are_sent_as_the_requests_that_they_were_and_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    let json = "application/json";
    leave(&store, b"{\"message\":\"native 1\"}\n{\"message\":\"native 2\"}", request("/logs", json), None)
        .await;
    leave(&store, b"{\"log\":\"line\"}", request("/insert/jsonline?_msg_field=log", json), Some("shop"))
        .await;
    leave(&store, b"{\"create\":{}}\n{\"message\":\"bulk\"}\n", request("/shop/_bulk", json), None).await;
    leave(&store, b"{\"event\":\"hec\"}", request("/services/collector", json), None).await;
    let compressed = Request { content_encoding: Some("gzip".to_owned()), ..request("/logs", json).unwrap() };
    leave(&store, &gzip(b"{\"message\":\"packed\"}"), Some(compressed), None).await;
    leave(
        &store,
        b"__CURSOR=a\nMESSAGE=journal\n\n",
        request("/upload", "application/vnd.fdo.journal"),
        None,
    )
    .await;
    // A message of gRPC.
    let message = export([log_record(1_700_000_000_000_000_001, "grpc")]);
    let call = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    leave(&store, &message, request(call, "application/grpc"), None).await;
    for round in 0..3 {
        let said = replayed(&server, &json!({"all": true})).await;
        assert_eq!((&said["found"], &said["replayed"]), (&json!(7), &json!(7)), "{round}: {said}");
        server.settled().await;
        let mut messages = store.messages();
        messages.sort();
        // A journal's entries are known by their cursors, all others by the letter.
        assert_eq!(messages, ["bulk", "grpc", "hec", "journal", "line", "native 1", "native 2", "packed"]);
    }
    assert_eq!(letters(&server, 7).await.len(), 7, "no new letters");
}

/// A journal whose entries say nothing of their place is known by the letter, as other bodies are.
#[tokio::test]
async fn a_journal_without_cursors_is_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    let journal = b"MESSAGE=one\n\nMESSAGE=two\n\n";
    leave(&store, journal, request("/upload", "application/vnd.fdo.journal"), None).await;
    for _ in 0..2 {
        assert_eq!(replayed(&server, &json!({"all": true})).await["replayed"], 1);
        server.settled().await;
        let mut messages = store.messages();
        messages.sort();
        assert_eq!(messages, ["one", "two"]);
    }
}

#[tokio::test]
async fn what_cannot_be_sent_again_fails_with_the_reason_and_makes_no_new_letter() {
    let server = Server::start(&[]).await;
    assert_eq!(server.post("<xml/>").await.status, 400);
    assert_eq!(server.post(format!("large {}", "x".repeat(400_000))).await.status, 400);
    letters(&server, 2).await;
    let session = leave(&server.store, b"\x16\x03\x01", None, None).await;
    let lost = leave(&server.store, b"{}", request("/gone", "application/json"), None).await;
    let garbled = leave(&server.store, b"[7]", request("/loki/api/v1/push", "application/json"), None).await;
    for _ in 0..2 {
        let said = replayed(&server, &json!({"all": true})).await;
        assert_eq!(
            (&said["found"], &said["replayed"], &said["failedCount"]),
            (&json!(5), &json!(0), &json!(5))
        );
        let failed = said["failed"].as_array().unwrap();
        let reason = |id: EntryId| {
            let failure = failed.iter().find(|failure| failure["id"] == id.to_string()).unwrap();
            failure["reason"].as_str().unwrap().to_owned()
        };
        assert!(reason(session).contains("did not come by a request"), "{said}");
        assert!(reason(lost).contains("404"), "{said}");
        assert!(reason(garbled).contains("streams"), "{said}");
        assert!(said.to_string().contains("only the first 262144 of 400006 bytes were kept"), "{said}");
        assert!(said.to_string().contains("nothing of it can be used; entry 1: "), "{said}");
    }
    letters(&server, 5).await;
    assert_eq!(server.store.len(), 0);
}

#[tokio::test]
async fn a_sender_is_who_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "shop:0123456789abcdef\nother:fedcba9876543210").unwrap();
    let flags = [&*format!("--tokens-file={}", tokens.display())];
    let disk = Arc::new(logpipeline_ingestor::wal::disk::LocalDisk);
    let server = Server::start_on(folder.path(), &flags, disk, Arc::clone(&store)).await;
    // Ids of bulk entries are their sender's: the retry by the sender itself is the same entry.
    let body = "{\"create\":{\"_id\":\"7\"}}\n{\"message\":\"once\"}\n";
    let shop = ("authorization", "Bearer 0123456789abcdef");
    let other = ("authorization", "Bearer fedcba9876543210");
    assert_eq!(server.post_to("/shop/_bulk", &[shop], body).await.status, 200);
    leave(&store, body.as_bytes(), request("/shop/_bulk", "application/json"), Some("shop")).await;
    let path = "/api/v1/dead-letters/replay";
    assert_eq!(server.post_to(path, &[], "{\"all\":true}").await.status, 401);
    let answer = server.post_to(path, &[other], "{\"all\":true}").await;
    assert_eq!(answer.body["replayed"], 1, "{answer:?}");
    crate::support::eventually("it is shipped", async || {
        server.metric("logpipeline_ingestor_duplicate_entries_total").await == 1.0
    })
    .await;
    assert_eq!(store.messages(), ["once"]);
}

#[tokio::test]
async fn the_admin_port_takes_ids_alone_and_bad_requests_are_told_what_to_send() {
    let server = Server::start(&[]).await;
    let client = reqwest::Client::new();
    let url = format!("http://{}/dead-letters/replay", server.admin);
    let body = json!({ "ids": ["018a97d2-5c00-7000-8000-000000000000"] }).to_string();
    let response = client.post(&url).body(body).send().await.unwrap();
    let said: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!((&said["found"], &said["failedCount"]), (&json!(0), &json!(1)));
    for body in [json!({ "all": true }), json!({ "q": "password" })] {
        let response = client.post(&url).body(body.to_string()).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 400, "it would tell what letters say");
    }
    let answer = replay(&server, &json!({"every": true})).await;
    assert_eq!((answer.status, answer.kind()), (400, "invalid-replay"));
    let get = reqwest::get(format!("http://{}/api/v1/dead-letters/replay", server.address)).await.unwrap();
    assert_eq!((get.status().as_u16(), &get.headers()["allow"]), (405, &"POST".parse().unwrap()));
}

#[tokio::test]
async fn stores_that_are_down_interrupt_a_replay() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    server.post("{\"message\":\"refuse 1\"}").await;
    server.settled().await;
    for broken in [Arc::clone(&store), store.letters()] {
        broken.down.store(true, Ordering::SeqCst);
        let answer = replay(&server, &json!({"all": true})).await;
        assert_eq!((answer.status, answer.kind()), (503, "store-unavailable"));
        broken.down.store(false, Ordering::SeqCst);
    }
    assert_eq!(replayed(&server, &json!({"all": true})).await["replayed"], 1);
}
