//! What searches entries.

use k8s_openapi::api::core::v1::ResourceRequirements;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{IngressSpec, LocalRef};

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    cel,
    validation = Rule::new("(has(self.auth) && has(self.auth.usersSecretRef)) || self.insecure")
        .message("no access policy for readers: name a Secret with users in query.auth.usersSecretRef, or set query.insecure: true to let anyone search"),
    validation = Rule::new("!has(self.auth) || !has(self.auth.usersSecretRef) || !self.insecure")
        .message("query.auth.usersSecretRef and query.insecure: true exclude each other"),
    validation = Rule::new("!has(self.ingress) || !self.insecure")
        .message("an Ingress must not publish logs to anybody: query.ingress needs query.auth.usersSecretRef")
)]
pub struct QuerySpec {
    /// Pods.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 100))]
    pub replicas: i32,

    /// CPU and memory of a pod's container; 100m and 256Mi are requested, and 1Gi is the limit, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,

    /// How the web UI and the API are reached from outside of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<IngressSpec>,

    /// Who may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<QueryAuth>,

    /// Lets anybody read who reaches the Service. Not with an Ingress.
    #[serde(default)]
    pub insecure: bool,

    /// A Secret of the type kubernetes.io/tls: the query server then speaks HTTPS on its port. Read again when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_secret_ref: Option<LocalRef>,

    /// Image; that of the operator's release where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub image: Option<String>,
}

impl Default for QuerySpec {
    fn default() -> Self {
        Self {
            replicas: 1,
            resources: None,
            ingress: None,
            auth: None,
            insecure: false,
            tls_secret_ref: None,
            image: None,
        }
    }
}

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct QueryAuth {
    /// A Secret whose key `users` holds who may sign in: a line `NAME:HASH` each, the hash made by `logpipeline-query hash-password`. Read again
    /// when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users_secret_ref: Option<LocalRef>,
}

fn one() -> i32 {
    1
}
