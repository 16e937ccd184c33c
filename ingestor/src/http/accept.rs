//! `POST` of log entries: from a body to an acknowledgement.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use logpipeline_service::Problem;
use logpipeline_service::units::format_bytes;
use opentelemetry::trace::TraceContextExt;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::answer::{Acknowledged, append_problem};
use super::encoding::Content;
use super::entries::{self, OutOfMemory, Parsed};
use super::{Ingest, body};
use crate::metrics::RejectReason;

/// Bodies up to this size are parsed where they are; larger ones away from the threads that serve.
const INLINE: usize = 16 << 10;
const MAX_KEY: usize = 255;

pub(super) async fn accept(State(ingest): State<Arc<Ingest>>, headers: HeaderMap, body: Body) -> Response {
    match take(ingest, &headers, body).await {
        Ok(acknowledged) => acknowledged.into_response(),
        Err(problem) => {
            let close = problem.status == StatusCode::REQUEST_TIMEOUT;
            let unsupported = problem.status == StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let mut response = problem.into_response();
            if close {
                // What is left of the body is not read any more.
                response.headers_mut().insert(header::CONNECTION, http::HeaderValue::from_static("close"));
            }
            if unsupported {
                let codings = http::HeaderValue::from_static("gzip, zstd");
                response.headers_mut().insert(header::ACCEPT_ENCODING, codings);
            }
            response
        }
    }
}

async fn take(ingest: Arc<Ingest>, headers: &HeaderMap, body: Body) -> Result<Acknowledged, Problem> {
    if ingest.shutdown.is_stopping() {
        let detail = "The ingestor is shutting down. Send the batch again; another one takes it.";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "shutting-down", detail);
        return Err(problem.retry_after(Duration::from_secs(1)));
    }
    let key = idempotency_key(headers)?;
    let content = body::read(headers, body, &ingest.bounds, &ingest.budget).await?;
    let parsed = parse(&ingest, content, key).await?;
    if parsed.blank {
        let detail = "The body is empty. Send a JSON object, an array of objects, or NDJSON.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "empty-body", detail));
    }
    let Parsed { batch, rejections, rejected, reasons, memory, .. } = parsed;
    let accepted = batch.entries();
    let end = if accepted > 0 {
        let context = tracing::Span::current().context();
        let span = Some(context.span().span_context().clone()).filter(|span| span.is_valid());
        ingest
            .wal
            .append(batch, rejected, span, Some(memory))
            .await
            .map_err(|error| append_problem(&error, &ingest))?
    } else {
        ingest.ledger.received(0, rejected);
        ingest.metrics.received(0, rejected);
        ingest.wal.head()
    };
    for (reason, count) in RejectReason::ALL.into_iter().zip(reasons) {
        ingest.metrics.reject(reason, count);
    }
    let answer = Acknowledged::new(end, accepted, rejected, rejections);
    if accepted == 0 && rejected > 0 { Err(answer.nothing_usable()) } else { Ok(answer) }
}

async fn parse(ingest: &Arc<Ingest>, content: Content, key: Option<String>) -> Result<Parsed, Problem> {
    let work = {
        let ingest = Arc::clone(ingest);
        move |content: Content| entries::parse(content, key.as_deref(), &ingest.bounds.entry, &ingest.ids)
    };
    let parsed = if content.bytes.len() <= INLINE {
        work(content)
    } else {
        tokio::task::spawn_blocking(move || work(content)).await.map_err(|error| {
            tracing::error!(%error, "failed to parse a body");
            let detail = "The body could not be parsed because of a fault of the ingestor.";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
        })?
    };
    parsed.map_err(|error| match error {
        OutOfMemory::Shared => body::no_memory(),
        OutOfMemory::Alone => {
            let limit = format_bytes(ingest.budget.bytes() as u64);
            let detail = format!(
                "The body holds so many entries that they take more than the {limit} of memory for all requests. \
                 Send smaller batches."
            );
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "batch-too-large", detail)
        }
    })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map(str::trim).unwrap_or_default();
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || !visible || text.len() > MAX_KEY || values.next().is_some() {
        let detail =
            format!("Idempotency-Key must come once and be 1 to {MAX_KEY} visible ASCII characters.");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid-idempotency-key", detail));
    }
    Ok(Some(text.to_owned()))
}
