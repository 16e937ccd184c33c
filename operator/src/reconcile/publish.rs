//! The status is written where it changed, and turns of conditions are told as events.

use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType};
use kube::{Api, Resource, ResourceExt};
use serde_json::json;

use super::{Context, ReconcileError};
use crate::build::MANAGER;
use crate::crd::LogPipeline;
use crate::status::{self, Report};

/// An event holds so many bytes of text.
const NOTE: usize = 1_000;

pub(super) async fn publish(
    resource: &LogPipeline,
    context: &Context,
    report: &Report,
) -> Result<(), ReconcileError> {
    let before = resource.status.clone().unwrap_or_default();
    let (after, transitions) = status::status(&before, report, Timestamp::now());
    if after == before {
        return Ok(());
    }
    let api: Api<LogPipeline> =
        Api::namespaced(context.client.clone(), &resource.namespace().unwrap_or_default());
    let patch = json!({
        "apiVersion": "logpipeline.dev/v1alpha1", "kind": "LogPipeline",
        "metadata": { "name": resource.name_any() }, "status": after,
    });
    let params = PatchParams::apply(MANAGER).force();
    match api.patch_status(&resource.name_any(), &params, &Patch::Apply(&patch)).await {
        // It is gone meanwhile, and its status with it.
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
        other => other.map_err(ReconcileError::Status)?,
    };
    context.metrics.status_writes.inc();
    for transition in transitions {
        let verdict = transition.verdict;
        let type_ = if verdict.status == "False" { EventType::Warning } else { EventType::Normal };
        let note = format!("{} is {}: {}", transition.kind, verdict.status, verdict.message);
        tell(resource, context, type_, &verdict.reason, &transition.kind, note).await;
    }
    Ok(())
}

/// Tells something as an event. That it fails is no reason to reconcile again.
pub(super) async fn tell(
    resource: &LogPipeline,
    context: &Context,
    type_: EventType,
    reason: &str,
    action: &str,
    mut note: String,
) {
    if note.len() > NOTE {
        let end = (0..=NOTE).rev().find(|at| note.is_char_boundary(*at)).unwrap_or_default();
        note.truncate(end);
        note.push('…');
    }
    let event = Event {
        type_,
        reason: reason.to_owned(),
        note: Some(note),
        action: action.to_owned(),
        secondary: None,
    };
    if let Err(error) = context.recorder.publish(&event, &resource.object_ref(&())).await {
        tracing::warn!(%error, "failed to publish an event");
    }
}
