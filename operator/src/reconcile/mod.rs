//! From a LogPipeline as it is written to a cluster that is like it, and a status that says so.

mod cleanup;
mod error;
mod observe;
mod publish;
mod valid;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::api::{Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::events::Recorder;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Api, Client, Resource, ResourceExt};
use logpipeline_service::Shutdown;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::apply::{Applied, Applier, ApplyError, ensure_internal_secret};
use crate::backoff::Backoff;
use crate::build;
use crate::capabilities::Capabilities;
use crate::crd::LogPipeline;
use crate::elasticsearch::{self, Settled};
use crate::fetch::{self, Fetched};
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::status::{self, Report, Verdict};
use crate::validate::{self, Cluster, Pipeline, Storage};
use crate::watch::Stores;

pub use error::ReconcileError;

/// The least time between two looks at an Elasticsearch that fails.
const AGAIN: Duration = Duration::from_millis(900);

/// A request that is never answered must not hold up other pipelines.
const LONGEST: Duration = Duration::from_secs(120);

pub const FINALIZER: &str = "logpipeline.dev/cleanup";
/// With the value `true`, lets a deleted LogPipeline go without anything being removed from Elasticsearch.
pub const SKIP_CLEANUP: &str = "logpipeline.dev/skip-cleanup";

/// What reconciles share.
pub struct Context {
    pub client: Client,
    pub settings: Settings,
    pub stores: Stores,
    pub recorder: Recorder,
    pub metrics: Metrics,
    pub applier: Applier,
    pub backoff: Backoff,
    pub capabilities: Mutex<Capabilities>,
    pub http: reqwest::Client,
    /// How often what is not watched is looked at: Elasticsearch, and how entries are delivered.
    pub resync: Duration,
    /// How long a deletion waits for an Elasticsearch that cannot be reached.
    pub deletion_timeout: Duration,
    pub checked: Mutex<HashMap<String, Checked>>,
    pub permits: Arc<Semaphore>,
    pub shutdown: Shutdown,
    pub pipelines: Store<LogPipeline>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What Elasticsearch was last found to hold for a pipeline.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Of everything that decides what it is to hold, and how it is reached.
    hash: String,
    at: Instant,
    settled: Settled,
    /// How it was reached: a deletion may come after its Secrets went.
    cluster: Cluster,
}

pub async fn reconcile(resource: Arc<LogPipeline>, context: Arc<Context>) -> Result<Action, ReconcileError> {
    context.metrics.waiting.inc();
    let permit = tokio::select! {
        permit = context.permits.acquire() => Some(permit),
        // Whoever leads next begins with all of them.
        () = context.shutdown.stopping() => None,
    };
    context.metrics.waiting.dec();
    if permit.is_none() {
        return Ok(Action::await_change());
    }
    // It may have changed while it waited, or be gone.
    let Some(resource) = context.pipelines.get(&ObjectRef::from_obj(&*resource)) else {
        return Ok(Action::await_change());
    };
    let started = Instant::now();
    context.metrics.under_way.inc();
    let result = tokio::time::timeout(LONGEST, run(&resource, &context)).await;
    let result = result.unwrap_or(Err(ReconcileError::Late));
    context.metrics.under_way.dec();
    let label = match &result {
        Ok(Outcome::Invalid) => "invalid",
        Ok(_) => "ok",
        Err(_) => "error",
    };
    context.metrics.reconciles.with_label_values(&[label]).inc();
    context.metrics.duration.with_label_values(&[label]).observe(started.elapsed().as_secs_f64());
    let outcome = result?;
    let uid = resource.uid().unwrap_or_default();
    context.backoff.reset(&uid);
    if !matches!(outcome, Outcome::StoreFails) {
        context.backoff.reset(&store_key(&uid));
    }
    Ok(match outcome {
        Outcome::Gone => Action::await_change(),
        Outcome::Soon(wait) => Action::requeue(wait),
        Outcome::Settled => Action::requeue(context.resync),
        Outcome::Invalid => {
            context.metrics.errors.with_label_values(&["validate"]).inc();
            Action::requeue(context.resync)
        }
        Outcome::StoreFails => {
            context.metrics.errors.with_label_values(&["elasticsearch"]).inc();
            Action::requeue(context.backoff.failed(&store_key(&uid)).min(context.resync))
        }
    })
}

