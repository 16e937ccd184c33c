//! What ingestors tell of requests and entries, and what becomes of it.

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::server::Server;

const RECEIPT: &str = "018a97d2-5c00-7000-8000-000000000001";
const ENTRY: &str = "018a97d2-5c00-7000-8000-000000000002";

fn receipt(received_at: &str) -> Value {
    json!({
        "receipt": RECEIPT, "receivedAt": received_at, "syncedAt": "2026-11-30T08:00:00.002Z", "protocol": "bulk",
        "sender": "team-a", "peer": "10.0.0.7", "accepted": 3, "rejected": 1,
        "rejections": [{ "line": 2, "field": "timestamp", "reason": "no RFC 3339 time" }],
        "state": "delivered", "counts": { "stored": 2, "duplicates": 1, "deadLettered": 0, "waiting": 0 },
        "batches": [{ "number": 9, "writtenAt": "2026-11-30T08:00:00.300Z", "searchableBy": "2026-11-30T08:00:01.300Z", "entries": 3 }],
        "ids": { "first": ENTRY, "last": ENTRY }, "oldestReceipt": "2026-11-29T00:00:00Z",
    })
}

fn unknown() -> (StatusCode, Value) {
    let detail = "Receipts are known since 2026-11-29T00:00:00Z.";
    let body = json!({ "type": "urn:logpipeline:problem:unknown-receipt", "status": 404, "detail": detail });
    (StatusCode::NOT_FOUND, body)
}

/// An ingestor's admin port; what it answers to each path with its query.
async fn ingestor(answer: impl Fn(&str) -> (StatusCode, Value) + Clone + Send + Sync + 'static) -> String {
    let respond = move |uri: Uri| {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let (status, body) = answer(path);
        std::future::ready((status, body.to_string()).into_response())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(respond)).await });
    format!("http://{address}")
}

/// Where nobody listens.
fn silent() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn the_ingestor_that_knows_a_receipt_is_found_among_all() {
    let knows = ingestor(|path| {
        assert_eq!(path, format!("/receipts/{RECEIPT}"));
        (StatusCode::OK, receipt("2026-11-30T08:00:00Z"))
    })
    .await;
    let server = Server::of_ingestors(&[ingestor(|_| unknown()).await, knows.clone(), silent()]).await;
    let found = server.get(&format!("/receipts/{RECEIPT}"), &[]).await;
    let mut expected = receipt("2026-11-30T08:00:00Z");
    expected["ingestor"] = knows.trim_start_matches("http://").into();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_receipt_is_unknown_only_where_every_ingestor_says_so() {
    let path = format!("/receipts/{RECEIPT}");
    let server = Server::of_ingestors(&[ingestor(|_| unknown()).await]).await;
    let (status, problem) = server.refused(&path, &[]).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:logpipeline:problem:unknown-receipt")));
    assert_eq!(problem["detail"], "Receipts are known since 2026-11-29T00:00:00Z.");

    let gone = silent();
    let server = Server::of_ingestors(&[ingestor(|_| unknown()).await, gone.clone()]).await;
    let (status, problem) = server.refused(&path, &[]).await;
    assert_eq!((status, &problem["type"]), (502, &json!("urn:logpipeline:problem:ingestor-unreachable")));
    assert!(problem["detail"].as_str().unwrap().contains(gone.trim_start_matches("http://")), "{problem}");
}

#[tokio::test]
async fn requests_of_a_key_are_listed_newest_first_from_all_ingestors() {
    let one = async |at: &'static str| {
        ingestor(move |path| {
            assert_eq!(path, "/receipts?idempotencyKey=order%2017%26a");
            (StatusCode::OK, json!({ "receipts": [receipt(at)], "oldestReceipt": at }))
        })
        .await
    };
    let ingestors = [one("2026-11-30T08:00:00Z").await, one("2026-11-30T09:00:00Z").await];
    let server = Server::of_ingestors(&ingestors).await;
    let found = server.get("/receipts", &[("idempotencyKey", "order 17&a")]).await;
    let times: Vec<_> = found["receipts"].as_array().unwrap().iter().map(|one| &one["receivedAt"]).collect();
    assert_eq!(times, ["2026-11-30T09:00:00Z", "2026-11-30T08:00:00Z"]);
    assert_eq!(found["oldestReceipt"], "2026-11-30T09:00:00Z");
    assert_eq!(server.refused("/receipts", &[]).await.0, 400);
}

#[tokio::test]
async fn the_ingestor_that_took_an_entry_tells_most_of_it() {
    let stored = json!({ "id": ENTRY, "state": "searchable", "place": "partition 2026-11-30" });
    let mut known = stored.clone();
    known["request"] = receipt("2026-11-30T08:00:00Z");
    let path = format!("/logs/{ENTRY}/delivery");
    let asked = path.clone();
    let other = ingestor(move |path| {
        assert_eq!(path, asked);
        (StatusCode::OK, stored.clone())
    })
    .await;
    let took = ingestor(move |_| (StatusCode::OK, known.clone())).await;
    let server = Server::of_ingestors(&[took.clone(), other, silent()]).await;
    let found = server.get(&path, &[]).await;
    assert_eq!(found["place"], "partition 2026-11-30");
    assert_eq!(found["request"]["ingestor"], took.trim_start_matches("http://"));
}

#[tokio::test]
async fn an_entry_is_unknown_only_where_every_ingestor_says_so() {
    let unknown = || json!({ "id": ENTRY, "state": "unknown" });
    let path = format!("/logs/{ENTRY}/delivery");
    let ignorant = ingestor(move |_| (StatusCode::OK, unknown())).await;
    let server = Server::of_ingestors(std::slice::from_ref(&ignorant)).await;
    assert_eq!(server.get(&path, &[]).await, unknown());
    let server = Server::of_ingestors(&[ignorant, silent()]).await;
    assert_eq!(server.refused(&path, &[]).await.0, 502);
    assert_eq!(server.refused("/logs/17/delivery", &[]).await.0, 400);
}

#[tokio::test]
async fn an_answer_that_is_no_delivery_is_an_ingestor_that_does_not_answer() {
    let odd = ingestor(|_| (StatusCode::OK, json!({ "hello": 1 }))).await;
    let server = Server::of_ingestors(&[odd]).await;
    let (status, problem) = server.refused(&format!("/receipts/{RECEIPT}"), &[]).await;
    assert_eq!(status, 502);
    assert!(problem["detail"].as_str().unwrap().contains("answered oddly"), "{problem}");
}

#[tokio::test]
async fn a_server_without_ingestors_says_how_it_gets_them() {
    let server = Server::start().await;
    let (status, problem) = server.refused(&format!("/receipts/{RECEIPT}"), &[]).await;
    assert_eq!((status, &problem["type"]), (501, &json!("urn:logpipeline:problem:no-ingestor")));
    assert!(problem["detail"].as_str().unwrap().contains("--ingestor-url"), "{problem}");
}
