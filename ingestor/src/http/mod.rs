//! What the ingest port serves.

mod accept;
mod answer;
mod body;
mod delivery;
mod encoding;
mod entries;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderValue, Method, StatusCode, header};
use logpipeline_access::require::{Gate, require_token};
use logpipeline_model::entry::Limits;
use logpipeline_service::{Problem, Shutdown, telemetry};

use crate::budget::Budget;
use crate::ids::IdGenerator;
use crate::ledger::Ledger;
use crate::metrics::{Metrics, Outcome};
use crate::shipper::Progress;
use crate::wal::Wal;

/// The paths that take entries.
pub const PATHS: [&str; 4] = ["/", "/ingest", "/logs", "/api/v1/logs"];

/// Bounds of a request.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of a body, as it was sent and after decompression.
    pub body: usize,
    /// How long a body may pause.
    pub pause: Duration,
    /// How long a whole body may take.
    pub deadline: Duration,
    pub entry: Limits,
}

/// What the handlers share.
#[derive(Debug)]
pub struct Ingest {
    pub wal: Wal,
    pub ledger: Arc<Ledger>,
    pub progress: Arc<Progress>,
    pub ids: IdGenerator,
    pub budget: Budget,
    pub bounds: Bounds,
    pub metrics: Metrics,
    pub shutdown: Shutdown,
}

/// The ingest port; without a `gate`, anybody may send.
pub fn router(ingest: Arc<Ingest>, gate: Option<Gate>) -> Router {
    let mut router = Router::new().route("/api/v1/delivery", get(delivery::figures));
    for path in PATHS {
        router = router.route(path, post(accept::accept));
    }
    router = router.method_not_allowed_fallback(wrong_method);
    if let Some(gate) = gate {
        router = router.route_layer(from_fn_with_state(gate, require_token));
    }
    router
        .fallback(unknown_path)
        .layer(from_fn(telemetry::trace_requests))
        .layer(from_fn_with_state(Arc::clone(&ingest), watch))
        .with_state(ingest)
}

/// What the admin port tells of entries: how many there are, and nothing of what they say.
pub fn admin_router(ingest: Arc<Ingest>) -> Router {
    Router::new().route("/delivery", get(delivery::figures)).with_state(ingest)
}

/// Counts requests, and asks senders to come back elsewhere while draining.
async fn watch(State(ingest): State<Arc<Ingest>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let counted = request.method() == Method::POST && PATHS.contains(&request.uri().path());
    let http1 = request.version() < http::Version::HTTP_2;
    let mut response = next.run(request).await;
    if counted {
        ingest.metrics.request(Outcome::of(response.status()), started.elapsed());
    }
    if http1 && ingest.shutdown.is_draining() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn wrong_method(request: Request) -> Response {
    let entries = PATHS.contains(&request.uri().path());
    let (allow, detail) = if entries {
        ("POST", "Send log entries with POST: a JSON object, an array of objects, or NDJSON.")
    } else {
        ("GET, HEAD", "Read the delivery figures with GET.")
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
    use axum::body::{Body, to_bytes};
    use logpipeline_model::entry::Limits;
    use tower::ServiceExt;

    use super::*;
    use crate::wal::disk::LocalDisk;
    use crate::wal::{Opened, Options};

    #[tokio::test]
    async fn a_request_that_comes_while_stopping_is_sent_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
        let opened = Wal::open(folder.path(), Options::default(), Arc::new(LocalDisk), metrics.clone());
        let Opened { wal, ledger, .. } = opened.unwrap();
        let shutdown = Shutdown::default();
        let ingest = Ingest {
            wal: wal.clone(),
            ledger,
            progress: Arc::default(),
            ids: IdGenerator::default(),
            budget: Budget::new(1 << 20),
            bounds: Bounds {
                body: 1 << 20,
                pause: Duration::from_secs(1),
                deadline: Duration::from_secs(1),
                entry: Limits::default(),
            },
            metrics,
            shutdown: shutdown.clone(),
        };
        let router = router(Arc::new(ingest), None);
        let post = async || {
            let request = Request::post("/logs").body(Body::from("{\"message\":\"m\"}")).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let (head, body) = response.into_parts();
            (head, String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap())
        };
        assert_eq!(post().await.0.status, StatusCode::ACCEPTED);
        wal.close();
        let (head, body) = post().await;
        assert_eq!(head.status, StatusCode::SERVICE_UNAVAILABLE, "the log is closed: {body}");
        shutdown.trigger();
        let (head, body) = post().await;
        assert_eq!(head.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains("shutting-down"), "{body}");
        assert_eq!(head.headers[header::CONNECTION], "close");
        assert_eq!(head.headers[header::RETRY_AFTER], "1");
    }
}
