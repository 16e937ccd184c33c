//! helm, kubectl, and a namespace of each test's own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

const MISSING: &str = "there is no helm, kubectl or cluster to test with: run dev/with-kubernetes.sh cargo test -p logpipeline-operator";

pub fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/logpipeline")
}

pub fn read(path: &str) -> String {
    std::fs::read_to_string(chart().join(path)).unwrap()
}

/// A file of values beside these tests.
pub fn values(name: &str) -> String {
    format!("--values={}/tests/chart/values/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

pub fn helm(args: &[&str]) -> Result<String, String> {
    run("LOGPIPELINE_HELM", args, "")
}

pub fn kubectl(args: &[&str], input: &str) -> Result<String, String> {
    run("LOGPIPELINE_KUBECTL", args, input)
}

/// What a tool wrote; where it failed, what it complained of.
fn run(tool: &str, args: &[&str], input: &str) -> Result<String, String> {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{MISSING}"));
    let mut child = Command::new(variable(tool))
        .args(args)
        .env("KUBECONFIG", variable("LOGPIPELINE_TEST_KUBECONFIG"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // It may end without reading.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

pub fn template(namespace: &str, args: &[&str]) -> Result<String, String> {
    let chart = chart();
    let fixed = ["template", "logpipeline", chart.to_str().unwrap(), "--namespace", namespace];
    helm(&[&fixed, args].concat())
}

pub fn render(namespace: &str, args: &[&str]) -> Vec<Value> {
    objects(&template(namespace, args).unwrap())
}

pub fn objects(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text);
    let objects = documents.map(|document| Value::deserialize(document).unwrap());
    objects.filter(|object| !object.is_null()).collect()
}

pub fn find<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("there is no {kind}"))
}

pub fn apply(object: &Value) {
    kubectl(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &object.to_string()).unwrap();
}

/// The definition of the resource, which tests have in common and nobody removes.
pub fn install_crd() {
    apply(&serde_yaml::from_str(&read("files/crd.yaml")).unwrap());
    established("crd/logpipelines.logpipeline.dev");
}

/// Waits until the API server serves a definition, such as `crd/NAME`. kubectl fails, instead of waiting, on one
/// that is so new that it has no conditions.
pub fn established(definition: &str) {
    let wait = || kubectl(&["wait", "--for=condition=Established", "--timeout=60s", definition], "");
    let deadline = Instant::now() + Duration::from_secs(60);
    while let Err(error) = wait() {
        let is_too_new = error.contains("conditions accessor error");
        assert!(is_too_new && Instant::now() < deadline, "{definition} is not established: {error}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A namespace that goes with the test.
pub struct Namespace(pub String);

impl Namespace {
    pub fn new(name: &str) -> Self {
        let name = format!("chart-{name}-{:x}", std::process::id());
        kubectl(&["create", "namespace", &name], "").unwrap();
        Self(name)
    }

    pub fn restricted(name: &str) -> Self {
        let namespace = Self::new(name);
        let label = "pod-security.kubernetes.io/enforce=restricted";
        kubectl(&["label", "namespace", &namespace.0, label], "").unwrap();
        namespace
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = kubectl(&["delete", "namespace", &self.0, "--wait=false"], "");
    }
}

/// An object without a namespace, such as `crd/NAME`, that goes with the test.
pub struct Global(pub String);

impl Drop for Global {
    fn drop(&mut self) {
        let _ = kubectl(&["delete", &self.0, "--ignore-not-found", "--timeout=60s"], "");
    }
}
