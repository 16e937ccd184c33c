//! Bounds of size, time and memory.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::eventually;
use crate::support::server::{Server, gzip, ndjson, zstd};

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_however_it_comes() {
    let server = Server::start(&["--max-body=1MiB", "--max-in-flight=8MiB"]).await;
    let large = vec![b' '; (1 << 20) + 1];
    let answer = server.post(large.clone()).await;
    assert_eq!((answer.status, answer.kind()), (413, "body-too-large"));
    assert_eq!(answer.body["limitBytes"], 1 << 20);
    assert!(answer.body["detail"].as_str().unwrap().contains("1 MiB"));

    let head = "POST /logs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked =
        [head.as_bytes(), format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    assert!(server.raw(&chunked).await.starts_with("HTTP/1.1 413"));

    for (coding, bomb) in [("gzip", gzip(&vec![0; 256 << 20])), ("zstd", zstd(&vec![0; 256 << 20]))] {
        let started = Instant::now();
        let answer = server.post_to("/logs", &[("content-encoding", coding)], bomb).await;
        assert_eq!((answer.status, answer.kind()), (413, "body-too-large"), "{coding}");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(server.metric("logpipeline_ingestor_requests_total{outcome=\"too_large\"}").await, 4.0);

    // Right at the limit is fine, and what was refused holds no memory.
    let mut largest = ndjson("largest", 10).into_bytes();
    largest.resize(1 << 20, b'\n');
    assert_eq!(server.post(largest).await.status, 202);
    eventually("the memory is given back", async || {
        server.metric("logpipeline_ingestor_in_flight_bytes").await == 0.0
    })
    .await;
}

#[tokio::test]
async fn a_body_that_pauses_or_drags_on_is_cut_off() {
    let server = Server::start(&["--body-timeout=300ms", "--body-deadline=1s"]).await;
    let head = "POST /logs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"mess";
    let started = Instant::now();
    let answer = server.raw(head.as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("paused for longer than 300ms"),
        "{answer}"
    );
    assert!(answer.to_lowercase().contains("connection: close"));
    assert!(started.elapsed() < Duration::from_secs(5));

    // A byte now and then is progress, but not enough of it.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let drip = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = String::new();
    let started = Instant::now();
    reader.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("did not arrive within 1s"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(5));
    drip.abort();
    assert_eq!(server.metric("logpipeline_ingestor_requests_total{outcome=\"incomplete\"}").await, 2.0);
    assert_eq!(server.delivery().await["received"], 0);
}

#[tokio::test]
async fn a_content_length_that_lies_leaves_nothing_behind() {
    let server = Server::start(&[]).await;
    // Less than announced, and then the end.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"POST /logs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"message\":\"half\"}\n")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    // More than announced: what follows is not a request.
    let answer = server
        .raw(b"POST /logs HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n{\"message\":\"one\"}{\"message\":\"two\"}\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 202") && answer.contains("HTTP/1.1 400"), "{answer}");
    // Not a number, or two of them.
    for head in ["Content-Length: -1", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: x"] {
        let answer =
            server.raw(format!("POST /logs HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\nhello").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{head}: {answer}");
    }
    server.settled().await;
    assert_eq!(server.store.messages(), ["one"]);
}

#[tokio::test]
async fn memory_for_requests_is_bounded_and_given_back() {
    let server = Server::start(&["--max-body=2MiB", "--max-in-flight=4160KiB", "--body-timeout=10s"]).await;
    // Four senders that have sent a MiB each and stop: no memory is left for a fifth.
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"POST /logs HTTP/1.1\r\nHost: x\r\nContent-Length: 1048600\r\n\r\n").await.unwrap();
        stream.write_all(&vec![b'\n'; 1 << 20]).await.unwrap();
        held.push(stream);
    }
    eventually("the senders hold the memory", async || {
        server.metric("logpipeline_ingestor_in_flight_bytes").await >= 4_000_000.0
    })
    .await;
    let answer = server.post(ndjson("fifth", 10)).await;
    assert_eq!((answer.status, answer.kind()), (429, "too-much-in-flight"));
    assert_eq!(answer.headers["retry-after"], "1");
    // Health is not in question.
    assert_eq!(server.admin("/healthz").await.0, 200);
    assert_eq!(server.admin("/readyz").await.0, 200);
    drop(held);
    eventually("the memory is given back", async || {
        server.metric("logpipeline_ingestor_in_flight_bytes").await == 0.0
    })
    .await;
    assert_eq!(server.post(ndjson("fifth", 10)).await.status, 202);
}

#[tokio::test]
async fn a_body_whose_entries_outgrow_all_memory_is_told_to_be_smaller() {
    let server = Server::start(&["--max-body=2MiB", "--max-in-flight=4MiB"]).await;
    // 14 bytes each as sent, some 180 in the log.
    let answer = server.post("{\"message\":\"\"}\n".repeat(130_000)).await;
    assert_eq!((answer.status, answer.kind()), (413, "batch-too-large"));
    assert!(answer.body["detail"].as_str().unwrap().contains("Send smaller batches"));
    assert_eq!(server.delivery().await["received"], 0);
    assert_eq!(server.post("{\"message\":\"\"}\n".repeat(2_000)).await.body["accepted"], json!(2_000));
}

#[tokio::test]
async fn entries_that_are_too_deep_or_too_large_count_as_limit() {
    let server = Server::start(&[]).await;
    let deep = format!("{{\"a\":{}{}}}\n", "[".repeat(100), "]".repeat(100));
    let large = format!("{{\"message\":\"{}\"}}\n", "x".repeat(2 << 20));
    let valid = ndjson("valid", 1);
    assert_eq!(server.post(format!("{deep}{large}{valid}")).await.body["accepted"], json!(1));
    assert_eq!(server.metric("logpipeline_ingestor_rejected_entries_total{reason=\"limit\"}").await, 2.0);
}
