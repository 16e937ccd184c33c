//! How a component is reached from outside of the cluster.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::NAME;

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct IngressSpec {
    /// Ingress class; the cluster's default one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub class_name: Option<String>,

    /// Host name, as `logs.example.com`.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^(\\*\\.)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"))]
    pub host: String,

    /// Ends TLS at the Ingress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<IngressTls>,

    /// Annotations of the Ingress, for its controller.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct IngressTls {
    /// Secret of the type kubernetes.io/tls; the controller's default certificate where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub secret_name: Option<String>,
}
