//! Elasticsearch's API as far as those who send logs use it: bulk requests, single documents, and what clients ask before and
//! between. What is answered says nothing of data that isn't so.

mod bulk;
mod document;
mod probes;
mod reply;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post, put};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use logpipeline_service::Problem;

use super::native;
use crate::intake::Ingest;

pub(super) fn routes() -> Router<Arc<Ingest>> {
    let bulk = || post(bulk::bulk).put(bulk::bulk);
    let definitions = || get(probes::absent).put(probes::acknowledged).delete(probes::acknowledged);
    Router::new()
        .route("/_bulk", bulk())
        .route("/{index}/_bulk", bulk())
        .route("/{index}/_doc", post(document::document))
        .route("/{index}/_doc/{id}", post(document::document).put(document::document))
        .route("/{index}/_create/{id}", post(document::document).put(document::document))
        .route("/", get(probes::root))
        .route("/_license", get(probes::license))
        .route("/_xpack", get(probes::xpack))
        .route("/_cluster/health", get(probes::health))
        .route("/_cluster/health/{index}", get(probes::health))
        .route("/_cat/health", get(probes::cat_health))
        .route("/_cat/templates", get(probes::cat_nothing))
        .route("/_cat/templates/{name}", get(probes::cat_nothing))
        .route("/_cat/indices", get(probes::cat_nothing))
        .route("/_cat/indices/{name}", get(probes::cat_nothing))
        .route("/_template/{name}", definitions())
        .route("/_index_template/{name}", definitions())
        .route("/_component_template/{name}", definitions())
        .route("/_ilm/policy/{name}", definitions())
        .route("/_ingest/pipeline/{name}", definitions())
        .route("/_data_stream/{name}", definitions())
        .route("/_data_stream/{name}/_lifecycle", put(probes::acknowledged))
        .route("/_refresh", get(probes::refresh).post(probes::refresh))
        .route("/{index}/_refresh", get(probes::refresh).post(probes::refresh))
}

/// Whether a path is of Elasticsearch's API, also where there is nothing: its names begin with `_`. At the root, our own
/// format has POST.
pub(super) fn is_path(method: &Method, path: &str) -> bool {
    let mut segments = path.trim_start_matches('/').split('/');
    match (segments.next().unwrap_or_default(), segments.next()) {
        ("", _) => matches!(*method, Method::GET | Method::HEAD),
        (first, second) => [Some(first), second].into_iter().flatten().any(|name| name.starts_with('_')),
    }
}

/// Whether a path is the name of an index, which Elasticsearch's clients look for, make and remove.
fn is_index(method: &Method, path: &str) -> bool {
    let is_name = path.trim_matches('/').split('/').count() == 1 && !native::PATHS.contains(&path);
    is_name && matches!(*method, Method::HEAD | Method::PUT | Method::DELETE)
}

/// Has every answer on Elasticsearch's paths name the product, and speak as Elasticsearch does: also where a token is missing,
/// or there is nothing at the path.
pub(super) async fn speak(request: Request, next: Next) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let (is_path, is_index) = (is_path(method, path), is_index(method, path));
    if !is_path && !is_index {
        return next.run(request).await;
    }
    let asked = request.headers().clone();
    let response = next.run(request).await;
    if !is_path && response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    named(if reply::is_foreign(&response) { reply::translated(&asked, response).await } else { response })
}

/// The answer to a request of which nothing was kept, and which no handler has seen.
pub(super) fn refused(asked: &HeaderMap, problem: Problem) -> Response {
    named(reply::refused(asked, problem))
}

/// Clients report a batch as failed, after it was accepted, where an answer does not have this header.
fn named(mut response: Response) -> Response {
    response.headers_mut().insert("x-elastic-product", HeaderValue::from_static("Elasticsearch"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_those_of_other_protocols() {
        for path in ["/_bulk", "/_nodes/http", "/_ilm/policy", "/logs-app/_doc/7", "/a/_search", "/_x"] {
            assert!(is_path(&Method::POST, path), "{path}");
        }
        for path in
            ["/", "/logs", "/api/v1/logs", "/loki/api/v1/push", "/v1/logs", "/services/collector", "/upload"]
        {
            assert!(!is_path(&Method::POST, path), "{path}");
        }
        assert!(is_path(&Method::GET, "/") && is_path(&Method::HEAD, "/"));
        assert!(is_index(&Method::HEAD, "/logs-app") && is_index(&Method::PUT, "/logs-app"));
        assert!(!is_index(&Method::POST, "/logs-app") && !is_index(&Method::PUT, "/logs"));
    }
}
