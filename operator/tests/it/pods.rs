//! Changes that pods see: volumes that grow, logs that get a volume, settings that are wrong and are mended.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::support::kubelet::Kubelet;
use crate::support::yaml::{elasticsearch, embedded};
use crate::support::{Site, eventually};

const NOWHERE: &str = "http://127.0.0.1:1";

fn sized(size: &str) -> String {
    let embedded_spec = json!({ "size": size, "storageClassName": "logpipeline-test-growing" });
    embedded("logs", json!({ "storage": { "embedded": embedded_spec } }))
}

fn requested(claim: &PersistentVolumeClaim) -> Option<String> {
    Some(claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?.get("storage")?.0.clone())
}

/// A class whose volumes can grow. Nobody provisions any.
async fn growing_class(site: &Site) {
    let class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": "logpipeline-test-growing" },
        "provisioner": "logpipeline.dev/none", "allowVolumeExpansion": true,
    });
    let params = PatchParams::apply("test").force();
    let api: Api<StorageClass> = Api::all(site.client.clone());
    api.patch("logpipeline-test-growing", &params, &Patch::Apply(&class)).await.unwrap();
}

#[tokio::test]
async fn a_volume_grows_under_its_pod_with_a_played_kubelet() {
    let site = Site::new("grows").await;
    growing_class(&site).await;
    let _kubelet = Kubelet::start(&site, "127.0.0.1");
    site.apply(&sized("8Gi")).await;
    let before: Pod = eventually("the pod is made", async || site.get("logs-store-0").await).await;
    let set: StatefulSet = eventually("its set is made", async || site.get("logs-store").await).await;
    let claim = "data-logs-store-0";
    eventually("its claim is made", async || site.get::<PersistentVolumeClaim>(claim).await).await;
    // As a provisioner does: only what is bound can grow.
    let bound = json!({ "status": { "phase": "Bound", "capacity": { "storage": "8Gi" } } });
    let claims = site.api::<PersistentVolumeClaim>();
    claims.patch_status(claim, &PatchParams::default(), &Patch::Merge(&bound)).await.unwrap();
    site.apply(&sized("16Gi")).await;
    eventually("the claim asks for more", async || {
        requested(&site.get(claim).await?).filter(|size| size == "16Gi")
    })
    .await;
    let anew = eventually("the set is made anew", async || {
        let found = site.get::<StatefulSet>("logs-store").await?;
        (found.uid() != set.uid()).then_some(found)
    })
    .await;
    assert_eq!(requested(&anew.spec.unwrap().volume_claim_templates.unwrap()[0]).as_deref(), Some("16Gi"));
    // Whatever would replace the pod has had the time.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let after: Pod = site.get("logs-store-0").await.unwrap();
    assert_eq!(after.uid(), before.uid(), "the pod was replaced");
}

