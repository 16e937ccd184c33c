//! GELF by HTTP, TCP and UDP, as its libraries send it.

use std::io::Write;
use std::sync::Arc;

use logpipeline_ingestor::intake::Protocol;
use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};

use crate::support::eventually;
use crate::support::server::{Server, gzip};
use crate::support::store::FakeStore;

/// What graypy sends.
const MESSAGE: &str = r#"{"version":"1.0","host":"vm","short_message":"line 1\nsecond row","timestamp":1796038763.576812,"level":3,"facility":"shop.cart","_stack_info":null,"_order":42,"_paid":true}"#;

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn check(server: &Server, count: usize) {
    let entries = server.store.entries();
    assert_eq!(entries.len(), count);
    for entry in entries {
        assert_eq!((&entry["message"], &entry["level"]), (&json!("line 1\nsecond row"), &json!("error")));
        assert_eq!(
            (&entry["resourceId"], &entry["timestamp"]),
            (&json!("vm"), &json!("2026-11-30T11:39:23.576812Z"))
        );
        assert_eq!(
            entry["metadata"],
            json!({"level": 3, "facility": "shop.cart", "stack_info": null, "order": 42, "paid": true})
        );
    }
}

#[tokio::test]
async fn http_takes_every_coding_that_libraries_name_and_use() {
    let server = Server::start(&[]).await;
    for (coding, body) in [
        (None, MESSAGE.as_bytes().to_vec()),
        (Some("gzip,deflate"), zlib(MESSAGE.as_bytes())),
        (Some("gzip,deflate"), gzip(MESSAGE.as_bytes())),
        (Some("gzip"), gzip(MESSAGE.as_bytes())),
        (Some("deflate"), zlib(MESSAGE.as_bytes())),
        (None, zlib(MESSAGE.as_bytes())),
    ] {
        let headers: Vec<_> = coding.map(|coding| ("content-encoding", coding)).into_iter().collect();
        let answer = server.post_to("/gelf", &headers, body).await;
        assert_eq!(answer.status, 202, "{coding:?}: {answer:?}");
        assert!(answer.headers.contains_key("x-logpipeline-receipt"));
    }
    let figures = server.settled().await;
    assert_eq!(figures["received"], 6);
    // Its time names microseconds: the same content is known again. What is inflated by its first bytes is other content.
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(3), &json!(3)));
    check(&server, 3);
}

#[tokio::test]
async fn http_keeps_what_a_sender_sends_that_hangs_up_without_reading() {
    let server = Server::start(&[]).await;
    let request =
        format!("POST /gelf HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{MESSAGE}", MESSAGE.len());
    for _ in 0..50 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    eventually("all are received", async || server.delivery().await["received"] == 50).await;
}

#[tokio::test]
async fn http_says_what_is_wrong() {
    let server = Server::start(&[]).await;
    let answer = server.post_to("/gelf", &[], "no JSON").await;
    assert_eq!((answer.status, answer.kind()), (400, "nothing-usable"));
    let answer = server.post_to("/gelf", &[], "").await;
    assert_eq!((answer.status, answer.kind()), (400, "empty-body"));
    let cut = zlib(MESSAGE.as_bytes())[..50].to_vec();
    let answer = server.post_to("/gelf", &[("content-encoding", "gzip,deflate")], cut).await;
    assert_eq!((answer.status, answer.kind()), (400, "malformed-body"));
    let bomb = zlib(&vec![b' '; 64 << 20]);
    let answer = server.post_to("/gelf", &[("content-encoding", "gzip,deflate")], bomb).await;
    assert_eq!((answer.status, answer.kind()), (413, "body-too-large"));
    assert_eq!(server.delivery().await["waiting"], 0);
}

#[tokio::test]
async fn http_answers_429_where_the_log_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=4MiB"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    let body = format!("{{\"host\":\"vm\",\"short_message\":\"{}\"}}", "x".repeat(50_000));
    for _ in 0..100 {
        let answer = server.post_to("/gelf", &[], body.clone()).await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"));
            return;
        }
        assert_eq!(answer.status, 202);
    }
    panic!("the log never fills");
}

#[tokio::test]
async fn tcp_and_udp_bring_the_same_entries() {
    let server = Server::start(&["--gelf-tcp-listen=127.0.0.1:0", "--gelf-udp-listen=127.0.0.1:0"]).await;
    let mut stream = TcpStream::connect(server.listeners.get(Protocol::GelfTcp).unwrap()).await.unwrap();
    stream.write_all(format!("{MESSAGE}\0{MESSAGE}\0").as_bytes()).await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.listeners.get(Protocol::GelfUdp).unwrap()).await.unwrap();
    let packed = zlib(MESSAGE.as_bytes());
    let chunk = |id: u8, number: u8, count: u8, part: &[u8]| {
        [&[0x1e, 0x0f, id, 0, 0, 0, 0, 0, 0, 0, number, count][..], part].concat()
    };
    let (first, second) = packed.split_at(60);
    for datagram in [
        packed.clone(),
        MESSAGE.as_bytes().to_vec(),
        // gelf-pro sends the header of a chunk for one chunk.
        chunk(1, 0, 1, &packed),
        chunk(2, 1, 2, second),
        chunk(2, 1, 2, second),
        chunk(2, 0, 2, first),
    ] {
        socket.send(&datagram).await.unwrap();
    }
    eventually("all are stored", async || server.store.len() >= 6).await;
    server.settled().await;
    check(&server, 6);
}
