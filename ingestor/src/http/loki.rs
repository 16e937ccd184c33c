//! Loki's push API, as Promtail, Alloy, Fluent Bit and the clients of applications use it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use logpipeline_model::wire::loki::{read_json, read_protobuf};
use logpipeline_service::Problem;

use super::native::refused;
use super::take::{Head, RECEIPT, take};
use crate::intake::{Ingest, Protocol, Submitted};

pub(super) const PATH: &str = "/loki/api/v1/push";
const TENANT: &str = "x-scope-orgid";
/// Of this many rejected lines the reasons are told.
const REASONS: usize = 5;

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new().route(PATH, post(accept))
}

async fn accept(State(ingest): State<Arc<Ingest>>, mut head: Head, body: Body) -> Response {
    // Protobuf is in Snappy whether it is said or not: it is part of the format.
    let snappy = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"snappy");
    if head.headers.get(header::CONTENT_ENCODING).is_some_and(snappy) {
        head.headers.remove(header::CONTENT_ENCODING);
    }
    let tenant = head.headers.get(TENANT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let tenant = tenant.filter(|tenant| !tenant.is_empty());
    let (said, limit) = (says_json(&head.headers), ingest.bounds.body);
    let taken = take(&ingest, Protocol::Loki, &head, body, move |body, sink| {
        // No block of Snappy begins so: it would copy what is before it.
        if said.unwrap_or(body.starts_with(b"{\"")) {
            read_json(body, tenant.as_deref(), sink)
        } else {
            read_protobuf(body, tenant.as_deref(), limit, sink)
        }
    });
    match taken.await {
        Ok(taken) if taken.submitted.accepted == 0 && taken.submitted.rejected > 0 => {
            let detail = reasons(&taken.submitted);
            let mut response = refuse(Problem::new(StatusCode::BAD_REQUEST, "nothing-usable", detail));
            response.headers_mut().insert(RECEIPT, taken.receipt());
            response
        }
        Ok(taken) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            response.headers_mut().insert(RECEIPT, taken.receipt());
            response
        }
        Err(problem) => refuse(problem),
    }
}

/// Whether the body is JSON, where its type says so or that it is not.
fn says_json(headers: &HeaderMap) -> Option<bool> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    match (kind.contains("json"), kind.contains("protobuf")) {
        (false, false) => None,
        (json, _) => Some(json),
    }
}

/// The answer as clients of Loki log it: the reason, as plain text.
pub(super) fn refuse(problem: Problem) -> Response {
    let reason = format!("{}\n", problem.detail);
    let (mut parts, _) = refused(problem).into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Response::from_parts(parts, Body::from(reason))
}

fn reasons(submitted: &Submitted) -> String {
    let lines = submitted.rejections.iter().take(REASONS).map(|rejected| {
        let field = rejected.field.map(|field| format!("{field}: ")).unwrap_or_default();
        format!("\nline {}: {field}{}", rejected.line, rejected.reason)
    });
    let listed: String = lines.collect();
    let more = submitted.rejected.saturating_sub(REASONS as u64);
    let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
    format!("None of the {} lines was taken:{listed}{more}", submitted.rejected)
}
