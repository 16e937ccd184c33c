//! Settings that somebody added: pods would read them, and server-side apply leaves them to whoever added them.

use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams};
use serde_json::{Map, Value, json};

use super::ApplyError;
use crate::build::{MANAGER, Operand};

/// Removes them; what is there then.
pub(super) async fn remove(
    api: &Api<DynamicObject>,
    operand: &Operand,
    now: DynamicObject,
) -> Result<DynamicObject, ApplyError> {
    if operand.kind() != "ConfigMap" {
        return Ok(now);
    }
    let wanted = |name: &str| operand.object["data"].get(name).is_some();
    let found = now.data["data"].as_object();
    let added: Map<String, Value> = found
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| !wanted(name))
        .map(|name| (name.clone(), Value::Null))
        .collect();
    if added.is_empty() {
        return Ok(now);
    }
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
    let sent = api.patch(operand.name(), &params, &Patch::Merge(&json!({ "data": added }))).await;
    sent.map_err(ApplyError::of("apply", operand.kind(), operand.name()))
}
