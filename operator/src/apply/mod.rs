//! Step four: the cluster is made to hold what was built, by server-side apply, with as few requests as it takes.

pub mod claims;
mod compare;
mod internal;
mod replicas;
mod surplus;
mod volumes;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use crate::build::{MANAGER, Operand, SPEC_HASH};
use crate::validate::Pipeline;
use crate::watch::Stores;

pub use internal::{ensure_internal_secret, internal_key};

#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error("failed to {verb} {kind} {name}: {source}")]
    Request { verb: &'static str, kind: String, name: String, source: kube::Error },
    #[error(
        "{kind} {name} is there and belongs to somebody else: remove it, or give the LogPipeline another name"
    )]
    Foreign { kind: &'static str, name: String },
}

impl ApplyError {
    fn is_not_found(&self) -> bool {
        matches!(self, Self::Request { source: kube::Error::Api(status), .. } if status.code == 404)
    }

    fn of(verb: &'static str, kind: &str, name: &str) -> impl FnOnce(kube::Error) -> Self {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        move |source| Self::Request { verb, kind, name, source }
    }
}

/// What applying came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Objects that were made, changed or removed, as `Kind name`.
    pub changed: Vec<String>,
    /// Objects whose names are taken by others' objects.
    pub foreign: Vec<String>,
}

pub struct Applier {
    client: Client,
    /// What each object was when it was last found to be as it should.
    settled: Mutex<HashMap<String, Settled>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Settled {
    spec_hash: String,
    resource_version: String,
}

impl fmt::Debug for Applier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Applier").finish_non_exhaustive()
    }
}

impl Applier {
    pub fn new(client: Client) -> Self {
        Self { client, settled: Mutex::default() }
    }

    /// Makes or mends every operand, then removes what is ours and no operand any more. One that fails holds up no other; the
    /// first failure is told, and nothing is removed then.
    pub async fn apply(
        &self,
        pipeline: &Pipeline,
        operands: &[Operand],
        stores: &Stores,
    ) -> Result<Applied, ApplyError> {
        let mut applied = Applied::default();
        let mut failure = None;
        for operand in operands {
            if let Err(error) = self.one(pipeline, operand, stores, &mut applied).await {
                tracing::warn!(kind = operand.kind(), name = operand.name(), %error, "failed to bring in line");
                failure.get_or_insert(error);
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        self.prune(pipeline, operands, stores, &mut applied).await?;
        Ok(applied)
    }

    async fn one(
        &self,
        pipeline: &Pipeline,
        operand: &Operand,
        stores: &Stores,
        applied: &mut Applied,
    ) -> Result<(), ApplyError> {
        let (kind, name) = (operand.kind(), operand.name());
        let api = self.api(&operand.resource, &pipeline.namespace);
        let found = match stores.get(kind, &pipeline.namespace, name) {
            Some(found) => Some(found.as_ref().clone()),
            // Of others' objects, and of those made in this moment, watches tell nothing.
            None => api.get_opt(name).await.map_err(ApplyError::of("read", kind, name))?,
        };
        let mut wanted = operand.clone();
        let mut refused = None;
        if let Some(found) = &found {
            if !is_owned(found, &pipeline.uid) {
                applied.foreign.push(format!("{kind} {name}"));
                return Ok(());
            }
            // A Job runs once, as it was made.
            if kind == "Job" || self.is_settled(operand, found) {
                return Ok(());
            }
            // Only this very object: one that is made meanwhile may be somebody else's.
            wanted.object["metadata"]["uid"] = json!(found.uid());
            match volumes::grow(&self.client, &pipeline.namespace, operand, found).await {
                Ok(false) => replicas::hand_over(&api, operand).await?,
                Ok(true) => {
                    applied.changed.push(format!("{kind} {name}"));
                    replicas::keep(&mut wanted, found);
                    wanted.object["metadata"]["uid"].take();
                }
                // All else changes though a volume cannot.
                Err(error) => {
                    let claims = found.data["spec"]["volumeClaimTemplates"].clone();
                    wanted.object["spec"]["volumeClaimTemplates"] = claims;
                    refused = Some(error);
                }
            }
        } else if let Some(deployment) = before_the_set(pipeline, operand, stores) {
            replicas::keep(&mut wanted, &deployment);
        } else {
            replicas::begin(&mut wanted, pipeline);
        }
        let before = found.as_ref().and_then(ResourceExt::resource_version);
        let now = match self.patch(&api, &wanted).await {
            // A kind that was there a moment ago.
            Err(error) if operand.is_optional() && error.is_not_found() => return Ok(()),
            other => other?,
        };
        if before != now.resource_version() {
            applied.changed.push(format!("{kind} {name}"));
        }
        if let Some(error) = refused {
            return Err(error);
        }
        self.settle(operand, &now);
        Ok(())
    }

    async fn patch(&self, api: &Api<DynamicObject>, operand: &Operand) -> Result<DynamicObject, ApplyError> {
        let params = PatchParams::apply(MANAGER).force();
        let patch = Patch::Apply(&operand.object);
        let sent = api.patch(operand.name(), &params, &patch).await;
        let now = sent.map_err(ApplyError::of("apply", operand.kind(), operand.name()))?;
        surplus::remove(api, operand, now).await
    }

    /// Whether an object is as it should be, as far as can be told without a request.
    fn is_settled(&self, operand: &Operand, found: &DynamicObject) -> bool {
        let now = settled(operand, found);
        let known = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(&key(found)) == Some(&now) {
            return true;
        }
        drop(known);
        let Ok(live) = serde_json::to_value(found) else { return false };
        let is = compare::holds(&live, &operand.object);
        if is {
            self.settle(operand, found);
        }
        is
    }

    fn settle(&self, operand: &Operand, found: &DynamicObject) {
        let mut known = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key(found), settled(operand, found));
    }

    /// Removes objects of the pipeline that are no operands.
    async fn prune(
        &self,
        pipeline: &Pipeline,
        operands: &[Operand],
        stores: &Stores,
        applied: &mut Applied,
    ) -> Result<(), ApplyError> {
        let wanted: BTreeSet<_> = operands.iter().map(|one| (one.kind(), one.name())).collect();
        for resource in stores.resources() {
            for found in stores.all(&resource.kind, &pipeline.namespace) {
                let name = found.name_any();
                if wanted.contains(&(resource.kind.as_str(), name.as_str()))
                    || !is_owned(&found, &pipeline.uid)
                    || found.metadata.deletion_timestamp.is_some()
                    || (resource.kind == "Deployment"
                        && wanted.contains(&("StatefulSet", name.as_str()))
                        && !takes_over(pipeline, &name, stores))
                {
                    continue;
                }
                self.remove(resource, &pipeline.namespace, &found).await?;
                applied.changed.push(format!("{} {name}", resource.kind));
            }
        }
        Ok(())
    }

    /// Removes this very object: one of its name that is made meanwhile may be somebody else's.
    pub async fn remove(
        &self,
        resource: &ApiResource,
        namespace: &str,
        found: &DynamicObject,
    ) -> Result<(), ApplyError> {
        let name = found.name_any();
        let this = Preconditions { uid: found.uid(), resource_version: None };
        let params = DeleteParams::background().preconditions(this);
        match self.api(resource, namespace).delete(&name, &params).await {
            Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => Ok(()),
            other => other.map(drop).map_err(ApplyError::of("delete", &resource.kind, &name)),
        }
    }

    /// Forgets what is known of a pipeline's objects.
    pub fn forget(&self, uid: &str) {
        let mut known = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|key, _| !key.starts_with(uid));
    }

