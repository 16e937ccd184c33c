//! The chart's roles are enough for everything that the operator does, and one of several leads.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Service;
use kube::api::DeleteParams;
use logpipeline_operator::crd::LogPipeline;
use serde_json::json;

use crate::support::kubelet::Kubelet;
use crate::support::process::{Process, account};
use crate::support::yaml::{elasticsearch, embedded};
use crate::support::{Site, eventually};

/// Makes, mends, tells, prunes and lets go, under an account; what it logged.
async fn live(site: &Site, process: &Process) {
    let _kubelet = Kubelet::start(site, "127.0.0.1");
    site.secret("tokens", &[("tokens", "me:0123456789abcdef")]).await;
    let spec = json!({
        "ingestor": { "insecure": null, "tokensSecretRef": { "name": "tokens" } },
        "generators": [{ "name": "load" }],
        "deletionPolicy": "Delete",
    });
    site.apply(&embedded("logs", spec)).await;
    site.until_condition("logs", "IngestorAvailable", "True").await;
    site.api::<Service>().delete("logs-query", &DeleteParams::default()).await.unwrap();
    eventually("the Service is back", async || site.get::<Service>("logs-query").await).await;
    let spec = json!({ "ingestor": { "autoscaling": { "maxReplicas": 3 } } });
    site.apply(&elasticsearch("more", "http://127.0.0.1:1", spec)).await;
    eventually("the other is made", async || site.get::<Deployment>("more-ingestor").await).await;
    site.until_condition("more", "StorageReady", "False").await;
    let events = eventually("it is told as events", async || {
        let events = site.events().await;
        events.contains(&"Unreachable".to_owned()).then_some(events)
    })
    .await;
    assert!(!events.is_empty());
    site.delete("logs").await;
    eventually("it goes", async || site.get::<LogPipeline>("logs").await.is_none().then_some(())).await;
    eventually("so does the store", async || {
        site.get::<StatefulSet>("logs-store").await.is_none().then_some(())
    })
    .await;
    let log = process.log();
    for refusal in ["forbidden", "Forbidden", "403"] {
        assert!(!log.contains(refusal), "{log}");
    }
}

#[tokio::test]
async fn the_charts_roles_for_one_namespace_are_enough_with_a_played_kubelet() {
    let site = Site::bare("narrow").await;
    let config = account(&site, &["--set", &format!("namespaces={{{}}}", site.namespace)]).await;
    let process = Process::start(
        config.path(),
        &["--namespaces", &site.namespace, "--lease-namespace", &site.namespace, "--lease-name", "operator"],
    );
    live(&site, &process).await;
    let figure = async |name, label| process.figure(name, |labels| labels.contains(label)).await;
    assert_eq!(figure("logpipeline_operator_leader", "").await, 1.0);
    assert!(figure("logpipeline_operator_reconciles_total", "result=\"ok\"").await > 0.0);
    assert!(figure("logpipeline_operator_api_requests_total", "verb=\"patch\"").await > 0.0);
    assert_eq!(figure("logpipeline_operator_queue_length", "").await, 0.0);
    let ready = reqwest::get(format!("http://{}/readyz", process.admin())).await.unwrap();
    assert_eq!(ready.status().as_u16(), 200);
}

#[tokio::test]
async fn without_a_role_the_operator_says_so_and_starts_when_it_has_one() {
    let site = Site::bare("powerless").await;
    let elsewhere = Site::bare("elsewhere").await;
    let config = account(&site, &["--set", &format!("namespaces={{{}}}", elsewhere.namespace)]).await;
    let process = Process::start(
        config.path(),
        &["--namespaces", &site.namespace, "--lease-namespace", &site.namespace, "--lease-name", "operator"],
    );
    eventually("it says so", async || process.log().contains("LogPipelines may not be listed").then_some(()))
        .await;
}

#[tokio::test]
async fn one_of_two_operators_leads_and_the_other_takes_over_at_once_when_it_ends() {
    let site = Site::bare("lease").await;
    let config = account(&site, &["--set", &format!("namespaces={{{}}}", site.namespace)]).await;
    let start = |identity: &str| {
        Process::start(
            config.path(),
            &[
                "--namespaces",
                &site.namespace,
                "--lease-namespace",
                &site.namespace,
                "--lease-name",
                "operator",
                "--identity",
                identity,
            ],
        )
    };
    let leads = |process: &Process| process.log().contains("\"leading\"");
    let mut first = start("one");
    eventually("the first leads", async || leads(&first).then_some(())).await;
    let second = start("two");
    eventually("the second waits", async || second.log().contains("waiting to lead").then_some(())).await;
    site.apply(&embedded("logs", json!({}))).await;
    eventually("the store is made", async || site.get::<StatefulSet>("logs-store").await).await;
    assert!(!leads(&second));
    first.terminate();
    let code = eventually("the first ends", async || first.ended()).await;
    assert_eq!(code, 0, "{}", first.log());
    // Far sooner than the 15 s that a Lease holds which nobody lets go.
    let freed = std::time::Instant::now();
    eventually("the second leads", async || leads(&second).then_some(())).await;
    assert!(freed.elapsed() < std::time::Duration::from_secs(12), "{:?}", freed.elapsed());
    site.api::<Service>().delete("logs-query", &DeleteParams::default()).await.unwrap();
    eventually("the second reconciles", async || site.get::<Service>("logs-query").await).await;
}

#[tokio::test]
async fn an_operator_that_lost_its_lease_ends() {
    let site = Site::bare("usurped").await;
    let config = account(&site, &["--set", &format!("namespaces={{{}}}", site.namespace)]).await;
    let mut process = Process::start(
        config.path(),
        &["--namespaces", &site.namespace, "--lease-namespace", &site.namespace, "--lease-name", "operator"],
    );
    eventually("it leads", async || process.log().contains("\"leading\"").then_some(())).await;
    let usurped = json!({ "spec": { "holderIdentity": "another", "leaseDurationSeconds": 3600 } });
    let leases: kube::Api<k8s_openapi::api::coordination::v1::Lease> = site.api();
    let params = kube::api::PatchParams::default();
    leases.patch("operator", &params, &kube::api::Patch::Merge(&usurped)).await.unwrap();
    let code = eventually("it ends", async || process.ended()).await;
    assert_eq!(code, 1);
    assert!(process.log().contains("lost the Lease"), "{}", process.log());
}
