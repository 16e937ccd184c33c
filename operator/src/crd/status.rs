//! What the operator tells of a LogPipeline. Nothing here moves with traffic: that is what metrics are for.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LogPipelineStatus {
    /// The generation of the spec that the rest speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready`, and what it is made of: `ConfigValid`, `StorageReady`, `TemplatesApplied`, `RetentionApplied`, `IngestorAvailable`,
    /// `QueryAvailable`, `Delivered`. The message says why not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,

    /// Addresses within the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,

    /// Pods of the ingestor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,

    /// Label selector of the ingestor's pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,

    /// What became of each generator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub generators: Vec<GeneratorStatus>,
}

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// Where to send entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingest: Option<String>,

    /// Where to search them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct GeneratorStatus {
    /// The generator's name.
    pub name: String,

    /// The Job that ran it.
    pub job: String,

    /// How far it is: Pending, Running, Succeeded or Failed.
    pub phase: GeneratorPhase,

    /// Entries sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<i64>,

    /// Entries that were found exactly once, as they were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<i64>,

    /// Acknowledged entries that were not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<i64>,

    /// 99th percentile of the time from an entry's intended sending to its acknowledgement, as `12.5ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GeneratorPhase {
    #[default]
    Pending,
    Running,
    Succeeded,
    Failed,
}
