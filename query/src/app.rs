//! What the handlers share, and the router over them.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::routing::get;
use logpipeline_model::Timestamp;
use logpipeline_service::{Shutdown, telemetry};
use logpipeline_store::LogStore;
use prometheus::Registry;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::access::{Access, admit};
use crate::api::session;
use crate::config::Limits;
use crate::limits::Places;
use crate::metrics::Metrics;
use crate::tail::Tail;
use crate::traced::Traced;
use crate::{api, middleware, ui};

/// What the handlers share. Clones share it too.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) access: Access,
    pub(crate) limits: Arc<Limits>,
    pub(crate) queries: Places,
    pub(crate) exports: Places,
    pub(crate) tail: Tail,
    pub(crate) metrics: Metrics,
    pub(crate) shutdown: Shutdown,
}

impl App {
    /// An app over a store. Its tasks end with `shutdown`; its metrics are in `registry`.
    pub fn new(
        store: Arc<dyn LogStore>,
        limits: Limits,
        access: Access,
        registry: &Registry,
        shutdown: Shutdown,
    ) -> prometheus::Result<Self> {
        let metrics = Metrics::register(registry)?;
        Ok(Self {
            tail: Tail::start(Arc::clone(&store), &limits, metrics.clone(), &shutdown),
            queries: Places::new("queries", limits.max_queries, Duration::from_secs(1)),
            exports: Places::new("exports", limits.max_exports, Duration::from_secs(10)),
            limits: Arc::new(limits),
            store: Arc::new(Traced(store)),
            access,
            metrics,
            shutdown,
        })
    }
}

/// The one place where the server reads the clock for the meaning of `now`.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_nanos(i128::try_from(since.as_nanos()).unwrap_or(i128::MAX))
}

/// The API below `/api/v1`, for those who may search, and the UI everywhere else, for everybody: it holds no logs.
pub fn router(app: App) -> Router {
    let api = Router::new()
        .route("/search", get(api::search::search))
        .route("/histogram", get(api::histogram::histogram))
        .route("/fields", get(api::fields::fields))
        .route("/fields/{name}/values", get(api::fields::values))
        .route("/logs/{id}", get(api::logs::entry))
        .route("/logs/{id}/context", get(api::logs::context))
        .route("/tail", get(api::tail::tail))
        .route("/export", get(api::export::export))
        .route("/parse", get(api::parse::parse))
        .route_layer(axum::middleware::from_fn_with_state(app.clone(), admit))
        // Those behind the layer are for everybody.
        .route("/session", get(session::session).post(session::sign_in).delete(session::sign_out))
        .route("/openapi.json", get(api::openapi::serve));
    Router::new()
        .nest("/api/v1", api)
        .fallback(ui::serve)
        .method_not_allowed_fallback(ui::method_not_allowed)
        .with_state(app.clone())
        // The default predicate leaves out event streams, which must not be held back.
        .layer(CompressionLayer::new().gzip(true))
        .layer(CatchPanicLayer::custom(middleware::panicked))
        .layer(axum::middleware::from_fn(middleware::secure))
        .layer(axum::middleware::from_fn_with_state(app, middleware::measure))
        .layer(axum::middleware::from_fn(telemetry::trace_requests))
}
