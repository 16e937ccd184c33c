//! What the cluster is like after everything was applied.

use std::sync::Arc;

use kube::ResourceExt;
use kube::api::DynamicObject;

use super::Context;
use crate::apply::is_owned;
use crate::build::{COMPONENT, Component, INSTANCE, names, selector_text};
use crate::crd::{Endpoints, LogPipeline};
use crate::delivery;
use crate::status::{self, Report, Verdict, Workload, availability};
use crate::validate::{Pipeline, Storage, Wal};

pub(super) async fn observe(
    resource: &LogPipeline,
    pipeline: &Pipeline,
    context: &Context,
    report: &mut Report,
) {
    let pods = context.stores.all("Pod", &pipeline.namespace);
    let (taking, searching) = match pipeline.storage {
        Storage::Embedded(_) => (Component::Store, Component::Store),
        Storage::Elasticsearch(_) => (Component::Ingestor, Component::Query),
    };
    let kind = |component| match (&pipeline.storage, &pipeline.ingestor.wal, component) {
        (Storage::Embedded(_), ..) | (_, Wal::Volume(_), Component::Ingestor) => "StatefulSet",
        _ => "Deployment",
    };
    let workload = |component| {
        let name = names::of(&pipeline.name, component);
        let found = context.stores.get(kind(component), &pipeline.namespace, &name)?;
        is_owned(&found, &pipeline.uid).then(|| Workload::of(&found))
    };
    let ingestors = of(&pods, &pipeline.name, taking);
    let ingestor = workload(taking);
    report
        .verdicts
        .push((status::INGESTOR_AVAILABLE, availability(ingestor.as_ref(), &ingestors, "ingestor")));
    let query = workload(searching);
    let readers = of(&pods, &pipeline.name, searching);
    report.verdicts.push((status::QUERY_AVAILABLE, availability(query.as_ref(), &readers, "query")));
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
    report.verdicts.push((status::DELIVERED, delivery::delivered(&context.http, &ingestors).await));
    report.endpoints = Some(endpoints(pipeline, context));
    report.replicas =
        Some(ingestor.map_or(0, |workload| i32::try_from(workload.replicas).unwrap_or(i32::MAX)));
    report.selector = Some(selector_text(&pipeline.name, taking));
    let before = resource.status.as_ref().map(|status| status.generators.as_slice()).unwrap_or_default();
    let jobs: Vec<_> = context.stores.all("Job", &pipeline.namespace);
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
