//! Fluent's forward protocol.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use logpipeline_ingestor::intake::Protocol;
use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::json;
use sha2::{Digest, Sha512};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::eventually;
use crate::support::process::run;
use crate::support::server::Server;
use crate::support::store::FakeStore;

const LISTEN: &str = "--forward-listen=127.0.0.1:0";

/// node-fluent-logger 3.4.1, two events packed and compressed, as it was recorded.
const RECORDED: &[u8] = b"\x93\xa8app.shop\xc48\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x9bt.\x9b7m}\xd3\xf2\xdc\xd4\xe2\xe2\xc4\xf4\xd4e9\x99y\xa9\x0a\x06K\xf3\x8bRR\x8b\xb4&\x81%\x1bQ%\x0d\x011e\x15\xb13\x00\x00\x00\x84\xa5chunk\xb89TKMU2xeBY0WDPymMBHqZg==\xa4size8\xaacompressed\xa4gzip\xb2eventEntryDataSize3";
const ACKNOWLEDGED: &[u8] = b"\x81\xa3ack\xb89TKMU2xeBY0WDPymMBHqZg==";

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.listeners.get(Protocol::Forward).unwrap()).await.unwrap()
}

async fn expect(stream: &mut TcpStream, expected: &[u8]) {
    let mut answer = vec![0; expected.len()];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut answer));
    read.await.expect("an answer within 20 s").unwrap();
    assert_eq!(answer, expected);
}

/// A text of MessagePack of up to 255 bytes.
fn text(text: &[u8]) -> Vec<u8> {
    [&[0xd9, u8::try_from(text.len()).unwrap()], text].concat()
}

/// A message of `count` events with a chunk to acknowledge.
fn chunk(chunk: &str, messages: &[String]) -> Vec<u8> {
    let count = u16::try_from(messages.len()).unwrap().to_be_bytes();
    let mut bytes = [&b"\x93"[..], &text(b"kill"), b"\xdc", &count].concat();
    for message in messages {
        bytes.extend_from_slice(b"\x92\xce\x6b\x0d\x66\xa8\x81\xa7message");
        bytes.extend_from_slice(&text(message.as_bytes()));
    }
    bytes.extend_from_slice(b"\x81\xa5chunk");
    bytes.extend_from_slice(&text(chunk.as_bytes()));
    bytes
}

#[tokio::test]
async fn a_chunk_is_acknowledged_and_sent_again_stores_nothing_twice() {
    let server = Server::start(&[LISTEN]).await;
    for _ in 0..2 {
        let mut stream = connect(&server).await;
        for piece in RECORDED.chunks(11) {
            stream.write_all(piece).await.unwrap();
        }
        expect(&mut stream, ACKNOWLEDGED).await;
    }
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(2), &json!(2)));
    let entries = server.store.entries();
    let messages: Vec<_> = entries.iter().map(|entry| &entry["message"]).collect();
    assert_eq!(messages, ["line 0", "line 1"], "ids order as the events of a chunk do");
    assert_eq!(entries[0]["metadata"], json!({"tag": "app.shop", "order": 42}));
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_log_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let flags =
        [LISTEN, "--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=4MiB"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    let messages: Vec<_> = (0..500).map(|number| format!("{number} {}", "x".repeat(200))).collect();
    let mut stream = connect(&server).await;
    let mut acknowledged = 0;
    let answer =
        |number: usize| [&b"\x81\xa3ack"[..], &[0xa0 | 3], format!("{number:03}").as_bytes()].concat();
    loop {
        stream.write_all(&chunk(&format!("{acknowledged:03}"), &messages)).await.unwrap();
        let mut received = vec![0; answer(acknowledged).len()];
        let read = tokio::time::timeout(Duration::from_secs(1), stream.read_exact(&mut received)).await;
        if read.is_err() {
            break;
        }
        assert_eq!(received, answer(acknowledged));
        acknowledged += 1;
        assert!(acknowledged < 100, "the log never fills");
    }
    assert_eq!(server.delivery().await["received"], acknowledged * messages.len());
    server.store.down.store(false, Ordering::SeqCst);
    expect(&mut stream, &answer(acknowledged)).await;
    assert_eq!(server.settled().await["stored"], (acknowledged + 1) * messages.len());
}

#[tokio::test]
async fn senders_must_know_the_shared_key_and_learn_that_the_server_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "secret\n").unwrap();
    let flag = format!("--forward-shared-key-file={}", path.display());
    let server = Server::start(&[LISTEN, &flag]).await;
    let mut nonces = std::collections::BTreeSet::new();
    for (key, is_known) in [("secret", true), ("guess", false)] {
        let mut stream = connect(&server).await;
        let mut hello = [0; 49];
        stream.read_exact(&mut hello).await.unwrap();
        assert!(hello.starts_with(b"\x92\xa4HELO\x83\xa5nonce\xc4\x10"), "{hello:?}");
        assert!(hello.ends_with(b"\xa4auth\xc4\0\xa9keepalive\xc3"), "{hello:?}");
        let nonce = hello[15..31].to_vec();
        assert!(nonces.insert(nonce.clone()), "each connection has another nonce");
        let digest = |hostname: &[u8]| {
            let hash = Sha512::digest([b"salt", hostname, &nonce, key.as_bytes()].concat());
            hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let proof = digest(b"client");
        let ping = [b"PING", &b"client"[..], b"salt", proof.as_bytes(), b"", b""];
        let ping = [vec![0x96], ping.into_iter().flat_map(text).collect()].concat();
        stream.write_all(&ping).await.unwrap();
        let mut pong = [0; 7];
        stream.read_exact(&mut pong).await.unwrap();
        assert_eq!(&pong, if is_known { b"\x95\xa4PONG\xc3" } else { b"\x95\xa4PONG\xc2" });
        let mut rest = Vec::new();
        if is_known {
            stream.write_all(RECORDED).await.unwrap();
            while !rest.ends_with(ACKNOWLEDGED) {
                assert!(stream.read_buf(&mut rest).await.unwrap() > 0);
            }
            let name = &rest[2..2 + usize::from(rest[1] & 0x1f)];
            let name = if rest[1] == 0xd9 { &rest[3..3 + usize::from(rest[2])] } else { name };
            let digest = digest(name);
            assert!(rest.windows(digest.len()).any(|bytes| bytes == digest.as_bytes()), "{rest:?}");
        } else {
            stream.read_to_end(&mut rest).await.unwrap();
            assert!(rest.windows(19).any(|bytes| bytes == b"shared_key mismatch"));
        }
    }
    eventually("what was let in is stored", async || server.store.len() == 2).await;
}

#[test]
fn a_file_without_a_key_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, " \n").unwrap();
    let flag = format!("--forward-shared-key-file={}", path.display());
    let (status, log) = run(folder.path(), &[LISTEN, &flag]);
    assert!(!status.success() && log.contains("it is empty"), "{log}");
    let (status, log) = run(folder.path(), &[&flag]);
    assert!(!status.success() && log.contains("--forward-listen"), "{log}");
}

#[tokio::test]
async fn lengths_that_lie_close_the_connection_and_hold_no_memory() {
    let server = Server::start(&[LISTEN]).await;
    let mut stream = connect(&server).await;
    // Four gigabytes of packed events.
    stream.write_all(b"\x92\xa1t\xc6\xff\xff\xff\xff").await.unwrap();
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    let _ = read.expect("the connection is closed within 20 s");
    assert!(rest.is_empty());
    assert_eq!(server.metric("logpipeline_ingestor_broken_connections_total").await, 1.0);
    assert_eq!(server.delivery().await["received"], 0);
}
