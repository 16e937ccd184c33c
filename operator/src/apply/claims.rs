//! Volumes of a pipeline that is being deleted: they stay or go as its spec says now, whatever was applied last.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::{ApplyError, is_owned};
use crate::build::MANAGER;
use crate::crd::DeletionPolicy;
use crate::watch::Stores;

/// Tells the StatefulSets of a pipeline what is to become of their volumes. Whether their controller has done it.
pub async fn follow(
    client: &Client,
    stores: &Stores,
    namespace: &str,
    uid: &str,
    policy: DeletionPolicy,
) -> Result<bool, ApplyError> {
    let deleted = match policy {
        DeletionPolicy::Retain => "Retain",
        DeletionPolicy::Delete => "Delete",
    };
    let mut done = true;
    for set in stores.all("StatefulSet", namespace) {
        if !is_owned(&set, uid) || set.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let name = set.name_any();
        if set.data["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] != deleted {
            let api: Api<StatefulSet> = Api::namespaced(client.clone(), namespace);
            let patch =
                json!({ "spec": { "persistentVolumeClaimRetentionPolicy": { "whenDeleted": deleted } } });
            let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
            let sent = api.patch(&name, &params, &Patch::Merge(&patch)).await;
            sent.map_err(ApplyError::of("patch", "StatefulSet", &name))?;
            done = false;
        } else if !are_tied(client, namespace, &set, policy == DeletionPolicy::Delete).await? {
            done = false;
        }
    }
    Ok(done)
}

/// Whether all volumes of a StatefulSet go with it, or none.
async fn are_tied(
    client: &Client,
    namespace: &str,
    set: &DynamicObject,
    wanted: bool,
) -> Result<bool, ApplyError> {
    let templates =
        set.data["spec"]["volumeClaimTemplates"].as_array().map(Vec::as_slice).unwrap_or_default();
    let api: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
    for template in templates {
        let prefix =
            format!("{}-{}-", template["metadata"]["name"].as_str().unwrap_or_default(), set.name_any());
        let listed = api.list(&ListParams::default()).await;
        let listed = listed.map_err(ApplyError::of("list", "PersistentVolumeClaim", &prefix))?;
        let of_set = listed.items.iter().filter(|claim| super::volumes::is_of(claim, &prefix));
        let tied = |claim: &&PersistentVolumeClaim| {
            claim.owner_references().iter().any(|owner| owner.uid == set.uid().unwrap_or_default())
        };
        if of_set.filter(|claim| tied(claim) != wanted).count() > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
