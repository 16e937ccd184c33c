//! Reconciles reach an OpenTelemetry collector.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use serde_json::json;

use crate::support::process::{Process, account};
use crate::support::yaml::embedded;
use crate::support::{Site, eventually};

#[tokio::test]
async fn a_reconcile_is_a_span_that_names_the_pipeline() {
    let exported = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&exported);
    let take = move |body: Bytes| async move { kept.lock().unwrap().extend_from_slice(&body) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/v1/traces", post(take));
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let site = Site::bare("traced").await;
    let config = account(&site, &["--set", &format!("namespaces={{{}}}", site.namespace)]).await;
    let _process = Process::start_with(
        config.path(),
        &["--namespaces", &site.namespace, "--lease-namespace", &site.namespace, "--lease-name", "operator"],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)],
    );
    site.apply(&embedded("logs-of-this-test", json!({}))).await;
    eventually("spans are exported", async || {
        let exported = exported.lock().unwrap();
        let holds = |text: &str| exported.windows(text.len()).any(|window| window == text.as_bytes());
        (holds("logpipeline-operator") && holds("reconcile") && holds("logs-of-this-test")).then_some(())
    })
    .await;
}
