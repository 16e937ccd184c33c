//! Plays the kubelet: pods of a namespace run, and are ready, without being there.

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::Site;

/// Until dropped, every pod of the site that has none of the labels of a Job is running and ready, at `address`.
pub struct Kubelet(tokio::task::JoinHandle<()>);

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Kubelet {
    pub fn start(site: &Site, address: &str) -> Self {
        let (api, address): (Api<Pod>, _) = (site.api(), address.to_owned());
        Self(tokio::spawn(async move {
            let pods = watcher(api.clone(), watcher::Config::default()).default_backoff().touched_objects();
            let mut pods = std::pin::pin!(pods);
            while let Some(next) = pods.next().await {
                let Ok(pod) = next else { continue };
                let runs =
                    pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"));
                if pod.metadata.deletion_timestamp.is_some() {
                    // It ends at once.
                    let now = kube::api::DeleteParams::default().grace_period(0);
                    let _ = api.delete(&pod.name_any(), &now).await;
                } else if !runs && !is_of_job(&pod) {
                    run(&api, &pod, &address).await;
                }
            }
        }))
    }
}

fn is_of_job(pod: &Pod) -> bool {
    pod.labels().contains_key("batch.kubernetes.io/job-name")
}

async fn run(api: &Api<Pod>, pod: &Pod, address: &str) {
    let containers: Vec<_> = pod
        .spec
        .as_ref()
        .unwrap()
        .containers
        .iter()
        .map(|one| {
            json!({ "name": one.name, "image": "x", "imageID": "x", "ready": true, "restartCount": 0,
            "state": { "running": { "startedAt": "2026-01-01T00:00:00Z" } } })
        })
        .collect();
    let status = json!({
        "phase": "Running", "podIP": address, "podIPs": [{ "ip": address }],
        "conditions": [{ "type": "Ready", "status": "True" }, { "type": "ContainersReady", "status": "True" }],
        "containerStatuses": containers,
    });
    set(api, &pod.name_any(), &status).await;
}

/// Ends the pod of a Job, with what its container has to say.
pub async fn end_job(site: &Site, job: &str, code: i32, message: &Value) {
    let api: Api<Pod> = site.api();
    let pod = super::eventually("the Job has a pod", async || {
        let pods = api.list(&Default::default()).await.unwrap().items;
        pods.into_iter()
            .find(|pod| pod.labels().get("batch.kubernetes.io/job-name").is_some_and(|name| name == job))
    })
    .await;
    let status = json!({
        "phase": if code == 0 { "Succeeded" } else { "Failed" },
        "containerStatuses": [{ "name": "generator", "image": "x", "imageID": "x", "ready": false, "restartCount": 0,
            "state": { "terminated": { "exitCode": code, "message": message.to_string(),
                "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:01:00Z" } } }],
    });
    set(&api, &pod.name_any(), &status).await;
}

async fn set(api: &Api<Pod>, name: &str, status: &Value) {
    let patch = json!({ "status": status });
    let _ = api.patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await;
}
