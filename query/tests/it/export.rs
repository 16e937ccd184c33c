//! Exports.

use std::sync::atomic::Ordering;
use std::time::Duration;

use logpipeline_query::config::Limits;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{SAMPLE, Server, eventually};

fn numbered(server: &Server, count: usize) {
    for index in 0..count {
        let timestamp = format!("2023-09-15T08:{:02}:{:02}Z", index / 60 % 60, index % 60);
        server.ingest(&json!({ "message": index.to_string(), "timestamp": timestamp }).to_string());
    }
}

#[tokio::test]
async fn ndjson_has_every_entry_as_it_is_stored() {
    let server = Server::start().await;
    numbered(&server, 2_500);
    let response = server.send("/export", &[("order", "asc")]).await;
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    assert_eq!(response.headers()["x-total"], "2500");
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"logs.ndjson\"");
    let body = response.text().await.unwrap();
    let search = server.send("/search", &[("order", "asc"), ("limit", "1000")]).await.text().await.unwrap();
    let lines: Vec<&str> = body.lines().collect();
    assert_eq!(lines.len(), 2_500);
    assert!(lines[..1_000].iter().all(|line| search.contains(line)));
    let messages: std::collections::BTreeSet<String> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(messages.len(), 2_500);
}

#[tokio::test]
async fn a_limit_and_a_query_apply() {
    let server = Server::start().await;
    numbered(&server, 1_200);
    let response = server.send("/export", &[("limit", "700"), ("q", "-message:7")]).await;
    assert_eq!(response.headers()["x-total"], "700");
    let body = response.text().await.unwrap();
    assert_eq!(body.lines().count(), 700);
    let nothing = server.send("/export", &[("q", "nowhere")]).await;
    assert_eq!(
        (nothing.headers()["x-total"].to_str().unwrap().to_owned(), nothing.text().await.unwrap()),
        ("0".to_owned(), String::new())
    );
}

#[tokio::test]
async fn csv_has_a_header_and_the_fields_asked_for() {
    let server = Server::start().await;
    server.ingest(SAMPLE);
    server.ingest(r#"{"message":"=cmd|' /C calc'!A0, \"x\"\nsecond line","timestamp":"2023-09-15T07:00:00Z","metadata":{"http":{"status":500},"delta":-5}}"#);
    let fields = ("fields", "timestamp,status,msg,metadata.http.status,delta");
    let response = server.send("/export", &[("format", "csv"), fields]).await;
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(
        response.text().await.unwrap(),
        "timestamp,status,msg,metadata.http.status,delta\r\n\
         2023-09-15T08:00:00Z,error,Failed to connect to DB,,\r\n\
         2023-09-15T07:00:00Z,,\"'=cmd|' /C calc'!A0, \"\"x\"\"\nsecond line\",500,-5\r\n"
    );
    let whole =
        server.send("/export", &[("format", "csv"), ("q", "level:error")]).await.text().await.unwrap();
    let mut lines = whole.lines();
    assert_eq!(
        lines.next(),
        Some("timestamp,level,resourceId,message,traceId,spanId,commit,metadata,id,receivedAt")
    );
    let start = "2023-09-15T08:00:00Z,error,server-1234,Failed to connect to DB,abc-xyz-123,span-456,5e5342f,\"{\"\"parentResourceId\"\":\"\"server-0987\"\"}\",";
    assert!(lines.next().unwrap().starts_with(start), "{whole}");
    let ndjson = server.send("/export", &[fields]).await.text().await.unwrap();
    assert_eq!(
        ndjson.lines().next(),
        Some(r#"{"timestamp":"2023-09-15T08:00:00Z","status":"error","msg":"Failed to connect to DB"}"#)
    );
    assert!(ndjson.contains(r#""metadata.http.status":500,"delta":-5"#), "{ndjson}");
}

/// The raw bytes of an answer until the server closes.
async fn raw(server: &Server, path: &str) -> (Vec<u8>, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await;
    (answer, end)
}

#[tokio::test]
async fn an_export_that_fails_midway_does_not_look_complete() {
    let server = Server::start().await;
    numbered(&server, 3_000);
    let (whole, _) = raw(&server, "/api/v1/export").await;
    assert!(whole.ends_with(b"\r\n0\r\n\r\n"), "a complete body ends with the last chunk");
    for cut in ["fail", "partial"] {
        let answered = server.store.searches.load(Ordering::SeqCst);
        match cut {
            "fail" => server.store.fail_after.store(answered + 2, Ordering::SeqCst),
            _ => server.store.fail_after.store(usize::MAX, Ordering::SeqCst),
        }
        if cut == "partial" {
            server.store.delay.store(50, Ordering::SeqCst);
            let store = std::sync::Arc::clone(&server.store);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(75)).await;
                store.partial.store(true, Ordering::SeqCst);
            });
        }
        let (answer, _) = raw(&server, "/api/v1/export").await;
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{cut}");
        assert!(!answer.ends_with(b"0\r\n\r\n"), "{cut}: the body looks complete");
        assert!(answer.len() < whole.len(), "{cut}");
    }
    assert_eq!(server.metric("logpipeline_query_exports_failed_total"), 2.0);
}

#[tokio::test]
async fn an_export_that_takes_longer_than_a_query_may_is_complete_but_not_counted() {
    let server = Server::start().await;
    numbered(&server, 2_500);
    server.store.slow.store(true, Ordering::SeqCst);
    let response = server.send("/export", &[]).await;
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("x-total"));
    assert_eq!(response.text().await.unwrap().lines().count(), 2_500);
    assert_eq!(server.metric("logpipeline_query_exports_failed_total"), 0.0);
}

#[tokio::test]
async fn an_export_from_a_store_that_does_not_read_says_so() {
    let server = Server::start().await;
    server.store.fail_after.store(0, Ordering::SeqCst);
    let (status, _) = server.refused("/export", &[]).await;
    assert_eq!(status, 503);
}

#[tokio::test]
async fn a_reader_that_pauses_holds_the_export_back() {
    let server = Server::start().await;
    let filler = "x".repeat(20_000);
    (0..3_000).for_each(|_| _ = server.ingest(&json!({ "message": filler }).to_string()));
    let mut response = server.send("/export", &[]).await;
    response.chunk().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let pages = server.store.searches.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        server.store.searches.load(Ordering::SeqCst),
        pages,
        "pages were read for a reader that takes nothing"
    );
    assert!(pages < 15, "{pages} pages of about 30");
    let rest = response.bytes().await.unwrap();
    assert!(rest.len() > 2_000 * 20_000);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_gives_its_place_up() {
    let limits = Limits { export_stall: Duration::from_millis(200), max_exports: 1, ..Limits::default() };
    let server = Server::with(limits).await;
    let filler = "x".repeat(100_000);
    (0..300).for_each(|_| _ = server.ingest(&json!({ "message": filler }).to_string()));
    let stuck = server.send("/export", &[]).await;
    let refused = server.send("/export", &[]).await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "10"));
    eventually(async || server.send("/export", &[("limit", "1")]).await.status() == 200, "a place").await;
    assert!(stuck.bytes().await.is_err(), "what was cut off looks complete");
}
