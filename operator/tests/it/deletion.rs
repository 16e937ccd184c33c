//! What is left when a LogPipeline is deleted.

use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{Patch, PatchParams};
use logpipeline_operator::crd::LogPipeline;
use serde_json::json;

use crate::support::yaml::{elasticsearch, embedded};
use crate::support::{Site, eventually};

const NOWHERE: &str = "http://127.0.0.1:1";

async fn gone(site: &Site, name: &str) {
    eventually("the LogPipeline is gone", async || {
        site.get::<LogPipeline>(name).await.is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_embedded_store_leaves_its_volume_where_it_is_to_be_retained() {
    let site = Site::new("retained").await;
    site.apply(&embedded("logs", json!({}))).await;
    eventually("its claim is made", async || site.get::<PersistentVolumeClaim>("data-logs-store-0").await)
        .await;
    site.delete("logs").await;
    gone(&site, "logs").await;
    eventually("the store is gone", async || {
        site.get::<StatefulSet>("logs-store").await.is_none().then_some(())
    })
    .await;
    let claim = site.get::<PersistentVolumeClaim>("data-logs-store-0").await.unwrap();
    assert!(claim.metadata.deletion_timestamp.is_none());
}

#[tokio::test]
async fn an_embedded_store_goes_with_its_volume_where_it_is_to_be_deleted() {
    let site = Site::new("deleted").await;
    site.apply(&embedded("logs", json!({ "deletionPolicy": "Delete" }))).await;
    eventually("its claim is made", async || site.get::<PersistentVolumeClaim>("data-logs-store-0").await)
        .await;
    eventually("its claim is the store's", async || {
        let set = site.get::<StatefulSet>("logs-store").await?;
        (set.spec?.persistent_volume_claim_retention_policy?.when_deleted? == "Delete").then_some(())
    })
    .await;
    site.delete("logs").await;
    gone(&site, "logs").await;
    eventually("the claim goes", async || {
        match site.get::<PersistentVolumeClaim>("data-logs-store-0").await {
            // Protection by a pod's use is the kubelet's to lift.
            Some(claim) => claim.metadata.deletion_timestamp.map(drop),
            None => Some(()),
        }
    })
    .await;
}

#[tokio::test]
async fn a_volume_stays_or_goes_as_the_spec_says_at_the_end_though_it_was_never_applied() {
    let site = Site::new("changed").await;
    for (name, first, last, stays) in
        [("kept", "Delete", "Retain", true), ("dropped", "Retain", "Delete", false)]
    {
        site.apply(&embedded(name, json!({ "deletionPolicy": first }))).await;
        let claim = format!("data-{name}-store-0");
        eventually("its claim is made", async || site.get::<PersistentVolumeClaim>(&claim).await).await;
        let owned = async || {
            let owners = site.get::<PersistentVolumeClaim>(&claim).await?.metadata.owner_references;
            (owners.is_some_and(|owners| !owners.is_empty()) == stays).then_some(())
        };
        eventually("its claim is as it was to be first", owned).await;
        site.apply(&embedded(name, json!({ "deletionPolicy": first, "paused": true }))).await;
        site.until_condition(name, "Ready", "False").await;
        site.apply(&embedded(name, json!({ "deletionPolicy": last, "paused": true }))).await;
        site.delete(name).await;
        gone(&site, name).await;
        let set = format!("{name}-store");
        eventually("the store is gone", async || site.get::<StatefulSet>(&set).await.is_none().then_some(()))
            .await;
        // Long enough for a garbage collector.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let left = site.get::<PersistentVolumeClaim>(&claim).await;
        let is_left = left.is_some_and(|claim| claim.metadata.deletion_timestamp.is_none());
        assert_eq!(is_left, stays, "{name}");
    }
}

#[tokio::test]
async fn an_elasticsearch_that_cannot_be_reached_holds_a_deletion_up_for_a_time_and_says_so() {
    let mut site = Site::bare("unreachable").await;
    site.start(Duration::from_secs(6));
    site.apply(&elasticsearch("logs", NOWHERE, json!({}))).await;
    site.until_condition("logs", "StorageReady", "False").await;
    site.delete("logs").await;
    let (reason, message) = eventually("it says so", async || {
        let found = site.api::<LogPipeline>().get_opt("logs").await.unwrap()?;
        let ready = found.status?.conditions.into_iter().find(|one| one.type_ == "Ready")?;
        (ready.reason == "Deleting").then_some((ready.reason, ready.message))
    })
    .await;
    assert_eq!(reason, "Deleting");
    assert!(
        message.contains("waits for Elasticsearch") && message.contains("skip-cleanup=true"),
        "{message}"
    );
    gone(&site, "logs").await;
    let events = site.events().await;
    assert!(events.contains(&"CleanupGivenUp".to_owned()), "{events:?}");
}

#[tokio::test]
async fn an_annotation_lets_a_deletion_go_at_once() {
    let mut site = Site::bare("skipped").await;
    site.start(Duration::from_secs(3600));
    site.apply(&elasticsearch("logs", NOWHERE, json!({}))).await;
    site.until_condition("logs", "StorageReady", "False").await;
    site.delete("logs").await;
    eventually("it waits", async || {
        let found = site.api::<LogPipeline>().get_opt("logs").await.unwrap()?;
        found.status?.conditions.into_iter().find(|one| one.reason == "Deleting")
    })
    .await;
    let patch = json!({ "metadata": { "annotations": { "logpipeline.dev/skip-cleanup": "true" } } });
    site.api::<LogPipeline>().patch("logs", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    gone(&site, "logs").await;
    assert!(site.events().await.contains(&"CleanupSkipped".to_owned()));
}