/// What to do about a reconcile that failed.
pub fn retry(resource: Arc<LogPipeline>, error: &ReconcileError, context: Arc<Context>) -> Action {
    context.metrics.errors.with_label_values(&[error.step()]).inc();
    let wait = context.backoff.failed(&resource.uid().unwrap_or_default());
    tracing::warn!(
        namespace = resource.namespace(), name = resource.name_any(), step = error.step(), %error,
        again_in_seconds = wait.as_secs(), "a reconcile failed"
    );
    Action::requeue(wait)
}

/// Under which failures of a pipeline's Elasticsearch are counted.
fn store_key(uid: &str) -> String {
    format!("{uid}/elasticsearch")
}

enum Outcome {
    Settled,
    /// All but Elasticsearch is as it should be.
    StoreFails,
    Invalid,
    /// There is more to do soon.
    Soon(Duration),
    Gone,
}

#[tracing::instrument(name = "reconcile", skip_all, fields(namespace = resource.namespace(), name = resource.name_any()))]
async fn run(resource: &LogPipeline, context: &Context) -> Result<Outcome, ReconcileError> {
    if resource.metadata.deletion_timestamp.is_some() {
        return cleanup::cleanup(resource, context).await;
    }
    if !resource.finalizers().iter().any(|one| one == FINALIZER) {
        finalize(resource, context, true).await?;
    }
    let generation = resource.metadata.generation.unwrap_or_default();
    let mut report = Report { generation, ..Report::default() };
    let namespace = resource.namespace().unwrap_or_default();
    let capabilities = *context.capabilities.lock().unwrap_or_else(PoisonError::into_inner);
    let fetched = match fetch::fetch(&context.client, &namespace, &resource.spec, capabilities).await {
        Ok(fetched) => fetched,
        Err(error) => {
            observe::running(&observe::Shape::of(resource), context, &mut report).await;
            report.ready = Some(Verdict::no("FetchFailed", error.to_string()));
            publish::publish(resource, context, &report).await?;
            return Err(error.into());
        }
    };
    let others = context.pipelines.state();
    let validated = validate::validate(resource, &fetched).and_then(|pipeline| {
        validate::shared(resource, &others).map_or(Ok(pipeline), |shared| Err(vec![shared]))
    });
    let pipeline = match validated {
        Ok(pipeline) => pipeline,
        Err(problems) => {
            report.verdicts.push((status::CONFIG_VALID, valid::invalid(&problems)));
            // What runs goes on running, and is told of.
            observe::running(&observe::Shape::of(resource), context, &mut report).await;
            report.ready = resource.spec.paused.then(paused);
            publish::publish(resource, context, &report).await?;
            return Ok(Outcome::Invalid);
        }
    };
    report.verdicts.push((status::CONFIG_VALID, valid::valid(&pipeline)));
    if resource.spec.paused {
        observe::observe(resource, &pipeline, context, &mut report).await;
        report.ready = Some(paused());
        publish::publish(resource, context, &report).await?;
        return Ok(Outcome::Settled);
    }
    // What is refused there holds up nothing here.
    let applied = apply(resource, &pipeline, &fetched, context).await;
    let mut outcome = Outcome::Settled;
    if let Storage::Elasticsearch(cluster) = &pipeline.storage {
        let settled = settle(resource, cluster, context).await;
        if !settled.is_well() {
            outcome = Outcome::StoreFails;
        }
        report.verdicts.extend([
            (status::STORAGE_READY, settled.storage),
            (status::TEMPLATES_APPLIED, settled.templates),
            (status::RETENTION_APPLIED, settled.retention),
        ]);
    }
    observe::observe(resource, &pipeline, context, &mut report).await;
    match &applied {
        Err(error) => report.ready = Some(Verdict::no("ApplyFailed", error.to_string())),
        Ok(applied) if !applied.foreign.is_empty() => {
            let message = format!(
                "{} is there and belongs to somebody else: it is left alone. Remove it, or give the LogPipeline another name",
                applied.foreign.join(", ")
            );
            report.ready = Some(Verdict::no("NameTaken", message));
        }
        Ok(_) => {}
    }
    publish::publish(resource, context, &report).await?;
    applied.map(|_| outcome)
}

