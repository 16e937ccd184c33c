//! Generators: Jobs that run once, and what they report.

use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt;
use kube::api::DeleteParams;
use logpipeline_operator::crd::GeneratorPhase;
use serde_json::json;

use crate::support::kubelet::end_job;
use crate::support::yaml::embedded;
use crate::support::{Site, eventually};

fn with(rate: u32, keep: &str) -> String {
    embedded(
        "logs",
        json!({
            "retention": { "default": keep },
            "generators": [{ "name": "load", "rate": rate, "duration": "10s" }],
        }),
    )
}

async fn jobs(site: &Site) -> Vec<String> {
    let found = site.api::<Job>().list(&Default::default()).await.unwrap();
    found.items.iter().map(ResourceExt::name_any).collect()
}

#[tokio::test]
async fn a_generator_runs_once_reports_and_runs_anew_only_when_its_settings_change_with_a_played_kubelet() {
    let site = Site::new("load").await;
    site.apply(&with(100, "1d")).await;
    let first = eventually("the Job is made", async || jobs(&site).await.pop()).await;
    let status =
        async || site.pipeline("logs").await.status.and_then(|status| status.generators.first().cloned());
    eventually("it runs", async || status().await.filter(|one| one.phase == GeneratorPhase::Running)).await;

    let report = json!({ "sent": 1000, "acknowledged": 1000, "verified": 998, "lost": 2,
        "latencyMs": { "p50": 1.0, "p99": 12.34 }, "ok": false });
    end_job(&site, &first, 1, &report).await;
    let told = eventually("its report is told", async || {
        status().await.filter(|one| one.phase == GeneratorPhase::Failed && one.sent.is_some())
    })
    .await;
    assert_eq!((told.sent, told.verified, told.lost), (Some(1000), Some(998), Some(2)));
    assert_eq!(told.p99.as_deref(), Some("12.3ms"));

    // Neither another change nor the Job's removal runs it again.
    site.apply(&with(100, "2d")).await;
    site.api::<Job>().delete(&first, &DeleteParams::background()).await.unwrap();
    let generation = site.pipeline("logs").await.metadata.generation;
    eventually("the change is seen", async || {
        let status = site.pipeline("logs").await.status?;
        (status.observed_generation == generation).then_some(())
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(jobs(&site).await, Vec::<String>::new());
    assert_eq!(status().await.unwrap().sent, Some(1000));

    site.apply(&with(200, "2d")).await;
    let second = eventually("another Job is made", async || jobs(&site).await.pop()).await;
    assert_ne!(second, first);
    let told =
        eventually("the status is of the new one", async || status().await.filter(|one| one.job == second))
            .await;
    assert_eq!(told.sent, None);
}
