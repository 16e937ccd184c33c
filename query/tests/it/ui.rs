//! The web UI's files, and the headers of every answer.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use logpipeline_query::ui;

use crate::server::{Server, client};

async fn get(server: &Server, path: &str) -> reqwest::Response {
    client().get(server.url(path)).send().await.unwrap()
}

#[tokio::test]
async fn the_page_is_served_at_the_root() {
    let server = Server::start().await;
    for path in ["/", "/?q=level:error"] {
        let response = get(&server, path).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8", "{path}");
        assert_eq!(response.headers()["cache-control"], "no-cache", "{path}");
        let body = response.text().await.unwrap();
        match ui::is_built() {
            true => assert!(body.contains("/assets/"), "{body}"),
            false => assert!(body.contains("make ui"), "{body}"),
        }
    }
}

#[tokio::test]
async fn what_is_neither_file_nor_endpoint_is_not_found() {
    let server = Server::start().await;
    for path in ["/nope", "/explore", "/assets/gone-123.js", "/favicon.none", "/api/v2/search", "/api"] {
        let response = get(&server, path).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn every_answer_forbids_what_the_ui_does_not_need() {
    let server = Server::start().await;
    for path in ["/", "/api/v1/search", "/api/v1/search?limt=1", "/api/v1/tail"] {
        let response = get(&server, path).await;
        let headers = response.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert!(!headers.contains_key("access-control-allow-origin"), "{path}");
    }
    assert_eq!(get(&server, "/api/v1/search").await.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_ask() {
    let server = Server::start().await;
    (0..100).for_each(|_| _ = server.ingest(crate::server::SAMPLE));
    let client = client();
    for (path, compressed) in [("/api/v1/search", true), ("/api/v1/export", true), ("/api/v1/tail", false)] {
        let response = client.get(server.url(path)).header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(response.headers().contains_key("content-encoding"), compressed, "{path}");
    }
}

#[tokio::test]
async fn a_compressed_export_is_whole() {
    let server = Server::start().await;
    (0..1_000).for_each(|_| _ = server.ingest(crate::server::SAMPLE));
    let client = client();
    for query in ["", "?limit=1", "?q=nothing", "?format=csv"] {
        let path = format!("/api/v1/export{query}");
        let plain = get(&server, &path).await.bytes().await.unwrap();
        let request = client.get(server.url(&path)).header("accept-encoding", "gzip");
        let packed = request.send().await.unwrap().bytes().await.unwrap();
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain, "{path}: {} bytes, not {}", unpacked.len(), plain.len());
    }
}
