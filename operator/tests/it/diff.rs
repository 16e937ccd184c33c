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
    let (code, text) =
        diff(&site, &embedded("logs", json!({ "storage": { "embedded": { "size": "2Gi" } } }))).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("would be made anew around its pods: its volumes grow from 1Gi to 2Gi"), "{text}");
}

#[tokio::test]
async fn what_would_be_removed_is_shown() {
    let mut site = Site::bare("diffless").await;
    let autoscaled = json!({ "ingestor": { "autoscaling": { "maxReplicas": 3 } } });
    site.start(std::time::Duration::from_secs(60));
    site.apply(&elasticsearch("logs", "http://127.0.0.1:1", autoscaled)).await;
    eventually("all is made", async || site.condition("logs", "Ready").await).await;
    site.stop().await;
    let (code, text) = diff(&site, &elasticsearch("logs", "http://127.0.0.1:1", json!({}))).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("# HorizontalPodAutoscaler logs-ingestor would be removed"), "{text}");
}

/// The columns, short names and categories that kubectl takes from the definition.
#[tokio::test]
async fn kubectl_lists_pipelines_by_their_short_name_with_what_matters() {
    let site = Site::new("listed").await;
    site.apply(&embedded("logs", json!({}))).await;
    eventually("it is told of", async || site.condition("logs", "Ready").await).await;
    // What kubectl remembers of another test's resources does not count.
    let memory = tempfile::tempdir().unwrap();
    let kubectl = |what: &str| {
        let output = Command::new(std::env::var("LOGPIPELINE_KUBECTL").unwrap())
            .args(["get", what, "-n", &site.namespace, "--cache-dir"])
            .arg(memory.path())
            .env("KUBECONFIG", std::env::var("LOGPIPELINE_TEST_KUBECONFIG").unwrap())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let listed = kubectl("lp");
    let columns: Vec<_> = listed.lines().next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(columns, ["NAME", "READY", "INGEST", "QUERY", "STORAGE", "DELIVERED", "AGE"]);
    assert!(listed.contains("logs "), "{listed}");
    assert!(kubectl("all").contains("logpipeline.logpipeline.dev/logs"));
}

#[tokio::test]
async fn what_cannot_be_is_an_error_that_says_why() {
    let site = Site::bare("diffbad").await;
    let refused = embedded("logs", json!({ "ingestor": { "insecure": false } }));
    let (code, text) = diff(&site, &refused).await;
    assert_eq!(code, 2);
    assert!(text.contains("no access policy for senders"), "{text}");
    let credentials = json!({ "storage": { "elasticsearch": { "credentialsSecretRef": { "name": "es" } } } });
    let (code, text) = diff(&site, &elasticsearch("logs", "http://es:9200", credentials)).await;
    assert_eq!(code, 2);
    assert!(text.contains(&format!("Secret {}/es", site.namespace)), "{text}");
    let (code, text) = diff(&site, "kind: [").await;
    assert_eq!(code, 2);
    assert!(text.contains("is no LogPipeline"), "{text}");
}
