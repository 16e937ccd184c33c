//! An operator that is killed in the middle of what it does leaves nothing half done for long, and nothing done twice.

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::{Resource, ResourceExt};
use serde_json::json;

use crate::cluster::Cluster;
use crate::support::process::Process;
use crate::support::yaml::embedded;
use crate::support::{Site, eventually};
use crate::{ALONE, audit};

const KILLS: u64 = 12;

#[tokio::test]
async fn an_operator_that_is_killed_twelve_times_while_it_makes_pipelines_makes_each_object_once() {
    let _alone = ALONE.lock().await;
    let cluster = Cluster::audited();
    let site = Site::on(cluster.client().await, "killed").await;
    // As the container of one pod, started again.
    let start =
        || Process::start(&cluster.kubeconfig(), &["--lease-namespace", "default", "--identity", "pod"]);
    let mut names = BTreeSet::new();
    let mut interrupted = 0;
    for round in 0..KILLS {
        let mut process = start();
        eventually("it reconciles", async || process.log().contains("\"reconciling\"").then_some(())).await;
        for number in 0..3 {
            let name = format!("logs-{round}-{number}");
            site.apply(&embedded(&name, json!({ "generators": [{ "name": "load" }] }))).await;
            names.insert(name);
        }
        tokio::time::sleep(Duration::from_millis(150 + 70 * round)).await;
        process.child.kill().unwrap();
        interrupted += usize::from(count::<Job>(&site).await < names.len());
    }
    assert!(interrupted > 0, "no kill came in the middle of anything");
    let _process = start();
    eventually("every pipeline is made", async || (count::<Job>(&site).await == names.len()).then_some(()))
        .await;
    eventually("and told of", async || {
        let mut told = 0;
        for name in &names {
            told += usize::from(site.condition(name, "Ready").await.is_some());
        }
        (told == names.len()).then_some(())
    })
    .await;
    for name in &names {
        complete(&site, name).await;
    }
    let twice: Vec<_> =
        audit::made(&audit::writes(cluster.path())).into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    println!("killed {KILLS} times, {interrupted} of them before all was made");
}

async fn count<K>(site: &Site) -> usize
where
    K: Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    site.api::<K>().list(&Default::default()).await.unwrap().items.len()
}

/// Everything that an embedded pipeline with a generator is made of.
async fn complete(site: &Site, name: &str) {
    for one in ["ingestor", "query", "generator"] {
        let account: Option<ServiceAccount> = site.get(&format!("{name}-{one}")).await;
        assert!(account.is_some(), "{name}: account of {one}");
    }
    for one in ["ingestor", "query"] {
        let settings: Option<ConfigMap> = site.get(&format!("{name}-{one}")).await;
        let service: Option<Service> = site.get(&format!("{name}-{one}")).await;
        assert!(settings.is_some() && service.is_some(), "{name}: {one}");
    }
    let set: Option<StatefulSet> = site.get(&format!("{name}-store")).await;
    let budget: Option<PodDisruptionBudget> = site.get(&format!("{name}-store")).await;
    let policy: Option<NetworkPolicy> = site.get(&format!("{name}-store")).await;
    let secret: Option<Secret> = site.get(&format!("{name}-internal")).await;
    assert!(set.is_some() && budget.is_some() && policy.is_some() && secret.is_some(), "{name}");
    let jobs = site.api::<Job>().list(&Default::default()).await.unwrap().items;
    let own = |job: &&Job| job.name_any().starts_with(&format!("{name}-load-"));
    assert_eq!(jobs.iter().filter(own).count(), 1, "{name}");
}
