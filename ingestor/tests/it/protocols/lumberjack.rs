//! Lumberjack, as Beats and Logstash speak it.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use logpipeline_ingestor::intake::Protocol;
use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::server::Server;
use crate::support::store::FakeStore;

const LISTEN: &str = "--lumberjack-listen=127.0.0.1:0";

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.listeners.get(Protocol::Lumberjack).unwrap()).await.unwrap()
}

/// As Filebeat writes a line of a file.
fn document(number: usize, padding: &str) -> String {
    json!({
        "@timestamp": "2026-11-30T10:00:00.123Z",
        "@metadata": {"beat": "filebeat", "type": "_doc", "version": "8.17.0"},
        "message": format!("the same line{padding}"),
        "log": {"offset": number * 14, "file": {"path": "/var/log/shop.log"}},
        "host": {"name": "vm"}, "agent": {"type": "filebeat"}, "ecs": {"version": "8.0.0"},
    })
    .to_string()
}

/// A window of documents in one compressed frame.
fn window(documents: &[String]) -> Vec<u8> {
    let mut frames = Vec::new();
    for (sequence, document) in (1_u32..).zip(documents) {
        frames.extend_from_slice(b"2J");
        frames.extend_from_slice(&sequence.to_be_bytes());
        frames.extend_from_slice(&u32::try_from(document.len()).unwrap().to_be_bytes());
        frames.extend_from_slice(document.as_bytes());
    }
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&frames).unwrap();
    let bytes = encoder.finish().unwrap();
    let (count, length) = (u32::try_from(documents.len()).unwrap(), u32::try_from(bytes.len()).unwrap());
    [&b"2W"[..], &count.to_be_bytes(), b"2C", &length.to_be_bytes(), &bytes].concat()
}

async fn acknowledged(stream: &mut TcpStream) -> [u8; 6] {
    let mut answer = [0; 6];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut answer));
    read.await.expect("an answer within 20 s").unwrap();
    answer
}

#[tokio::test]
async fn a_window_is_acknowledged_and_sent_again_stores_nothing_twice() {
    let server = Server::start(&[LISTEN]).await;
    let window = window(&(0..100).map(|number| document(number, "")).collect::<Vec<_>>());
    for _ in 0..2 {
        let mut stream = connect(&server).await;
        for piece in window.chunks(97) {
            stream.write_all(piece).await.unwrap();
        }
        assert_eq!(&acknowledged(&mut stream).await, b"2A\0\0\0\x64");
    }
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(100), &json!(100)));
    let entries = server.store.entries();
    let entry = entries.iter().find(|entry| entry["metadata"]["log"]["offset"] == 14).unwrap();
    assert_eq!(
        (
            &entry["timestamp"],
            &entry["message"],
            &entry["resourceId"],
            &entry["metadata"]["@metadata"]["beat"]
        ),
        (&json!("2026-11-30T10:00:00.123Z"), &json!("the same line"), &json!("vm"), &json!("filebeat"))
    );
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_log_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let flags =
        [LISTEN, "--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=4MiB"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    let mut stream = connect(&server).await;
    let padding = "x".repeat(500);
    let mut windows = 0;
    loop {
        let documents: Vec<_> = (0..200).map(|number| document(windows * 200 + number, &padding)).collect();
        stream.write_all(&window(&documents)).await.unwrap();
        let mut answer = [0; 6];
        if tokio::time::timeout(Duration::from_secs(1), stream.read_exact(&mut answer)).await.is_err() {
            break;
        }
        assert_eq!(&answer, b"2A\0\0\0\xc8");
        windows += 1;
        assert!(windows < 100, "the log never fills");
    }
    assert_eq!(server.delivery().await["received"], windows * 200);
    server.store.down.store(false, Ordering::SeqCst);
    assert_eq!(&acknowledged(&mut stream).await, b"2A\0\0\0\xc8");
    assert_eq!(server.settled().await["stored"], (windows + 1) * 200);
}

#[tokio::test]
async fn bombs_and_lengths_that_lie_close_the_connection() {
    let server = Server::start(&[LISTEN, "--max-body=1MiB"]).await;
    let bomb = window(&["x".repeat(8 << 20)]);
    for (number, bytes) in
        [&bomb[..], b"2J\0\0\0\x01\xff\xff\xff\xff{}", b"GET / HTTP/1.1\r\n\r\n"].iter().enumerate()
    {
        let mut stream = connect(&server).await;
        stream.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        let _ = read.expect("the connection is closed within 20 s");
        assert!(rest.is_empty(), "{rest:?}");
        let broken = server.metric("logpipeline_ingestor_broken_connections_total").await;
        assert_eq!(broken, (number + 1) as f64);
    }
    assert_eq!(server.delivery().await["received"], 0);
}
