//! What all pods have in common: nothing that PodSecurity's "restricted" forbids.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapEnvSource, Container, ContainerPort, EmptyDirVolumeSource, EnvFromSource,
    HTTPGetAction, LocalObjectReference, PodSecurityContext, PodSpec, PodTemplateSpec, Probe,
    ResourceRequirements, SeccompProfile, SecurityContext, TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::context::{CONFIG_HASH, Component, Context, MANAGED_BY, MANAGER};

/// Nobody's: distroless images have it as `nonroot`.
const USER: i64 = 65_532;

pub(super) struct PodParts {
    pub(super) component: Component,
    pub(super) account: String,
    pub(super) containers: Vec<Container>,
    pub(super) volumes: Vec<Volume>,
    pub(super) config_hash: Option<String>,
    /// How long a pod may take to end, in seconds.
    pub(super) grace: i64,
}

pub(super) fn template(context: &Context<'_>, parts: PodParts) -> PodTemplateSpec {
    let mut labels = context.selector(parts.component);
    labels.insert("app.kubernetes.io/name".to_owned(), format!("logpipeline-{}", parts.component.as_str()));
    // By this the operator finds them.
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    let annotations = parts.config_hash.map(|hash| BTreeMap::from([(CONFIG_HASH.to_owned(), hash)]));
    let mut volumes = parts.volumes;
    // Two containers of a pod may read the same Secret.
    volumes.sort_by(|one, other| one.name.cmp(&other.name));
    volumes.dedup_by(|one, other| one.name == other.name);
    PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(labels), annotations, ..Default::default() }),
        spec: Some(PodSpec {
            service_account_name: Some(parts.account),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            security_context: Some(PodSecurityContext {
                run_as_non_root: Some(true),
                run_as_user: Some(USER),
                run_as_group: Some(USER),
                fs_group: Some(USER),
                fs_group_change_policy: Some("OnRootMismatch".to_owned()),
                seccomp_profile: Some(SeccompProfile {
                    type_: "RuntimeDefault".to_owned(),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            containers: parts.containers,
            volumes: Some(volumes).filter(|volumes| !volumes.is_empty()),
            termination_grace_period_seconds: Some(parts.grace),
            topology_spread_constraints: Some(vec![TopologySpreadConstraint {
                max_skew: 1,
                topology_key: "kubernetes.io/hostname".to_owned(),
                when_unsatisfiable: "ScheduleAnyway".to_owned(),
                label_selector: Some(context.label_selector(parts.component)),
                ..Default::default()
            }]),
            image_pull_secrets: pull_secrets(context),
            ..Default::default()
        }),
    }
}

fn pull_secrets(context: &Context<'_>) -> Option<Vec<LocalObjectReference>> {
    let names = &context.settings.image_pull_secrets;
    let secrets = names.iter().map(|name| LocalObjectReference { name: name.clone() }).collect();
    Some(secrets).filter(|secrets: &Vec<_>| !secrets.is_empty())
}

pub(super) struct Ports {
    /// What the container serves, by the name that Services know it by.
    pub(super) main: (&'static str, i32),
    pub(super) admin: (&'static str, i32),
}

/// A container of a server. Its variables come from a ConfigMap.
pub(super) fn server(
    context: &Context<'_>,
    name: &str,
    image: &str,
    ports: &Ports,
    config: String,
    resources: Option<&ResourceRequirements>,
    mounts: Vec<VolumeMount>,
) -> Container {
    let port = |(name, number)| port(name, number, "TCP");
    Container {
        env_from: Some(vec![EnvFromSource {
            config_map_ref: Some(ConfigMapEnvSource { name: config, ..Default::default() }),
            ..Default::default()
        }]),
        ports: Some(vec![port(ports.main), port(ports.admin)]),
        // Recovering a write-ahead log takes a while, and must not be cut short.
        startup_probe: Some(probe(ports.admin.0, "/healthz", 2, 150)),
        liveness_probe: Some(probe(ports.admin.0, "/healthz", 10, 6)),
        readiness_probe: Some(probe(ports.admin.0, "/readyz", 2, 2)),
        ..container(context, name, image, resources, mounts)
    }
}

pub(super) fn port(name: &str, number: i32, transport: &str) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        protocol: Some(transport.to_owned()),
        ..Default::default()
    }
}

pub(super) fn container(
    context: &Context<'_>,
    name: &str,
    image: &str,
    resources: Option<&ResourceRequirements>,
    mounts: Vec<VolumeMount>,
) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some(context.settings.image_pull_policy.clone()),
        resources: Some(resources.cloned().unwrap_or_else(usual_resources)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            run_as_non_root: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            ..Default::default()
        }),
        // The status tells why a container ended.
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(mounts).filter(|mounts| !mounts.is_empty()),
        ..Default::default()
    }
}

fn usual_resources() -> ResourceRequirements {
    let quantities = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Quantity((*value).to_owned()))).collect()
    };
    ResourceRequirements {
        requests: Some(quantities(&[("cpu", "100m"), ("memory", "256Mi")])),
        limits: Some(quantities(&[("memory", "1Gi")])),
        claims: None,
    }
}

fn probe(port: &str, path: &str, period: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.to_owned()),
            ..Default::default()
        }),
        period_seconds: Some(period),
        failure_threshold: Some(failures),
        timeout_seconds: Some(5),
        ..Default::default()
    }
}

pub(super) fn empty_dir(name: &str, limit: Option<&str>) -> Volume {
    let size_limit = limit.map(|limit| Quantity(limit.to_owned()));
    Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource { size_limit, ..Default::default() }),
        ..Default::default()
    }
}

pub(super) fn mount(name: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..Default::default()
    }
}
