//! What the operator made stays as it is: by its own hand, and by nobody else's.

use futures::StreamExt;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{ConfigMap, ResourceQuota, Service};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::WatchStreamExt;
use logpipeline_operator::crd::LogPipeline;
use serde_json::{Value, json};

use crate::support::kubelet::Kubelet;
use crate::support::yaml::{elasticsearch, embedded};
use crate::support::{Site, eventually};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn what_somebody_changed_or_removed_is_mended() {
    let site = Site::new("mended").await;
    site.apply(&elasticsearch("logs", NOWHERE, json!({}))).await;
    let deployment: Deployment =
        eventually("the ingestor is made", async || site.get("logs-ingestor").await).await;
    let wanted = deployment.spec.unwrap().template.spec.unwrap().containers[0].image.clone();

    let patch = json!({ "spec": { "replicas": 5, "template": { "spec": { "containers": [
        { "name": "ingestor", "image": "somebody:else" }] } } } });
    let api = site.api::<Deployment>();
    api.patch("logs-ingestor", &PatchParams::default(), &Patch::Strategic(&patch)).await.unwrap();
    eventually("the ingestor is mended", async || {
        let spec = site.get::<Deployment>("logs-ingestor").await?.spec?;
        let image = spec.template.spec?.containers[0].image.clone();
        (spec.replicas == Some(1) && image == wanted).then_some(())
    })
    .await;

    site.api::<Service>().delete("logs-query", &DeleteParams::default()).await.unwrap();
    site.api::<PodDisruptionBudget>().delete("logs-ingestor", &DeleteParams::default()).await.unwrap();
    eventually("both are back", async || {
        site.get::<Service>("logs-query").await?;
        site.get::<PodDisruptionBudget>("logs-ingestor").await
    })
    .await;
    let data = json!({ "data": { "LOGPIPELINE_PIPELINE": "another" } });
    site.api::<ConfigMap>()
        .patch("logs-ingestor", &PatchParams::default(), &Patch::Merge(&data))
        .await
        .unwrap();
    eventually("the settings are mended", async || {
        let data = site.get::<ConfigMap>("logs-ingestor").await?.data?;
        (data["LOGPIPELINE_PIPELINE"] == format!("{}-logs", site.namespace)).then_some(())
    })
    .await;
    let data = json!({ "data": { "LOGPIPELINE_WAL_SIZE": "1MiB" } });
    let params = PatchParams::default();
    site.api::<ConfigMap>().patch("logs-query", &params, &Patch::Merge(&data)).await.unwrap();
    let narrowed = json!({ "spec": { "ingress": [{ "from": [{ "namespaceSelector": {}, "podSelector": {} }],
        "ports": [{ "port": 3000 }, { "port": 9090 }] }] } });
    let policies = site.api::<NetworkPolicy>();
    policies.patch("logs-ingestor", &params, &Patch::Merge(&narrowed)).await.unwrap();
    eventually("the policy lets in everybody again", async || {
        let rules = policies.get("logs-ingestor").await.unwrap().spec?.ingress?;
        rules[0].from.as_ref()?[0].pod_selector.is_none().then_some(())
    })
    .await;
    eventually("what was added to the settings is gone", async || {
        let data = site.get::<ConfigMap>("logs-query").await?.data?;
        (!data.contains_key("LOGPIPELINE_WAL_SIZE") && !data.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn no_pod_ends_when_an_autoscaler_takes_over() {
    let site = Site::new("scaled").await;
    site.apply(&elasticsearch("logs", NOWHERE, json!({ "ingestor": { "replicas": 4 } }))).await;
    eventually("the ingestor is made", async || site.get::<Deployment>("logs-ingestor").await).await;
    let wanted = async || site.get::<Deployment>("logs-ingestor").await?.spec?.replicas;
    let fewest = std::sync::Arc::new(std::sync::Mutex::new(4));
    let watched = {
        let (api, fewest) = (site.api::<Deployment>(), std::sync::Arc::clone(&fewest));
        tokio::spawn(async move {
            let changes = kube::runtime::watcher(api, kube::runtime::watcher::Config::default());
            let mut changes = std::pin::pin!(changes.touched_objects());
            while let Some(next) = changes.next().await {
                let Ok(found) = next else { continue };
                if found.name_any() == "logs-ingestor" {
                    let mut fewest = fewest.lock().unwrap();
                    *fewest = (*fewest).min(found.spec.unwrap().replicas.unwrap());
                }
            }
        })
    };
    let autoscaling =
        json!({ "ingestor": { "replicas": null, "autoscaling": { "minReplicas": 2, "maxReplicas": 8 } } });
    site.apply(&elasticsearch("logs", NOWHERE, autoscaling)).await;
    eventually("there is an autoscaler", async || site.get::<HorizontalPodAutoscaler>("logs-ingestor").await)
        .await;
    // An autoscaler sets another number, as nobody measures load here.
    let scale = json!({ "spec": { "replicas": 6 } });
    let params = PatchParams::default();
    site.api::<Deployment>().patch_scale("logs-ingestor", &params, &Patch::Merge(&scale)).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(wanted().await, Some(6), "what the autoscaler decides stays");
    assert_eq!(*fewest.lock().unwrap(), 4);
    watched.abort();
    site.apply(&elasticsearch("logs", NOWHERE, json!({ "ingestor": { "replicas": 3 } }))).await;
    eventually("the pipeline decides again", async || (wanted().await == Some(3)).then_some(())).await;
}

#[tokio::test]
async fn what_is_autoscaled_begins_with_as_many_pods_as_it_has_at_least() {
    let site = Site::new("begun").await;
    let scaled = |image: &str| json!({ "ingestor": { "image": image, "autoscaling": { "minReplicas": 3, "maxReplicas": 8 } } });
    site.apply(&elasticsearch("logs", NOWHERE, scaled("ingestor:1"))).await;
    let made =
        eventually("the ingestor is made", async || site.get::<Deployment>("logs-ingestor").await).await;
    assert_eq!(made.spec.unwrap().replicas, Some(3));
    site.apply(&elasticsearch("logs", NOWHERE, scaled("ingestor:2"))).await;
    let changed = eventually("another image is wanted", async || {
        let spec = site.get::<Deployment>("logs-ingestor").await?.spec?;
        (spec.template.spec?.containers[0].image.as_deref() == Some("ingestor:2")).then_some(spec.replicas)
    })
    .await;
    assert_eq!(changed, Some(3), "until an autoscaler decides");
}

#[tokio::test]
async fn one_object_that_is_refused_holds_up_no_other() {
    let site = Site::bare("refused").await;
    let quota = json!({ "metadata": { "name": "none" }, "spec": { "hard": { "count/services": "0" } } });
    let quota: ResourceQuota = serde_json::from_value(quota).unwrap();
    site.api::<ResourceQuota>().create(&Default::default(), &quota).await.unwrap();
    eventually("the quota holds", async || site.get::<ResourceQuota>("none").await?.status?.hard).await;
    let mut site = site;
    site.start(std::time::Duration::from_secs(60));
    site.apply(&embedded("logs", json!({}))).await;
    let (reason, message) = site.until_condition("logs", "Ready", "False").await;
    assert_eq!(reason, "ApplyFailed");
    assert!(message.contains("Service logs-ingestor") && message.contains("exceeded quota"), "{message}");
    eventually("all else is made", async || {
        site.get::<StatefulSet>("logs-store").await?;
        site.get::<PodDisruptionBudget>("logs-store").await
    })
    .await;
    assert!(site.get::<Service>("logs-ingestor").await.is_none());
    // What is told of everything else is told.
    let on_nothing = elasticsearch("more", NOWHERE, json!({}));
    site.apply(&on_nothing).await;
    let (reason, _) = site.until_condition("more", "StorageReady", "False").await;
    assert_eq!(reason, "Unreachable");
    site.api::<ResourceQuota>().delete("none", &DeleteParams::default()).await.unwrap();
    eventually("the Service follows", async || site.get::<Service>("logs-ingestor").await).await;
}

#[tokio::test]
async fn nothing_is_written_where_nothing_changed_with_a_played_kubelet() {
    let mut site = Site::new("steady").await;
    let _kubelet = Kubelet::start(&site, "127.0.0.1");
    let peers = json!([{ "namespaceSelector": {} }, { "ipBlock": { "cidr": "10.0.0.0/8", "except": ["10.9.0.0/16"] } }]);
    let listeners = json!([{ "protocol": "SyslogUdp", "port": 514, "from": peers }, { "protocol": "SyslogTcp", "port": 514 }]);
    site.apply(&embedded("logs", json!({ "ingestor": { "listeners": listeners } }))).await;
    site.until_condition("logs", "IngestorAvailable", "True").await;
    eventually("it was asked for what is delivered", async || site.condition("logs", "Delivered").await)
        .await;
    // Whatever still settles has settled then.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let (before, reconciles) = (versions(&site).await, reconciles(&site));
    let (changes, statuses) = (changes(&site), site.metrics.status_writes.get());
    eventually("it was reconciled five times more", async || {
        (reconciles_since(&site, reconciles) >= 5).then_some(())
    })
    .await;
    assert_eq!(versions(&site).await, before);
    assert_eq!((changes, statuses), (self::changes(&site), site.metrics.status_writes.get()));

    // Another process finds everything as it should be, too.
    site.stop().await;
    site.start(std::time::Duration::from_secs(60));
    let reconciles = self::reconciles(&site);
    eventually("the next one reconciled", async || (reconciles_since(&site, reconciles) >= 3).then_some(()))
        .await;
    assert_eq!(versions(&site).await, before);
}

async fn versions(site: &Site) -> Vec<Option<String>> {
    vec![
        site.get::<StatefulSet>("logs-store").await.unwrap().resource_version(),
        site.get::<ConfigMap>("logs-ingestor").await.unwrap().resource_version(),
        site.get::<Service>("logs-ingestor").await.unwrap().resource_version(),
        site.get::<NetworkPolicy>("logs-store").await.unwrap().resource_version(),
        site.pipeline("logs").await.resource_version(),
    ]
}

fn reconciles(site: &Site) -> u64 {
    site.metrics.reconciles.with_label_values(&["ok"]).get()
}

fn reconciles_since(site: &Site, before: u64) -> u64 {
    reconciles(site) - before
}

fn changes(site: &Site) -> u64 {
    ["StatefulSet", "ConfigMap", "Service", "NetworkPolicy"]
        .map(|kind| site.metrics.changes.with_label_values(&[kind]).get())
        .iter()
        .sum()
}

#[tokio::test]
async fn an_object_of_somebody_else_is_left_alone_and_told_of() {
    let site = Site::new("foreign").await;
    let theirs: Service = serde_json::from_value(json!({
        "metadata": { "name": "logs-ingestor" }, "spec": { "ports": [{ "port": 80 }] } }))
    .unwrap();
    site.api::<Service>().create(&Default::default(), &theirs).await.unwrap();
    site.apply(&embedded("logs", json!({}))).await;
    let told = eventually("the condition tells", async || {
        let (_, reason, message) = site.condition("logs", "Ready").await?;
        (reason == "NameTaken").then_some(message)
    })
    .await;
    assert!(told.contains("Service logs-ingestor") && told.contains("belongs to somebody else"), "{told}");
    // The rest is made all the same.
    eventually("the store is made", async || site.get::<StatefulSet>("logs-store").await).await;
    let service = site.get::<Service>("logs-ingestor").await.unwrap();
    assert_eq!(service.spec.unwrap().ports.unwrap()[0].port, 80);
    assert!(service.metadata.owner_references.is_none());

    site.api::<Service>().delete("logs-ingestor", &DeleteParams::default()).await.unwrap();
    eventually("ours takes its place", async || {
        let service = site.get::<Service>("logs-ingestor").await?;
        service.metadata.owner_references.map(drop)
    })
    .await;
}

#[tokio::test]
async fn what_is_wanted_no_more_is_removed() {
    let site = Site::new("pruned").await;
    let guarded = json!({
        "query": { "auth": { "usersSecretRef": { "name": "users" } }, "insecure": null,
            "ingress": { "host": "logs.example.com" } } });
    site.secret("users", &[("users", "me:$argon2id$x")]).await;
    site.apply(&embedded("logs", guarded)).await;
    eventually("the Ingress is made", async || site.get::<Ingress>("logs-query").await).await;
    let mut without: Value = serde_yaml::from_str(&embedded("logs", json!({}))).unwrap();
    without["spec"]["query"] =
        json!({ "auth": { "usersSecretRef": { "name": "users" } }, "insecure": false });
    site.apply(&serde_yaml::to_string(&without).unwrap()).await;
    eventually("the Ingress is gone", async || {
        site.get::<Ingress>("logs-query").await.is_none().then_some(())
    })
    .await;
    assert!(site.get::<Service>("logs-query").await.is_some());
}

#[tokio::test]
async fn a_paused_pipeline_is_left_as_it_is_and_says_so() {
    let site = Site::new("paused").await;
    site.apply(&embedded("logs", json!({}))).await;
    eventually("the store is made", async || site.get::<StatefulSet>("logs-store").await).await;
    site.apply(&embedded("logs", json!({ "paused": true }))).await;
    eventually("it says so", async || {
        let (status, reason, _) = site.condition("logs", "Ready").await?;
        (status == "False" && reason == "Paused").then_some(())
    })
    .await;
    site.api::<Service>().delete("logs-query", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert!(site.get::<Service>("logs-query").await.is_none(), "it was mended though paused");
    assert!(site.get::<StatefulSet>("logs-store").await.is_some());
    site.apply(&embedded("logs", json!({ "paused": false }))).await;
    eventually("it goes on", async || site.get::<Service>("logs-query").await).await;
    assert!(site.events().await.contains(&"Paused".to_owned()));
    let pipeline: LogPipeline = site.pipeline("logs").await;
    assert!(!pipeline.spec.paused);
}
