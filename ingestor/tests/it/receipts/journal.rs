//! The files of receipts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use logpipeline_ingestor::wal::disk::LocalDisk;

use super::requests::{ask, receipt};
use crate::support::log::files;
use crate::support::server::{Server, ndjson};
use crate::support::store::FakeStore;

fn receipts(folder: &Path) -> Vec<PathBuf> {
    files(&folder.join("receipts"), |_| true)
}

#[tokio::test]
async fn files_are_compressed_when_they_are_full_and_the_oldest_go() {
    let folder = tempfile::tempdir().unwrap();
    // Files of 32 KiB.
    let flags = ["--receipts-size=1MiB", "--linger=1ms"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::new()).await;
    let reasons = "{\"level\":3}\n".repeat(10);
    let mut given = Vec::new();
    for number in 0..150 {
        let body = format!("{}{reasons}", ndjson(&format!("{number}"), 1));
        given.push(receipt(&server.post(body).await));
    }
    server.settled().await;
    let compressed = receipts(folder.path()).iter().filter(|path| path.extension().unwrap() == "zst").count();
    assert!(compressed >= 3, "{:?}", receipts(folder.path()));
    for receipt in &given {
        assert_eq!(ask(&server, receipt).await.body["state"], "delivered");
    }
    let bytes = server.metric("logpipeline_ingestor_receipts_file_bytes").await;
    assert!(bytes > 0.0 && bytes < f64::from(1 << 20), "{bytes}");
    server.stop().await.unwrap();
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::new()).await;
    for receipt in &given {
        assert_eq!(ask(&server, receipt).await.body["state"], "delivered", "after a restart");
    }
    server.stop().await.unwrap();
    // The oldest file goes: its requests are not known any more, the others are.
    std::fs::remove_file(&receipts(folder.path())[0]).unwrap();
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::new()).await;
    let answer = ask(&server, &given[0]).await;
    assert_eq!((answer.status, answer.kind()), (404, "unknown-receipt"));
    assert_eq!(ask(&server, given.last().unwrap()).await.status, 200);
}

#[tokio::test]
async fn torn_and_damaged_lines_are_passed_by() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = Server::start_on(folder.path(), &[], Arc::new(LocalDisk), Arc::clone(&store)).await;
    let given = receipt(&server.post(ndjson("whole", 2)).await);
    server.settled().await;
    server.stop().await.unwrap();
    let file = receipts(folder.path()).pop().unwrap();
    let mut text = std::fs::read(&file).unwrap();
    text.splice(0..0, *b"\0\0\0{\"kind\":\"request\",\"receipt\":\"\n\xff\xfe\n");
    text.extend_from_slice(b"{\"kind\":\"batch\",\"number\":7,\"fir");
    std::fs::write(&file, text).unwrap();
    let server = Server::start_on(folder.path(), &[], Arc::new(LocalDisk), Arc::clone(&store)).await;
    assert_eq!(ask(&server, &given).await.body["state"], "delivered");
    let later = receipt(&server.post(ndjson("later", 1)).await);
    server.settled().await;
    assert_eq!(ask(&server, &later).await.body["batches"][0]["number"], 2);
    assert_eq!(receipts(folder.path()).len(), 2, "a torn file is not written on");
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_stops_nothing_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    // A file where the folder should be.
    std::fs::write(folder.path().join("receipts"), "").unwrap();
    let store = FakeStore::new();
    let server = Server::start_on(folder.path(), &[], Arc::new(LocalDisk), Arc::clone(&store)).await;
    let given = receipt(&server.post(ndjson("shipped", 5)).await);
    assert_eq!(server.settled().await["stored"], 5);
    assert!(server.metric("logpipeline_ingestor_receipts_write_errors_total").await >= 1.0);
    assert_eq!(ask(&server, &given).await.body["state"], "delivered", "it waits in memory");

    std::fs::remove_file(folder.path().join("receipts")).unwrap();
    std::fs::create_dir(folder.path().join("receipts")).unwrap();
    server.post(ndjson("again", 1)).await;
    crate::support::eventually("it is written", async || !receipts(folder.path()).is_empty()).await;
    server.settled().await;
    server.stop().await.unwrap();
    store.down.store(true, Ordering::SeqCst);
    let server = Server::start_on(folder.path(), &[], Arc::new(LocalDisk), store).await;
    assert_eq!(ask(&server, &given).await.body["state"], "delivered", "what waited was written too");
}