async fn apply(
    resource: &LogPipeline,
    pipeline: &Pipeline,
    fetched: &Fetched,
    context: &Context,
) -> Result<Applied, ReconcileError> {
    let key = match ensure_internal_secret(&context.client, pipeline).await {
        Ok(key) => key,
        // Every pod would read it.
        Err(ApplyError::Foreign { kind, name }) => {
            return Ok(Applied { foreign: vec![format!("{kind} {name}")], ..Applied::default() });
        }
        Err(error) => return Err(error.into()),
    };
    let mut operands = build::build(pipeline, &context.settings, fetched.capabilities, &key);
    let before = resource.status.as_ref().map(|status| status.generators.as_slice()).unwrap_or_default();
    let finished = status::finished_jobs(before);
    operands.retain(|one| {
        let is_there = || context.stores.get("Job", &pipeline.namespace, one.name()).is_some();
        one.kind() != "Job" || !finished.contains(one.name()) || is_there()
    });
    let applied = context.applier.apply(pipeline, &operands, &context.stores).await?;
    for changed in &applied.changed {
        let kind = changed.split(' ').next().unwrap_or_default();
        context.metrics.changes.with_label_values(&[kind]).inc();
        tracing::info!(changed, "brought in line");
    }
    Ok(applied)
}

/// Looks at Elasticsearch where that is due.
async fn settle(resource: &LogPipeline, cluster: &Cluster, context: &Context) -> Settled {
    let uid = resource.uid().unwrap_or_default();
    let described = format!("{cluster:?}");
    let hash = build::hash(cluster.secrets().into_iter().chain([described.as_str()]));
    let known = context.checked.lock().unwrap_or_else(PoisonError::into_inner).get(&uid).cloned();
    if let Some(known) = known {
        // What failed is tried again as its back-off has it, not at every change of a pod.
        let due = if known.settled.is_well() { context.resync } else { AGAIN };
        if known.hash == hash && known.at.elapsed() < due {
            return known.settled;
        }
    }
    let settled = elasticsearch::settle(cluster).await;
    for path in &settled.changed {
        tracing::info!(path, "put into Elasticsearch");
    }
    let checked = Checked { hash, at: Instant::now(), settled: settled.clone(), cluster: cluster.clone() };
    context.checked.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, checked);
    settled
}

fn paused() -> Verdict {
    Verdict::no("Paused", "spec.paused is true: nothing is changed or repaired; what runs goes on running")
}

/// Adds or removes the finalizer.
async fn finalize(resource: &LogPipeline, context: &Context, add: bool) -> Result<(), ReconcileError> {
    let api: Api<LogPipeline> =
        Api::namespaced(context.client.clone(), &resource.namespace().unwrap_or_default());
    let mut finalizers: Vec<_> = resource.finalizers().to_vec();
    finalizers.retain(|one| one != FINALIZER);
    if add {
        finalizers.push(FINALIZER.to_owned());
    }
    let version = resource.meta().resource_version.clone();
    let patch = json!({ "metadata": { "finalizers": finalizers, "resourceVersion": version } });
    let params = PatchParams { field_manager: Some(build::MANAGER.to_owned()), ..Default::default() };
    match api.patch_metadata(&resource.name_any(), &params, &Patch::Merge(&patch)).await {
        Err(kube::Error::Api(status)) if status.code == 404 && !add => Ok(()),
        other => other.map(drop).map_err(ReconcileError::Finalizer),
    }
}
