//! Answers in the shapes of Elasticsearch.

use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use logpipeline_service::Problem;
use serde_json::{Value, json};

/// JSON under the media type that the client asks for.
pub(super) fn json(headers: &HeaderMap, status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = (status, body.into()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, media_type(headers));
    response
}

pub(super) fn value(headers: &HeaderMap, status: StatusCode, body: &Value) -> Response {
    json(headers, status, body.to_string())
}

/// Clients of version 8 and later ask for a versioned type, and some take no other.
fn media_type(headers: &HeaderMap) -> HeaderValue {
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let versioned = |version: &str| {
        accepted.contains("application/vnd.elasticsearch+json")
            && accepted.contains(&format!("compatible-with={version}"))
    };
    HeaderValue::from_static(if versioned("9") {
        "application/vnd.elasticsearch+json;compatible-with=9"
    } else if versioned("8") {
        "application/vnd.elasticsearch+json;compatible-with=8"
    } else {
        "application/json"
    })
}

/// Bytes of an answer that is told in other words.
const LARGEST: usize = 1 << 20;

/// Whether an answer tells of an error in another form.
pub(super) fn is_foreign(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_ours = kind.starts_with(b"application/json") || kind.starts_with(b"application/vnd.elasticsearch");
    !response.status().is_success() && !is_ours
}

/// The error that another answer tells, with its other headers.
pub(super) async fn translated(asked: &HeaderMap, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    let detail =
        problem["detail"].as_str().map_or_else(|| String::from_utf8_lossy(&body).into_owned(), str::to_owned);
    let mut response = refused(asked, Problem::new(parts.status, "", detail));
    for (name, value) in &parts.headers {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// The answer to a request of which nothing was kept. What may pass is 429: several clients drop a batch for 503.
pub(super) fn refused(headers: &HeaderMap, problem: Problem) -> Response {
    let status = match problem.status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => StatusCode::TOO_MANY_REQUESTS,
        status => status,
    };
    let kind = match status {
        StatusCode::TOO_MANY_REQUESTS => "es_rejected_execution_exception",
        StatusCode::PAYLOAD_TOO_LARGE => "content_too_long_exception",
        StatusCode::UNAUTHORIZED => "security_exception",
        StatusCode::NOT_FOUND => "resource_not_found_exception",
        _ => "illegal_argument_exception",
    };
    let cause = json!({"type": kind, "reason": problem.detail});
    let body = json!({
        "error": {"root_cause": [cause], "type": kind, "reason": problem.detail},
        "status": status.as_u16(),
    });
    let close = problem.status == StatusCode::REQUEST_TIMEOUT;
    let retry = problem.into_response().headers_mut().remove(header::RETRY_AFTER);
    let mut response = value(headers, status, &body);
    if let Some(retry) = retry {
        response.headers_mut().insert(header::RETRY_AFTER, retry);
    }
    if close {
        // What is left of the body is not read any more.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
