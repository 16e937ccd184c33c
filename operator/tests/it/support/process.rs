//! The operator as its binary, under a service account of the chart.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::Kubeconfig;
use kube::{Api, Resource};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::Site;

/// A running operator, and what it logged. It is killed when dropped.
pub struct Process {
    pub child: Child,
    log: Arc<Mutex<String>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    pub fn start(kubeconfig: &std::path::Path, args: &[&str]) -> Self {
        Self::start_with(kubeconfig, args, &[])
    }

    /// With variables of its environment.
    pub fn start_with(kubeconfig: &std::path::Path, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_logpipeline-operator"))
            .arg("run")
            .args(["--admin-listen", "127.0.0.1:0"])
            .args(args)
            .env("KUBECONFIG", kubeconfig)
            .env("LOGPIPELINE_RESYNC", "1s")
            .env_remove("RUST_LOG")
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        Self { child, log }
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Its admin address.
    pub fn admin(&self) -> String {
        let log = self.log();
        let line = log.lines().find(|line| line.contains("\"admin_address\"")).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        line["admin_address"].as_str().unwrap().to_owned()
    }

    /// A figure of its own, summed over the labels that `counts` chooses, as they stand in the text.
    pub async fn figure(&self, name: &str, counts: impl Fn(&str) -> bool) -> f64 {
        let url = format!("http://{}/metrics", self.admin());
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.rsplit_once(' '));
        lines.filter(|(labels, _)| counts(labels)).map(|(_, value)| value.parse::<f64>().unwrap()).sum()
    }

    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// The code that it ended with, once it did.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.try_wait().unwrap().and_then(|status| status.code())
    }
}

/// Installs the accounts and roles of the chart, and nothing else of it; a kubeconfig that speaks as the operator's account.
pub async fn account(site: &Site, values: &[&str]) -> tempfile::NamedTempFile {
    let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/logpipeline");
    let release = site.namespace.as_str();
    let helm = std::env::var("LOGPIPELINE_HELM")
        .expect("run dev/with-kubernetes.sh cargo test -p logpipeline-operator");
    let output = Command::new(helm)
        .args(["template", release, chart, "--namespace", release, "--set", "fullnameOverride=operator"])
        .args(values)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for document in serde_yaml::Deserializer::from_slice(&output.stdout) {
        let object = Value::deserialize(document).unwrap();
        if let Some(resource) = access_kind(object["kind"].as_str().unwrap_or_default()) {
            put(site, &resource, &object).await;
        }
    }
    let accounts: Api<ServiceAccount> = site.api();
    let request: TokenRequest =
        serde_json::from_value(json!({ "spec": { "audiences": [] }, "metadata": {} })).unwrap();
    let token = accounts.create_token_request("operator", &PostParams::default(), &request).await.unwrap();
    kubeconfig(&token.status.unwrap().token)
}

fn access_kind(kind: &str) -> Option<ApiResource> {
    fn of<K: Resource<DynamicType = ()>>() -> Option<ApiResource> {
        Some(ApiResource::erase::<K>(&()))
    }
    match kind {
        "ServiceAccount" => of::<ServiceAccount>(),
        "Role" => of::<Role>(),
        "RoleBinding" => of::<RoleBinding>(),
        "ClusterRole" => of::<ClusterRole>(),
        "ClusterRoleBinding" => of::<ClusterRoleBinding>(),
        _ => None,
    }
}

async fn put(site: &Site, resource: &ApiResource, object: &Value) {
    let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(site.client.clone(), namespace, resource),
        None if resource.kind.starts_with("Cluster") => Api::all_with(site.client.clone(), resource),
        None => Api::namespaced_with(site.client.clone(), &site.namespace, resource),
    };
    let name = object["metadata"]["name"].as_str().unwrap();
    api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(object)).await.unwrap();
}

/// The test's cluster, by a token.
fn kubeconfig(token: &str) -> tempfile::NamedTempFile {
    let path = std::env::var("LOGPIPELINE_TEST_KUBECONFIG").unwrap();
    let mut config = serde_json::to_value(Kubeconfig::read_from(path).unwrap()).unwrap();
    config["users"][0]["user"] = json!({ "token": token });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), serde_yaml::to_string(&config).unwrap()).unwrap();
    file
}
