//! Storing: once each, durably, in the partition of its time, by one writer.

use bytes::Bytes;
use logpipeline_model::EntryId;
use logpipeline_store::embedded::EmbeddedStore;
use logpipeline_store::{LogStore, NewEntry, StoreError, WriteOutcome};
use serde_json::json;

use crate::ground::{RECEIVED, TestStore, at, entry, entry_with_id, find, id, small, store_all};

#[tokio::test]
async fn what_is_written_is_found_at_once_and_after_a_restart() {
    let store = TestStore::new();
    store_all(&*store, vec![entry(1, json!({"message": "one"})), entry(2, json!({"message": "two"}))]).await;
    assert_eq!(find(&*store, "").await, ["two", "one"]);
    let store = store.reopen();
    assert_eq!(find(&*store, "one").await, ["one"]);
    assert_eq!(store.health().await.unwrap().entries, 2);
}

#[tokio::test]
async fn the_body_comes_back_byte_for_byte() {
    let store = TestStore::new();
    let body = format!(
        r#"{{"id":"{}","receivedAt":"{RECEIVED}","timestamp":"2023-09-15T08:00:00Z","message":"a\u0000b","metadata":{{"n":1.50,"big":1e999}}}}"#,
        id(at(RECEIVED), 1)
    );
    let entry = NewEntry { id: id(at(RECEIVED), 1), body: Bytes::from(body) };
    store_all(&*store, vec![entry.clone()]).await;
    let found = store.get(entry.id).await.unwrap().unwrap();
    assert_eq!(found.body, entry.body);
    assert_eq!((found.position.id, found.position.time), (entry.id, at("2023-09-15T08:00:00Z")));
    assert!(store.get(id(at(RECEIVED), 2)).await.unwrap().is_none());
}

#[tokio::test]
async fn an_id_is_stored_once() {
    let store = TestStore::new();
    let one = entry(1, json!({"message": "one"}));
    let outcomes = store.write(vec![one.clone(), one.clone()]).await.unwrap();
    assert_eq!(outcomes, [WriteOutcome::Stored, WriteOutcome::Duplicate]);
    let two = entry(2, json!({"message": "two"}));
    let outcomes = store.write(vec![one.clone(), two.clone()]).await.unwrap();
    assert_eq!(outcomes, [WriteOutcome::Duplicate, WriteOutcome::Stored]);
    let store = store.reopen();
    let outcomes = store.write(vec![two, one]).await.unwrap();
    assert_eq!(outcomes, [WriteOutcome::Duplicate, WriteOutcome::Duplicate]);
    assert_eq!(find(&*store, "").await, ["two", "one"]);
}

#[tokio::test]
async fn a_derived_id_is_known_whatever_day_the_retry_comes() {
    let store = TestStore::new();
    let id = EntryId::derived("order-17", 1);
    let first = entry_with_id(id, json!({"message": "first"}));
    store_all(&*store, vec![first]).await;
    let retry = entry_with_id(
        id,
        json!({"message": "retry", "receivedAt": "2023-09-18T08:00:00Z", "timestamp": "2023-09-18T08:00:00Z"}),
    );
    assert_eq!(store.write(vec![retry]).await.unwrap(), [WriteOutcome::Duplicate]);
    assert_eq!(find(&*store, "").await, ["first"]);
}

#[tokio::test]
async fn an_older_id_that_is_new_is_stored() {
    let store = TestStore::new();
    store_all(&*store, vec![entry(9, json!({"message": "nine"}))]).await;
    store_all(&*store, vec![entry(3, json!({"message": "three"}))]).await;
    assert_eq!(find(&*store, "").await, ["nine", "three"]);
}

#[tokio::test]
async fn only_what_is_no_entry_is_refused() {
    let store = TestStore::new();
    let good = entry(1, json!({"message": "good"}));
    let torn = NewEntry { id: id(at(RECEIVED), 2), body: Bytes::from_static(b"{\"id\":\"01") };
    let other = NewEntry { id: id(at(RECEIVED), 3), body: good.body.clone() };
    let outcomes = store.write(vec![torn, good, other]).await.unwrap();
    assert!(matches!(outcomes[0], WriteOutcome::Refused { .. }), "{outcomes:?}");
    assert_eq!(outcomes[1], WriteOutcome::Stored);
    assert!(
        matches!(&outcomes[2], WriteOutcome::Refused { reason } if reason.contains("id")),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn times_that_senders_make_up_touch_few_partitions() {
    let store = TestStore::new();
    let mut entries: Vec<_> = (1..=300_u64)
        .map(|n| {
            let year = 1700 + n;
            entry(n, json!({"message": format!("m{n}"), "timestamp": format!("{year}-01-01T00:00:00Z")}))
        })
        .collect();
    for (n, time) in [(301, "0000-01-01T00:00:00Z"), (302, "9999-12-31T23:59:59.999999999Z")] {
        entries.push(entry(n, json!({"message": format!("m{n}"), "timestamp": time})));
    }
    store_all(&*store, entries).await;
    assert_eq!(
        store.partitions(),
        ["future-2023-09-15_era14.0", "late-2023-09-15.0", "late-2023-09-15_era-3.0"]
    );
    assert_eq!(find(&*store, "timestamp:0000-01-01").await, ["m301"]);
    assert_eq!(find(&*store, "timestamp:9999-12-31T23:59:59.999999999Z").await, ["m302"]);
    assert_eq!(find(&*store, "timestamp:[1700-01-01 TO 1702-06-01]").await, ["m2", "m1"]);
    let stats = store.health().await.unwrap();
    assert_eq!(stats.earliest, Some(at("0000-01-01T00:00:00Z")));
    assert_eq!(stats.latest, Some(at("9999-12-31T23:59:59.999999999Z")));
}

#[tokio::test]
async fn a_second_writer_is_refused_and_told_who_holds_the_directory() {
    let store = TestStore::new();
    let error = EmbeddedStore::open_writer(store.directory.path(), small()).unwrap_err();
    let StoreError::Locked { path, hint } = error else { panic!("{error}") };
    assert_eq!(path, store.directory.path().display().to_string());
    assert!(hint.contains(&std::process::id().to_string()), "{hint}");
    let TestStore { store: first, directory } = store;
    drop(first);
    EmbeddedStore::open_writer(directory.path(), small()).unwrap();
}

#[tokio::test]
async fn another_schema_version_is_refused_with_the_way_out() {
    let store = TestStore::new();
    let TestStore { store: first, directory } = store;
    drop(first);
    std::fs::write(directory.path().join("schema-version"), "99\n").unwrap();
    let errors = [
        EmbeddedStore::open_writer(directory.path(), small()).unwrap_err(),
        EmbeddedStore::open_reader(directory.path()).unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(&error, StoreError::SchemaVersion { found: 99, expected: 2, hint, .. } if hint.contains("export")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_reader_does_not_write() {
    let store = TestStore::new();
    let error = store.reader().write(vec![entry(1, json!({}))]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unsupported { .. }), "{error}");
}
