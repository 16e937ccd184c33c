//! Ports of the ingestor beside the one for HTTP: what each listener adds to its container, its Service, its settings and its NetworkPolicy.

use k8s_openapi::api::core::v1::{ContainerPort, ServicePort};
use k8s_openapi::api::networking::v1::{NetworkPolicyIngressRule, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::access::Mounts;
use super::config::Variables;
use super::context::Context;
use super::{network, pod};
use crate::crd::ListenerProtocol;

pub(super) fn container_ports(context: &Context<'_>) -> impl Iterator<Item = ContainerPort> {
    protocols(context).map(|one| pod::port(name(one), one.port(), transport(one)))
}

pub(super) fn service_ports(context: &Context<'_>) -> impl Iterator<Item = ServicePort> {
    context.pipeline.ingestor.listeners.iter().map(|one| ServicePort {
        name: Some(name(one.protocol).to_owned()),
        port: one.port,
        target_port: Some(IntOrString::String(name(one.protocol).to_owned())),
        protocol: Some(transport(one.protocol).to_owned()),
        // Meshes and gateways take TCP for one connection a sender unless they are told.
        app_protocol: (one.protocol == ListenerProtocol::OtlpGrpc).then(|| "grpc".to_owned()),
        ..Default::default()
    })
}

pub(super) fn variables(context: &Context<'_>) -> Variables {
    let ingestor = &context.pipeline.ingestor;
    let mut variables = Variables::new();
    let mut set = |name: &str, value: String| variables.insert(format!("LOGPIPELINE_{name}"), value);
    for one in protocols(context) {
        set(variable(one), format!("0.0.0.0:{}", one.port()));
    }
    if let Some(key) = ingestor.shared_key() {
        set("FORWARD_SHARED_KEY_FILE", Mounts::file(Mounts::FORWARD, &key.key));
    }
    if ingestor.anonymous_listeners().next().is_some() {
        set("ALLOW_ANONYMOUS_LISTENERS", "true".to_owned());
    }
    variables
}

/// A rule each: who may reach one port says nothing of the others.
pub(super) fn policy_rules(context: &Context<'_>) -> impl Iterator<Item = NetworkPolicyIngressRule> {
    context.pipeline.ingestor.listeners.iter().map(|one| {
        let port = NetworkPolicyPort {
            port: Some(IntOrString::Int(one.protocol.port())),
            protocol: Some(transport(one.protocol).to_owned()),
            end_port: None,
        };
        // To a NetworkPolicy an empty list is everybody.
        let from = if one.from.is_empty() { network::all_pods() } else { one.from.clone() };
        NetworkPolicyIngressRule { from: Some(from), ports: Some(vec![port]) }
    })
}

fn protocols(context: &Context<'_>) -> impl Iterator<Item = ListenerProtocol> {
    context.pipeline.ingestor.listeners.iter().map(|one| one.protocol)
}

fn transport(protocol: ListenerProtocol) -> &'static str {
    if protocol.is_udp() { "UDP" } else { "TCP" }
}

/// Of the port; Kubernetes takes 15 letters at most.
fn name(protocol: ListenerProtocol) -> &'static str {
    match protocol {
        ListenerProtocol::OtlpGrpc => "otlp-grpc",
        ListenerProtocol::SyslogUdp => "syslog-udp",
        ListenerProtocol::SyslogTcp => "syslog-tcp",
        ListenerProtocol::SyslogTls => "syslog-tls",
        ListenerProtocol::Relp => "relp",
        ListenerProtocol::Forward => "forward",
        ListenerProtocol::Lumberjack => "lumberjack",
        ListenerProtocol::GelfTcp => "gelf-tcp",
        ListenerProtocol::GelfUdp => "gelf-udp",
    }
}

/// Of the address that the ingestor listens on.
fn variable(protocol: ListenerProtocol) -> &'static str {
    match protocol {
        ListenerProtocol::OtlpGrpc => "OTLP_GRPC_LISTEN",
        ListenerProtocol::SyslogUdp => "SYSLOG_UDP_LISTEN",
        ListenerProtocol::SyslogTcp => "SYSLOG_TCP_LISTEN",
        ListenerProtocol::SyslogTls => "SYSLOG_TLS_LISTEN",
        ListenerProtocol::Relp => "RELP_LISTEN",
        ListenerProtocol::Forward => "FORWARD_LISTEN",
        ListenerProtocol::Lumberjack => "LUMBERJACK_LISTEN",
        ListenerProtocol::GelfTcp => "GELF_TCP_LISTEN",
        ListenerProtocol::GelfUdp => "GELF_UDP_LISTEN",
    }
}
