//! What takes entries in.

use k8s_openapi::api::core::v1::ResourceRequirements;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::listener::ports_differ;
use super::{DURATION, IngressSpec, ListenerSpec, LocalRef, NAME, QUANTITY};

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    cel,
    validation = Rule::new("has(self.tokensSecretRef) || self.insecure")
        .message("no access policy for senders: name a Secret with tokens in ingestor.tokensSecretRef, or set ingestor.insecure: true to accept entries from anyone"),
    validation = Rule::new("!has(self.tokensSecretRef) || !self.insecure")
        .message("ingestor.tokensSecretRef and ingestor.insecure: true exclude each other"),
    validation = Rule::new("!has(self.ingress) || !self.insecure")
        .message("an Ingress must not let anybody send: ingestor.ingress needs ingestor.tokensSecretRef"),
    validation = Rule::new("!has(self.listeners) || self.insecure || self.listeners.all(l, l.protocol == 'OtlpGrpc' || l.anonymous || has(l.sharedKeySecretRef))")
        .message("a listener of this protocol cannot ask senders for a token: set anonymous: true on it to accept entries from anyone who can reach its port; a Forward listener may name a key in sharedKeySecretRef instead"),
    validation = Rule::new("!has(self.listeners) || has(self.tlsSecretRef) || !self.listeners.exists(l, l.protocol == 'SyslogTls')")
        .message("a SyslogTls listener shows the ingestor's certificate: name its Secret in ingestor.tlsSecretRef"),
    validation = Rule::new("!has(oldSelf.wal) || !has(oldSelf.wal.size) || (has(self.wal) && has(self.wal.size))")
        .message("ingestor.wal.size cannot be removed: entries on the volumes that wait for the store would be left behind")
)]
pub struct IngestorSpec {
    /// Pods; with `autoscaling` it decides instead. 0 stops taking entries.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 100))]
    pub replicas: i32,

    /// Scales the pods by their CPU. Elasticsearch only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,

    /// CPU and memory of a pod's container; 100m and 256Mi are requested, and 1Gi is the limit, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,

    /// Where acknowledged entries wait for the store. Elasticsearch only: the embedded store keeps them on its own volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal: Option<Wal>,

    /// A Secret whose key `tokens` holds who may send: a line `NAME:TOKEN` each. Read again when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_secret_ref: Option<LocalRef>,

    /// Takes entries from anybody who reaches the Service. Not with an Ingress.
    #[serde(default)]
    pub insecure: bool,

    /// A Secret of the type kubernetes.io/tls: the ingestor then speaks HTTPS on its port. Read again when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_secret_ref: Option<LocalRef>,

    /// Ports for protocols other than HTTP. None is open unless it is listed here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 9), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["protocol"]))]
    #[x_kube(
        validation = Rule::new("self.all(a, self.exists_one(b, b.protocol == a.protocol))")
            .message("two listeners have the same protocol"),
        validation = Rule::new(ports_differ())
            .message("two listeners have the same port of the Service: set port on one of them")
    )]
    pub listeners: Vec<ListenerSpec>,

    /// How often each pod sends a canary: an entry that it searches for, to tell in `Delivered` and in metrics how soon
    /// entries are found, and whether they are. Searches leave canaries out. 0s sends none.
    #[serde(default = "canary_interval")]
    #[schemars(length(max = 20), regex(pattern = DURATION))]
    pub canary_interval: String,

    /// Takes entries from outside of the cluster too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<IngressSpec>,

    /// Image; that of the operator's release where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub image: Option<String>,
}

impl Default for IngestorSpec {
    fn default() -> Self {
        Self {
            replicas: 1,
            autoscaling: None,
            resources: None,
            wal: None,
            tokens_secret_ref: None,
            insecure: false,
            tls_secret_ref: None,
            listeners: Vec::new(),
            canary_interval: canary_interval(),
            ingress: None,
            image: None,
        }
    }
}

fn canary_interval() -> String {
    "20s".to_owned()
}

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.minReplicas <= self.maxReplicas")
    .message("autoscaling.minReplicas must not be above autoscaling.maxReplicas"))]
pub struct Autoscaling {
    /// Fewest pods.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100))]
    pub min_replicas: i32,

    /// Most pods.
    #[schemars(range(min = 1, max = 100))]
    pub max_replicas: i32,

    /// Pods are added above this use of the CPU that they request, in percent.
    #[serde(default = "target")]
    #[schemars(range(min = 1, max = 100))]
    pub target_cpu_utilization_percentage: i32,
}

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.size) || !has(self.storageClassName)")
        .message("ingestor.wal.storageClassName is of a volume: set ingestor.wal.size too"),
    validation = Rule::new("has(self.size) == (self.durability == 'Volume')")
        .message("ingestor.wal.durability: Volume needs ingestor.wal.size, and Pod excludes it"),
    validation = Rule::new("!has(self.size) || !has(oldSelf.size) || quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0")
        .message("a volume cannot shrink: ingestor.wal.size may only grow"),
    validation = Rule::new("!has(oldSelf.size) || (has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName))")
        .message("ingestor.wal.storageClassName cannot change, because entries that wait would not move along")
)]
pub struct Wal {
    /// Size of a pod's volume for the write-ahead log, in bytes, as `10Gi`; it makes the ingestor a StatefulSet. It may grow where the storage
    /// class allows that, and never shrink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), regex(pattern = QUANTITY))]
    pub size: Option<String>,

    /// Storage class of the volumes; the cluster's default one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub storage_class_name: Option<String>,

    /// What acknowledged entries outlive. `Volume`, the default: the pod and its node, on a volume of `size`. `Pod`: restarts of the
    /// container; entries that have not reached the store within 25 s of a pod's end, or when its node fails, are lost with it.
    #[serde(default)]
    pub durability: WalDurability,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WalDurability {
    #[default]
    Volume,
    Pod,
}

fn one() -> i32 {
    1
}

fn target() -> i32 {
    70
}
