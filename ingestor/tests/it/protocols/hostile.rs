//! Bodies that inflate to far more than they are, or that lie about their length: refused in every protocol of HTTP, and nothing of
//! them is kept.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::support::server::{Server, gzip, zstd};

/// A path, and a content type that it takes.
const PATHS: [(&str, &str); 12] = [
    ("/logs", "application/json"),
    ("/logs", "text/plain"),
    ("/_bulk", "application/x-ndjson"),
    ("/logs-app/_doc", "application/json"),
    ("/insert/jsonline", "application/json"),
    ("/v1/logs", "application/json"),
    ("/v1/logs", "application/x-protobuf"),
    ("/loki/api/v1/push", "application/json"),
    ("/services/collector/event", "application/json"),
    ("/services/collector/raw", "text/plain"),
    ("/api/v2/logs", "application/json"),
    ("/upload", "application/vnd.fdo.journal"),
];
const LIMIT: &str = "--max-body=1MiB";
const BOMB: usize = 64 << 20;

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One frame of zstd with a block of one byte, which says that its content has a tebibyte.
fn boasting_zstd() -> Vec<u8> {
    [&[0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0x00][..], &(1_u64 << 40).to_le_bytes(), &[0x09, 0, 0, b'x']].concat()
}

/// The length at the end of gzip, or the check sum at the end of zlib, is another one.
fn garble_end(mut bytes: Vec<u8>) -> Vec<u8> {
    *bytes.last_mut().unwrap() ^= 0x7f;
    bytes
}

/// The status of each path's answer.
async fn statuses(server: &Server, coding: &str, body: &[u8]) -> Vec<(&'static str, &'static str, u16)> {
    let mut statuses = Vec::new();
    for (path, kind) in PATHS {
        let headers = [("content-type", kind), ("content-encoding", coding)];
        statuses.push((path, kind, server.post_to(path, &headers, body.to_vec()).await.status));
    }
    statuses
}

#[tokio::test]
async fn bombs_are_refused_in_every_protocol() {
    let server = Server::start(&[LIMIT]).await;
    let bomb = vec![b' '; BOMB];
    for (coding, body) in [("gzip", gzip(&bomb)), ("deflate", deflate(&bomb)), ("zstd", zstd(&bomb))] {
        for (path, kind, status) in statuses(&server, coding, &body).await {
            assert_eq!(status, 413, "{path} {kind} {coding}");
        }
    }
    // Senders of Loki and GELF compress without a header that says so.
    let block = snap::raw::Encoder::new().compress_vec(&bomb[..8 << 20]).unwrap();
    let answer =
        server.post_to("/loki/api/v1/push", &[("content-type", "application/x-protobuf")], block).await;
    assert_eq!(answer.status, 413, "loki");
    for body in [gzip(&bomb), deflate(&bomb)] {
        assert_eq!(server.post_to("/gelf", &[], body).await.status, 413, "gelf");
    }
    assert_eq!(server.delivery().await["received"], 0);
    assert_eq!(server.metric("logpipeline_ingestor_in_flight_bytes").await, 0.0);
}

#[tokio::test]
async fn lengths_that_lie_are_refused_in_every_protocol() {
    let server = Server::start(&[LIMIT]).await;
    let entry = b"{\"message\":\"m\"}\n";
    let lies = [
        ("gzip", garble_end(gzip(entry))),
        ("deflate", garble_end(deflate(entry))),
        ("zstd", boasting_zstd()),
        ("gzip", gzip(entry)[..12].to_vec()),
    ];
    for (coding, body) in &lies {
        for (path, kind, status) in statuses(&server, coding, body).await {
            assert_eq!(status, 400, "{path} {kind} {coding}");
        }
    }
    // A block of snappy that says it has 1 GiB, and one that says it has the most there is.
    for block in [&b"\x80\x80\x80\x80\x04\x00x"[..], b"\xff\xff\xff\xff\x0f\x00x", b"\x05\x00x"] {
        let kind = [("content-type", "application/x-protobuf")];
        let status = server.post_to("/loki/api/v1/push", &kind, block.to_vec()).await.status;
        assert!([400, 413].contains(&status), "loki: {status}");
    }
    for body in [garble_end(gzip(entry)), garble_end(deflate(entry))] {
        assert_eq!(server.post_to("/gelf", &[], body).await.status, 400, "gelf");
    }
    let kind = [("content-type", "application/x-protobuf")];
    let answer = server.post_to("/v1/logs", &kind, b"\x0a\xff\xff\xff\xff\x07ab".to_vec()).await;
    assert_eq!(answer.status, 400, "otlp");
    // A field that says it has 8 EiB: its entry is skipped, as too large ones are.
    let kind = [("content-type", "application/vnd.fdo.journal")];
    let body = b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\x7fabc\n\n".to_vec();
    assert_eq!(server.post_to("/upload", &kind, body).await.status, 202);
    assert_eq!(server.delivery().await["rejected"], 1);
    assert_eq!(server.settled().await["stored"], 0);
    assert_eq!(server.metric("logpipeline_ingestor_in_flight_bytes").await, 0.0);
}
