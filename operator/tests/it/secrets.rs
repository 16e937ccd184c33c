//! Secrets that are named, missing, mended and rotated.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use crate::support::kubelet::Kubelet;
use crate::support::yaml::{elasticsearch, embedded};
use crate::support::{Site, eventually};

fn with_credentials() -> String {
    let credentials =
        json!({ "storage": { "elasticsearch": { "credentialsSecretRef": { "name": "es-creds" } } } });
    elasticsearch("logs", "http://127.0.0.1:1", credentials)
}

#[tokio::test]
async fn what_a_secret_lacks_is_told_and_its_coming_is_seen() {
    let site = Site::new("lacking").await;
    site.apply(&with_credentials()).await;
    let (reason, _) = site.until_condition("logs", "ConfigValid", "False").await;
    assert_eq!(reason, "SecretNotFound");
    site.secret("es-creds", &[("username", "elastic")]).await;
    let message = eventually("the key is missed", async || {
        let (_, reason, message) = site.condition("logs", "ConfigValid").await?;
        (reason == "SecretKeyMissing").then_some(message)
    })
    .await;
    assert_eq!(message, format!("Secret {}/es-creds has no key password", site.namespace));
    site.secret("es-creds", &[("username", "elastic"), ("password", "one")]).await;
    site.until_condition("logs", "ConfigValid", "True").await;
}

#[tokio::test]
async fn a_rotated_password_rolls_the_pods() {
    let site = Site::new("rotated").await;
    site.secret("es-creds", &[("username", "elastic"), ("password", "one")]).await;
    site.apply(&with_credentials()).await;
    let hash = async |name: &str| {
        let template = site.get::<Deployment>(name).await?.spec?.template;
        template.metadata?.annotations?.get("logpipeline.dev/config-hash").cloned()
    };
    let ingestor = eventually("the ingestor is made", async || hash("logs-ingestor").await).await;
    let query = eventually("the query server is made", async || hash("logs-query").await).await;
    site.secret("es-creds", &[("username", "elastic"), ("password", "two")]).await;
    eventually("both roll", async || {
        (hash("logs-ingestor").await? != ingestor && hash("logs-query").await? != query).then_some(())
    })
    .await;
    // It is nowhere but in the Secret.
    let deployment = serde_json::to_string(&site.get::<Deployment>("logs-ingestor").await.unwrap()).unwrap();
    assert!(!deployment.contains("\"two\""), "{deployment}");
}

#[tokio::test]
async fn the_operators_own_secret_is_made_once_and_never_changed() {
    let site = Site::new("internal").await;
    site.apply(&embedded("logs", json!({}))).await;
    let data = async || site.get::<Secret>("logs-internal").await.and_then(|secret| secret.data);
    let before = eventually("it is made", data).await;
    let text = |key: &str| String::from_utf8(before[key].0.clone()).unwrap();
    assert_eq!(text("tokens"), format!("generator:{}\n", text("token")));
    assert_eq!((text("token").len(), text("session-key").len()), (64, 64));
    site.apply(&embedded("logs", json!({ "retention": { "default": "1d" } }))).await;
    site.until_condition("logs", "ConfigValid", "True").await;
    assert_eq!(data().await.unwrap(), before);
    site.api::<Secret>().delete("logs-internal", &Default::default()).await.unwrap();
    let after = eventually("it is made anew", data).await;
    assert_ne!(after, before);
}

#[tokio::test]
async fn a_secret_that_goes_is_told_and_so_is_what_runs_on_with_a_played_kubelet() {
    let site = Site::new("gone").await;
    let _kubelet = Kubelet::start(&site, "127.0.0.1");
    site.secret("tokens", &[("tokens", "me:0123456789abcdef")]).await;
    let guarded = json!({ "ingestor": { "insecure": null, "tokensSecretRef": { "name": "tokens" } } });
    site.apply(&embedded("logs", guarded)).await;
    site.until_condition("logs", "IngestorAvailable", "True").await;
    site.api::<Secret>().delete("tokens", &Default::default()).await.unwrap();
    let (reason, _) = site.until_condition("logs", "ConfigValid", "False").await;
    assert_eq!(reason, "SecretNotFound");
    site.until_condition("logs", "Ready", "False").await;
    // Its pods end later, and that is seen though nothing is changed.
    let stop = json!({ "spec": { "replicas": 0 } });
    let sets = site.api::<k8s_openapi::api::apps::v1::StatefulSet>();
    sets.patch("logs-store", &Default::default(), &kube::api::Patch::Merge(&stop)).await.unwrap();
    let (reason, _) = site.until_condition("logs", "IngestorAvailable", "False").await;
    assert_eq!(reason, "ScaledToZero");
}

#[tokio::test]
async fn the_operators_own_secret_is_not_taken_from_somebody_else() {
    let site = Site::new("squatted").await;
    site.secret("logs-internal", &[("tokens", "generator:known"), ("session-key", "known")]).await;
    site.apply(&embedded("logs", json!({}))).await;
    let (reason, message) = site.until_condition("logs", "Ready", "False").await;
    assert_eq!(reason, "NameTaken");
    assert!(message.contains("Secret logs-internal"), "{message}");
    site.api::<Secret>().delete("logs-internal", &Default::default()).await.unwrap();
    eventually("all is made", async || {
        site.get::<k8s_openapi::api::apps::v1::StatefulSet>("logs-store").await
    })
    .await;
    let secret: Secret = site.get("logs-internal").await.unwrap();
    assert_ne!(secret.data.unwrap()["session-key"].0, b"known");
}
