//! A full log, a full disk and a failing one, as senders see them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use logpipeline_ingestor::IngestorError;
use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::json;

use crate::support::disk::faulty_disk;
use crate::support::eventually;
use crate::support::server::{Server, ndjson};
use crate::support::store::FakeStore;

const SMALL: [&str; 4] =
    ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=8MiB"];

#[tokio::test]
async fn a_full_log_answers_429_and_takes_more_once_the_store_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_on(folder.path(), &SMALL, Arc::new(LocalDisk), FakeStore::down()).await;
    let (mut accepted, refused) = fill(&server).await;
    assert_eq!((refused.status, refused.kind()), (429, "log-full"));
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("the store does not keep up"), "{detail}");
    assert!(!detail.contains("switched off by the test"), "the store's words are for operators: {detail}");

    let figures = server.delivery().await;
    assert_eq!((&figures["received"], &figures["waiting"]), (&json!(accepted), &json!(accepted)));
    assert!(figures["wal"]["bytes"].as_u64().unwrap() > 700_000, "{figures}");
    assert!(figures["oldestWaitingSeconds"].as_f64().unwrap() > 0.0);
    assert!(figures["storeError"].as_str().unwrap().contains("switched off"));
    assert!(server.metric("logpipeline_ingestor_store_write_errors_total").await >= 1.0);
    assert!(server.metric("logpipeline_ingestor_requests_total{outcome=\"throttled\"}").await >= 1.0);
    // The store's trouble is not the ingestor's: it stays ready.
    assert_eq!(server.admin("/readyz").await.0, 200);

    server.store.down.store(false, Ordering::SeqCst);
    eventually("the store has taken everything", async || server.delivery().await["waiting"] == 0).await;
    assert_eq!(server.post(ndjson("again", 10)).await.status, 202);
    accepted += 10;
    assert_eq!(server.settled().await["stored"], accepted);
    assert_eq!(server.store.len() as u64, accepted);
    assert!(server.delivery().await.get("storeError").is_none());
}

/// Sends until something else than 202 comes.
async fn fill(server: &Server) -> (u64, crate::support::server::Answer) {
    let mut accepted = 0;
    loop {
        let answer = server.post(ndjson(&"x".repeat(300), 50)).await;
        if answer.status != 202 {
            return (accepted, answer);
        }
        accepted += 50;
        assert!(accepted < 100_000, "the log never fills");
    }
}

#[tokio::test]
async fn a_batch_that_no_log_of_this_size_holds_is_a_413() {
    let server = Server::start(&SMALL).await;
    let answer = server.post(ndjson(&"x".repeat(300), 6_000)).await;
    assert_eq!((answer.status, answer.kind()), (413, "batch-too-large"));
    // Larger than a segment is no trouble.
    assert_eq!(server.post(ndjson(&"x".repeat(300), 800)).await.status, 202);
    assert_eq!(server.settled().await["stored"], 800);
}

#[tokio::test]
async fn a_full_disk_answers_507_and_recovers_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let flags = [&SMALL[..], &["--wal-size=64MiB"]].concat();
    let server = Server::start_on(folder.path(), &flags, disk, FakeStore::down()).await;
    assert_eq!(server.post(ndjson("before", 10)).await.status, 202);
    faults.no_space.store(true, Ordering::SeqCst);
    let (more, refused) = fill(&server).await;
    assert_eq!((refused.status, refused.kind()), (507, "disk-full"));
    assert!(refused.headers.contains_key("retry-after"));
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("disk") && detail.contains("Nothing of the batch was kept"), "{detail}");
    let accepted = more + 10;
    assert_eq!(server.delivery().await["waiting"], accepted);
    assert_eq!(server.metric("logpipeline_ingestor_requests_total{outcome=\"unavailable\"}").await, 1.0);

    // The store takes entries, their segments are used again: no other room is needed.
    server.store.down.store(false, Ordering::SeqCst);
    server.settled().await;
    // A sender that waits as long as it was told is taken at its second try.
    let told: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    let (begun, mut refusals) = (Instant::now(), 0);
    loop {
        let answer = server.post(ndjson("freed", 1)).await;
        if answer.status == 202 {
            break;
        }
        assert_eq!((answer.status, answer.kind()), (507, "disk-full"));
        refusals += 1;
        assert!(refusals <= 10, "{refusals} refusals in {:?} after there is room", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(told), "{:?}", begun.elapsed());
    faults.no_space.store(false, Ordering::SeqCst);
    let stored = server.settled().await["stored"].as_u64().unwrap();
    assert_eq!(stored, accepted + 1);
    assert_eq!(server.store.len() as u64, stored);
}

#[tokio::test]
async fn a_disk_that_fails_once_costs_one_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let server = Server::start_on(folder.path(), &[], disk, FakeStore::new()).await;
    assert_eq!(server.post(ndjson("before", 10)).await.status, 202);
    server.settled().await;
    faults.syncs_until_error.store(0, Ordering::SeqCst);
    let answer = server.post(ndjson("lost", 10)).await;
    assert_eq!((answer.status, answer.kind()), (503, "log-unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(server.post(ndjson("after", 10)).await.status, 202);
    let figures = server.settled().await;
    assert_eq!((&figures["received"], &figures["stored"]), (&json!(20), &json!(20)));
    assert!(server.store.messages().iter().all(|message| !message.starts_with("lost")));
    assert_eq!(server.metric("logpipeline_ingestor_wal_write_errors_total").await, 1.0);
    assert_eq!(faults.syncs_after_error.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_disk_that_fails_for_good_ends_the_ingestor_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let server = Server::start_on(folder.path(), &["--grace=2s"], disk, FakeStore::new()).await;
    assert_eq!(server.post(ndjson("before", 10)).await.status, 202);
    faults.lasting.store(true, Ordering::SeqCst);
    faults.syncs_until_error.store(0, Ordering::SeqCst);
    assert_eq!(server.post(ndjson("lost", 10)).await.status, 503);
    let error = server.ended().await.unwrap_err();
    assert!(matches!(error, IngestorError::LogFailed(_)), "{error}");
}

#[tokio::test]
async fn a_log_whose_writer_panicked_ends_the_ingestor_with_an_answer_to_its_senders() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let server = Server::start_on(folder.path(), &["--grace=2s"], disk, FakeStore::new()).await;
    assert_eq!(server.post(ndjson("before", 10)).await.status, 202);
    faults.writer_panics.store(true, Ordering::SeqCst);
    let patience = Duration::from_secs(10);
    let answer = tokio::time::timeout(patience, server.post(ndjson("lost", 10))).await.unwrap();
    assert_eq!(answer.status, 503);
    let error = tokio::time::timeout(patience, server.ended()).await.unwrap().unwrap_err();
    assert!(matches!(error, IngestorError::LogFailed(_)), "{error}");
}
