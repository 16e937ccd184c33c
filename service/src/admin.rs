//! The admin port: `/healthz`, `/readyz`, `/metrics`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use prometheus::{Registry, TextEncoder};

use crate::Shutdown;

/// Whether the component can serve, as a set of named conditions; ready when none is missing.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Readiness {
    /// Not ready until each of the named conditions is [`met`](Self::met).
    pub fn awaiting(conditions: &[&'static str]) -> Self {
        let readiness = Self::default();
        for condition in conditions {
            readiness.missing(condition, "starting");
        }
        readiness
    }

    pub fn met(&self, condition: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(condition);
    }

    pub fn missing(&self, condition: &'static str, why: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(condition, why.into());
    }

    /// What is missing, and why.
    pub fn reasons(&self) -> BTreeMap<&'static str, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The admin endpoints as a router. While draining, `/readyz` answers 503 whatever else holds.
pub fn router(readiness: Readiness, registry: Registry, shutdown: Shutdown) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Admin { readiness, registry, shutdown })
}

/// A registry that already holds the process's own figures (CPU, memory, open files, start time).
pub fn registry() -> Registry {
    let registry = Registry::new();
    let process = prometheus::process_collector::ProcessCollector::for_self();
    if let Err(error) = registry.register(Box::new(process)) {
        tracing::warn!(%error, "process metrics are not available");
    }
    registry
}

#[derive(Clone)]
struct Admin {
    readiness: Readiness,
    registry: Registry,
    shutdown: Shutdown,
}

async fn ready(State(admin): State<Admin>) -> Response {
    let mut reasons = admin.readiness.reasons();
    if admin.shutdown.is_draining() {
        reasons.insert("draining", "shutting down".to_owned());
    }
    if reasons.is_empty() {
        return "ready\n".into_response();
    }
    let lines: String = reasons.iter().map(|(condition, why)| format!("{condition}: {why}\n")).collect();
    (StatusCode::SERVICE_UNAVAILABLE, lines).into_response()
}

async fn metrics(State(admin): State<Admin>) -> Response {
    match TextEncoder::new().encode_to_string(&admin.registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt;

    use super::*;

    async fn get(router: &Router, path: &str) -> (StatusCode, String) {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readiness_names_what_is_missing_and_fails_while_draining() {
        let (readiness, shutdown) = (Readiness::awaiting(&["store"]), Shutdown::default());
        let router = router(readiness.clone(), registry(), shutdown.clone());
        assert_eq!(
            get(&router, "/readyz").await,
            (StatusCode::SERVICE_UNAVAILABLE, "store: starting\n".to_owned())
        );
        readiness.met("store");
        assert_eq!(get(&router, "/readyz").await.0, StatusCode::OK);
        shutdown.trigger();
        assert_eq!(get(&router, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(get(&router, "/healthz").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn metrics_include_the_process() {
        let router = router(Readiness::default(), registry(), Shutdown::default());
        assert!(get(&router, "/metrics").await.1.contains("process_resident_memory_bytes"));
    }
}
