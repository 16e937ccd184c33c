//! Where is it? `GET /api/v1/receipts/{receipt}`, `/api/v1/receipts?idempotencyKey=KEY` and `/api/v1/logs/{id}/delivery`; on the
//! admin port without `/api/v1`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_service::Problem;
use logpipeline_service::units::format_bytes;

use super::query::Parameters;
use super::take::MAX_KEY;
use crate::intake::Ingest;
use crate::receipts::{Answer, EntryAnswer, Known, NoAnswer};

/// Below `prefix`.
pub(super) fn routes(prefix: &str) -> Router<Arc<Ingest>> {
    Router::new()
        .route(&format!("{prefix}/receipts"), get(of_key))
        .route(&format!("{prefix}/receipts/{{receipt}}"), get(of_receipt))
        .route(&format!("{prefix}/logs/{{id}}/delivery"), get(of_entry))
}

/// Whether a path is one of these, which are read.
pub(super) fn is_path(path: &str) -> bool {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    path == "/receipts"
        || path.starts_with("/receipts/")
        || (path.starts_with("/logs/") && path.ends_with("/delivery"))
}

async fn of_receipt(
    State(ingest): State<Arc<Ingest>>,
    Path(receipt): Path<String>,
) -> Result<Json<Answer>, Problem> {
    let Ok(id) = receipt.parse::<EntryId>() else {
        let detail = "A receipt is a UUID such as 018a97d2-5c00-7000-8000-000000000000, which the answer to a request carries.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid-receipt", detail));
    };
    match ingest.receipts.request(id).await.map_err(no_answer)? {
        Some(answer) => Ok(Json(answer)),
        None => Err(unknown(id, &ingest)),
    }
}

async fn of_key(State(ingest): State<Arc<Ingest>>, query: Parameters) -> Result<Json<Known>, Problem> {
    let Some(key) = query.get("idempotencyKey").filter(|key| key.len() <= MAX_KEY) else {
        let detail = format!("Name the key, of 1 to {MAX_KEY} characters: /receipts?idempotencyKey=KEY.");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "missing-key", detail));
    };
    ingest.receipts.requests_of_key(key).await.map(Json).map_err(no_answer)
}

async fn of_entry(
    State(ingest): State<Arc<Ingest>>,
    Path(id): Path<String>,
) -> Result<Json<EntryAnswer>, Problem> {
    let id = id.parse::<EntryId>().map_err(|error| {
        let detail = format!("This is no entry's id: {error}.");
        Problem::new(StatusCode::BAD_REQUEST, "invalid-id", detail)
    })?;
    ingest.receipts.entry(id).await.map(Json).map_err(no_answer)
}

fn unknown(receipt: EntryId, ingest: &Ingest) -> Problem {
    let journal = ingest.receipts.journal();
    let oldest = journal.oldest();
    let from = match oldest {
        Some(oldest) => format!("It knows requests from {oldest} on"),
        None => "It knows no request yet".to_owned(),
    };
    let limit = format_bytes(journal.limit());
    let why = match (made_at(receipt), oldest) {
        (Some(made), Some(oldest)) if made < oldest => format!(
            "this receipt was made at {made}, so what it stands for was removed to keep the files of receipts within the {limit} of \
             --receipts-size, or another ingestor gave it"
        ),
        _ => "another ingestor may have given it, or the data folder is not the one of that time".to_owned(),
    };
    let detail = format!("This ingestor knows no receipt {receipt}. {from}; {why}.");
    let problem = Problem::new(StatusCode::NOT_FOUND, "unknown-receipt", detail);
    match oldest {
        Some(oldest) => problem.with("oldestReceipt", oldest.to_string()),
        None => problem,
    }
}

/// The time within a receipt.
fn made_at(receipt: EntryId) -> Option<Timestamp> {
    let (high, _) = receipt.parts();
    let is_v7 = receipt.0[6] >> 4 == 7;
    is_v7.then(|| Timestamp::from_unix_nanos(i128::from(high >> 16) * 1_000_000))
}

fn no_answer(error: NoAnswer) -> Problem {
    let kind = match error {
        NoAnswer::TooLong => "took-too-long",
        NoAnswer::Unreadable(_) => "receipts-unavailable",
        NoAnswer::Store(_) => "store-unavailable",
        NoAnswer::Ending => "shutting-down",
    };
    let detail = format!("There is no answer now: {error}. Ask again.");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, kind, detail).retry_after(Duration::from_secs(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_is_a_path_of_these() {
        for path in ["/receipts", "/api/v1/receipts", "/api/v1/receipts/x", "/logs/x/delivery"] {
            assert!(is_path(path), "{path}");
        }
        for path in ["/logs", "/api/v1/logs", "/receiptsx", "/api/v1/delivery", "/x/delivery"] {
            assert!(!is_path(path), "{path}");
        }
    }

    #[test]
    fn a_receipt_tells_its_time() {
        let at = Timestamp::from_unix_seconds(1_700_000_000);
        assert_eq!(made_at(EntryId::v7(at, 1, 2)), Some(at));
        assert_eq!(made_at(EntryId::derived("k", 1)), None);
    }
}
