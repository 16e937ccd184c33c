//! An API server that goes away and comes back.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Service;
use kube::ResourceExt;
use kube::api::DeleteParams;
use serde_json::json;

use crate::ALONE;
use crate::cluster::Cluster;
use crate::support::process::Process;
use crate::support::yaml::embedded;
use crate::support::{Site, eventually};

const AWAY: Duration = Duration::from_secs(30);
const PIPELINES: usize = 5;

/// What stands in the namespace, by name.
async fn versions(site: &Site) -> BTreeMap<String, String> {
    let services = site.api::<Service>().list(&Default::default()).await.unwrap().items;
    let sets = site.api::<StatefulSet>().list(&Default::default()).await.unwrap().items;
    let services = services.iter().map(|one| (format!("Service {}", one.name_any()), one.resource_version()));
    let sets = sets.iter().map(|one| (format!("StatefulSet {}", one.name_any()), one.resource_version()));
    services.chain(sets).map(|(name, version)| (name, version.unwrap())).collect()
}

async fn is_ready(process: &Process) -> bool {
    let answer = reqwest::get(format!("http://{}/readyz", process.admin())).await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

#[tokio::test]
async fn an_api_server_that_is_away_for_thirty_seconds_ends_the_operator_and_the_next_goes_on_as_if_nothing_was()
 {
    let _alone = ALONE.lock().await;
    let cluster = Cluster::audited();
    let site = Site::on(cluster.client().await, "away").await;
    let start =
        || Process::start(&cluster.kubeconfig(), &["--lease-namespace", "default", "--identity", "pod"]);
    let mut process = start();
    for number in 0..PIPELINES {
        site.apply(&embedded(&format!("logs-{number}"), json!({}))).await;
    }
    for number in 0..PIPELINES {
        site.until_condition(&format!("logs-{number}"), "ConfigValid", "True").await;
    }
    eventually("all is made", async || (versions(&site).await.len() == 5 * PIPELINES).then_some(())).await;
    // What was told last is told.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = versions(&site).await;

    cluster.kill_api_server();
    let gone = Instant::now();
    // It cannot tell whether another operator leads meanwhile; a kubelet would start it again.
    let code = eventually("it ends", async || process.ended()).await;
    let ended = gone.elapsed();
    assert_eq!(code, 1, "{}", process.log());
    assert!(process.log().contains("lost the Lease"), "{}", process.log());
    assert!(ended < Duration::from_secs(20), "{ended:?}");
    let mut process = start();
    eventually("it waits", async || process.log().contains("the cluster is not reached").then_some(())).await;
    assert!(!is_ready(&process).await);
    tokio::time::sleep(AWAY.saturating_sub(gone.elapsed())).await;
    assert_eq!(process.ended(), None, "{}", process.log());

    cluster.start();
    let back = Instant::now();
    site.api::<Service>().delete("logs-0-query", &DeleteParams::default()).await.unwrap();
    site.apply(&embedded("another", json!({}))).await;
    eventually("what was removed is back", async || site.get::<Service>("logs-0-query").await).await;
    eventually("what is new is made", async || site.get::<StatefulSet>("another-store").await).await;
    let caught_up = back.elapsed();
    println!(
        "the API server was away for {:.0} s: the operator ended after {:.0} s, and its successor had caught up {:.1} s after",
        (back - gone).as_secs_f64(),
        ended.as_secs_f64(),
        caught_up.as_secs_f64()
    );
    assert!(caught_up < Duration::from_secs(30), "{caught_up:?}");
    assert!(is_ready(&process).await);
    let after = versions(&site).await;
    let changed: Vec<_> = before
        .iter()
        .filter(|(name, version)| after.get(*name) != Some(version))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(changed, ["Service logs-0-query"]);
}
