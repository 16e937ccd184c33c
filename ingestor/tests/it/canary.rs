//! Canaries: sent, looked up, and lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use logpipeline_ingestor::canary::CANARY_RESOURCE;
use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::Value;

use crate::support::eventually;
use crate::support::server::Server;
use crate::support::store::FakeStore;

async fn start(folder: &std::path::Path, store: &Arc<FakeStore>) -> Server {
    let flags = ["--grace=300ms", "--canary-interval=1s", "--canary-timeout=100ms"];
    Server::start_on(folder, &flags, Arc::new(LocalDisk), Arc::clone(store)).await
}

async fn canary(server: &Server) -> Value {
    let delivery: Value = serde_json::from_str(&server.admin("/delivery").await.1).unwrap();
    delivery["canary"].clone()
}

#[tokio::test]
async fn canaries_go_the_way_of_all_entries_and_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    eventually("two canaries are found", async || canary(&server).await["found"].as_u64() >= Some(2)).await;
    let figures = canary(&server).await;
    assert_eq!(figures["lost"], 0);
    let lag = figures["lagSeconds"].as_f64().unwrap();
    assert!((0.0..5.0).contains(&lag), "{figures}");
    let lag = server.metric("logpipeline_ingestor_canary_lag_seconds").await;
    assert!(lag > 0.0 && lag < 5.0, "{lag}");
    let found = server.metric(r#"logpipeline_ingestor_canary_entries_total{outcome="found"}"#).await;
    assert!(found >= 2.0, "{found}");
    let entries = store.entries();
    assert!(entries.iter().all(|entry| entry["resourceId"] == CANARY_RESOURCE && entry["level"] == "trace"));
    // They balance as all entries do.
    let balance: Value = serde_json::from_str(&server.admin("/delivery/balance").await.1).unwrap();
    let line = balance["protocols"].as_array().unwrap().iter().find(|line| line["name"] == "canary").unwrap();
    assert!(line["received"].as_u64() >= Some(2), "{balance}");
}

#[tokio::test]
async fn a_canary_that_the_store_took_and_forgot_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    store.forgets.store(true, Ordering::SeqCst);
    let server = start(folder.path(), &store).await;
    eventually("a canary is lost", async || canary(&server).await["lost"].as_u64() >= Some(1)).await;
    let figures = canary(&server).await;
    assert_eq!((&figures["found"], &figures["lostWithin10Minutes"]), (&0.into(), &figures["lost"]));
    let lost = server.metric(r#"logpipeline_ingestor_canary_entries_total{outcome="lost"}"#).await;
    assert!(lost >= 1.0, "{lost}");
    store.forgets.store(false, Ordering::SeqCst);
    eventually("the next is found", async || canary(&server).await["found"].as_u64() >= Some(1)).await;
}

#[tokio::test]
async fn a_canary_that_waits_with_all_others_is_late_and_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::down();
    let server = start(folder.path(), &store).await;
    eventually("it has waited ten times its timeout", async || {
        canary(&server).await["lagSeconds"].as_f64() >= Some(1.0)
    })
    .await;
    let figures = canary(&server).await;
    assert_eq!((&figures["sent"], &figures["lost"]), (&1.into(), &0.into()), "{figures}");
    store.down.store(false, Ordering::SeqCst);
    eventually("it is found", async || canary(&server).await["found"].as_u64() >= Some(1)).await;
    assert_eq!(canary(&server).await["lost"], 0);
}

#[tokio::test]
async fn without_an_interval_there_are_none() {
    let server = Server::start(&[]).await;
    assert_eq!(canary(&server).await, Value::Null);
}
