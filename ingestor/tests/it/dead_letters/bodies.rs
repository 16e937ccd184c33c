//! Bodies that cannot be read.

use logpipeline_ingestor::dead_letters::MOST_BYTES;
use logpipeline_ingestor::intake::Protocol;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::letters;
use crate::support::eventually;
use crate::support::server::{Server, gzip};

const DROPPED: &str = "logpipeline_ingestor_dead_letter_bodies_dropped_total";
const KEPT: &str = "logpipeline_ingestor_dead_letter_bodies_total";

async fn dropped(server: &Server, reason: &str) -> f64 {
    server.metric(&format!("{DROPPED}{{reason=\"{reason}\"}}")).await
}

#[tokio::test]
async fn a_body_of_every_protocol_by_http_that_cannot_be_read_is_kept_with_its_request() {
    let server = Server::start(&[]).await;
    let json = ("content-type", "application/json");
    let protobuf = ("content-type", "application/x-protobuf");
    // Bodies that are not in the format, and bodies without one usable entry.
    let cases = [
        ("json", "/api/v1/logs", json, &b"<xml>no json</xml>"[..]),
        ("bulk", "/shop/_bulk?filter_path=errors", json, &b"nonsense\n"[..]),
        ("bulk", "/shop/_doc", json, &b"nonsense"[..]),
        ("otlp_http", "/v1/logs", json, &b"[7]"[..]),
        ("otlp_http", "/v1/logs", protobuf, &b"\xff\xff\xff\xff"[..]),
        ("loki", "/loki/api/v1/push", json, &b"[7, 7]"[..]),
        ("loki", "/loki/api/v1/push", protobuf, &b"\xff\xff\xff\xff"[..]),
        ("hec", "/services/collector/event?host=h", json, &b"nonsense"[..]),
        ("datadog", "/api/v2/logs?ddsource=s&dd-api-key=S3CRET", json, &b"nonsense"[..]),
        ("jsonline", "/insert/jsonline?_msg_field=m", json, &b"nonsense"[..]),
        ("gelf_http", "/gelf", json, &b"nonsense"[..]),
    ];
    for (index, (protocol, path, kind, body)) in cases.into_iter().enumerate() {
        let answer = server.post_to(path, &[kind], body.to_vec()).await;
        let letters = letters(&server, index + 1).await;
        let letter = letters
            .iter()
            .find(|letter| {
                letter["metadata"]["request"]["path"] == path.replace("&dd-api-key=S3CRET", "")
                    && letter["message"] == String::from_utf8_lossy(body).as_ref()
            })
            .unwrap_or_else(|| panic!("{path}: {answer:?} {letters:?}"));
        let metadata = &letter["metadata"];
        assert_eq!(metadata["protocol"], protocol, "{letter}");
        assert_eq!(metadata["peer"], "127.0.0.1");
        assert_eq!(metadata["request"]["method"], "POST");
        assert_eq!(metadata["request"]["contentType"], kind.1);
        assert!(!metadata["reason"].as_str().unwrap().is_empty());
        assert_eq!(metadata.get("rawBase64").is_some(), str::from_utf8(body).is_err(), "{letter}");
        assert_eq!(letter["timestamp"], letter["receivedAt"]);
        assert!(server.metric(&format!("{KEPT}{{protocol=\"{protocol}\"}}")).await >= 1.0);
    }
    assert!(!server.store.letters().entries().iter().any(|letter| letter.to_string().contains("S3CRET")));
    // None of it was accepted.
    assert_eq!(server.store.len(), 0);
}

