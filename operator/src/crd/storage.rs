//! Where entries are kept.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{DURATION, LocalRef, NAME, QUANTITY};

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    cel,
    validation = Rule::new("has(self.embedded) != has(self.elasticsearch)")
        .message("exactly one of storage.embedded and storage.elasticsearch must be set"),
    validation = Rule::new("has(self.embedded) == has(oldSelf.embedded)")
        .message("the store cannot be switched, because entries would not move along: make a second LogPipeline and send to both for as long as entries are kept")
)]
pub struct StorageSpec {
    /// A store on one volume, for what one machine holds. One pod writes and searches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded: Option<EmbeddedSpec>,

    /// Elasticsearch 8 or 9, or OpenSearch 2 or 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elasticsearch: Option<ElasticsearchSpec>,
}

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    cel,
    validation = Rule::new("quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0")
        .message("a volume cannot shrink: storage.embedded.size may only grow"),
    validation = Rule::new("has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)")
        .message("storage.embedded.storageClassName cannot change, because the volume would not move along")
)]
pub struct EmbeddedSpec {
    /// Size of the volume that holds the store and the write-ahead log, in bytes, as `20Gi`. It may grow where the storage class
    /// allows that, and never shrink. Entries take about 250 bytes each.
    #[schemars(length(max = 20), regex(pattern = QUANTITY))]
    pub size: String,

    /// Storage class of the volume; the cluster's default one where absent. It cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub storage_class_name: Option<String>,
}

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    cel,
    validation = Rule::new("has(self.url) != has(self.eckRef)")
        .message("exactly one of url and eckRef must be set"),
    validation = Rule::new("has(self.pipelineName) == has(oldSelf.pipelineName) && (!has(self.pipelineName) || self.pipelineName == oldSelf.pipelineName)")
        .message("pipelineName cannot change: entries that are stored would not be found under the new name")
)]
pub struct ElasticsearchSpec {
    /// Addresses of the cluster, separated by commas and tried in turn, as `https://elasticsearch:9200`. A name without dots
    /// is that of a Service in the pipeline's namespace. Credentials do not belong here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^https?://[^@/, ]+[^@, ]*(,https?://[^@/, ]+[^@, ]*)*$')")
        .message("url must be addresses such as https://elasticsearch:9200, separated by commas, without user or password"))]
    pub url: Option<String>,

    /// An Elasticsearch resource of ECK in the same namespace. Its address, its authority and its elastic user's password are taken
    /// from what ECK makes for it, unless `credentialsSecretRef` and `caSecretRef` name others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eck_ref: Option<LocalRef>,

    /// A Secret with who asks: the keys `username` and `password`, or `apiKey` (encoded, as Elasticsearch gives it out), or `token`. When it
    /// changes, pods are rolled to use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<LocalRef>,

    /// A Secret whose key `ca.crt` holds the authorities, in PEM, that sign the cluster's certificates. When it changes, pods are
    /// rolled to use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<LocalRef>,

    /// Name in the data streams, `logs-<name>.<class>`; `<namespace>-<name>` of the LogPipeline where absent. It cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9][-a-z0-9]*$"))]
    pub pipeline_name: Option<String>,

    /// Primary shards of each index, from the next rollover on.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1024))]
    pub shards: u32,

    /// Copies of each shard besides the primary, from the next rollover on; 0 where the cluster has a single node.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 100))]
    pub replicas: u32,

    /// How long an entry may take to be found, at least 100ms. More makes writing cheaper.
    #[serde(default = "refresh_interval")]
    #[schemars(length(max = 20), regex(pattern = DURATION))]
    pub refresh_interval: String,
}

impl Default for ElasticsearchSpec {
    fn default() -> Self {
        Self {
            url: None,
            eck_ref: None,
            credentials_secret_ref: None,
            ca_secret_ref: None,
            pipeline_name: None,
            shards: one(),
            replicas: one(),
            refresh_interval: refresh_interval(),
        }
    }
}

fn one() -> u32 {
    1
}

fn refresh_interval() -> String {
    "1s".to_owned()
}
