//! Entries that the store refuses.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{letters, start};
use crate::support::eventually;
use crate::support::store::FakeStore;

#[tokio::test]
async fn a_refused_entry_waits_in_the_log_until_its_letter_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    store.letters().down.store(true, Ordering::SeqCst);
    let server = start(folder.path(), &store).await;
    server.post("{\"message\":\"a\"}\n{\"message\":\"refuse me\"}").await;
    eventually("it was tried", async || store.letters().writes.load(Ordering::SeqCst) >= 2).await;
    let figures = server.delivery().await;
    assert_eq!((&figures["waiting"], &figures["deadLettered"]), (&json!(2), &json!(0)));
    assert!(figures["storeError"].as_str().unwrap().starts_with("dead letters cannot be written: "));
    server.stop().await.unwrap();

    // What was stored before is sent once more, and counted once.
    store.letters().down.store(false, Ordering::SeqCst);
    let server = start(folder.path(), &store).await;
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["deadLettered"]), (&json!(1), &json!(1)));
    letters(&server, 1).await;
}

#[tokio::test]
async fn a_letter_whose_write_lost_its_answer_is_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    store.letters().lose_answer.store(true, Ordering::SeqCst);
    let server = start(folder.path(), &store).await;
    server.post("{\"message\":\"refuse me\"}").await;
    assert_eq!(server.settled().await["deadLettered"], 1);
    letters(&server, 1).await;
    assert_eq!(store.letters().writes.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn letters_that_their_store_refuses_go_to_files_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    store.letters().refuse_all.store(true, Ordering::SeqCst);
    let server = start(folder.path(), &store).await;
    server.post("{\"message\":\"refuse me\",\"level\":\"error\"}\n{\"message\":\"b\"}").await;
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["deadLettered"]), (&json!(1), &json!(1)));
    let files: Vec<_> = std::fs::read_dir(folder.path().join("dead-letters")).unwrap().collect();
    assert_eq!(files.len(), 1);
    let path = files[0].as_ref().unwrap().path();
    assert_eq!(path.extension().unwrap(), "ndjson");
    let letter: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(letter["reason"], "the test refuses it");
    assert_eq!(letter["entry"]["message"], "refuse me");
    assert_eq!(letter["entry"]["level"], "error");
    assert_eq!(letter["id"], letter["entry"]["id"]);
}
