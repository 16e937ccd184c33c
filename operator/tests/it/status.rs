//! What is told of a pipeline, from its pods and its ingestors.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::support::kubelet::Kubelet;
use crate::support::yaml::embedded;
use crate::support::{Site, eventually};

/// Tells of deliveries in place of an ingestor, at its admin port on an address of its own.
async fn ingestor(address: [u8; 4], told: Value) -> Arc<Mutex<Value>> {
    let told = Arc::new(Mutex::new(told));
    let shared = Arc::clone(&told);
    let answer = move || {
        let answer = shared.lock().unwrap().clone();
        async move { Json(answer) }
    };
    let listener = tokio::net::TcpListener::bind(SocketAddr::from((address, 9090))).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/delivery", get(answer))).await });
    told
}

fn figures(received: u64, stored: u64, waiting: u64, oldest: f64) -> Value {
    json!({ "received": received, "stored": stored, "duplicates": 0, "rejected": 0, "deadLettered": 0,
        "waiting": waiting, "oldestWaitingSeconds": oldest })
}

#[tokio::test]
async fn a_pipeline_becomes_ready_and_says_what_is_wrong_when_it_is_not_with_a_played_kubelet() {
    let site = Site::new("ready").await;
    site.apply(&embedded("logs", json!({}))).await;
    let (reason, _) = site.until_condition("logs", "IngestorAvailable", "False").await;
    assert!(["Missing", "NoPodAvailable", "Progressing"].contains(&reason.as_str()), "{reason}");

    let told = ingestor([127, 0, 7, 1], figures(10, 9, 1, 0.5)).await;
    let _kubelet = Kubelet::start(&site, "127.0.7.1");
    site.until_condition("logs", "Ready", "True").await;
    let status = site.pipeline("logs").await.status.unwrap();
    let endpoints = status.endpoints.unwrap();
    assert_eq!(
        endpoints.ingest.unwrap(),
        format!("http://logs-ingestor.{}.svc.cluster.local:3000", site.namespace)
    );
    assert_eq!(status.replicas, Some(1));
    let (_, _, message) = site.condition("logs", "ConfigValid").await.unwrap();
    assert!(message.contains("anybody in the cluster may send entries"), "{message}");

    *told.lock().unwrap() = figures(500, 100, 400, 75.0);
    let (reason, message) = site.until_condition("logs", "Delivered", "False").await;
    assert_eq!(reason, "Lagging");
    assert!(message.starts_with("400 entries wait in pod logs-store-0, the oldest for 75 s"), "{message}");
    // Figures that move do not move the status.
    let version = site.pipeline("logs").await.metadata.resource_version;
    *told.lock().unwrap() = figures(900, 100, 800, 80.0);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(site.pipeline("logs").await.metadata.resource_version, version);

    *told.lock().unwrap() = figures(900, 900, 0, 0.0);
    site.until_condition("logs", "Ready", "True").await;
    let events = site.events().await;
    for reason in ["Lagging", "Delivering", "Ready"] {
        assert!(events.iter().any(|one| one == reason), "{reason}: {events:?}");
    }
}

#[tokio::test]
async fn entries_that_are_not_accounted_for_are_told_with_a_played_kubelet_and_ingestor() {
    let site = Site::new("unbalanced").await;
    let _told = ingestor([127, 0, 7, 2], figures(10, 8, 1, 0.0)).await;
    let _kubelet = Kubelet::start(&site, "127.0.7.2");
    site.apply(&embedded("logs", json!({}))).await;
    let (reason, message) = site.until_condition("logs", "Delivered", "False").await;
    assert_eq!(reason, "Unbalanced");
    assert!(message.contains("10 received, 8 stored"), "{message}");
}

/// What Prometheus is told of a pipeline.
fn told_ready(site: &Site, name: &str) -> Option<f64> {
    let families = prometheus::core::Collector::collect(&site.metrics.ready);
    let of_it =
        |figure: &&prometheus::proto::Metric| figure.get_label().iter().any(|one| one.value() == name);
    let figures = families.iter().flat_map(|family| family.get_metric());
    figures.filter(of_it).map(|figure| figure.get_gauge().get_value()).next()
}

#[tokio::test]
async fn prometheus_is_told_which_pipelines_are_ready_with_a_played_kubelet() {
    let mut site = Site::new("told").await;
    site.apply(&embedded("logs", json!({}))).await;
    site.until_condition("logs", "Ready", "False").await;
    eventually("it is told not to be ready", async || (told_ready(&site, "logs") == Some(0.0)).then_some(()))
        .await;
    let _told = ingestor([127, 0, 7, 3], figures(10, 10, 0, 0.0)).await;
    let _kubelet = Kubelet::start(&site, "127.0.7.3");
    eventually("it is told to be ready", async || (told_ready(&site, "logs") == Some(1.0)).then_some(()))
        .await;
    site.apply(&embedded("paused", json!({ "paused": true }))).await;
    site.until_condition("paused", "Ready", "False").await;
    assert_eq!(told_ready(&site, "paused"), None);

    // Only who leads tells.
    site.stop().await;
    assert_eq!(told_ready(&site, "logs"), None);
    site.start(Duration::from_secs(60));
    eventually("it is told again", async || (told_ready(&site, "logs") == Some(1.0)).then_some(())).await;
    site.delete("logs").await;
    eventually("it is told of no more", async || told_ready(&site, "logs").is_none().then_some(())).await;
}

#[tokio::test]
async fn the_scale_subresource_tells_and_sets_the_ingestors_pods() {
    let site = Site::new("scale").await;
    let nowhere = "http://127.0.0.1:1";
    site.apply(&crate::support::yaml::elasticsearch(
        "logs",
        nowhere,
        json!({ "ingestor": { "replicas": 2 } }),
    ))
    .await;
    let api = site.api::<logpipeline_operator::crd::LogPipeline>();
    eventually("the status has a selector", async || site.pipeline("logs").await.status?.selector).await;
    let scale = api.get_scale("logs").await.unwrap();
    assert_eq!(scale.spec.unwrap().replicas, Some(2));
    assert!(scale.status.unwrap().selector.unwrap().contains("app.kubernetes.io/component=ingestor"));
    let patch = json!({ "spec": { "replicas": 3 } });
    let params = kube::api::PatchParams::default();
    api.patch_scale("logs", &params, &kube::api::Patch::Merge(&patch)).await.unwrap();
    eventually("three pods are wanted", async || {
        let deployment: k8s_openapi::api::apps::v1::Deployment = site.get("logs-ingestor").await?;
        (deployment.spec?.replicas == Some(3)).then_some(())
    })
    .await;
}
