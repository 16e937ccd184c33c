//! Objects of the Prometheus operator.

use kube::api::ApiResource;
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use super::Operand;
use super::context::{COMPONENT, Component, Context, names};
use crate::validate::Storage;

pub(super) const GROUP: &str = "monitoring.coreos.com";

pub(crate) fn resource(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, "v1", kind))
}

fn operand(context: &Context<'_>, kind: &str, spec: Value) -> Operand {
    let metadata = context.meta(context.pipeline.name.clone(), Component::Ingestor);
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

/// What must be looked at: [docs/operate.md](../../../docs/operate.md) says what each means, and what to do.
pub(super) fn prometheus_rule(context: &Context<'_>) -> Operand {
    let pipeline = context.pipeline;
    let of =
        format!("{{namespace=\"{}\",service=\"{}\"}}", pipeline.namespace, names::metrics(&pipeline.name));
    let any = |metric: &str| format!("increase({metric}{of}[10m]) > 0");
    let ingestor = |name: &str| format!("logpipeline_ingestor_{name}");
    let rules = [
        (
            "LogpipelineLagging",
            format!("max({}{of}) > 60", ingestor("lag_seconds")),
            "5m",
            "warning",
            "Entries take over a minute to be found: the store does not keep up, or fails.",
        ),
        (
            "LogpipelineLogFilling",
            format!(
                "max({}{of} / {}{of}) > 0.8",
                ingestor("wal_waiting_bytes"),
                ingestor("wal_capacity_bytes")
            ),
            "1m",
            "critical",
            "The write-ahead log is over 80 % full: senders will be told to wait. Mend the store, or enlarge the log.",
        ),
        (
            "LogpipelineLogDamaged",
            any(&ingestor("wal_damaged_entries_total")),
            "0m",
            "critical",
            "Acknowledged entries may have been lost to damage of the log's files: check the disk.",
        ),
        (
            "LogpipelineLogNotWritten",
            any(&ingestor("wal_write_errors_total")),
            "0m",
            "critical",
            "The disk refuses writes: it is full, or failing.",
        ),
        (
            "LogpipelineDeadLetters",
            any(&ingestor("dead_lettered_entries_total")),
            "0m",
            "warning",
            "The store refuses entries for good: the dead letters have the reasons.",
        ),
    ];
    let rules: Vec<_> = rules
        .into_iter()
        .map(|(alert, expression, lasting, severity, summary)| {
            json!({
                "alert": alert,
                "expr": expression,
                "for": lasting,
                "labels": { "severity": severity, "pipeline": pipeline.name },
                "annotations": { "summary": summary },
            })
        })
        .collect();
    let group = format!("logpipeline.{}.{}", pipeline.namespace, pipeline.name);
    operand(context, "PrometheusRule", json!({ "groups": [{ "name": group, "rules": rules }] }))
}
