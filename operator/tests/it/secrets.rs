//! Secrets that are named, missing, mended and rotated.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

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
}
