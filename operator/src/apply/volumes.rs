//! Volumes that are to grow. A StatefulSet's claims cannot be changed: its volumes are, and it is made anew around its pods.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::ApplyError;
use crate::build::{MANAGER, Operand};
use crate::quantity;

/// Grows the volumes of a StatefulSet where they are to be larger, and removes it from around its pods so that it can be made
/// anew. Whether it did.
pub(super) async fn grow(
    client: &Client,
    namespace: &str,
    operand: &Operand,
    found: &DynamicObject,
) -> Result<bool, ApplyError> {
    let wanted = &operand.object;
    if operand.kind() != "StatefulSet" {
        return Ok(false);
    }
    let template = &wanted["spec"]["volumeClaimTemplates"][0];
    let Some(size) = requested(template) else { return Ok(false) };
    let is_as_wanted = requested(&found.data["spec"]["volumeClaimTemplates"][0])
        .is_some_and(|now| quantity::bytes(now) == quantity::bytes(size));
    let policy = |of: &Value| of["spec"]["volumeClaimTemplates"][0]["metadata"]["labels"].clone();
    if is_as_wanted && policy(wanted) == policy(&found.data) {
        return Ok(false);
    }
    let name = found.name_any();
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
    let prefix = format!("{}-{name}-", template["metadata"]["name"].as_str().unwrap_or_default());
    let listed = claims.list(&ListParams::default()).await;
    let listed = listed.map_err(ApplyError::of("list", "PersistentVolumeClaim", &prefix))?;
    for claim in listed.items.iter().filter(|claim| is_of(claim, &prefix)) {
        let claim_name = claim.name_any();
        let value = serde_json::to_value(claim).unwrap_or_default();
        let smaller = requested(&value).and_then(quantity::bytes) < quantity::bytes(size);
        if !smaller {
            continue;
        }
        let patch = json!({ "spec": { "resources": { "requests": { "storage": size } } } });
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
        let sent = claims.patch(&claim_name, &params, &Patch::Merge(&patch)).await;
        sent.map_err(ApplyError::of("grow", "PersistentVolumeClaim", &claim_name))?;
    }
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), namespace);
    match sets.delete(&name, &DeleteParams::orphan()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        other => {
            other.map_err(ApplyError::of("make anew", "StatefulSet", &name))?;
        }
    }
    // Orphaning its pods takes the garbage collector a moment.
    for _ in 0..50 {
        let found = sets.get_metadata_opt(&name).await;
        if found.map_err(ApplyError::of("read", "StatefulSet", &name))?.is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    Ok(true)
}

fn requested(claim: &Value) -> Option<&str> {
    claim["spec"]["resources"]["requests"]["storage"].as_str()
}

/// `data-shop-store-0` is of `data-shop-store-`; `data-shop-store-x-0` is not.
pub(super) fn is_of(claim: &PersistentVolumeClaim, prefix: &str) -> bool {
    let name = claim.name_any();
    name.strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}
