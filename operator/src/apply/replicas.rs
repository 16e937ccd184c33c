//! Who decides how many pods there are: the operator, or an autoscaler.

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::ApplyError;
use crate::build::{MANAGER, Operand};
use crate::validate::{Pipeline, Replicas};

/// Owns the number of pods from when the operator gives it up until an autoscaler sets another: a field that nobody owns
/// would fall back to its default, which is one pod.
const KEEPER: &str = "logpipeline-operator-autoscaling";

/// Keeps the number of pods as it is where it was the operator's so far and is to be an autoscaler's.
pub(super) async fn hand_over(api: &Api<DynamicObject>, operand: &Operand) -> Result<(), ApplyError> {
    let (kind, name) = (operand.kind(), operand.name());
    if !["Deployment", "StatefulSet"].contains(&kind) || !operand.object["spec"]["replicas"].is_null() {
        return Ok(());
    }
    // Watches leave out who owns what.
    let Some(found) = api.get_opt(name).await.map_err(ApplyError::of("read", kind, name))? else {
        return Ok(());
    };
    if !owns(&found) {
        return Ok(());
    }
    let kept = json!({
        "apiVersion": operand.object["apiVersion"], "kind": kind, "metadata": { "name": name },
        "spec": { "replicas": found.data["spec"]["replicas"] },
    });
    let params = PatchParams::apply(KEEPER).force();
    api.patch(name, &params, &Patch::Apply(&kept)).await.map_err(ApplyError::of("apply", kind, name))?;
    Ok(())
}

/// Makes an object with as many pods as the one had whose place it takes, where an autoscaler is to decide later.
pub(super) fn keep(operand: &mut Operand, before: &DynamicObject) {
    let spec = &mut operand.object["spec"];
    if spec["replicas"].is_null() && before.data["spec"]["replicas"].is_number() {
        spec["replicas"] = before.data["spec"]["replicas"].clone();
    }
}

/// Makes an object with as many pods as an autoscaler leaves at least: it begins to decide some time later.
pub(super) fn begin(operand: &mut Operand, pipeline: &Pipeline) {
    let set = ["Deployment", "StatefulSet"].contains(&operand.kind());
    if let (true, true, Replicas::Between { least, .. }) =
        (set, operand.object["spec"]["replicas"].is_null(), pipeline.ingestor.replicas)
    {
        operand.object["spec"]["replicas"] = json!(least);
    }
}

fn owns(found: &DynamicObject) -> bool {
    found.managed_fields().iter().any(|entry| {
        entry.manager.as_deref() == Some(MANAGER)
            && entry.subresource.as_deref().unwrap_or_default().is_empty()
            && entry.fields_v1.as_ref().is_some_and(|fields| !fields.0["f:spec"]["f:replicas"].is_null())
    })
}
