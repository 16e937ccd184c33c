//! How many requests run at once, how long they take, and what is counted.

use std::sync::atomic::Ordering;
use std::time::Duration;

use logpipeline_query::config::Limits;

use crate::server::Server;

#[tokio::test]
async fn beyond_the_limit_queries_are_refused_and_told_when_to_come_back() {
    let server = Server::with(Limits { max_queries: 1, ..Limits::default() }).await;
    server.store.delay.store(1_500, Ordering::SeqCst);
    let (first, second) = tokio::join!(server.send("/search", &[]), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.send("/search", &[]).await
    });
    assert_eq!(first.status(), 200);
    assert_eq!((second.status().as_u16(), second.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    assert!(second.text().await.unwrap().contains("urn:logpipeline:problem:busy"));
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_place() {
    let server = Server::with(Limits { max_queries: 1, ..Limits::default() }).await;
    server.store.delay.store(60_000, Ordering::SeqCst);
    let gone = tokio::time::timeout(Duration::from_millis(200), server.send("/search", &[])).await;
    assert!(gone.is_err());
    server.store.delay.store(0, Ordering::SeqCst);
    assert_eq!(server.send("/search", &[]).await.status(), 200);
}

#[tokio::test]
async fn a_store_that_ignores_its_deadline_is_not_waited_for() {
    let server = Server::with(Limits { query_timeout: Duration::from_millis(50), ..Limits::default() }).await;
    server.store.delay.store(60_000, Ordering::SeqCst);
    let started = std::time::Instant::now();
    let (status, problem) = server.refused("/search", &[]).await;
    assert_eq!((status, problem["type"].as_str().unwrap()), (504, "urn:logpipeline:problem:timeout"));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let server = Server::start().await;
    server.send("/search", &[]).await;
    server.send("/search", &[("limit", "0")]).await;
    server.send("/logs/018a97d2-5c00-7000-8000-000000000000", &[]).await;
    let text = prometheus::TextEncoder::new().encode_to_string(&server.registry.gather()).unwrap();
    for line in [
        r#"logpipeline_query_requests_total{route="/api/v1/search",status="200"} 1"#,
        r#"logpipeline_query_requests_total{route="/api/v1/search",status="400"} 1"#,
        r#"logpipeline_query_requests_total{route="/api/v1/logs/{id}",status="404"} 1"#,
        r#"logpipeline_query_request_seconds_count{route="/api/v1/search"} 2"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
