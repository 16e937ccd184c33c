//! Uploads of systemd's journal.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::eventually;
use crate::support::server::Server;
use crate::support::store::FakeStore;

/// What systemd-journal-upload 252 begins with, as it was recorded.
const HEAD: &str = "POST /upload HTTP/1.1\r\nHost: 127.0.0.1:9213\r\nUser-Agent: systemd-journal-upload 252.39-1~deb12u2\r\nContent-Type: application/vnd.fdo.journal\r\nTransfer-Encoding: chunked\r\nAccept: text/plain\r\nExpect: 100-continue\r\n\r\n";

fn entry(number: usize) -> String {
    format!(
        "__CURSOR=s=a8f51950bff14eaca1e75b953910129c;i={number}\n__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP=1000\n_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE=journal line {number}\nPRIORITY=6\n_HOSTNAME=vm\nSYSLOG_IDENTIFIER=shop\n_PID=42\n\n",
        1_796_039_641_464_270_u64 + number as u64
    )
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

/// A connection that has said its head and was told to go on.
async fn begin(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(HEAD.as_bytes()).await.unwrap();
    let mut invited = [0; 25];
    stream.read_exact(&mut invited).await.unwrap();
    assert_eq!(&invited, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

async fn answer(stream: &mut TcpStream) -> String {
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while !answer.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the connection ends without an answer");
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn an_endless_body_is_kept_as_it_comes_and_sent_again_stores_nothing_twice() {
    let server = Server::start(&["--max-body=64KiB", "--body-timeout=300ms", "--body-deadline=1s"]).await;
    for _ in 0..2 {
        let mut stream = begin(&server).await;
        let mut sent = 0;
        for burst in [1, 100, 900] {
            let text: String = (sent..sent + burst).map(entry).collect();
            // Cut anywhere, also within an entry.
            let (first, second) = text.split_at(text.len() / 3);
            stream.write_all(&chunk(first)).await.unwrap();
            stream.write_all(&chunk(second)).await.unwrap();
            sent += burst;
            // Nothing was answered, and all is kept.
            eventually("what was sent is stored", async || server.store.len() >= sent).await;
        }
        // Longer than any body may take or pause.
        tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
        stream.write_all(&chunk(&entry(sent))).await.unwrap();
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
        assert!(answer.contains("x-logpipeline-receipt: "), "{answer}");
    }
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(1_002), &json!(1_002)));
    let entries = server.store.entries();
    let first = entries.iter().find(|entry| entry["message"] == "journal line 0").unwrap();
    assert_eq!(
        (&first["timestamp"], &first["level"], &first["resourceId"], &first["metadata"]["_PID"]),
        (&json!("2026-11-30T11:54:01.464270Z"), &json!("info"), &json!("shop"), &json!("42"))
    );
}

#[tokio::test]
async fn a_full_log_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=8MiB"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    let mut stream = begin(&server).await;
    let text: String = (0..6_000).map(entry).collect();
    let (mut read, mut write) = stream.split();
    let send = async {
        for piece in text.as_bytes().chunks(16 << 10) {
            write.write_all(&chunk(str::from_utf8(piece).unwrap())).await.unwrap();
        }
        write.write_all(b"0\r\n\r\n").await.unwrap();
    };
    let recover = async {
        let full = async || server.delivery().await["wal"]["bytes"].as_u64().unwrap() > 600_000;
        eventually("the log is full", full).await;
        server.store.down.store(false, Ordering::SeqCst);
    };
    tokio::join!(send, recover);
    let mut answer = [0; 12];
    read.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 202");
    assert_eq!(server.settled().await["stored"], 6_000);
}

#[tokio::test]
async fn a_log_that_stays_full_ends_the_upload_and_keeps_whole_entries() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [
        "--max-entry=64KiB",
        "--wal-segment-size=256KiB",
        "--wal-size=1MiB",
        "--max-body=8MiB",
        "--body-deadline=1s",
    ];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    let text: String = (0..6_000).map(entry).collect();
    let response =
        server.post_to("/upload", &[("content-type", "application/vnd.fdo.journal")], text.clone()).await;
    assert_eq!((response.status, response.kind()), (429, "log-full"));
    server.store.down.store(false, Ordering::SeqCst);
    let figures = server.settled().await;
    let stored = figures["stored"].as_u64().unwrap();
    assert!(stored > 0 && stored < 6_000, "{figures}");
    // The sender begins again with the entry that it knows to be kept.
    assert_eq!(server.post_to("/upload", &[], text).await.status, 202);
    assert_eq!(server.settled().await["stored"], 6_000);
}

#[tokio::test]
async fn an_upload_under_way_does_not_hold_the_end_up_and_is_not_answered_well() {
    let server = Server::start(&[]).await;
    let mut stream = begin(&server).await;
    stream.write_all(&chunk(&entry(0))).await.unwrap();
    eventually("it is stored", async || server.store.len() == 1).await;
    server.begin_stop();
    let answer = answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_no_journal_is_refused() {
    let server = Server::start(&[]).await;
    let answer = server.post_to("/upload", &[], "hello world\n").await;
    assert_eq!((answer.status, answer.kind()), (400, "malformed-body"));
    assert_eq!(server.post_to("/upload", &[], "").await.status, 202);
    let half = format!("{}{}", entry(1), &entry(2)[..5]);
    assert_eq!(server.post_to("/upload", &[], half).await.status, 202);
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["rejected"]), (&json!(1), &json!(1)));
}
