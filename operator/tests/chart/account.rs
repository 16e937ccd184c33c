//! The operator at work under the account and the roles that the chart gives it.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::monitoring::MonitoringKinds;
use crate::support::{Namespace, apply, find, install_crd, kubectl, objects, render};

const MADE: [&str; 12] = [
    "secret/one-internal",
    "statefulset.apps/one-store",
    "job",
    "networkpolicy/one-generator",
    "serviceaccount/one-generator",
    "servicemonitor/one",
    "prometheusrule/one",
    "deployment/many-ingestor",
    "deployment/many-query",
    "poddisruptionbudget/many-query",
    "horizontalpodautoscaler",
    "ingress",
];

#[test]
fn the_operator_gets_along_with_what_it_may_do() {
    let _kinds = MonitoringKinds::present();
    install_crd();
    let (own, site) = (Namespace::new("account"), Namespace::new("account-site"));
    let set = format!(
        "namespaces={{{}}},resync=1s,deletionTimeout=1s,extraArgs={{--admin-listen=127.0.0.1:0}}",
        site.0
    );
    let manifests = render(&own.0, &["--set", &set]);
    for object in &manifests {
        let kind = object["kind"].as_str().unwrap();
        if kind == "ServiceAccount" || kind.starts_with("Role") {
            apply(object);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut operator = Operator::start(folder.path(), &own.0, find(&manifests, "Deployment"));
    let here = |args: &[&str]| kubectl(&[args, &["--namespace", &site.0]].concat(), "");
    let is_there = |what: &str| here(&["get", what, "--output=name"]).is_ok_and(|names| !names.is_empty());

    for object in objects(include_str!("pipelines.yaml")) {
        kubectl(&["create", "--namespace", &site.0, "--filename=-"], &object.to_string()).unwrap();
    }
    for what in MADE {
        operator.until(what, || is_there(what));
    }
    let ready = "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}";
    let told = || here(&["get", "logpipelines", "--output", ready]).unwrap();
    operator.until("all have a status", || told() == "False False False");
    operator.until("there are events", || is_there("events.events.k8s.io"));

    let less = json!({ "spec": { "generators": null } }).to_string();
    here(&["patch", "logpipeline/one", "--type=merge", "--patch", &less]).unwrap();
    let less =
        json!({ "spec": { "ingestor": { "autoscaling": null }, "query": { "ingress": null } } }).to_string();
    here(&["patch", "logpipeline/many", "--type=merge", "--patch", &less]).unwrap();
    for what in ["job", "networkpolicy/one-generator", "serviceaccount/one-generator", "ingress"] {
        operator.until(&format!("no {what}"), || !is_there(what));
    }
    operator.until("no autoscaler", || !is_there("horizontalpodautoscaler"));
    here(&["delete", "logpipelines", "--all", "--wait=false"]).unwrap();
    operator.until("no pipeline", || !is_there("logpipelines"));

    let holder = ["get", "lease/logpipeline-operator", "--output=jsonpath={.spec.holderIdentity}"];
    let holder = || kubectl(&[&holder[..], &["--namespace", &own.0]].concat(), "").unwrap();
    assert_eq!(holder(), "operator-0");
    let log = operator.end();
    assert_eq!(holder(), "", "the Lease is not released");
    let refused: Vec<_> = log.lines().filter(|line| line.to_lowercase().contains("forbidden")).collect();
    assert_eq!(refused, Vec::<&str>::new());
}

/// The operator's process, as a pod of its Deployment would start it.
struct Operator {
    process: Child,
    log: std::path::PathBuf,
}

impl Operator {
    fn start(folder: &Path, namespace: &str, deployment: &Value) -> Self {
        let account = &deployment["spec"]["template"]["spec"]["serviceAccountName"];
        let token =
            kubectl(&["create", "token", account.as_str().unwrap(), "--namespace", namespace], "").unwrap();
        let view = kubectl(&["config", "view", "--raw", "--minify", "--output=json"], "").unwrap();
        let mut config: Value = serde_json::from_str(&view).unwrap();
        config["users"][0]["user"] = json!({ "token": token.trim() });
        let (kubeconfig, log) = (folder.join("kubeconfig"), folder.join("log"));
        fs::write(&kubeconfig, config.to_string()).unwrap();
        let args = deployment["spec"]["template"]["spec"]["containers"][0]["args"].as_array().unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_logpipeline-operator"))
            .args(args.iter().map(|arg| arg.as_str().unwrap()))
            .env("KUBECONFIG", kubeconfig)
            .env("POD_NAME", "operator-0")
            .env("LOGPIPELINE_LEASE_NAMESPACE", namespace)
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { process, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    fn until(&mut self, what: &str, is: impl Fn() -> bool) {
        let since = Instant::now();
        while !is() {
            let ended = self.process.try_wait().unwrap();
            let waits = ended.is_none() && since.elapsed() < Duration::from_secs(60);
            assert!(waits, "not so: {what}; the operator ended: {ended:?}; its log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Ends it as Kubernetes does; what it logged.
    fn end(mut self) -> String {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
        self.log()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
