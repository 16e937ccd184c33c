//! The embedded store: one pod that holds ingestor and query server over one volume.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec,
};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::config::{self, DATA};
use super::context::{Component, Context};
use super::pod::{self, PodParts};
use super::{access, ingestor, query};
use crate::crd::DeletionPolicy;
use crate::validate::{Replicas, Volume};

pub(super) const VOLUME: &str = "data";
const COMPONENT: Component = Component::Store;

pub(super) fn stateful_set(context: &Context<'_>, volume: &Volume) -> StatefulSet {
    let (mut volumes, ingestor_mounts) = access::ingestor(context);
    let (more_volumes, mut query_mounts) = access::query(context);
    volumes.extend(more_volumes);
    // The query server writes nothing there.
    query_mounts.push(pod::mount(VOLUME, DATA, true));
    let variables = [config::ingestor_variables(context), config::query_variables(context)];
    let parts = PodParts {
        component: COMPONENT,
        account: context.name(Component::Ingestor),
        containers: vec![
            ingestor::container(context, ingestor_mounts),
            query::container(context, &query::PORTS_BESIDE, query_mounts),
        ],
        volumes,
        config_hash: Some(config::config_hash(context, COMPONENT, &[&variables[0], &variables[1]])),
        grace: ingestor::GRACE,
    };
    let replicas = match context.pipeline.ingestor.replicas {
        Replicas::Fixed(count) => count.min(1),
        Replicas::Between { .. } => 1,
    };
    StatefulSet {
        metadata: context.meta(context.name(COMPONENT), COMPONENT),
        spec: Some(StatefulSetSpec {
            replicas: Some(replicas),
            selector: context.label_selector(COMPONENT),
            service_name: Some(super::service::peers_name(context, COMPONENT)),
            template: pod::template(context, parts),
            // In order, a pod that never became ready would not be replaced by a mended one.
            pod_management_policy: Some("Parallel".to_owned()),
            volume_claim_templates: Some(vec![claim(context, volume)]),
            persistent_volume_claim_retention_policy: Some(claims_kept(context)),
            ..Default::default()
        }),
        status: None,
    }
}

pub(super) fn claim(context: &Context<'_>, volume: &Volume) -> PersistentVolumeClaim {
    let storage = BTreeMap::from([("storage".to_owned(), Quantity(volume.size.clone()))]);
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(VOLUME.to_owned()),
            // Those of the selector: whoever looks for a pipeline's volumes finds them.
            labels: Some(context.selector(context.serving(Component::Ingestor))),
            ..Default::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: volume.storage_class.clone(),
            resources: Some(VolumeResourceRequirements { requests: Some(storage), limits: None }),
            ..Default::default()
        }),
        status: None,
    }
}

/// Volumes hold entries: they outlive a smaller number of pods, and the pipeline itself where it says so.
pub(super) fn claims_kept(context: &Context<'_>) -> StatefulSetPersistentVolumeClaimRetentionPolicy {
    let deleted = match context.pipeline.deletion_policy {
        DeletionPolicy::Retain => "Retain",
        DeletionPolicy::Delete => "Delete",
    };
    StatefulSetPersistentVolumeClaimRetentionPolicy {
        when_deleted: Some(deleted.to_owned()),
        when_scaled: Some("Retain".to_owned()),
    }
}
