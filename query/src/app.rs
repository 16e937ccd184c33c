//! What the handlers share, and the router over them.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::routing::{get, post};
use logpipeline_model::Timestamp;
use logpipeline_service::{Shutdown, telemetry};
use prometheus::Registry;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::access::{Access, admit};
use crate::api::session;
use crate::config::Limits;
use crate::delivery::{AdminUrl, Ingestors};
use crate::limits::Places;
use crate::metrics::Metrics;
use crate::stores::Stores;
use crate::{api, middleware, ui};

/// What the handlers share. Clones share it too.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) stores: Stores,
    pub(crate) access: Access,
    pub(crate) limits: Arc<Limits>,
    pub(crate) queries: Places,
    pub(crate) exports: Places,
    pub(crate) ingestors: Ingestors,
    pub(crate) metrics: Metrics,
    pub(crate) shutdown: Shutdown,
}

impl App {
    /// An app over the stores of a pipeline. Its tasks end with `shutdown`; its metrics are in `registry`.
    pub fn new(
        stores: logpipeline_store::Stores,
        limits: Limits,
        access: Access,
        registry: &Registry,
        shutdown: Shutdown,
    ) -> prometheus::Result<Self> {
        let metrics = Metrics::register(registry)?;
        Ok(Self {
            stores: Stores::new(stores, &limits, &metrics, &shutdown),
            queries: Places::new("queries", limits.max_queries, Duration::from_secs(1)),
            exports: Places::new("exports", limits.max_exports, Duration::from_secs(10)),
            ingestors: Ingestors::new(Vec::new()),
            limits: Arc::new(limits),
            access,
            metrics,
            shutdown,
        })
    }

    /// The app whose searches leave canaries out.
    #[must_use]
    pub fn without_canaries(self) -> Self {
        Self { stores: self.stores.without_canaries(), ..self }
    }

    /// The app with the ingestors that tell it how far entries have come.
    #[must_use]
    pub fn with_ingestors(self, urls: Vec<AdminUrl>) -> Self {
        Self { ingestors: Ingestors::new(urls), ..self }
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
        .route("/logs/{id}/delivery", get(api::delivery::entry))
        .route("/dead-letters/replay", post(api::dead_letters::replay))
        .route("/receipts", get(api::receipts::by_key))
        .route("/receipts/{receipt}", get(api::receipts::receipt))
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
