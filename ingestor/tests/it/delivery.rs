//! From the log to the store: every entry exactly once, and counted so.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use logpipeline_ingestor::wal::disk::LocalDisk;
use logpipeline_store::RetentionPolicy;
use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::server::{Server, gzip, ndjson};
use crate::support::store::FakeStore;

async fn start(folder: &std::path::Path, store: &Arc<FakeStore>) -> Server {
    Server::start_on(folder, &["--grace=300ms"], Arc::new(LocalDisk), Arc::clone(store)).await
}

#[tokio::test]
async fn a_store_that_is_down_is_tried_until_it_takes_everything() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::down();
    let server = start(folder.path(), &store).await;
    assert_eq!(server.post(ndjson("patient", 100)).await.status, 202);
    eventually("it was tried three times", async || store.writes.load(Ordering::SeqCst) >= 3).await;
    assert_eq!(server.delivery().await["waiting"], 100);
    assert!(server.metric("logpipeline_ingestor_lag_seconds").await > 0.0);
    assert_eq!(server.metric("logpipeline_ingestor_waiting_entries").await, 100.0);
    store.down.store(false, Ordering::SeqCst);
    assert_eq!(server.settled().await["stored"], 100);
    assert_eq!(server.metric("logpipeline_ingestor_lag_seconds").await, 0.0);
    assert_eq!(store.len(), 100);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_counted_once() {
    let server = Server::start(&[]).await;
    server.store.lose_answer.store(true, Ordering::SeqCst);
    assert_eq!(server.post(ndjson("twice", 50)).await.status, 202);
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(50), &json!(0)));
    assert_eq!(server.store.len(), 50);
}

#[tokio::test]
async fn what_the_store_refuses_goes_to_the_dead_letters_and_its_neighbours_to_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    let answer = server
        .post("{\"message\":\"a\"}\n{\"message\":\"refuse me\",\"level\":\"error\"}\n{\"message\":\"b\"}")
        .await;
    assert_eq!(answer.body["accepted"], 3);
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["deadLettered"]), (&json!(2), &json!(1)));
    assert_eq!(server.metric("logpipeline_ingestor_dead_lettered_entries_total").await, 1.0);
    let letters = store.letters().entries();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    let entry: Value = serde_json::from_str(letter["message"].as_str().unwrap()).unwrap();
    assert_eq!(entry["message"], "refuse me");
    assert_eq!(entry["level"], "error");
    assert_eq!(letter["level"], "error");
    assert_eq!(letter["metadata"]["reason"], "the test refuses it");
    assert_eq!(letter["metadata"]["entryId"], entry["id"]);
    assert!(!folder.path().join("dead-letters").exists(), "files are the last resort");
}

#[tokio::test]
async fn figures_and_what_waits_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    server.post_to("/logs", &[("idempotency-key", "k")], ndjson("first", 100)).await;
    server.post_to("/logs", &[("idempotency-key", "k")], ndjson("first", 100)).await;
    server.post("{\"message\":\"refuse\"}\nnonsense\n").await;
    server.settled().await;
    store.down.store(true, Ordering::SeqCst);
    server.post(ndjson("second", 40)).await;
    let before = server.delivery().await;
    assert_eq!(before["waiting"], 40);
    server.stop().await.unwrap();

    let server = start(folder.path(), &store).await;
    let figures = server.delivery().await;
    for name in ["received", "stored", "duplicates", "rejected", "deadLettered", "waiting"] {
        assert_eq!(figures[name], before[name], "{name}");
    }
    store.down.store(false, Ordering::SeqCst);
    let figures = server.settled().await;
    assert_eq!(figures["stored"], 140);
    assert_eq!(figures["received"], 242);
    assert_eq!(store.len(), 140);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn figures_balance_whenever_they_are_read() {
    let server = Server::start(&[]).await;
    let url = format!("http://{}/logs", server.address);
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let url = url.clone();
            tokio::spawn(async move {
                let client = reqwest::Client::new();
                for round in 0..40 {
                    let body = format!(
                        "{}nonsense\n{{\"message\":\"refuse {round}\"}}\n",
                        ndjson(&format!("{sender}"), 20)
                    );
                    let key = format!("{}", round / 2);
                    client
                        .post(&url)
                        .header("idempotency-key", format!("{sender}-{key}"))
                        .body(body)
                        .send()
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    let mut last = 0;
    while !senders.iter().all(tokio::task::JoinHandle::is_finished) {
        // It checks the balance itself.
        let received = server.delivery().await["received"].as_u64().unwrap();
        assert!(received >= last, "{received} after {last}");
        last = received;
    }
    let figures = server.settled().await;
    assert_eq!(figures["received"], 8 * 40 * 22);
    assert_eq!(figures["rejected"], 8 * 40);
    assert_eq!(figures["deadLettered"], 8 * 40);
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(8 * 20 * 20), &json!(8 * 20 * 20)));
}

#[tokio::test]
async fn an_entry_is_in_the_store_within_a_second_of_its_acknowledgement() {
    let folder = tempfile::tempdir().unwrap();
    // With the linger that ships by default.
    let server =
        Server::start_on(folder.path(), &["--linger=200ms"], Arc::new(LocalDisk), FakeStore::new()).await;
    for count in 1..=3 {
        let started = Instant::now();
        server.post(ndjson(&format!("{count}"), 1)).await;
        eventually("it is in the store", async || server.store.len() == count).await;
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn requests_under_way_are_finished_and_shipped_before_the_end() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = Server::start_on(folder.path(), &[], Arc::new(LocalDisk), Arc::clone(&store)).await;
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"POST /logs HTTP/1.1\r\nHost: x\r\nContent-Length: 22\r\n\r\n{\"message\"")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.begin_stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err(), "the port is closed");
    assert_eq!(server.admin("/healthz").await.0, 200);
    let (status, reasons) = server.admin("/readyz").await;
    assert_eq!(status, 503);
    assert!(reasons.contains("draining"), "{reasons}");
    stream.write_all(b":\"last one\"}").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    server.stop().await.unwrap();
    assert_eq!(store.messages(), ["last one"]);
}

