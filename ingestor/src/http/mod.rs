//! What the ingest port serves.

mod answer;
mod body;
mod datadog;
mod delivery;
mod elastic;
mod encoding;
mod gelf;
mod hec;
mod journal;
mod jsonline;
mod loki;
mod native;
mod otlp;
mod overload;
mod query;
mod receipts;
mod replay;
mod take;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::{HeaderValue, Method, StatusCode, header};
use logpipeline_access::require::{Gate, require_token};
use logpipeline_service::{Problem, telemetry};
use logpipeline_store::Stores;

pub(crate) use answer::append_problem;
pub(crate) use body::no_memory;
pub use native::PATHS;
pub use otlp::grpc;
pub(crate) use overload::{refuse, refuse_call};

use crate::intake::Ingest;
use crate::metrics::Outcome;
use crate::replay::Replay;

const REPLAY: &str = "/api/v1/dead-letters/replay";

/// The ingest port; without a `gate`, anybody may send.
pub(crate) fn router(ingest: Arc<Ingest>, replay: &Arc<Replay>, gate: Option<Gate>) -> Router {
    let mut entries = protocols();
    let mut figures = Router::new()
        .route("/api/v1/delivery", get(delivery::figures))
        .route("/api/v1/delivery/balance", get(delivery::balance))
        .merge(receipts::routes("/api/v1"))
        .route(REPLAY, post(replay::replay))
        .layer(Extension(Arc::clone(replay)));
    if let Some(gate) = gate {
        entries = entries.route_layer(from_fn_with_state(gate.clone(), require_token));
        figures = figures.route_layer(from_fn_with_state(gate, require_token));
    }
    entries
        .route_layer(from_fn(hec::unauthorized))
        .route_layer(from_fn(datadog::unauthorized))
        .route_layer(from_fn_with_state(Arc::clone(&ingest), count))
        .merge(figures)
        .merge(hec::health_routes())
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown_path)
        .layer(from_fn(elastic::speak))
        .layer(from_fn(telemetry::trace_requests))
        .layer(from_fn_with_state(Arc::clone(&ingest), send_elsewhere))
        .with_state(ingest)
}

/// What takes entries, and what clients of each protocol ask besides.
fn protocols() -> Router<Arc<Ingest>> {
    native::routes()
        .merge(elastic::routes())
        .merge(jsonline::routes())
        .merge(loki::routes())
        .merge(otlp::routes())
        .merge(hec::routes())
        .merge(datadog::routes())
        .merge(journal::routes())
        .merge(gelf::routes())
}

/// What the admin port tells of entries: how many there are and where, and nothing of what they say. Dead letters are sent
/// once more there, too.
pub(crate) fn admin_router(ingest: Arc<Ingest>, replay: Arc<Replay>) -> Router {
    Router::new()
        .route("/delivery", get(delivery::figures))
        .route("/delivery/balance", get(delivery::balance))
        .merge(receipts::routes(""))
        .route("/dead-letters/replay", post(replay::replay_ids).layer(Extension(replay)))
        .with_state(ingest)
}

/// What sends dead letters once more.
pub(crate) fn replay(ingest: &Arc<Ingest>, stores: Stores) -> Arc<Replay> {
    let http = protocols().with_state(Arc::clone(ingest));
    Arc::new(Replay::new(Arc::clone(ingest), stores, http, grpc::router(Arc::clone(ingest), None)))
}

/// Counts requests that bring entries.
async fn count(State(ingest): State<Arc<Ingest>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let counted = matches!(*request.method(), Method::POST | Method::PUT);
    let response = next.run(request).await;
    if counted {
        ingest.metrics.request(Outcome::of(response.status()), started.elapsed());
    }
    response
}

