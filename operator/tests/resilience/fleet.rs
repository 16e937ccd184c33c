//! Five hundred pipelines.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::routing::get;
use axum::{Json, Router};
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::networking::v1::Ingress;
use logpipeline_operator::crd::LogPipeline;
use serde_json::json;

use crate::ALONE;
use crate::cluster::Cluster;
use crate::support::kubelet::Kubelet;
use crate::support::process::Process;
use crate::support::yaml::{elasticsearch, embedded};
use crate::support::{Site, eventually};

const PIPELINES: usize = 500;
/// What the chart lets the operator have.
const MEMORY: f64 = 256.0;
const REQUESTS: &str = "logpipeline_operator_api_requests_total";
const ADDRESS: &str = "127.0.7.3";

fn peak_mebibytes(process: &Process) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// Requests that change something. Leases are renewed whatever happens.
fn changes(labels: &str) -> bool {
    let verbs = ["create", "update", "patch", "delete"];
    verbs.iter().any(|verb| labels.contains(&format!("verb=\"{verb}\""))) && !labels.contains("\"leases\"")
}

async fn ready(site: &Site) -> usize {
    let pipelines = site.api::<LogPipeline>().list(&Default::default()).await.unwrap().items;
    let is_ready = |one: &&LogPipeline| {
        let conditions = one.status.iter().flat_map(|status| &status.conditions);
        conditions.into_iter().any(|one| one.type_ == "Ready" && one.status == "True")
    };
    pipelines.iter().filter(is_ready).count()
}

/// Tells of deliveries that balance, in place of all ingestors.
async fn ingestors() {
    let told = json!({ "received": 10, "stored": 10, "duplicates": 0, "rejected": 0, "deadLettered": 0,
        "waiting": 0, "oldestWaitingSeconds": 0.0 });
    let address: SocketAddr = format!("{ADDRESS}:9090").parse().unwrap();
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let routes = Router::new().route("/delivery", get(move || async move { Json(told) }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
}

/// A pipeline that has all kinds of objects, on an Elasticsearch that nobody reaches.
async fn everything(site: &Site) {
    site.secret("tokens", &[("tokens", "me:0123456789abcdef")]).await;
    site.secret("users", &[("users", "me:$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA")]).await;
    let spec = json!({
        "retention": { "byLevel": [{ "levels": ["debug"], "keep": "3d" }], "rollover": { "maxAge": "1d" } },
        "ingestor": {
            "insecure": null, "tokensSecretRef": { "name": "tokens" }, "wal": { "size": "5Gi" },
            "autoscaling": { "minReplicas": 2, "maxReplicas": 4 }, "ingress": { "host": "in.example.com" },
        },
        "query": {
            "insecure": null, "auth": { "usersSecretRef": { "name": "users" } }, "replicas": 2,
            "ingress": { "host": "logs.example.com", "annotations": { "some.example.com/thing": "1" } },
        },
        "generators": [{ "name": "load" }],
    });
    site.apply(&elasticsearch("everything", "http://127.0.0.1:1", spec)).await;
    let made = async || site.get::<Ingress>("everything-query").await;
    eventually("the pipeline with everything is made", made).await;
}

/// The next operator, after the one that had a long queue was told to end: it finishes what is under way, and nothing else.
async fn relieved(mut process: Process, start: &impl Fn() -> Process) -> Process {
    let waiting = process.figure("logpipeline_operator_queue_length", |_| true).await;
    assert!(waiting > 100.0, "{waiting} wait");
    let told = Instant::now();
    process.terminate();
    let code = eventually("it ends", async || process.ended()).await;
    let taken = told.elapsed();
    println!(
        "with {waiting:.0} pipelines waiting, an operator ended {:.1} s after SIGTERM",
        taken.as_secs_f64()
    );
    assert_eq!(code, 0, "{}", process.log());
    assert!(process.log().contains("leads no more"), "it kept the Lease");
    // A pod is killed after 30 s.
    assert!(taken < Duration::from_secs(20), "{taken:?}");
    let next = start();
    eventually("the next leads", async || next.log().contains("\"reconciling\"").then_some(())).await;
    next
}

#[tokio::test]
async fn five_hundred_pipelines_become_ready_with_a_played_kubelet_and_cost_no_write_then() {
    let _alone = ALONE.lock().await;
    let cluster = Cluster::whole();
    let site = Site::on(cluster.client().await, "fleet").await;
    eventually("the namespace has its account", async || site.get::<ServiceAccount>("default").await).await;
    ingestors().await;
    let _kubelet = Kubelet::start(&site, ADDRESS);
    // With how often it looks in production.
    let kubeconfig = cluster.kubeconfig();
    let start = || Process::start(&kubeconfig, &["--resync", "30s", "--lease-namespace", "default"]);
    let process = start();
    eventually("it reconciles", async || process.log().contains("\"reconciling\"").then_some(())).await;

    everything(&site).await;
    let began = Instant::now();
    let names = (0..PIPELINES).map(|number| embedded(&format!("logs-{number}"), json!({})));
    stream::iter(names).for_each_concurrent(8, async |yaml| drop(site.apply(&yaml).await)).await;
    let applied = began.elapsed();
    let process = relieved(process, &start).await;
    let mut longest = 0.0_f64;
    while ready(&site).await < PIPELINES {
        longest = longest.max(process.figure("logpipeline_operator_queue_length", |_| true).await);
        let under_way = process.figure("logpipeline_operator_reconciles_under_way", |_| true).await;
        assert!(under_way <= 8.0, "{under_way}");
        assert!(began.elapsed() < Duration::from_secs(900), "{} are ready", ready(&site).await);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let taken = began.elapsed();

    // What was told last, and what pods still settle, is over when a minute has passed without a write.
    let written = async || process.figure(REQUESTS, changes).await;
    let mut last = written().await;
    eventually("writing ends", async || {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let now = written().await;
        let ends = now == last;
        last = now;
        ends.then_some(())
    })
    .await;
    let all = async |verb: &str| {
        let label = format!("verb=\"{verb}\"");
        process.figure(REQUESTS, |labels| labels.contains(&label) && !labels.contains("\"leases\"")).await
    };
    let (writes, gets, lists, watches) =
        (written().await, all("get").await, all("list").await, all("watch").await);
    let reconciles = process.figure("logpipeline_operator_reconciles_total", |_| true).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let (writes, gets) = (written().await - writes, all("get").await - gets);
    let (lists, watches) = (all("list").await - lists, all("watch").await - watches);
    let reconciles = process.figure("logpipeline_operator_reconciles_total", |_| true).await - reconciles;
    let peak = peak_mebibytes(&process);
    println!(
        "{PIPELINES} pipelines: applied within {:.0} s, ready within {:.0} s, at most {longest:.0} waited; \
         then, a minute: {reconciles:.0} reconciles, {gets:.0} gets, {lists:.0} lists, {watches:.0} watches, {writes:.0} writes; \
         peak RSS {peak:.0} MiB",
        applied.as_secs_f64(),
        taken.as_secs_f64()
    );
    assert_eq!(writes, 0.0);
    assert!(reconciles >= PIPELINES as f64, "each is looked at: {reconciles}");
    assert!(peak < MEMORY, "{peak} MiB");
}
