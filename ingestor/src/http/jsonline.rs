//! `POST /insert/jsonline`, as VictoriaLogs and its agents speak it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use logpipeline_model::wire;
use logpipeline_model::wire::jsonline::Parameters;

use super::native::refused;
use super::take::{Head, RECEIPT, take};
use crate::intake::{Ingest, Protocol};

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new()
        .route("/insert/jsonline", post(insert).put(insert))
        .route("/insert/ready", get(async || "ok"))
}

async fn insert(
    State(ingest): State<Arc<Ingest>>,
    Query(query): Query<Vec<(String, String)>>,
    head: Head,
    body: Body,
) -> Response {
    let parameters = parameters(&query, &head.headers);
    let read = move |body: &[u8], sink: &mut dyn wire::Sink| wire::jsonline::read(body, &parameters, sink);
    match take(&ingest, Protocol::Jsonline, &head, body, read).await {
        Err(problem) => refused(problem),
        Ok(taken) => {
            let mut response = Response::default();
            if taken.submitted.accepted == 0 && taken.submitted.rejected > 0 {
                *response.status_mut() = StatusCode::BAD_REQUEST;
                let first = taken
                    .submitted
                    .rejections
                    .first()
                    .map(|line| format!("line {}: {}\n", line.line, line.reason));
                *response.body_mut() = Body::from(first.unwrap_or_default());
            }
            response.headers_mut().insert(RECEIPT, taken.receipt());
            response
        }
    }
}

/// What the query says, or where it doesn't, the headers.
fn parameters(query: &[(String, String)], headers: &HeaderMap) -> Parameters {
    let value = |name: &str, header: &str| {
        let given = query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.clone());
        given.or_else(|| Some(headers.get(header)?.to_str().ok()?.to_owned())).unwrap_or_default()
    };
    let list = |name: &str, header: &str| {
        let names = value(name, header);
        names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let extra = list("extra_fields", "vl-extra-fields");
    Parameters {
        message: list("_msg_field", "vl-msg-field"),
        time: list("_time_field", "vl-time-field"),
        stream: list("_stream_fields", "vl-stream-fields"),
        ignored: list("ignore_fields", "vl-ignore-fields"),
        extra: extra
            .iter()
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .collect(),
    }
}
