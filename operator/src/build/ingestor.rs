//! What takes entries in and ships them to Elasticsearch: a Deployment, or a StatefulSet where the write-ahead log has a volume.

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment, StatefulSet, StatefulSetSpec,
};
use k8s_openapi::api::core::v1::{Container, PodTemplateSpec, VolumeMount};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::config::{self, DATA};
use super::context::{Component, Context};
use super::pod::{self, PodParts, Ports};
use super::{access, listeners, store};
use crate::validate::{Cluster, Replicas, Volume};

pub(super) const PORT: i32 = 3000;
pub(super) const PORTS: Ports = Ports { main: ("ingest", PORT), admin: ("admin", 9090) };
/// 5 s of drain, 20 s to finish and ship, and some to spare.
pub(super) const GRACE: i64 = 40;

const COMPONENT: Component = Component::Ingestor;

/// The container, but for what is particular to where it runs.
pub(super) fn container(context: &Context<'_>, mut mounts: Vec<VolumeMount>) -> Container {
    let ingestor = &context.pipeline.ingestor;
    let image = ingestor.image.as_deref().unwrap_or(&context.settings.ingestor_image);
    mounts.push(pod::mount(store::VOLUME, DATA, false));
    let config = context.name(COMPONENT);
    let resources = ingestor.resources.as_ref();
    let mut container = pod::server(context, "ingestor", image, &PORTS, config, resources, mounts);
    container.ports.get_or_insert_default().extend(listeners::container_ports(context));
    container
}

pub(super) fn deployment(context: &Context<'_>, cluster: &Cluster) -> Deployment {
    let mut template = template(context, cluster);
    let volumes = template.spec.get_or_insert_default().volumes.get_or_insert_default();
    // The log takes 1 GiB at most; dead letters stand beside it.
    volumes.push(pod::empty_dir(store::VOLUME, Some("2Gi")));
    Deployment {
        metadata: context.meta(context.name(COMPONENT), COMPONENT),
        spec: Some(DeploymentSpec {
            replicas: replicas(context),
            selector: context.label_selector(COMPONENT),
            template,
            // Senders find as many pods as before while new ones start.
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_surge: Some(IntOrString::Int(1)),
                    max_unavailable: Some(IntOrString::Int(0)),
                }),
            }),
            ..Default::default()
        }),
        status: None,
    }
}

pub(super) fn stateful_set(context: &Context<'_>, cluster: &Cluster, volume: &Volume) -> StatefulSet {
    StatefulSet {
        metadata: context.meta(context.name(COMPONENT), COMPONENT),
        spec: Some(StatefulSetSpec {
            replicas: replicas(context),
            selector: context.label_selector(COMPONENT),
            service_name: Some(super::service::peers_name(context, COMPONENT)),
            template: template(context, cluster),
            // Each pod has a log of its own; and one that never became ready must not hold up a mended one.
            pod_management_policy: Some("Parallel".to_owned()),
            volume_claim_templates: Some(vec![store::claim(context, volume)]),
            persistent_volume_claim_retention_policy: Some(store::claims_kept(context)),
            ..Default::default()
        }),
        status: None,
    }
}

fn template(context: &Context<'_>, cluster: &Cluster) -> PodTemplateSpec {
    let (mut volumes, mut mounts) = access::ingestor(context);
    let (more_volumes, more_mounts) = access::elasticsearch(cluster);
    volumes.extend(more_volumes);
    mounts.extend(more_mounts);
    let variables = config::ingestor_variables(context);
    let parts = PodParts {
        component: COMPONENT,
        account: context.name(COMPONENT),
        containers: vec![container(context, mounts)],
        volumes,
        config_hash: Some(config::config_hash(context, COMPONENT, &[&variables])),
        grace: GRACE,
    };
    pod::template(context, parts)
}

/// `None` where an autoscaler decides.
fn replicas(context: &Context<'_>) -> Option<i32> {
    match context.pipeline.ingestor.replicas {
        Replicas::Fixed(count) => Some(count),
        Replicas::Between { .. } => None,
    }
}
