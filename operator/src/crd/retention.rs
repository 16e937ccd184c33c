//! How long entries are kept.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DURATION, QUANTITY};

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel)]
pub struct RetentionSpec {
    /// How long entries are kept at least, by the later of their timestamp and their receipt, as `30d`, `12h` or `2w`; `forever` keeps them.
    #[serde(default = "thirty_days")]
    #[schemars(length(max = 20), regex(pattern = "^(forever|([0-9]+(ms|s|m|h|d|w))+)$"))]
    #[x_kube(validation = Rule::new("self.matches('[1-9]') || self == 'forever'")
        .message("retention.default would keep nothing: write a time such as 30d, or forever"))]
    pub default: String,

    /// Levels that are kept for a time of their own, each group in a data stream of its own. Elasticsearch only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 6))]
    #[x_kube(validation = Rule::new("self.all(a, a.levels.all(l, self.exists_one(b, l in b.levels)))")
        .message("a level is in two groups of retention.byLevel"))]
    pub by_level: Vec<LevelRetention>,

    /// Removes the oldest entries while the store takes more bytes than this, as `500Gi`, replicas included; no limit where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), regex(pattern = QUANTITY))]
    pub max_size: Option<String>,

    /// How long dead letters are kept at least: entries that the store refused, and bodies that could not be read. As `default`.
    #[serde(default = "thirty_days")]
    #[schemars(length(max = 20), regex(pattern = "^(forever|([0-9]+(ms|s|m|h|d|w))+)$"))]
    #[x_kube(validation = Rule::new("self.matches('[1-9]') || self == 'forever'")
        .message("retention.deadLetters would keep nothing: write a time such as 30d, or forever"))]
    pub dead_letters: String,

    /// When a new index begins. Elasticsearch only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollover: Option<RolloverSpec>,

    /// Who removes old indices. Elasticsearch only. `Ingestor`, the default, goes by the entries' own times and works everywhere; the
    /// others go by when an index was rolled over: `DataStream` (Elasticsearch from 8.14 on), `ILM` (Elasticsearch), `ISM` (OpenSearch), or
    /// `Auto`: whichever of them the cluster has.
    #[serde(default)]
    pub lifecycle: LifecycleSpec,
}

impl Default for RetentionSpec {
    fn default() -> Self {
        Self {
            default: thirty_days(),
            by_level: Vec::new(),
            max_size: None,
            dead_letters: thirty_days(),
            rollover: None,
            lifecycle: LifecycleSpec::default(),
        }
    }
}

fn thirty_days() -> String {
    "30d".to_owned()
}

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LevelRetention {
    /// Levels: trace, debug, info, warn, error, fatal.
    #[schemars(length(min = 1, max = 6), inner(length(max = 16)), extend("x-kubernetes-list-type" = "set"))]
    #[x_kube(validation = Rule::new("self.all(l, l in ['trace', 'debug', 'info', 'warn', 'error', 'fatal'])")
        .message("levels must be of trace, debug, info, warn, error, fatal"))]
    pub levels: Vec<String>,

    /// How long entries of these levels are kept at least, as `3d`.
    #[schemars(length(max = 20), regex(pattern = DURATION))]
    #[x_kube(validation = Rule::new("self.matches('[1-9]')").message("keep would keep nothing: write a time such as 3d"))]
    pub keep: String,

    /// Name of the data stream's class, `logs-<pipeline>.<class>`; the levels joined by dashes, the least
    /// severe first, where absent. With another name, entries that
    /// are stored stay under the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9][-a-z0-9]*$"))]
    #[x_kube(validation = Rule::new("self != 'default'").message("the class named default holds all other levels: choose another name"))]
    pub class: Option<String>,
}

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RolloverSpec {
    /// A new index begins once one is this old, at least 1m; a tenth of the time its entries are kept where absent, an hour at least and
    /// a week at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), regex(pattern = DURATION))]
    pub max_age: Option<String>,

    /// A new index begins once a primary shard is this large, in bytes, at least 1Mi; 50Gi where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), regex(pattern = QUANTITY))]
    pub max_primary_shard_size: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LifecycleSpec {
    #[default]
    Ingestor,
    Auto,
    DataStream,
    #[serde(rename = "ILM")]
    Ilm,
    #[serde(rename = "ISM")]
    Ism,
}
