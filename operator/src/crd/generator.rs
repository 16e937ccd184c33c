//! Load tests.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::DURATION;

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel)]
pub struct GeneratorSpec {
    /// Name, which the Job bears: at most 20 lower-case letters, digits and dashes.
    #[schemars(length(min = 1, max = 20), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,

    /// Entries a second, sent at their intended times whether or not the ingestor keeps up.
    #[serde(default = "rate")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub rate: u32,

    /// How long to send, as `5m`.
    #[serde(default = "duration")]
    #[schemars(length(max = 20), regex(pattern = DURATION))]
    #[x_kube(validation = Rule::new("self.matches('[1-9]')").message("duration would send nothing: write a time such as 5m"))]
    pub duration: String,

    /// Requests under way at most.
    #[serde(default = "concurrency")]
    #[schemars(range(min = 1, max = 1024))]
    pub concurrency: u32,

    /// Entries of a request at most.
    #[serde(default = "batch_size")]
    #[schemars(range(min = 1, max = 10_000))]
    pub batch_size: u32,

    /// Read the entries back, and check that each acknowledged one is found exactly once, as it was sent.
    #[serde(default = "verify")]
    pub verify: bool,
}

fn rate() -> u32 {
    200
}

fn duration() -> String {
    "1m".to_owned()
}

fn concurrency() -> u32 {
    4
}

fn batch_size() -> u32 {
    10
}

fn verify() -> bool {
    true
}
