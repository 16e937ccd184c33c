//! `logpipeline-operator diff`: what would change, without changing it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use k8s_openapi::api::apps::v1::StatefulSet;
use logpipeline_operator::crd::LogPipeline;
use serde_json::json;

use crate::support::yaml::{elasticsearch, embedded};
use crate::support::{Site, eventually};

/// The exit code, and what was written to both outputs.
async fn diff(site: &Site, yaml: &str) -> (i32, String) {
    let (namespace, yaml) = (site.namespace.clone(), yaml.to_owned());
    let run = move || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_logpipeline-operator"))
            .args(["diff", "-f", "-", "-n", &namespace])
            .env("KUBECONFIG", std::env::var("LOGPIPELINE_TEST_KUBECONFIG").unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(yaml.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn what_would_be_made_and_changed_is_shown_and_nothing_is_done() {
    let mut site = Site::bare("diff").await;
    let (code, text) = diff(&site, &embedded("logs", json!({}))).await;
    assert_eq!(code, 1, "{text}");
    for expected in
        ["+++ applied StatefulSet logs-store", "+++ applied Service logs-ingestor", "+kind: LogPipeline"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(site.get::<LogPipeline>("logs").await.is_none());
    assert!(site.get::<StatefulSet>("logs-store").await.is_none());

    site.start(std::time::Duration::from_secs(60));
    site.apply(&embedded("logs", json!({}))).await;
    eventually("all is made", async || site.condition("logs", "Ready").await).await;
    site.stop().await;
    let (code, text) = diff(&site, &embedded("logs", json!({}))).await;
    assert_eq!((code, text.as_str()), (0, ""));
    let (code, text) = diff(&site, &embedded("logs", json!({ "retention": { "default": "7d" } }))).await;
    assert_eq!(code, 1);
    let expected = "-  LOGPIPELINE_RETENTION_MAX_AGE: 2592000s\n+  LOGPIPELINE_RETENTION_MAX_AGE: 604800s\n";
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains("Service"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_is_an_error_that_says_why() {
    let site = Site::bare("diffbad").await;
    let refused = embedded("logs", json!({ "ingestor": { "insecure": false } }));
    let (code, text) = diff(&site, &refused).await;
    assert_eq!(code, 2);
    assert!(text.contains("who may send is not said"), "{text}");
    let credentials = json!({ "storage": { "elasticsearch": { "credentialsSecretRef": { "name": "es" } } } });
    let (code, text) = diff(&site, &elasticsearch("logs", "http://es:9200", credentials)).await;
    assert_eq!(code, 2);
    assert!(text.contains(&format!("Secret {}/es", site.namespace)), "{text}");
    let (code, text) = diff(&site, "kind: [").await;
    assert_eq!(code, 2);
    assert!(text.contains("is no LogPipeline"), "{text}");
}
