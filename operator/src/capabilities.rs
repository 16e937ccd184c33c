//! Kinds of object that are not in every cluster.

use kube::Client;

/// Which optional kinds the cluster has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    pub service_monitors: bool,
    pub prometheus_rules: bool,
}

impl Capabilities {
    /// Asks the cluster. A group that is not there is no error.
    pub async fn discover(client: &Client) -> Result<Self, kube::Error> {
        let found = client.list_api_group_resources("monitoring.coreos.com/v1").await;
        let kinds = match found {
            Ok(list) => list.resources,
            Err(kube::Error::Api(status)) if status.code == 404 => Vec::new(),
            Err(error) => return Err(error),
        };
        let has = |kind: &str| kinds.iter().any(|one| one.kind == kind);
        Ok(Self { service_monitors: has("ServiceMonitor"), prometheus_rules: has("PrometheusRule") })
    }
}
