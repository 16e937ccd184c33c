//! What clients ask at their start and about their own definitions.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use tokio::time::Instant;

use super::super::query::Parameters;
use super::reply;
use crate::intake::Ingest;

/// The version whose API is spoken. Agents refuse to send to a server that is older than they are.
const VERSION: &str = "9.4.3";
const NAME: &str = "logpipeline";
/// A refresh is answered once what was acknowledged is stored, or after this.
const REFRESH: Duration = Duration::from_secs(30);

pub(super) async fn root(headers: HeaderMap) -> Response {
    let version = json!({
        "number": VERSION, "build_flavor": "default", "build_type": "docker", "build_hash": "unknown",
        "build_date": "2026-01-01T00:00:00.000Z", "build_snapshot": false, "lucene_version": "10.3.0",
        "minimum_wire_compatibility_version": "8.19.0", "minimum_index_compatibility_version": "8.0.0",
    });
    let body = json!({
        "name": NAME, "cluster_name": NAME, "cluster_uuid": "bG9ncGlwZWxpbmUtaW5nZXN0", "version": version,
        "tagline": "Logpipeline: takes logs by Elasticsearch's bulk API",
    });
    reply::value(&headers, StatusCode::OK, &body)
}

pub(super) async fn license(headers: HeaderMap) -> Response {
    let license = json!({
        "status": "active", "uid": "00000000-0000-0000-0000-000000000000", "type": "basic",
        "issue_date": "2026-01-01T00:00:00.000Z", "issue_date_in_millis": 1_767_225_600_000_u64, "max_nodes": null, "issued_to": NAME,
        "issuer": NAME, "start_date_in_millis": -1,
    });
    reply::value(&headers, StatusCode::OK, &json!({"license": license}))
}

pub(super) async fn xpack(headers: HeaderMap) -> Response {
    let license = json!({"uid": "00000000-0000-0000-0000-000000000000", "type": "basic", "mode": "basic", "status": "active"});
    reply::value(
        &headers,
        StatusCode::OK,
        &json!({"build": {}, "license": license, "features": {}, "tagline": NAME}),
    )
}

pub(super) async fn health(State(ingest): State<Arc<Ingest>>, headers: HeaderMap) -> Response {
    let body = json!({
        "cluster_name": NAME, "status": status(&ingest), "timed_out": false, "number_of_nodes": 1, "number_of_data_nodes": 1,
        "active_primary_shards": 0, "active_shards": 0, "relocating_shards": 0, "initializing_shards": 0, "unassigned_shards": 0,
        "delayed_unassigned_shards": 0, "number_of_pending_tasks": 0, "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0, "active_shards_percent_as_number": 100.0,
    });
    reply::value(&headers, StatusCode::OK, &body)
}

pub(super) async fn cat_health(
    State(ingest): State<Arc<Ingest>>,
    query: Parameters,
    headers: HeaderMap,
) -> Response {
    let status = status(&ingest);
    if wants_json(&query) {
        return reply::value(
            &headers,
            StatusCode::OK,
            &json!([{"cluster": NAME, "status": status, "node.total": "1"}]),
        );
    }
    text(format!("{NAME} {status} 1 1 0 0 0 0 0 0 - 100.0%\n"))
}

fn wants_json(query: &Parameters) -> bool {
    query.get("format") == Some("json")
}

/// There are no templates and no indices of the client's.
pub(super) async fn cat_nothing(query: Parameters, headers: HeaderMap) -> Response {
    if wants_json(&query) { reply::value(&headers, StatusCode::OK, &json!([])) } else { text(String::new()) }
}

/// A definition that was never kept: templates, lifecycles and pipelines of clients do not apply here.
pub(super) async fn absent(headers: HeaderMap) -> Response {
    let reason =
        "there are no templates, lifecycles or ingest pipelines of senders here; entries are taken without";
    let cause = json!({"type": "resource_not_found_exception", "reason": reason});
    let error = json!({"root_cause": [cause], "type": "resource_not_found_exception", "reason": reason});
    reply::value(&headers, StatusCode::NOT_FOUND, &json!({"error": error, "status": 404}))
}

/// Lets a client that puts its definitions go on. They are not needed, and not kept.
pub(super) async fn acknowledged(headers: HeaderMap) -> Response {
    reply::value(&headers, StatusCode::OK, &json!({"acknowledged": true}))
}

/// Waits until the store has what was acknowledged before, for at most [`REFRESH`]; says so where it has not.
pub(super) async fn refresh(State(ingest): State<Arc<Ingest>>, headers: HeaderMap) -> Response {
    let figures = ingest.ledger.read();
    let until = Instant::now() + REFRESH;
    let stored = loop {
        let now = ingest.ledger.read();
        if now.received - now.waiting >= figures.received {
            break true;
        }
        if Instant::now() >= until || ingest.shutdown.is_stopping() {
            break false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let (successful, failed) = if stored { (1, 0) } else { (0, 1) };
    let shards = json!({"total": 1, "successful": successful, "failed": failed});
    reply::value(&headers, StatusCode::OK, &json!({"_shards": shards}))
}

/// Yellow while the store does not take entries: they are safe in the log, and not searchable yet.
fn status(ingest: &Ingest) -> &'static str {
    if ingest.progress.trouble().is_some() { "yellow" } else { "green" }
}

fn text(body: String) -> Response {
    let mut response = body.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
    response
}