#[tokio::test]
async fn what_is_left_after_the_grace_stays_for_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::down();
    let server = start(folder.path(), &store).await;
    server.post(ndjson("left", 25)).await;
    let started = Instant::now();
    server.stop().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(3));
    store.down.store(false, Ordering::SeqCst);
    let server = start(folder.path(), &store).await;
    assert_eq!(server.settled().await["stored"], 25);
}

#[tokio::test]
async fn retention_is_applied_as_it_was_asked_for() {
    let server = Server::start(&[
        "--retention-max-age=30d",
        "--retention-max-bytes=10GiB",
        "--retention-interval=50ms",
    ])
    .await;
    let expected =
        RetentionPolicy { max_age: Some(Duration::from_secs(30 * 86_400)), max_bytes: Some(10 << 30) };
    eventually("it was applied twice", async || server.store.retained.lock().unwrap().len() >= 2).await;
    assert!(server.store.retained.lock().unwrap().iter().all(|policy| *policy == expected));
    assert!(server.metric("logpipeline_ingestor_retention_removed_entries_total").await >= 6.0);
    let store = Arc::clone(&server.store);
    assert!(!store.handed_over.load(Ordering::SeqCst));
    server.stop().await.unwrap();
    assert!(store.handed_over.load(Ordering::SeqCst), "it ends once another may go on");

    let keeps = Server::start(&["--retention-interval=10ms"]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(keeps.store.retained.lock().unwrap().is_empty());
}

#[tokio::test]
async fn damage_in_the_log_is_reported_and_counted_as_dead_letters() {
    use std::os::unix::fs::FileExt;
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::down();
    let server = start(folder.path(), &store).await;
    server.post(ndjson("damaged", 100)).await;
    server.stop().await.unwrap();
    let segment = folder.path().join("wal/segment-0000000000000001.wal");
    let file = std::fs::OpenOptions::new().write(true).open(segment).unwrap();
    file.write_all_at(&[0xff; 64], 12_000).unwrap();

    store.down.store(false, Ordering::SeqCst);
    let server = start(folder.path(), &store).await;
    let figures = server.settled().await;
    let (stored, lost) = (figures["stored"].as_u64().unwrap(), figures["deadLettered"].as_u64().unwrap());
    assert_eq!(figures["received"], 100);
    assert!((1..=2).contains(&lost) && stored + lost == 100, "{figures}");
    assert_eq!(store.len() as u64, stored);
    assert_eq!(server.metric("logpipeline_ingestor_wal_damaged_regions_total").await, 1.0);
    assert_eq!(server.metric("logpipeline_ingestor_wal_damaged_entries_total").await, lost as f64);
    let letters =
        std::fs::read_dir(folder.path().join("dead-letters")).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(letters).unwrap();
    assert!(text.contains(".wal.corrupt-") && text.contains(&format!("\"entries\":{lost}")), "{text}");
}

#[tokio::test]
async fn a_burst_is_shipped_in_few_batches() {
    let server = Server::start(&["--linger=200ms"]).await;
    server.post_to("/logs", &[("content-encoding", "gzip")], gzip(ndjson("burst", 20_000).as_bytes())).await;
    assert_eq!(server.settled().await["stored"], 20_000);
    assert!(server.store.writes.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn an_ingestor_whose_shipping_ended_does_not_go_on_accepting() {
    let folder = tempfile::tempdir().unwrap();
    let store = FakeStore::new();
    let server = start(folder.path(), &store).await;
    assert_eq!(server.post(ndjson("panic", 1)).await.status, 202);
    let error = server.ended().await.unwrap_err();
    assert!(error.to_string().contains("shipping to the store ended unexpectedly"), "{error}");
}