#[tokio::test]
async fn a_volume_that_cannot_grow_is_told_of_and_its_pod_goes_on() {
    let site = Site::new("stiff").await;
    let of = |size: &str| embedded("logs", json!({ "storage": { "embedded": { "size": size } } }));
    site.apply(&of("1Gi")).await;
    let claim = "data-logs-store-0";
    eventually("its claim is made", async || site.get::<PersistentVolumeClaim>(claim).await).await;
    site.apply(&of("2Gi")).await;
    let message = eventually("it is told", async || {
        let (_, reason, message) = site.condition("logs", "Ready").await?;
        (reason == "ApplyFailed").then_some(message)
    })
    .await;
    assert!(message.starts_with("failed to grow PersistentVolumeClaim data-logs-store-0"), "{message}");
    assert!(site.get::<StatefulSet>("logs-store").await.is_some());
    // Everything else changes as it did before.
    let embedded_spec =
        json!({ "storage": { "embedded": { "size": "2Gi" } }, "ingestor": { "image": "some/other:1" } });
    site.apply(&embedded("logs", embedded_spec)).await;
    eventually("the image is another", async || {
        let set = site.get::<StatefulSet>("logs-store").await?;
        let image = set.spec?.template.spec?.containers[0].image.clone()?;
        (image == "some/other:1").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_log_that_gets_a_volume_makes_the_ingestor_a_stateful_set_with_a_played_kubelet() {
    let site = Site::new("volume").await;
    let autoscaling = json!({ "minReplicas": 1, "maxReplicas": 9 });
    site.apply(&elasticsearch("logs", NOWHERE, json!({ "ingestor": { "replicas": 4 } }))).await;
    eventually("it is a Deployment", async || site.get::<Deployment>("logs-ingestor").await).await;
    let on_volume = json!({ "ingestor": { "autoscaling": autoscaling, "wal": { "size": "5Gi" } } });
    site.apply(&elasticsearch("logs", NOWHERE, on_volume)).await;
    let set: StatefulSet = eventually("it is a StatefulSet", async || site.get("logs-ingestor").await).await;
    assert_eq!(
        set.spec.as_ref().unwrap().replicas,
        Some(4),
        "as many as there were, until an autoscaler decides"
    );
    // Nothing provides its volumes yet: what takes entries goes on taking them.
    site.until_condition("logs", "IngestorAvailable", "False").await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(site.get::<Deployment>("logs-ingestor").await.is_some());
    let _kubelet = Kubelet::start(&site, "127.0.0.1");
    eventually("the Deployment is gone", async || {
        site.get::<Deployment>("logs-ingestor").await.is_none().then_some(())
    })
    .await;
    let kept = set.spec.unwrap().persistent_volume_claim_retention_policy.unwrap();
    assert_eq!((kept.when_deleted.as_deref(), kept.when_scaled.as_deref()), (Some("Retain"), Some("Retain")));
}

#[tokio::test]
async fn settings_that_are_wrong_stop_nothing_and_the_mended_ones_roll_out_though_pods_are_not_ready() {
    let site = Site::new("mistake").await;
    site.secret("tokens", &[("tokens", "me:0123456789abcdef")]).await;
    let guarded =
        |name: &str| json!({ "ingestor": { "insecure": null, "tokensSecretRef": { "name": name } } });
    site.apply(&embedded("logs", guarded("tokens"))).await;
    let before: StatefulSet = eventually("it is made", async || site.get("logs-store").await).await;
    site.apply(&embedded("logs", guarded("missing"))).await;
    let (reason, message) = site.until_condition("logs", "ConfigValid", "False").await;
    assert_eq!(reason, "SecretNotFound");
    let expected =
        format!("Secret {}/missing, which ingestor.tokensSecretRef names, does not exist", site.namespace);
    assert_eq!(message, expected);
    let (status, _, message) = site.condition("logs", "Ready").await.unwrap();
    assert!(status == "False" && message.contains("does not exist"), "{message}");
    let after: StatefulSet = site.get("logs-store").await.unwrap();
    assert_eq!(after.metadata.generation, before.metadata.generation, "what runs was touched");

    // No pod was ever ready here; the one that is there is replaced all the same.
    site.secret("other", &[("tokens", "me:0123456789abcdef")]).await;
    let hash = async || {
        let pod = site.get::<Pod>("logs-store-0").await?;
        pod.annotations().get("logpipeline.dev/config-hash").cloned()
    };
    let old = eventually("the pod is made", hash).await;
    let mut mended: serde_json::Value = serde_yaml::from_str(&embedded("logs", guarded("other"))).unwrap();
    mended["spec"]["retention"] = json!({ "default": "1d" });
    site.apply(&serde_yaml::to_string(&mended).unwrap()).await;
    site.until_condition("logs", "ConfigValid", "True").await;
    eventually("it is rolled out", async || {
        // The kubelet, which nobody plays here, would let it go.
        let now = kube::api::DeleteParams::default().grace_period(0);
        if let Some(pod) =
            site.get::<Pod>("logs-store-0").await.filter(|pod| pod.metadata.deletion_timestamp.is_some())
        {
            let _ = site.api::<Pod>().delete(&pod.name_any(), &now).await;
        }
        hash().await.filter(|new| *new != old)
    })
    .await;
}
