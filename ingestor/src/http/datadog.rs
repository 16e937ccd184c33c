//! `POST /api/v2/logs` and `/v1/input`, as Datadog's agents and clients send logs.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderValue, StatusCode, header};
use logpipeline_model::wire;
use logpipeline_service::Problem;
use serde_json::json;

use super::native::refused;
use super::query::Parameters;
use super::take::{Head, RECEIPT, take};
use crate::intake::{Ingest, Protocol};

const PATHS: [&str; 2] = ["/api/v2/logs", "/v1/input"];

/// Names in a query that are no attribute of logs.
const CONTROLS: [&str; 3] = ["dd-api-key", "api_key", "dd-evp-origin"];

pub(super) fn routes() -> Router<Arc<Ingest>> {
    PATHS.iter().fold(Router::new(), |router, path| router.route(path, post(accept)))
}

async fn accept(State(ingest): State<Arc<Ingest>>, query: Parameters, head: Head, body: Body) -> Response {
    let read = move |body: &[u8], sink: &mut dyn wire::Sink| {
        let beside = query.pairs(|name| !CONTROLS.contains(&name) && !name.starts_with("dd-"));
        Ok(wire::datadog::read(body, &beside, sink)?)
    };
    match take(&ingest, Protocol::Datadog, &head, body, read).await {
        Err(problem) => failed(problem),
        Ok(taken) => {
            let none = taken.submitted.accepted == 0 && taken.submitted.rejected > 0;
            let mut response = if none {
                let lines = taken.submitted.rejections.iter().take(10);
                let details = lines.map(|line| format!("log {}: {}", line.line, line.reason));
                errors(StatusCode::BAD_REQUEST, details)
            } else {
                (StatusCode::ACCEPTED, axum::Json(json!({}))).into_response()
            };
            response.headers_mut().insert(RECEIPT, taken.receipt());
            response
        }
    }
}

fn errors(status: StatusCode, details: impl IntoIterator<Item = String>) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let errors: Vec<_> = details
        .into_iter()
        .map(|detail| json!({"status": status.as_str(), "title": title, "detail": detail}))
        .collect();
    (status, axum::Json(json!({"errors": errors}))).into_response()
}

pub(super) fn is_path(path: &str) -> bool {
    PATHS.contains(&path)
}

/// A problem in the words of Datadog's API.
pub(super) fn failed(problem: Problem) -> Response {
    let answer = errors(problem.status, [problem.detail.to_string()]);
    let mut response = refused(problem);
    *response.body_mut() = answer.into_body();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Answers in the words of Datadog's API where a token is missing or wrong.
pub(super) async fn unauthorized(request: Request, next: Next) -> Response {
    let ours = is_path(request.uri().path());
    let mut response = next.run(request).await;
    if ours && response.status() == StatusCode::UNAUTHORIZED {
        let detail = "The token is missing or unknown. Send it as \"DD-API-KEY: TOKEN\".";
        let headers = std::mem::take(response.headers_mut());
        response = errors(StatusCode::FORBIDDEN, [detail.to_owned()]);
        response
            .headers_mut()
            .extend(headers.into_iter().filter(|(name, _)| name.as_ref() == Some(&header::CONNECTION)));
    }
    response
}