/// Asks senders to come back elsewhere while draining.
async fn send_elsewhere(State(ingest): State<Arc<Ingest>>, request: Request, next: Next) -> Response {
    let http1 = request.version() < http::Version::HTTP_2;
    let mut response = next.run(request).await;
    if http1 && ingest.shutdown.is_draining() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn wrong_method(request: Request) -> Response {
    let path = request.uri().path();
    if elastic::is_path(request.method(), path) {
        // The router adds which methods there are.
        let detail = format!("{} is not taken at {path}.", request.method());
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail).into_response();
    }
    let (allow, detail) = if matches!(path, "/api/v1/delivery" | "/api/v1/delivery/balance") {
        ("GET, HEAD", "Read the delivery figures with GET.")
    } else if receipts::is_path(path) {
        ("GET, HEAD", "Read what became of a request or an entry with GET.")
    } else if path == REPLAY {
        ("POST", "Say with POST which dead letters are to be sent once more.")
    } else {
        ("POST", "Send log entries with POST: a JSON object, an array of objects, or NDJSON.")
    };
    let mut response =
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

async fn unknown_path(request: Request) -> Problem {
    let detail =
        format!("There is nothing at {}. Send log entries with POST to /api/v1/logs.", request.uri().path());
    Problem::new(StatusCode::NOT_FOUND, "no-such-path", detail)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::{Body, to_bytes};
    use logpipeline_model::entry::Limits;
    use logpipeline_store::embedded::EmbeddedStore;
    use tower::ServiceExt;

    use super::*;
    use crate::budget::Budget;
    use crate::dead_letters::Bodies;
    use crate::ids::IdGenerator;
    use crate::intake::Bounds;
    use crate::metrics::Metrics;
    use crate::receipts::{Journal, Receipts, Rules};
    use crate::wal::Wal;
    use crate::wal::disk::LocalDisk;
    use crate::wal::{Opened, Options};

    #[tokio::test]
    async fn a_request_that_comes_while_stopping_is_sent_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
        let opened = Wal::open(folder.path(), Options::default(), Arc::new(LocalDisk), metrics.clone());
        let Opened { wal, ledger, .. } = opened.unwrap();
        let shutdown = logpipeline_service::Shutdown::default();
        let journal =
            Journal::open(&folder.path().join("receipts"), 1 << 20, Arc::new(LocalDisk), metrics.clone());
        let store = || EmbeddedStore::open_reader(folder.path().join("store")).map(Arc::new);
        let stores = Stores { logs: store().unwrap(), dead_letters: store().unwrap() };
        let receipts = Receipts::new(
            Arc::new(journal),
            wal.clone(),
            Stores { logs: store().unwrap(), dead_letters: store().unwrap() },
            folder.path().join("dead-letters"),
            Rules::default(),
        );
        let ingest = Ingest {
            receipts: Arc::new(receipts),
            wal: wal.clone(),
            ledger,
            progress: Arc::default(),
            canaries: None,
            ids: IdGenerator::default(),
            budget: Budget::new(1 << 20),
            bounds: Bounds {
                body: 1 << 20,
                pause: Duration::from_secs(1),
                deadline: Duration::from_secs(1),
                entry: Limits::default(),
            },
            bodies: Bodies::start(Arc::clone(&stores.dead_letters), metrics.clone(), &shutdown),
            metrics,
            shutdown: shutdown.clone(),
        };
        let ingest = Arc::new(ingest);
        let replay = replay(&ingest, stores);
        let grpc = grpc::router(Arc::clone(&ingest), None);
        let router = router(ingest, &replay, None);
        let post = async || {
            let request = Request::post("/logs").body(Body::from("{\"message\":\"m\"}")).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let (head, body) = response.into_parts();
            (head, String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap())
        };
        let call = async || {
            let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
            let request = Request::post(path).header("content-type", "application/grpc");
            // A message with a record that says "m".
            let message = b"\0\0\0\0\x0b\x0a\x09\x12\x07\x12\x05\x2a\x03\x0a\x01m";
            let response =
                grpc.clone().oneshot(request.body(Body::from(&message[..])).unwrap()).await.unwrap();
            tonic::Status::from_header_map(response.headers())
        };
        // RetryInfo of a second: clients give up on an answer without it.
        let is_put_off = |status: &tonic::Status| {
            let details = status.details();
            let info = b"google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x01";
            status.code() == tonic::Code::Unavailable && details.windows(info.len()).any(|part| part == info)
        };
        assert_eq!(post().await.0.status, StatusCode::ACCEPTED);
        assert!(call().await.is_none(), "its status is behind the message");
        wal.close();
        let closed = call().await.unwrap();
        assert!(is_put_off(&closed), "{closed:?}");
        let (head, body) = post().await;
        assert_eq!(head.status, StatusCode::SERVICE_UNAVAILABLE, "the log is closed: {body}");
        shutdown.trigger();
        let (head, body) = post().await;
        assert_eq!(head.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains("shutting-down"), "{body}");
        assert_eq!(head.headers[header::CONNECTION], "close");
        assert_eq!(head.headers[header::RETRY_AFTER], "1");
        let stopping = call().await.unwrap();
        assert!(is_put_off(&stopping) && stopping.message().contains("shutting down"), "{stopping:?}");
    }
}
