//! Objects of the Prometheus operator.

use kube::api::ApiResource;
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use super::context::{COMPONENT, Component, Context};
use super::{Operand, alerts};
use crate::validate::Storage;

pub(super) const GROUP: &str = "monitoring.coreos.com";

pub(crate) fn resource(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, "v1", kind))
}

fn operand(context: &Context<'_>, kind: &str, spec: Value) -> Operand {
    let mut metadata = context.meta(context.pipeline.name.clone(), Component::Ingestor);
    // Its own stay what they are: the operator finds its objects by them.
    let labels = metadata.labels.get_or_insert_default();
    for (key, value) in &context.settings.monitor_labels {
        labels.entry(key.clone()).or_insert_with(|| value.clone());
    }
    let object = json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata, "spec": spec,
    });
    Operand { resource: resource(kind), object }
}

pub(super) fn service_monitor(context: &Context<'_>) -> Operand {
    let mut endpoints = vec![json!({ "port": "admin", "interval": "30s" })];
    if let Storage::Embedded(_) = context.pipeline.storage {
        endpoints.push(json!({ "port": "query-admin", "interval": "30s" }));
    }
    let mut selector = context.selector(Component::Ingestor);
    selector.insert(COMPONENT.to_owned(), "metrics".to_owned());
    let spec = json!({ "selector": { "matchLabels": selector }, "endpoints": endpoints });
    operand(context, "ServiceMonitor", spec)
}

pub(super) fn prometheus_rule(context: &Context<'_>) -> Operand {
    let pipeline = context.pipeline;
    let group = format!("logpipeline.{}.{}", pipeline.namespace, pipeline.name);
    let groups = json!([{ "name": group, "rules": alerts::rules(pipeline) }]);
    operand(context, "PrometheusRule", json!({ "groups": groups }))
}