#[tokio::test]
async fn a_body_that_does_not_inflate_is_kept_as_it_came() {
    let server = Server::start(&[]).await;
    let mut cut = gzip(br#"{"message":"whole"}"#);
    cut.truncate(cut.len() - 9);
    for (coding, status) in [("gzip", 400), ("zstd", 400), ("deflate", 400), ("br", 415)] {
        let body = [coding.as_bytes(), &cut].concat();
        let answer = server.post_to("/logs", &[("content-encoding", coding)], body).await;
        assert_eq!(answer.status, status, "{coding}");
    }
    let letters = letters(&server, 4).await;
    let of = |coding: &str| {
        letters.iter().find(|letter| letter["metadata"]["request"]["contentEncoding"] == coding)
    };
    for coding in ["gzip", "zstd", "deflate", "br"] {
        let letter = of(coding).unwrap_or_else(|| panic!("{coding}"));
        assert!(letter["message"].as_str().unwrap().starts_with(coding));
        assert!(letter["metadata"]["rawBase64"].is_string());
        assert!(letter["metadata"]["truncated"].is_null());
    }
    assert!(of("br").unwrap()["metadata"]["reason"].as_str().unwrap().contains("\"br\" is not supported"));
}

#[tokio::test]
async fn what_was_told_to_come_again_and_what_was_taken_in_part_is_none() {
    let server = Server::start(&["--max-body=64KiB"]).await;
    // Too large, empty, and taken but for a line.
    let answer = server.post("x".repeat(100_000)).await;
    assert_eq!(answer.status, 413);
    assert_eq!(server.post("").await.status, 400);
    assert_eq!(server.post("nonsense\n{\"message\":\"m\"}").await.status, 202);
    // Requests end with an answer after what is kept of them was handed in.
    assert_eq!(server.post("nonsense").await.status, 400);
    let letters = letters(&server, 1).await;
    assert_eq!(letters[0]["message"], "nonsense");
    assert!(
        letters[0]["metadata"]["reason"]
            .as_str()
            .unwrap()
            .starts_with("nothing of it can be used; entry 1: ")
    );
}

#[tokio::test]
async fn a_large_body_is_kept_by_its_beginning() {
    let server = Server::start(&[]).await;
    let body = format!("no json {}", "x".repeat(500_000));
    assert_eq!(server.post(body.clone()).await.status, 400);
    let letters = letters(&server, 1).await;
    assert_eq!(letters[0]["message"], body[..MOST_BYTES]);
    assert_eq!(letters[0]["metadata"]["truncated"], 500_008);
}

#[tokio::test]
async fn equal_bodies_are_kept_once_and_a_flood_is_counted() {
    let server = Server::start(&[]).await;
    for _ in 0..5 {
        assert_eq!(server.post("nonsense").await.status, 400);
    }
    letters(&server, 1).await;
    assert_eq!(dropped(&server, "repeated").await, 4.0);
    for number in 0..100 {
        assert_eq!(server.post(format!("nonsense {number}")).await.status, 400);
    }
    letters(&server, 60).await;
    assert_eq!(dropped(&server, "rate").await, 41.0);
    assert_eq!(server.metric(&format!("{KEPT}{{protocol=\"json\"}}")).await, 60.0);
}

#[tokio::test]
async fn nothing_waits_for_a_store_of_letters_that_is_down() {
    use std::sync::atomic::Ordering;
    let server = Server::start(&[]).await;
    server.store.letters().down.store(true, Ordering::SeqCst);
    for number in 0..60 {
        let body = format!("nonsense {number} {}", "x".repeat(MOST_BYTES));
        assert_eq!(server.post(body).await.status, 400);
    }
    // 8 MiB wait at most, 257 KiB each.
    assert_eq!(dropped(&server, "full").await, 60.0 - 31.0);
    server.store.letters().down.store(false, Ordering::SeqCst);
    letters(&server, 31).await;
}

#[tokio::test]
async fn who_has_no_token_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "shop:0123456789abcdef").unwrap();
    let server = Server::start(&[&format!("--tokens-file={}", tokens.display())]).await;
    assert_eq!(server.post("nonsense").await.status, 401);
    let known = [("authorization", "Bearer 0123456789abcdef")];
    assert_eq!(server.post_to("/logs", &known, "nonsense of a known sender").await.status, 400);
    let letters = letters(&server, 1).await;
    assert_eq!(letters[0]["message"], "nonsense of a known sender");
    assert_eq!(letters[0]["metadata"]["sender"], "shop");
    assert!(!letters[0].to_string().contains("0123456789abcdef"));
}

