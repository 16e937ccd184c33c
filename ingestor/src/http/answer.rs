//! What senders are told.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use logpipeline_model::EntryId;
use logpipeline_service::Problem;
use logpipeline_service::units::format_bytes;
use serde::Serialize;

use crate::intake::{Ingest, RejectedLine, Submitted};
use crate::wal::AppendError;

/// The answer `202`: what was accepted is on disk.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Acknowledged {
    receipt: String,
    /// Where they repeat for a retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Ids>,
    accepted: u64,
    rejected_count: u64,
    /// The first rejected lines.
    rejected: Vec<RejectedLine>,
}

#[derive(Debug, Serialize)]
struct Ids {
    first: EntryId,
    last: EntryId,
}

impl Acknowledged {
    pub(super) fn new(submitted: Submitted) -> Self {
        let Submitted { receipt, ids, accepted, rejected, rejections } = submitted;
        let ids = ids.filter(|(first, _)| first.is_derived()).map(|(first, last)| Ids { first, last });
        Self { receipt: receipt.to_string(), ids, accepted, rejected_count: rejected, rejected: rejections }
    }

    /// The answer where no line was valid.
    pub(super) fn nothing_usable(self) -> Problem {
        let rejected = serde_json::to_value(&self.rejected).unwrap_or_default();
        let detail = match self.rejected_count {
            1 => "The entry is not valid; see \"rejected\".".to_owned(),
            count => format!("None of the {count} entries is valid; see \"rejected\"."),
        };
        Problem::new(StatusCode::BAD_REQUEST, "nothing-usable", detail)
            .with("receipt", self.receipt)
            .with("accepted", 0)
            .with("rejectedCount", self.rejected_count)
            .with("rejected", rejected)
    }
}

impl IntoResponse for Acknowledged {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self) {
            Ok(body) => {
                let json = HeaderValue::from_static("application/json");
                (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, json)], body).into_response()
            }
            // The entries are on disk all the same.
            Err(_) => StatusCode::ACCEPTED.into_response(),
        }
    }
}

/// How a sender hears that nothing of its request was kept.
pub(crate) fn append_problem(error: &AppendError, ingest: &Ingest) -> Problem {
    let capacity = ingest.wal.options().capacity();
    match error {
        AppendError::Full => {
            // What the store said is for operators: it may name servers that senders have no business with.
            let is_stuck = ingest.progress.trouble().is_some();
            let detail = format!(
                "The write-ahead log of {} is full: the store does not keep up. Send the batch again later.",
                format_bytes(capacity)
            );
            // Exporters of OpenTelemetry drop a batch where the wait is longer than their deadline of 10 s.
            let wait = Duration::from_secs(if is_stuck { 2 } else { 1 });
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "log-full", detail).retry_after(wait)
        }
        AppendError::TooLarge { size, limit } => {
            let detail = format!(
                "The entries take {} in the write-ahead log, which holds {}. Send smaller batches.",
                format_bytes(*size),
                format_bytes(*limit)
            );
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "batch-too-large", detail)
        }
        AppendError::DiskFull { reason } => {
            let detail = format!(
                "The disk of the write-ahead log is full ({reason}). Nothing of the batch was kept; send it again \
                 once there is room."
            );
            let problem = Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", detail);
            problem.retry_after(Duration::from_secs(5))
        }
        AppendError::Failed { reason } => {
            let detail =
                format!("The write-ahead log could not be written ({reason}). Send the batch again.");
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "log-unavailable", detail);
            problem.retry_after(Duration::from_secs(1))
        }
        AppendError::Closed => {
            let detail = "The ingestor is shutting down. Send the batch again.";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "shutting-down", detail);
            problem.retry_after(Duration::from_secs(1))
        }
    }
}
