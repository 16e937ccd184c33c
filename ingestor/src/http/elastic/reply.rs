//! Answers in the shapes of Elasticsearch.

use axum::body::Body;
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

/// The answer to a request of which nothing was kept. What may pass is 429: several clients drop a batch for 503.
pub(super) fn refused(headers: &HeaderMap, problem: Problem) -> Response {
    let status = match problem.status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => StatusCode::TOO_MANY_REQUESTS,
        status => status,
    };
    let kind = match status {
        StatusCode::TOO_MANY_REQUESTS => "es_rejected_execution_exception",
        StatusCode::PAYLOAD_TOO_LARGE => "content_too_long_exception",
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
