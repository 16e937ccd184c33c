//! Who may connect to pods, and where pods may connect to.

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::context::{Component, Context};
use super::{ingestor, listeners, query};
use crate::validate::{Cluster, port_of};

pub(super) fn ingestor(context: &Context<'_>, cluster: &Cluster) -> NetworkPolicy {
    let ports = [ingestor::PORTS.main.1, ingestor::PORTS.admin.1];
    with_listeners(context, policy(context, Component::Ingestor, &ports, vec![names(), to_cluster(cluster)]))
}

pub(super) fn query(context: &Context<'_>, cluster: &Cluster) -> NetworkPolicy {
    let ports = [query::PORTS.main.1, query::PORTS.admin.1];
    let ingestors = to(context, Component::Ingestor, ingestor::PORTS.admin.1);
    policy(context, Component::Query, &ports, vec![names(), to_cluster(cluster), ingestors])
}

/// The embedded store needs nobody.
pub(super) fn store(context: &Context<'_>) -> NetworkPolicy {
    let ports = [
        ingestor::PORTS.main.1,
        ingestor::PORTS.admin.1,
        query::PORTS_BESIDE.main.1,
        query::PORTS_BESIDE.admin.1,
    ];
    with_listeners(context, policy(context, Component::Store, &ports, vec![names()]))
}

/// Generators talk to their own pipeline, and nobody talks to them.
pub(super) fn generator(context: &Context<'_>) -> NetworkPolicy {
    let rules = vec![
        names(),
        to(context, Component::Ingestor, ingestor::PORT),
        to(context, Component::Query, query::PORT),
    ];
    policy(context, Component::Generator, &[], rules)
}

/// To a component of the same pipeline.
fn to(context: &Context<'_>, component: Component, port: i32) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        to: Some(vec![NetworkPolicyPeer {
            pod_selector: Some(context.label_selector(context.serving(component))),
            ..Default::default()
        }]),
        ports: Some(vec![tcp(port)]),
    }
}

fn with_listeners(context: &Context<'_>, mut policy: NetworkPolicy) -> NetworkPolicy {
    let rules = policy.spec.get_or_insert_default().ingress.get_or_insert_default();
    rules.extend(listeners::policy_rules(context));
    policy
}

fn policy(
    context: &Context<'_>,
    component: Component,
    ports: &[i32],
    egress: Vec<NetworkPolicyEgressRule>,
) -> NetworkPolicy {
    let from = NetworkPolicyIngressRule {
        // Senders, Ingress controllers and Prometheus are anywhere in the cluster.
        from: Some(all_pods()),
        ports: Some(ports.iter().copied().map(tcp).collect()),
    };
    NetworkPolicy {
        metadata: context.meta(context.name(component), component),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(context.label_selector(component)),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: Some(if ports.is_empty() { Vec::new() } else { vec![from] }),
            egress: Some(egress),
        }),
    }
}

/// Of the whole cluster, and nobody outside of it.
pub(super) fn all_pods() -> Vec<NetworkPolicyPeer> {
    vec![NetworkPolicyPeer { namespace_selector: Some(LabelSelector::default()), ..Default::default() }]
}

fn names() -> NetworkPolicyEgressRule {
    let dns = |protocol: &str| NetworkPolicyPort { protocol: Some(protocol.to_owned()), ..tcp(53) };
    NetworkPolicyEgressRule { to: None, ports: Some(vec![dns("UDP"), dns("TCP")]) }
}

/// Wherever the cluster is: its addresses may be names, and policies know none.
fn to_cluster(cluster: &Cluster) -> NetworkPolicyEgressRule {
    let mut ports: Vec<_> = cluster.urls.iter().map(|url| port_of(url)).collect();
    ports.sort_unstable();
    ports.dedup();
    NetworkPolicyEgressRule { to: None, ports: Some(ports.into_iter().map(tcp).collect()) }
}

fn tcp(port: i32) -> NetworkPolicyPort {
    NetworkPolicyPort { port: Some(IntOrString::Int(port)), protocol: Some("TCP".to_owned()), end_port: None }
}
