//! What clients see of errors of the language and the store.

use std::time::Duration;

use http::StatusCode;
use logpipeline_model::query::QueryError;
use logpipeline_service::Problem;
use logpipeline_store::StoreError;

/// A query that cannot be read, with the place and the way out.
pub(crate) fn of_query(error: &QueryError) -> Problem {
    let mut problem = Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-query",
        format!("The query is not valid: {error}; {}.", error.hint.trim_end_matches('.')),
    )
    .with("parameter", "q");
    if let Ok(serde_json::Value::Object(members)) = serde_json::to_value(error) {
        for (name, value) in members {
            problem = problem.with(&name, value);
        }
    }
    problem
}

/// Only what the client can act on reaches it; the rest is logged here.
pub(crate) fn of_store(error: &StoreError) -> Problem {
    let (status, kind) = match error {
        StoreError::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "store-unavailable"),
        StoreError::Locked { .. } => (StatusCode::SERVICE_UNAVAILABLE, "store-locked"),
        StoreError::SchemaVersion { .. } => (StatusCode::SERVICE_UNAVAILABLE, "store-schema-version"),
        StoreError::Damaged { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "store-damaged"),
        StoreError::Unsupported { .. } => (StatusCode::BAD_REQUEST, "unsupported"),
    };
    match error {
        StoreError::Unsupported { .. } => {}
        StoreError::Unavailable { .. } => tracing::warn!(%error, "the store did not answer"),
        _ => tracing::error!(%error, "the store cannot be read"),
    }
    let problem = Problem::new(status, kind, format!("The entries cannot be read: {error}."));
    match status {
        StatusCode::SERVICE_UNAVAILABLE => problem.retry_after(Duration::from_secs(2)),
        _ => problem,
    }
}

/// The store ignored the time budget.
pub(crate) fn timed_out() -> Problem {
    let detail = "The store did not answer in time. Narrow the time range, or try again later.";
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", detail)
}

/// Something here is wrong that no client can mend.
pub(crate) fn internal() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server failed; its log has the reason.")
}
