//! What is done for every request, whatever it asks.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, StatusCode};
use logpipeline_service::Problem;

use crate::App;

/// What the UI's page may load: its own files, nothing inline, nothing from elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Counts and times requests by route.
pub(crate) async fn measure(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("ui", MatchedPath::as_str).to_owned();
    let started = Instant::now();
    let response = next.run(request).await;
    app.metrics.requests.with_label_values(&[route.as_str(), response.status().as_str()]).inc();
    app.metrics.duration.with_label_values(&[route.as_str()]).observe(started.elapsed().as_secs_f64());
    response
}

/// Tells browsers to trust nothing that did not come from here.
pub(crate) async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let set = |headers: &mut HeaderMap, name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(headers, header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The answer to a request whose handler panicked.
pub(crate) fn panicked(reason: Box<dyn std::any::Any + Send>) -> Response {
    use axum::response::IntoResponse;
    let reason = reason
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| reason.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(reason, "a request failed unexpectedly");
    let detail = "The server failed on this request; its log has the reason.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).into_response()
}
