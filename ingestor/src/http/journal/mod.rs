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
use super::take::{Head, RECEIPT, take};
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
        Err(problem) => {
            let mut response = refused(problem);
            // What is left of the body is not read.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

/// Returns the receipt once every entry of the body is on disk.
async fn kept(ingest: &Arc<Ingest>, head: &Head, body: Body) -> Result<HeaderValue, Problem> {
    // A compressed body is taken as a whole, and bounded as others are.
    if Coding::of(&head.headers) != Ok(Coding::Identity) {
        let taken = take(ingest, Protocol::Journal, head, body, wire::journal::read).await?;
        return Ok(taken.receipt());
    }
    let mut upload = Upload::new(Arc::clone(ingest), head, body)?;
    let result = upload.run().await;
    if result.is_err() {
        linger::discard(upload.into_body());
    }
    let receipt = result?.to_string();
    Ok(HeaderValue::from_str(&receipt).unwrap_or(HeaderValue::from_static("")))
}
