//! `POST /upload`, as systemd-journal-upload sends a journal: one body of all entries, which ends when the sender does.

mod upload;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderValue, StatusCode, header};
use logpipeline_model::wire;
use logpipeline_service::{Problem, linger};

use super::encoding::Coding;
use super::native::refused;
use super::take::{Head, IDEMPOTENCY_KEY, RECEIPT, header_value, take};
use crate::intake::{Ingest, Protocol};
use upload::Upload;

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new().route("/upload", post(upload))
}

async fn upload(State(ingest): State<Arc<Ingest>>, head: Head, body: Body) -> Response {
    match kept(&ingest, &head, body).await {
        Ok(receipt) => {
            let mut response = (StatusCode::ACCEPTED, "OK.\n").into_response();
            response.headers_mut().insert(RECEIPT, receipt);
            response
        }
        Err(Refusal { problem, receipt }) => {
            let mut response = refused(problem);
            if let Some(receipt) = receipt {
                response.headers_mut().insert(RECEIPT, receipt);
            }
            // What is left of the body is not read.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

/// Why not all of a body was kept, and the receipt of what was.
struct Refusal {
    problem: Problem,
    receipt: Option<HeaderValue>,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem, receipt: None }
    }
}

/// Returns the receipt once every entry of the body is on disk.
async fn kept(ingest: &Arc<Ingest>, head: &Head, body: Body) -> Result<HeaderValue, Refusal> {
    // A compressed body is taken as a whole, and bounded as others are; so is one with a key, whose entries are numbered.
    if Coding::of(&head.headers) != Ok(Coding::Identity) || head.headers.contains_key(IDEMPOTENCY_KEY) {
        let taken = take(ingest, Protocol::Journal, head, body, wire::journal::read).await?;
        return Ok(taken.receipt());
    }
    let mut upload = Upload::new(Arc::clone(ingest), head, body)?;
    match upload.run().await {
        Ok(receipt) => Ok(header_value(receipt)),
        Err(problem) => {
            let receipt = upload.receipt().map(header_value);
            linger::discard(upload.into_body());
            Err(Refusal { problem, receipt })
        }
    }
}