#[tokio::test]
async fn bytes_of_a_connection_that_cannot_go_on_are_kept() {
    let server = Server::start(&[
        "--forward-listen=127.0.0.1:0",
        "--lumberjack-listen=127.0.0.1:0",
        "--relp-listen=127.0.0.1:0",
    ])
    .await;
    for (index, (protocol, label)) in
        [(Protocol::Forward, "forward"), (Protocol::Lumberjack, "lumberjack"), (Protocol::Relp, "relp")]
            .into_iter()
            .enumerate()
    {
        let sent = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\0";
        let mut stream = TcpStream::connect(server.listeners.get(protocol).unwrap()).await.unwrap();
        stream.write_all(sent).await.unwrap();
        stream.shutdown().await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
        let letters = letters(&server, index + 1).await;
        let letter = letters.iter().find(|letter| letter["metadata"]["protocol"] == label);
        let letter = letter.unwrap_or_else(|| panic!("{label}: {letters:?}"));
        assert!(letter["message"].as_str().unwrap().starts_with("GET / HTTP/1.1"), "{letter}");
        assert_eq!(letter["metadata"]["request"], Value::Null);
    }
}

#[tokio::test]
async fn a_sender_that_does_not_know_the_shared_key_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "a shared key of some length").unwrap();
    let server = Server::start(&[
        "--forward-listen=127.0.0.1:0",
        &format!("--forward-shared-key-file={}", key.display()),
    ])
    .await;
    let address = server.listeners.get(Protocol::Forward).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
    let broken = "logpipeline_ingestor_broken_connections_total";
    eventually("it is closed", async || server.metric(broken).await == 1.0).await;
    assert_eq!(server.post("nonsense").await.status, 400);
    assert_eq!(letters(&server, 1).await[0]["metadata"]["protocol"], "json");
}

#[tokio::test]
async fn a_datagram_that_cannot_be_read_is_kept_and_those_beside_it_are_taken() {
    let server = Server::start(&["--gelf-udp-listen=127.0.0.1:0"]).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.listeners.get(Protocol::GelfUdp).unwrap()).await.unwrap();
    socket.send(b"\x1f\x8bnonsense").await.unwrap();
    socket.send(br#"{"version":"1.1","host":"h","short_message":"good"}"#).await.unwrap();
    let letters = letters(&server, 1).await;
    assert!(letters[0]["message"].as_str().unwrap().ends_with("nonsense"), "{}", letters[0]);
    assert_eq!(letters[0]["metadata"]["rawBase64"], "H4tub25zZW5zZQ==");
    assert_eq!(letters[0]["metadata"]["protocol"], "gelf_udp");
    assert_eq!(letters[0]["metadata"]["peer"], json!("127.0.0.1"));
    eventually("the other is stored", async || server.store.messages() == ["good"]).await;
}

#[tokio::test]
async fn a_journal_is_kept_from_where_it_is_wrong() {
    let server = Server::start(&["--max-entry=16KiB"]).await;
    let body = format!("__CURSOR=a\n__REALTIME_TIMESTAMP=1\nMESSAGE=good\n\n{}", "wrong ".repeat(100_000));
    let answer = server.post_to("/upload", &[("content-type", "application/vnd.fdo.journal")], body).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let letters = letters(&server, 1).await;
    assert_eq!(letters[0]["metadata"]["protocol"], "journal");
    assert_eq!(letters[0]["metadata"]["request"]["path"], "/upload");
    assert!(letters[0]["message"].as_str().unwrap().contains("wrong wrong"), "{}", letters[0]);
    assert_eq!(server.settled().await["stored"], 1);
}
