//! A LogPipeline that is being deleted: its pods end first, then what it holds in Elasticsearch goes as its policy says.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::events::EventType;

use super::publish::{publish, tell};
use super::{Context, Outcome, ReconcileError, finalize, observe};
use crate::apply::{claims, is_owned};
use crate::build::Component;
use crate::crd::LogPipeline;
use crate::elasticsearch;
use crate::fetch;
use crate::status::{self, Report, Verdict};
use crate::validate::{self, Cluster, Invalid, Storage};

/// How soon to look again whether pods have ended.
const SOON: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_secs(10);
/// What the controller of StatefulSets takes to tie volumes to them, or to untie them.
const CLAIMS: Duration = Duration::from_secs(30);
/// What pods take to end, shipping what they have.
const USUAL: Duration = Duration::from_secs(45);

pub(super) async fn cleanup(resource: &LogPipeline, context: &Context) -> Result<Outcome, ReconcileError> {
    if !resource.finalizers().iter().any(|one| one == super::FINALIZER) {
        return Ok(Outcome::Gone);
    }
    let policy = resource.spec.deletion_policy;
    let namespace = resource.namespace().unwrap_or_default();
    let uid = resource.uid().unwrap_or_default();
    if !claims::follow(&context.client, &context.stores, &namespace, &uid, policy).await?
        && waited(resource) < CLAIMS
    {
        return Ok(Outcome::Soon(SOON));
    }
    if resource.spec.storage.elasticsearch.is_none() {
        return let_go(resource, context).await;
    }
    if resource.annotations().get(super::SKIP_CLEANUP).is_some_and(|value| value == "true") {
        let note =
            format!("the annotation {} is set: nothing was removed from Elasticsearch", super::SKIP_CLEANUP);
        tell(resource, context, EventType::Warning, "CleanupSkipped", "Cleanup", note).await;
        return let_go(resource, context).await;
    }
    // Ingestors that still ship would make anew what is removed.
    if end_workloads(resource, context).await? {
        if waited(resource) < USUAL {
            return Ok(Outcome::Soon(SOON));
        }
        let reason = "a pod of the ingestor has not ended yet, and would make anew what is removed";
        return wait_or_let_go(resource, context, reason).await;
    }
    match remove(resource, context).await? {
        Ok(left) => {
            if !left.is_empty() {
                let note = format!("kept, because the deletion policy is Retain: {}", left.join(", "));
                tell(resource, context, EventType::Normal, "EntriesKept", "Cleanup", note).await;
            }
            let_go(resource, context).await
        }
        Err(reason) => wait_or_let_go(resource, context, &reason).await,
    }
}

/// Whether some ingestor still runs, after all were told to end.
async fn end_workloads(resource: &LogPipeline, context: &Context) -> Result<bool, ReconcileError> {
    let (namespace, uid) = (resource.namespace().unwrap_or_default(), resource.uid().unwrap_or_default());
    for kind in ["Job", "HorizontalPodAutoscaler", "Deployment", "StatefulSet"] {
        for found in context.stores.all(kind, &namespace) {
            if is_owned(&found, &uid) && found.metadata.deletion_timestamp.is_none() {
                let Some(kind) = context.stores.resources().find(|one| one.kind == kind) else { continue };
                context.applier.remove(kind, &namespace, &found).await?;
            }
        }
    }
    let pods = context.stores.all("Pod", &namespace);
    Ok(!observe::of(&pods, &resource.name_any(), Component::Ingestor).is_empty())
}

/// What is left; or why nothing could be removed.
async fn remove(
    resource: &LogPipeline,
    context: &Context,
) -> Result<Result<Vec<String>, String>, ReconcileError> {
    let others = context.pipelines.state();
    if let Some(shared) = validate::shared(resource, &others) {
        tracing::info!(%shared, "nothing is removed from Elasticsearch");
        return Ok(Ok(Vec::new()));
    }
    let cluster = match cluster(resource, context).await {
        Ok(Some(cluster)) => cluster,
        Ok(None) => return Ok(Ok(Vec::new())),
        Err(reason) => return Ok(Err(reason)),
    };
    let removed = elasticsearch::remove(&cluster, resource.spec.deletion_policy).await;
    Ok(removed.map_err(|error| error.to_string()))
}

/// The cluster that the spec names, whatever else is wrong with it; where its Secrets went first, as it was reached last.
async fn cluster(resource: &LogPipeline, context: &Context) -> Result<Option<Cluster>, String> {
    let namespace = resource.namespace().unwrap_or_default();
    let fetched = fetch::fetch(&context.client, &namespace, &resource.spec, Default::default()).await;
    let reason = match fetched.map(|fetched| validate::storage_of(resource, &fetched)) {
        Ok(Ok(Storage::Elasticsearch(cluster))) => return Ok(Some(*cluster)),
        Ok(Ok(Storage::Embedded(_))) => return Ok(None),
        Ok(Err(problems)) => problems.iter().map(Invalid::to_string).collect::<Vec<_>>().join("; "),
        Err(error) => error.to_string(),
    };
    let checked = context.checked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let known = checked.get(&resource.uid().unwrap_or_default());
    known.map(|known| Some(known.cluster.clone())).ok_or(reason)
}

/// How long the deletion takes already.
fn waited(resource: &LogPipeline) -> Duration {
    let since = resource.metadata.deletion_timestamp.as_ref().map_or_else(Timestamp::now, |time| time.0);
    Timestamp::now().duration_since(since).unsigned_abs()
}

async fn wait_or_let_go(
    resource: &LogPipeline,
    context: &Context,
    reason: &str,
) -> Result<Outcome, ReconcileError> {
    if waited(resource) >= context.deletion_timeout {
        let note = format!(
            "Elasticsearch could not be cleaned up within {} s, and what it holds is left there: {reason}",
            context.deletion_timeout.as_secs()
        );
        tell(resource, context, EventType::Warning, "CleanupGivenUp", "Cleanup", note).await;
        return let_go(resource, context).await;
    }
    let message = format!(
        "the deletion waits for Elasticsearch, for at most {} s: {reason}. To let it go at once: kubectl annotate logpipeline {} {}=true",
        context.deletion_timeout.as_secs(),
        resource.name_any(),
        super::SKIP_CLEANUP
    );
    let report = Report {
        generation: resource.metadata.generation.unwrap_or_default(),
        verdicts: vec![(status::STORAGE_READY, Verdict::no("CleanupFailed", message.clone()))],
        ready: Some(Verdict::no("Deleting", message)),
        ..Report::default()
    };
    publish(resource, context, &report).await?;
    Ok(Outcome::Soon(AGAIN.min(context.deletion_timeout)))
}

async fn let_go(resource: &LogPipeline, context: &Context) -> Result<Outcome, ReconcileError> {
    finalize(resource, context, false).await?;
    let uid = resource.uid().unwrap_or_default();
    context.applier.forget(&uid);
    context.checked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&uid);
    Ok(Outcome::Gone)
}
