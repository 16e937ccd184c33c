//! What searches entries in Elasticsearch.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{Container, VolumeMount};

use super::context::{Component, Context};
use super::pod::{self, PodParts, Ports};
use super::{access, config};
use crate::validate::Cluster;

pub(super) const PORT: i32 = 8080;
pub(super) const PORTS: Ports = Ports { main: ("query", PORT), admin: ("admin", 9090) };
/// In a pod with an ingestor, which has the usual admin port.
pub(super) const PORTS_BESIDE: Ports = Ports { main: ("query", PORT), admin: ("query-admin", 9091) };
/// 3 s of drain, 25 s to finish, and some to spare.
const GRACE: i64 = 35;

const COMPONENT: Component = Component::Query;

pub(super) fn container(context: &Context<'_>, ports: &Ports, mounts: Vec<VolumeMount>) -> Container {
    let query = &context.pipeline.query;
    let image = query.image.as_deref().unwrap_or(&context.settings.query_image);
    let config = context.name(COMPONENT);
    pod::server(context, "query", image, ports, config, query.resources.as_ref(), mounts)
}

pub(super) fn deployment(context: &Context<'_>, cluster: &Cluster) -> Deployment {
    let (mut volumes, mut mounts) = access::query(context);
    let (more_volumes, more_mounts) = access::elasticsearch(cluster);
    volumes.extend(more_volumes);
    mounts.extend(more_mounts);
    let variables = config::query_variables(context);
    let parts = PodParts {
        component: COMPONENT,
        account: context.name(COMPONENT),
        containers: vec![container(context, &PORTS, mounts)],
        volumes,
        config_hash: Some(config::config_hash(context, COMPONENT, &[&variables])),
        grace: GRACE,
    };
    Deployment {
        metadata: context.meta(context.name(COMPONENT), COMPONENT),
        spec: Some(DeploymentSpec {
            replicas: Some(context.pipeline.query.replicas),
            selector: context.label_selector(COMPONENT),
            template: pod::template(context, parts),
            ..Default::default()
        }),
        status: None,
    }
}
