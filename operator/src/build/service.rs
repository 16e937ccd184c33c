//! How pods are reached.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::context::{COMPONENT, Component, Context, names};
use super::{ingestor, listeners, query};
use crate::validate::Storage;

/// `<pipeline>-ingestor:3000` and its listeners, for senders in the cluster.
pub(super) fn ingestor(context: &Context<'_>) -> Service {
    let tls = context.pipeline.ingestor.tls.is_some();
    let mut service = serving(context, Component::Ingestor, tls, ingestor::PORTS.main);
    let ports = service.spec.get_or_insert_default().ports.get_or_insert_default();
    ports.extend(listeners::service_ports(context));
    service
}

/// `<pipeline>-query:8080`, for the Ingress and for `logq`.
pub(super) fn query(context: &Context<'_>) -> Service {
    serving(context, Component::Query, context.pipeline.query.tls.is_some(), query::PORTS.main)
}

fn serving(context: &Context<'_>, component: Component, tls: bool, target: (&str, i32)) -> Service {
    let scheme = if tls { "https" } else { "http" };
    Service {
        metadata: context.meta(context.name(component), component),
        spec: Some(ServiceSpec {
            selector: Some(context.selector(context.serving(component))),
            ports: Some(vec![ServicePort { app_protocol: Some(scheme.to_owned()), ..port(scheme, target) }]),
            ..Default::default()
        }),
        status: None,
    }
}

/// The admin ports of all pods, for metrics.
pub(super) fn metrics(context: &Context<'_>) -> Service {
    let mut ports = vec![port("admin", ingestor::PORTS.admin)];
    if let Storage::Embedded(_) = context.pipeline.storage {
        ports.push(port("query-admin", query::PORTS_BESIDE.admin));
    }
    let mut metadata = context.meta(names::metrics(&context.pipeline.name), Component::Ingestor);
    metadata.labels.get_or_insert_default().insert(COMPONENT.to_owned(), "metrics".to_owned());
    let mut selector = context.selector(Component::Ingestor);
    selector.retain(|name, _| name != COMPONENT);
    Service {
        metadata,
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".to_owned()),
            // A pod that is not ready has figures that say why.
            publish_not_ready_addresses: Some(true),
            selector: Some(selector),
            ports: Some(ports),
            ..Default::default()
        }),
        status: None,
    }
}

/// Gives the pods of a StatefulSet their names, and the query server the addresses of all ingestors.
pub(super) fn peers(context: &Context<'_>, component: Component) -> Service {
    Service {
        metadata: context.meta(peers_name(context, component), component),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".to_owned()),
            // One that is not ready still knows what became of its entries.
            publish_not_ready_addresses: Some(true),
            selector: Some(context.selector(component)),
            ports: Some(vec![port("ingest", ingestor::PORTS.main), port("admin", ingestor::PORTS.admin)]),
            ..Default::default()
        }),
        status: None,
    }
}

pub(super) fn peers_name(context: &Context<'_>, component: Component) -> String {
    format!("{}-peers", context.name(component))
}

fn port(name: &str, target: (&str, i32)) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port: target.1,
        target_port: Some(IntOrString::String(target.0.to_owned())),
        protocol: Some("TCP".to_owned()),
        ..Default::default()
    }
}
