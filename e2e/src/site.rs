//! What the suite is given by `dev/e2e.sh`.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::cluster::{Cluster, shell};
use crate::elasticsearch::Elasticsearch;
use crate::places::{MARK, NAMESPACES};
use crate::waiting::eventually;

/// The token of those who send to the pipeline on Elasticsearch.
pub const SENDER_TOKEN: &str = "a-token-of-the-checkout-service";
/// Who reads through an Ingress: the user of examples/production.yaml.
pub const READER: (&str, &str) = ("oncall", "replace-me");

pub struct Site {
    pub cluster: Cluster,
    pub elasticsearch: Elasticsearch,
    /// Of the OpenSearch that is there already, at the same address.
    pub opensearch_port: u16,
    /// What stands before the images' names.
    pub registry: String,
    /// A second tag of the same images.
    pub next_tag: String,
    pub ingress_class: String,
    /// Where the Ingress controller takes HTTPS, as `172.30.0.1:30443`.
    pub ingress_address: String,
    /// A command that takes `on` and `off`, and makes the node evict pods.
    pub pressure: Option<String>,
    /// A command that takes the namespace and the name of a pod, and ends its processes without grace.
    pub kill: Option<String>,
    /// Where files of the run go.
    pub state: PathBuf,
    /// Tells runs in one cluster apart.
    suffix: u64,
}

fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run make e2e"))
}

/// The objects of an example.
pub fn example(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file(&format!("examples/{name}"))).unwrap();
    serde_yaml::Deserializer::from_str(&text).map(|part| Value::deserialize(part).unwrap()).collect()
}

/// A file of the repository.
pub fn file(path: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path).to_str().unwrap().to_owned()
}

impl Site {
    pub fn given() -> Self {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        Self {
            cluster: Cluster {
                kubectl: given("LOGPIPELINE_KUBECTL").into(),
                helm: given("LOGPIPELINE_HELM").into(),
                kubeconfig: given("E2E_KUBECONFIG").into(),
            },
            elasticsearch: Elasticsearch {
                address: given("E2E_ELASTICSEARCH_ADDRESS"),
                port: given("E2E_ELASTICSEARCH_PORT").parse().unwrap(),
                authority: given("E2E_ELASTICSEARCH_CA"),
                password: given("E2E_ELASTICSEARCH_PASSWORD"),
            },
            opensearch_port: given("E2E_OPENSEARCH_PORT").parse().unwrap(),
            registry: given("E2E_IMAGE_REGISTRY"),
            next_tag: given("E2E_NEXT_TAG"),
            ingress_class: given("E2E_INGRESS_CLASS"),
            ingress_address: given("E2E_INGRESS_ADDRESS"),
            pressure: std::env::var("E2E_PRESSURE").ok(),
            kill: std::env::var("E2E_KILL").ok(),
            state: given("E2E_STATE").into(),
            suffix: since.as_secs() % 1_000_000,
        }
    }

    /// Panics where the cluster has what the suite is to make: it might be somebody's.
    pub fn must_be_empty(&self) {
        let there = |kind: &str, name: &str| self.cluster.try_kubectl(&["get", kind, name]).is_ok();
        let taken: Vec<_> = NAMESPACES.iter().filter(|name| there("namespace", name)).collect();
        assert!(
            taken.is_empty(),
            "the cluster has the namespaces {taken:?} already: dev/e2e.sh clean removes those of an earlier run"
        );
        let (kind, name) = ("customresourcedefinition", crate::elasticsearch::ECK);
        let marked = self.cluster.kubectl(&["get", kind, "-l", &format!("{MARK}=true"), "-o", "name"]);
        assert!(
            !there(kind, name) || marked.contains(name),
            "the cluster has ECK: the suite needs one without"
        );
    }

    pub fn image(&self, component: &str) -> String {
        format!("{}/logpipeline-{component}:{}", self.registry, env!("CARGO_PKG_VERSION"))
    }

    /// The name of a sender's run, which is in `metadata.run` of each of its entries.
    pub fn run(&self, name: &str) -> String {
        format!("{name}-{}", self.suffix)
    }

    /// The token by which generators of a pipeline send and read.
    pub fn internal_token(&self, namespace: &str, pipeline: &str) -> String {
        let encoded = eventually("the pipeline's own Secret is there", 60, || {
            let secret = self.cluster.get(namespace, &["secret", &format!("{pipeline}-internal")])?;
            Some(secret["data"]["token"].as_str()?.to_owned())
        });
        base64(&encoded)
    }

    /// Makes the node evict pods, until what it gives is dropped.
    pub fn press(&self) -> Pressure {
        let pressure = Pressure(self.pressure.clone().expect("E2E_PRESSURE is not set"));
        pressure.turn("on");
        pressure
    }
}

pub struct Pressure(String);

impl Pressure {
    fn turn(&self, word: &str) {
        shell(&format!("{} {word}", self.0));
    }
}

impl Drop for Pressure {
    fn drop(&mut self) {
        self.turn("off");
    }
}

fn base64(encoded: &str) -> String {
    let command = format!("printf %s {encoded} | base64 -d");
    shell(&command)
}
