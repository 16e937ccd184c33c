//! Elasticsearch's API as far as those who send logs use it: bulk requests, single documents, and what clients ask before and
//! between. What is answered says nothing of data that isn't so.

mod bulk;
mod document;
mod probes;
mod reply;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post, put};
use http::HeaderValue;

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
        .layer(from_fn(name_product))
}

/// Clients report a batch as failed, after it was accepted, where an answer does not have this header.
async fn name_product(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert("x-elastic-product", HeaderValue::from_static("Elasticsearch"));
    response
}
