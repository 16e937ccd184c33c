//! `POST` or `PUT` of `/_bulk` and `/{index}/_bulk`.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use logpipeline_model::wire;

use super::super::query::Parameters;
use super::super::take::{Head, RECEIPT, take};
use super::reply;
use crate::intake::{Ingest, Protocol};

/// The only parameter that is read: others (`pipeline`, `refresh`, `timeout`, …) concern a cluster's inner workings and change
/// nothing here.
const FILTER: &str = "filter_path";

pub(super) async fn bulk(
    State(ingest): State<Arc<Ingest>>,
    index: Option<Path<String>>,
    query: Parameters,
    head: Head,
    body: Body,
) -> Response {
    let started = Instant::now();
    let filter = wire::bulk::Filter::parse(&query.every(FILTER).join(","));
    let index = index.map(|Path(index)| index);
    let read =
        move |body: &[u8], sink: &mut dyn wire::Sink| wire::bulk::read(body, index.as_deref(), &filter, sink);
    match take(&ingest, Protocol::Bulk, &head, body, read).await {
        Err(problem) => reply::refused(&head.headers, problem),
        Ok(taken) => {
            let receipt = taken.receipt();
            let (body, start) = taken.told.finish(started.elapsed().as_millis());
            let body = Bytes::from(body).slice(start..);
            let mut response = reply::json(&head.headers, StatusCode::OK, body);
            response.headers_mut().insert(RECEIPT, receipt);
            response
        }
    }
}