    fn api(&self, resource: &ApiResource, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, resource)
    }
}

/// The Deployment in whose place a StatefulSet is made.
fn before_the_set(pipeline: &Pipeline, operand: &Operand, stores: &Stores) -> Option<Arc<DynamicObject>> {
    let found = stores.get("Deployment", &pipeline.namespace, operand.name())?;
    (operand.kind() == "StatefulSet" && is_owned(&found, &pipeline.uid)).then_some(found)
}

/// Whether what a Deployment did is done by the StatefulSet of its name: its volumes may be long in coming, or never come.
fn takes_over(pipeline: &Pipeline, name: &str, stores: &Stores) -> bool {
    let set = stores.get("StatefulSet", &pipeline.namespace, name);
    set.is_some_and(|set| set.data["status"]["availableReplicas"].as_i64().unwrap_or_default() > 0)
}

/// Whether a pipeline is the controller of an object.
pub fn is_owned(object: &DynamicObject, uid: &str) -> bool {
    let controls = |owner: &&k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference| {
        owner.controller == Some(true) && owner.uid == uid
    };
    object.owner_references().iter().any(|owner| controls(&owner))
}

fn key(found: &DynamicObject) -> String {
    let owner = found.owner_references().first().map(|owner| owner.uid.clone()).unwrap_or_default();
    format!("{owner}/{}", found.uid().unwrap_or_default())
}

fn settled(operand: &Operand, found: &DynamicObject) -> Settled {
    let hash = match &operand.object["metadata"]["annotations"][SPEC_HASH] {
        Value::String(hash) => hash.clone(),
        _ => String::new(),
    };
    Settled { spec_hash: hash, resource_version: found.resource_version().unwrap_or_default() }
}
