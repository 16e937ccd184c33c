//! A single document: `POST /{index}/_doc`, `PUT /{index}/_create/{id}`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use logpipeline_model::entry::{Extra, ForeignObject, Rejection};
use logpipeline_model::wire::{Sink, Unreadable, Verdict};
use serde_json::json;

use super::super::take::{Head, RECEIPT, take};
use super::reply;
use crate::intake::{Ingest, Protocol};

pub(super) async fn document(
    State(ingest): State<Arc<Ingest>>,
    Path(path): Path<HashMap<String, String>>,
    head: Head,
    body: Body,
) -> Response {
    let index = path.get("index").cloned().unwrap_or_default();
    let id = path.get("id").cloned();
    let (named, sent) = (index.clone(), id.clone());
    let read = move |body: &[u8], sink: &mut dyn Sink| read(body, &named, sent.as_deref(), sink);
    let taken = match take(&ingest, Protocol::Bulk, &head, body, read).await {
        Err(problem) => return reply::refused(&head.headers, problem),
        Ok(taken) => taken,
    };
    let receipt = taken.receipt();
    let mut response = match taken.told {
        Err(rejection) => {
            let cause = json!({"type": "document_parsing_exception", "reason": rejection.to_string()});
            let error = json!({"root_cause": [cause], "type": "document_parsing_exception", "reason": rejection.to_string()});
            reply::value(&head.headers, StatusCode::BAD_REQUEST, &json!({"error": error, "status": 400}))
        }
        Ok(entry) => {
            let id = id.unwrap_or_else(|| entry.to_string());
            let shards = json!({"total": 1, "successful": 1, "failed": 0});
            let body = json!({"_index": index, "_id": id, "_version": 1, "result": "created", "_shards": shards, "_seq_no": 0,
                "_primary_term": 1});
            reply::value(&head.headers, StatusCode::CREATED, &body)
        }
    };
    response.headers_mut().insert(RECEIPT, receipt);
    response
}

fn read(body: &[u8], index: &str, id: Option<&str>, sink: &mut dyn Sink) -> Result<Verdict, Unreadable> {
    let mut entry = match ForeignObject::read(body, sink.limits()) {
        Ok(entry) => entry,
        Err(rejection) => return refuse(rejection, sink),
    };
    entry.add(Extra { key: "index", text: index });
    let key = id.map(|id| [index.as_bytes(), b"\0", id.as_bytes()].concat());
    Ok(sink.take(1, key.as_deref(), &mut entry)?)
}

fn refuse(rejection: Rejection, sink: &mut dyn Sink) -> Result<Verdict, Unreadable> {
    sink.reject(1, rejection.clone())?;
    Ok(Err(rejection))
}
