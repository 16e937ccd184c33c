//! Memory stays within bounds whatever senders do.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::process::Process;
use crate::support::server::ndjson;

const MEBIBYTE: u64 = 1 << 20;
const FLAGS: [&str; 3] = ["--max-in-flight=16MiB", "--max-body=4MiB", "--wal-size=64MiB"];

async fn post(process: &Process) -> u16 {
    let url = format!("http://{}/logs", process.address);
    reqwest::Client::new().post(url).body(ndjson("after", 10)).send().await.unwrap().status().as_u16()
}

async fn in_flight(process: &Process) -> u64 {
    let text = reqwest::get(format!("http://{}/metrics", process.admin)).await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("logpipeline_ingestor_in_flight_bytes "));
    line.unwrap().parse().unwrap()
}

/// Runs senders that hold their connections, and returns how much memory the ingestor took for them.
async fn growth<F>(process: &Process, count: usize, send: impl Fn(SocketAddr) -> F) -> u64
where
    F: Future<Output = Vec<TcpStream>> + Send + 'static,
{
    assert_eq!(post(process).await, 202);
    let before = process.peak_memory();
    let senders: Vec<_> = (0..count).map(|_| tokio::spawn(send(process.address))).collect();
    let mut held = Vec::new();
    for sender in senders {
        held.push(sender.await.unwrap());
    }
    // The senders do hold what there is for requests: at most a request and its decoder are left.
    let held_up = async || (15 * MEBIBYTE..=16 * MEBIBYTE).contains(&in_flight(process).await);
    crate::support::eventually("15 to 16 MiB are in flight", held_up).await;
    let grown = process.peak_memory() - before;
    drop(held);
    crate::support::eventually("the memory is given back", async || in_flight(process).await == 0).await;
    assert_eq!(post(process).await, 202);
    grown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_bodies_that_stall_before_they_are_inflated_are_charged() {
    for coding in ["zstd", "gzip"] {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start(folder.path(), &FLAGS);
        let grown = growth(&process, 400, move |address| async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head = format!(
                "POST /logs HTTP/1.1\r\nHost: x\r\nContent-Encoding: {coding}\r\nContent-Length: 1000000\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            // Those that are refused are closed in between.
            let _ = stream.write_all(&vec![0; 60_000]).await;
            vec![stream]
        })
        .await;
        // The budget, and 64 KiB that each of the 400 connections may buffer.
        assert!(grown < (16 + 25 + 8) * MEBIBYTE, "{coding}: grew by {} MiB", grown / MEBIBYTE);
    }
}

/// Opens an HTTP/2 connection and begins `requests` requests that never get a body.
async fn begin_requests(address: SocketAddr, requests: u32) -> TcpStream {
    const HEADERS: u8 = 1;
    const SETTINGS: u8 = 4;
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        bytes
    };
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, b""));
    for request in 0..requests {
        // :method POST, :scheme http, :authority x, :path /logs; the end of headers, not of the stream.
        bytes.extend(frame(HEADERS, 0x4, 2 * request + 1, b"\x83\x86\x01\x01x\x04\x05/logs"));
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_without_a_body_are_charged_however_many_a_connection_carries() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &FLAGS);
    let grown = growth(&process, 60, |address| async move { vec![begin_requests(address, 250).await] }).await;
    assert!(grown < 48 * MEBIBYTE, "grew by {} MiB", grown / MEBIBYTE);
}

#[tokio::test]
async fn a_connection_carries_at_most_100_requests_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--body-timeout=500ms"]);
    let mut stream = begin_requests(process.address, 250).await;
    let mut refused = 0;
    let until = tokio::time::Instant::now() + Duration::from_millis(400);
    let mut head = [0; 9];
    while let Ok(read) = tokio::time::timeout_at(until, stream.read_exact(&mut head)).await {
        read.unwrap();
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.unwrap();
        // RST_STREAM with REFUSED_STREAM: the sender may try again elsewhere or later.
        refused += u32::from(head[3] == 3 && payload == [0, 0, 0, 7]);
    }
    assert_eq!(refused, 150);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_buffers_no_more_than_is_documented() {
    const CONNECTIONS: u64 = 400;
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--header-timeout=60s"]);
    assert_eq!(post(&process).await, 202);
    let before = process.peak_memory();
    // Heads that do not end, as large as they may be.
    let head = format!("POST /logs HTTP/1.1\r\nHost: x\r\nFiller: {}", "x".repeat(60 << 10));
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(process.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        held.push(stream);
    }
    let each = || (process.peak_memory() - before) / CONNECTIONS;
    crate::support::eventually("the heads are read", async || each() >= 32 << 10).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(each() <= 160 << 10, "{} bytes a connection", each());
    assert_eq!(post(&process).await, 202);
}
