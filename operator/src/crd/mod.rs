//! The custom resource `LogPipeline`: what users write, and what the operator tells of it.

mod generator;
mod ingestor;
mod ingress;
mod listener;
mod query;
mod retention;
mod status;
mod storage;

use kube::{CustomResource, CustomResourceExt, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use generator::GeneratorSpec;
pub use ingestor::{Autoscaling, IngestorSpec, Wal, WalDurability};
pub use ingress::{IngressSpec, IngressTls};
pub use listener::{ListenerProtocol, ListenerSpec};
pub use query::{QueryAuth, QuerySpec};
pub use retention::{LevelRetention, LifecycleSpec, RetentionSpec, RolloverSpec};
pub use status::{Endpoints, GeneratorPhase, GeneratorStatus, LogPipelineStatus};
pub use storage::{ElasticsearchSpec, EmbeddedSpec, StorageSpec};

/// A log platform: where entries are kept and for how long, what takes them in, what searches them, and load to try it
/// with.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "logpipeline.dev",
    version = "v1alpha1",
    kind = "LogPipeline",
    plural = "logpipelines",
    singular = "logpipeline",
    shortname = "lp",
    category = "all",
    namespaced,
    status = "LogPipelineStatus",
    derive = "PartialEq",
    doc = "A log platform, made and kept by the operator",
    cel,
    scale(
        spec_replicas_path = ".spec.ingestor.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Ingest", type_ = "string", json_path = ".status.conditions[?(@.type==\"IngestorAvailable\")].status"),
    printcolumn(name = "Query", type_ = "string", json_path = ".status.conditions[?(@.type==\"QueryAvailable\")].status"),
    printcolumn(name = "Storage", type_ = "string", json_path = ".status.conditions[?(@.type==\"StorageReady\")].status"),
    printcolumn(name = "Delivered", type_ = "string", json_path = ".status.conditions[?(@.type==\"Delivered\")].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("size(self.metadata.name) <= 32 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')")
        .message("the name becomes part of the names of Services and Pods: at most 32 lower-case letters, digits and dashes, beginning with a letter")
)]
#[x_kube(
    validation = Rule::new("!has(self.storage.embedded) || !has(self.ingestor.autoscaling)")
        .message("the embedded store has one writer: leave ingestor.autoscaling out, or use storage.elasticsearch"),
    validation = Rule::new("!has(self.storage.embedded) || self.ingestor.replicas <= 1")
        .message("the embedded store has one writer: ingestor.replicas must be 1 (or 0 to stop it), or use storage.elasticsearch"),
    validation = Rule::new("!has(self.storage.embedded) || self.query.replicas == 1")
        .message("the embedded store is read beside its one writer: query.replicas must be 1, or use storage.elasticsearch"),
    validation = Rule::new("!has(self.storage.embedded) || !has(self.ingestor.wal)")
        .message("the embedded store keeps the write-ahead log on its own volume: leave ingestor.wal out; storage.embedded.size holds both"),
    validation = Rule::new("!has(self.storage.embedded) || !has(self.retention.byLevel) || size(self.retention.byLevel) == 0")
        .message("the embedded store keeps all levels for the same time: leave retention.byLevel out, or use storage.elasticsearch"),
    validation = Rule::new("!has(self.storage.embedded) || !has(self.retention.rollover)")
        .message("the embedded store has no indices to roll over: leave retention.rollover out, or use storage.elasticsearch"),
    validation = Rule::new("!has(self.storage.embedded) || !has(self.retention.lifecycle) || self.retention.lifecycle == 'Ingestor'")
        .message("the ingestor removes what is old from the embedded store: leave retention.lifecycle out, or use storage.elasticsearch")
)]
pub struct LogPipelineSpec {
    /// Where entries are kept: exactly one of `embedded` and `elasticsearch`.
    pub storage: StorageSpec,

    /// How long entries are kept.
    #[serde(default)]
    pub retention: RetentionSpec,

    /// What takes entries in. It says who may send: `tokensSecretRef`, or `insecure: true`.
    pub ingestor: IngestorSpec,

    /// What searches entries: the API and the web UI. It says who may read: `auth.usersSecretRef`, or `insecure: true`.
    pub query: QuerySpec,

    /// Load tests, each a Job. A generator whose settings change runs anew; others are left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    #[x_kube(validation = Rule::new("self.all(a, self.exists_one(b, b.name == a.name))")
        .message("two generators have the same name"))]
    pub generators: Vec<GeneratorSpec>,

    /// What becomes of the entries when the LogPipeline is deleted. `Retain`, the default, removes nothing that holds an entry: data
    /// streams and volumes stay. `Delete` removes them too.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,

    /// Stops all changes: nothing is created, changed or repaired while it is true. What runs goes on running.
    #[serde(default)]
    pub paused: bool,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    #[default]
    Retain,
    Delete,
}

/// The definition of the resource, as `crds/logpipeline.yaml` has it.
pub fn definition()
-> k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition {
    LogPipeline::crd()
}

/// A duration as it stands in a field.
pub(crate) const DURATION: &str = "^([0-9]+(ms|s|m|h|d|w))+$";
/// A quantity of bytes as it stands in a field.
pub(crate) const QUANTITY: &str = "^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$";
/// The name of a Kubernetes object.
pub(crate) const NAME: &str = "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$";

/// The name of an object in the namespace of the LogPipeline.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalRef {
    /// Name of an object in the same namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: String,
}

impl LocalRef {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}
