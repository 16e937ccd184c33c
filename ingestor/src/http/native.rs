//! Our own format: JSON objects, an array of them, or NDJSON; and plain text, one line an entry.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};
use logpipeline_model::wire;
use logpipeline_model::wire::json::{InText, in_text};
use logpipeline_model::wire::text::Beside;
use logpipeline_service::Problem;

use super::answer::Acknowledged;
use super::take::{Head, Taken, take, take_as};
use crate::clock;
use crate::intake::{Ingest, Protocol};

/// The paths that take entries in our own format.
pub const PATHS: [&str; 4] = ["/", "/ingest", "/logs", "/api/v1/logs"];

pub(super) fn routes() -> Router<Arc<Ingest>> {
    PATHS.into_iter().fold(Router::new(), |router, path| router.route(path, post(accept)))
}

async fn accept(State(ingest): State<Arc<Ingest>>, head: Head, body: Body) -> Response {
    let answer = acknowledge(&ingest, &head, body).await;
    answer.map_or_else(refused, IntoResponse::into_response)
}

async fn acknowledge(ingest: &Arc<Ingest>, head: &Head, body: Body) -> Result<Acknowledged, Problem> {
    if is_text(head) {
        return acknowledge_text(ingest, head, body).await;
    }
    let read = |body: &[u8], sink: &mut dyn wire::Sink| {
        wire::json::read(body, sink)?;
        Ok(body.trim_ascii().is_empty())
    };
    let taken = take(ingest, Protocol::Json, head, body, read).await?;
    answer(taken, "The body is empty. Send a JSON object, an array of objects, or NDJSON.")
}

/// Browsers call text what `JSON.stringify` gives them.
async fn acknowledge_text(ingest: &Arc<Ingest>, head: &Head, body: Body) -> Result<Acknowledged, Problem> {
    let (now, limits) = (clock::now(), ingest.bounds.entry);
    let protocol = move |body: &[u8]| match in_text(body, &limits) {
        InText::Entries => (Protocol::Json, InText::Entries),
        other => (Protocol::Text, other),
    };
    let read = move |body: &[u8], kind: InText, sink: &mut dyn wire::Sink| {
        match kind {
            InText::Entries => wire::json::read(body, sink)?,
            InText::Objects => wire::text::read_objects(body, &Beside::nothing(now), sink)?,
            InText::Lines => wire::text::read(body, &Beside::nothing(now), sink)?,
        }
        Ok(body.trim_ascii().is_empty())
    };
    let taken = take_as(ingest, Protocol::Text, head, body, protocol, read).await?;
    answer(taken, "The body is empty. Send text, one line an entry.")
}

/// Whether a body is said to be text; of any other type, it is JSON.
fn is_text(head: &Head) -> bool {
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("text/plain")
}

/// `taken` tells whether the body was empty.
fn answer(taken: Taken<bool>, if_empty: &'static str) -> Result<Acknowledged, Problem> {
    if taken.told {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "empty-body", if_empty);
        return Err(problem.with("receipt", taken.submitted.receipt.to_string()));
    }
    let (accepted, rejected) = (taken.submitted.accepted, taken.submitted.rejected);
    let answer = Acknowledged::new(taken.submitted);
    if accepted == 0 && rejected > 0 { Err(answer.nothing_usable()) } else { Ok(answer) }
}

/// The answer to a request of which nothing was kept.
pub(super) fn refused(problem: Problem) -> Response {
    let close = problem.status == StatusCode::REQUEST_TIMEOUT;
    let unsupported = problem.status == StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let mut response = problem.into_response();
    if close {
        // What is left of the body is not read any more.
        response.headers_mut().insert(header::CONNECTION, http::HeaderValue::from_static("close"));
    }
    if unsupported {
        let codings = http::HeaderValue::from_static("gzip, deflate, zstd");
        response.headers_mut().insert(header::ACCEPT_ENCODING, codings);
    }
    response
}
