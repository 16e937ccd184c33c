//! Splunk's HTTP Event Collector: `/services/collector` and what belongs to it.

mod answer;
mod channels;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode, header};
use logpipeline_model::vocabulary::time;
use logpipeline_model::wire;
use logpipeline_model::wire::text::Beside;
use serde::Deserialize;
use serde_json::{Map, json};

use super::query::Parameters;
use super::take::{Head, RECEIPT, Taken, take};
use crate::clock;
use crate::intake::{Ingest, Protocol};
use answer::Answer;
use channels::{Channel, Channels};

pub(super) use answer::failed;

const BASE: &str = "/services/collector";
/// What a query may say of all events.
const BESIDE: [&str; 4] = ["host", "source", "sourcetype", "index"];
/// Queries for acknowledgements are small.
const MAX_ACKS: usize = 1 << 20;

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new()
        .route(BASE, post(events))
        .route("/services/collector/event", post(events))
        .route("/services/collector/event/1.0", post(events))
        .route("/services/collector/raw", post(raw))
        .route("/services/collector/raw/1.0", post(raw))
        .route("/services/collector/ack", post(acknowledged))
        .layer(Extension(Arc::new(Channels::default())))
}

/// What load balancers ask, without a token.
pub(super) fn health_routes() -> Router<Arc<Ingest>> {
    Router::new()
        .route("/services/collector/health", get(health))
        .route("/services/collector/health/1.0", get(health))
}

async fn events(
    State(ingest): State<Arc<Ingest>>,
    Extension(channels): Extension<Arc<Channels>>,
    query: Parameters,
    head: Head,
    body: Body,
) -> Response {
    let channel = match Channel::of(&head, &query) {
        Ok(channel) => channel,
        Err(answer) => return answer.response(),
    };
    let read = move |body: &[u8], sink: &mut dyn wire::Sink| {
        let beside = query.pairs(|name| BESIDE.contains(&name));
        Ok(wire::hec::read(body, &beside, sink)?)
    };
    match take(&ingest, Protocol::Hec, &head, body, read).await {
        Err(problem) => answer::failed(problem),
        Ok(taken) => match taken.told {
            Some(invalid) => answered(&taken, Answer::invalid(invalid)),
            None => succeeded(&taken, channel, &channels),
        },
    }
}

async fn raw(
    State(ingest): State<Arc<Ingest>>,
    Extension(channels): Extension<Arc<Channels>>,
    query: Parameters,
    head: Head,
    body: Body,
) -> Response {
    let channel = match Channel::of(&head, &query) {
        Ok(channel) => channel,
        Err(answer) => return answer.response(),
    };
    let now = clock::now();
    let read = move |body: &[u8], sink: &mut dyn wire::Sink| {
        let beside = Beside {
            time: query.get("time").and_then(time::read),
            attributes: query.pairs(|name| BESIDE.contains(&name)),
            ..Beside::nothing(now)
        };
        Ok(wire::text::read(body, &beside, sink)?)
    };
    match take(&ingest, Protocol::Hec, &head, body, read).await {
        Err(problem) => answer::failed(problem),
        Ok(taken) if taken.submitted.accepted == 0 && taken.submitted.rejected > 0 => {
            answered(&taken, Answer::INVALID)
        }
        Ok(taken) => succeeded(&taken, channel, &channels),
    }
}

fn succeeded<T>(taken: &Taken<T>, channel: Option<Channel>, channels: &Channels) -> Response {
    if taken.submitted.accepted + taken.submitted.rejected == 0 {
        return answered(taken, Answer::NO_DATA);
    }
    let id = channel.map(|channel| channels.issue(channel));
    answered(taken, Answer::SUCCESS.with_acknowledgement(id))
}

fn answered<T>(taken: &Taken<T>, answer: Answer) -> Response {
    let mut response = answer.response();
    response.headers_mut().insert(RECEIPT, taken.receipt());
    response
}

#[derive(Debug, Deserialize)]
struct Asked {
    acks: Vec<u64>,
}

/// Whether events are indexed. They are for every id that was ever given out, also before a restart or by another replica,
/// because an id is given out only once they are on disk; and nobody asks for an id that it was not given.
async fn acknowledged(query: Parameters, head: Head, body: Body) -> Response {
    match Channel::of(&head, &query) {
        Ok(Some(_)) => {}
        Ok(None) => return Answer::NO_CHANNEL.response(),
        Err(answer) => return answer.response(),
    }
    let bytes = axum::body::to_bytes(body, MAX_ACKS).await.unwrap_or_default();
    let Ok(Asked { acks }) = serde_json::from_slice(&bytes) else { return Answer::INVALID.response() };
    let acks: Map<_, _> = acks.into_iter().map(|id| (id.to_string(), true.into())).collect();
    answer::json(StatusCode::OK, &json!({"acks": acks}))
}

async fn health(State(ingest): State<Arc<Ingest>>) -> Response {
    let full = ingest.wal.usage().waiting >= ingest.wal.options().capacity();
    match (ingest.shutdown.is_draining(), full) {
        (true, _) => Answer::ENDING.response(),
        (false, true) => Answer::UNHEALTHY.response(),
        (false, false) => Answer::HEALTHY.response(),
    }
}

pub(super) fn is_path(path: &str) -> bool {
    path.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers in Splunk's words where a token is missing or wrong.
pub(super) async fn unauthorized(request: Request, next: Next) -> Response {
    let ours = is_path(request.uri().path());
    let in_query =
        request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("token=")));
    let authorization = ours.then(|| request.headers().get(header::AUTHORIZATION).cloned()).flatten();
    let response = next.run(request).await;
    if !ours || response.status() != StatusCode::UNAUTHORIZED {
        return response;
    }
    let answer = match authorization.as_ref().map(|value| value.to_str().unwrap_or_default().trim()) {
        None if in_query => Answer::TOKEN_IN_QUERY,
        None => Answer::NO_TOKEN,
        Some(value) if is_scheme(value) => Answer::WRONG_TOKEN,
        Some(_) => Answer::WRONG_SCHEME,
    };
    answer.response()
}

fn is_scheme(authorization: &str) -> bool {
    let scheme = authorization.split_once(' ').map(|(scheme, _)| scheme).unwrap_or_default();
    ["splunk", "bearer", "basic"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// The channel that the header names.
fn channel_header(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-splunk-request-channel").map(|value| value.to_str().unwrap_or("\0"))
}
