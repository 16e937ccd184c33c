//! What the cluster is like after everything was applied.

use std::sync::Arc;

use kube::ResourceExt;
use kube::api::DynamicObject;

use super::Context;
use crate::apply::is_owned;
use crate::build::{COMPONENT, Component, INSTANCE, names, selector_text};
use crate::crd::{Endpoints, LogPipeline, Wal, WalDurability};
use crate::delivery;
use crate::status::{self, Report, Verdict, Workload, availability};
use crate::validate::{Pipeline, Storage};

/// Which workloads a pipeline has.
pub(super) struct Shape {
    namespace: String,
    name: String,
    uid: String,
    embedded: bool,
    /// Whether ingestors are of a StatefulSet.
    volume: bool,
    /// How many ingestors are enough, where an autoscaler says how many there are.
    least: Option<i64>,
}

impl Shape {
    /// Of a spec that may be invalid otherwise.
    pub(super) fn of(resource: &LogPipeline) -> Self {
        let ingestor = &resource.spec.ingestor;
        let embedded = resource.spec.storage.embedded.is_some();
        let on_volume = |wal: &Wal| wal.durability == WalDurability::Volume;
        Self {
            namespace: resource.namespace().unwrap_or_default(),
            name: resource.name_any(),
            uid: resource.uid().unwrap_or_default(),
            embedded,
            volume: embedded || ingestor.wal.as_ref().is_some_and(on_volume),
            least: ingestor.autoscaling.as_ref().map(|auto| i64::from(auto.min_replicas)),
        }
    }

    fn component(&self, component: Component) -> Component {
        if self.embedded { Component::Store } else { component }
    }
}

/// Whether ingestors and query servers run, and entries are delivered; how many ingestors there are.
pub(super) async fn running(shape: &Shape, context: &Context, report: &mut Report) -> Option<Workload> {
    let pods = context.stores.all("Pod", &shape.namespace);
    let workload = |component| {
        let stateful = shape.embedded || (shape.volume && component == Component::Ingestor);
        let kind = if stateful { "StatefulSet" } else { "Deployment" };
        let name = names::of(&shape.name, component);
        let found = context.stores.get(kind, &shape.namespace, &name)?;
        is_owned(&found, &shape.uid).then(|| Workload::of(&found))
    };
    let (taking, searching) = (shape.component(Component::Ingestor), shape.component(Component::Query));
    let ingestors = of(&pods, &shape.name, taking);
    let mut ingestor = workload(taking);
    if let (Some(workload), Some(least)) = (&mut ingestor, shape.least) {
        workload.enough = least;
    }
    let verdict = availability(ingestor.as_ref(), &ingestors, "ingestor");
    report.verdicts.push((status::INGESTOR_AVAILABLE, verdict));
    let readers = of(&pods, &shape.name, searching);
    let verdict = availability(workload(searching).as_ref(), &readers, "query");
    report.verdicts.push((status::QUERY_AVAILABLE, verdict));
    report.verdicts.push((status::DELIVERED, delivery::delivered(&context.http, &ingestors).await));
    ingestor
}

pub(super) async fn observe(
    resource: &LogPipeline,
    pipeline: &Pipeline,
    context: &Context,
    report: &mut Report,
) {
    let shape = Shape::of(resource);
    let ingestor = running(&shape, context, report).await;
    if let Storage::Embedded(_) = pipeline.storage {
        let storage = match ingestor.as_ref() {
            Some(workload) if workload.available > 0 => Verdict::yes("Embedded", "the store is in use"),
            _ => Verdict::no("StoreNotStarted", "the pod that holds the store is not ready"),
        };
        let none = "the embedded store has no templates";
        let retention = "the ingestor removes what is older than asked for";
        report.verdicts.extend([
            (status::STORAGE_READY, storage),
            (status::TEMPLATES_APPLIED, Verdict::yes("Embedded", none)),
            (status::RETENTION_APPLIED, Verdict::yes("Applied", retention)),
        ]);
    }
    report.endpoints = Some(endpoints(pipeline, context));
    report.replicas =
        Some(ingestor.map_or(0, |workload| i32::try_from(workload.replicas).unwrap_or(i32::MAX)));
    report.selector = Some(selector_text(&pipeline.name, shape.component(Component::Ingestor)));
    let before = resource.status.as_ref().map(|status| status.generators.as_slice()).unwrap_or_default();
    let jobs: Vec<_> = context.stores.all("Job", &pipeline.namespace);
    let pods = context.stores.all("Pod", &pipeline.namespace);
    report.generators = Some(status::generators(pipeline, before, &jobs, &pods));
}

/// The pods of a component.
pub(super) fn of<'a>(
    pods: &'a [Arc<DynamicObject>],
    pipeline: &str,
    component: Component,
) -> Vec<&'a DynamicObject> {
    let is = |pod: &&DynamicObject| {
        let labels = pod.labels();
        labels.get(INSTANCE).map(String::as_str) == Some(pipeline)
            && labels.get(COMPONENT).map(String::as_str) == Some(component.as_str())
    };
    pods.iter().map(AsRef::as_ref).filter(is).collect()
}

fn endpoints(pipeline: &Pipeline, context: &Context) -> Endpoints {
    let address = |component, tls: bool, port| {
        let scheme = if tls { "https" } else { "http" };
        let name = names::of(&pipeline.name, component);
        format!("{scheme}://{name}.{}.svc.{}:{port}", pipeline.namespace, context.settings.cluster_domain)
    };
    let query = match &pipeline.query.ingress {
        Some(ingress) => {
            let scheme = if ingress.tls.is_some() { "https" } else { "http" };
            format!("{scheme}://{}", ingress.host)
        }
        None => address(Component::Query, pipeline.query.tls.is_some(), 8080),
    };
    Endpoints {
        ingest: Some(address(Component::Ingestor, pipeline.ingestor.tls.is_some(), 3000)),
        query: Some(query),
    }
}
