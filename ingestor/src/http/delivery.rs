//! `GET /api/v1/delivery`, and `/delivery` on the admin port: what became of every entry.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::canary::CanaryFigures;
use crate::intake::Ingest;
use crate::ledger::{Breakdown, Figures};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    #[serde(flatten)]
    figures: Figures,
    oldest_waiting_seconds: f64,
    wal: Log,
    /// Why the store takes no entries at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    store_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<CanaryFigures>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    /// Bytes that wait for the store.
    bytes: u64,
    capacity_bytes: u64,
}

/// `GET /api/v1/delivery/balance`: the same by protocol, token and resource, since the process began.
pub(super) async fn balance(State(ingest): State<Arc<Ingest>>) -> Json<Breakdown> {
    Json(ingest.ledger.breakdown())
}

pub(super) async fn figures(State(ingest): State<Arc<Ingest>>) -> Json<Delivery> {
    let figures = ingest.ledger.read();
    let oldest_waiting_seconds = if figures.waiting == 0 { 0.0 } else { ingest.progress.lag().as_secs_f64() };
    Json(Delivery {
        figures,
        oldest_waiting_seconds,
        wal: Log { bytes: ingest.wal.usage().waiting, capacity_bytes: ingest.wal.options().capacity() },
        store_error: ingest.progress.trouble(),
        canary: ingest.canaries.as_ref().map(|canaries| canaries.read()),
    })
}
