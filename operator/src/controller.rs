//! The loop: what changed is reconciled, each pipeline by one reconcile at a time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use kube::Client;
use kube::runtime::controller::{Config, Controller};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::watcher;
use logpipeline_service::Shutdown;
use tokio::sync::Semaphore;
use tokio_stream::wrappers::UnboundedReceiverStream;

use crate::apply::Applier;
use crate::backoff::Backoff;
use crate::capabilities::Capabilities;
use crate::crd::LogPipeline;
use crate::metrics::Metrics;
use crate::reconcile::{Context, reconcile, retry};
use crate::settings::Settings;
use crate::watch::{self, Scope};

/// Pipelines that are reconciled at once, of all namespaces.
pub const CONCURRENCY: usize = 8;
/// Changes come in swarms: a rollout alone is a dozen.
const DEBOUNCE: Duration = Duration::from_millis(200);

#[derive(Debug, Clone)]
pub struct Options {
    pub settings: Settings,
    pub resync: Duration,
    pub deletion_timeout: Duration,
    /// Of this process, in events.
    pub instance: String,
    /// Shared by the controllers of a process: one for each reconcile under way.
    pub permits: Arc<Semaphore>,
}

/// Reconciles the pipelines of a scope until stopping begins, then lets what is under way finish.
pub async fn run(client: Client, scope: Scope, options: Options, metrics: Metrics, shutdown: Shutdown) {
    let controller = Controller::new(scope.api::<LogPipeline>(&client), watcher::Config::default());
    let _told = metrics.ready.tell(controller.store());
    let (stores, triggers) = watch::start(&client, &scope, controller.store());
    let reporter =
        Reporter { controller: crate::build::MANAGER.to_owned(), instance: Some(options.instance) };
    let context = Arc::new(Context {
        recorder: Recorder::new(client.clone(), reporter),
        applier: Applier::new(client.clone()),
        settings: options.settings,
        stores: stores.clone(),
        metrics,
        backoff: Backoff::default(),
        capabilities: Mutex::default(),
        http: asking(),
        resync: options.resync,
        deletion_timeout: options.deletion_timeout,
        checked: Mutex::default(),
        permits: options.permits,
        shutdown: shutdown.clone(),
        pipelines: controller.store(),
        client,
    });
    discover(&context).await;
    // A reconcile that knows nothing of what is there would take everything for missing.
    tokio::select! {
        () = stores.ready() => {}
        () = shutdown.stopping() => return,
    }
    tracing::info!(?scope, "reconciling");
    // Permits bound how many run at once.
    let config = Config::default().concurrency(0).debounce(DEBOUNCE);
    let stopping = shutdown.clone();
    let ended = controller
        .with_config(config)
        .reconcile_on(UnboundedReceiverStream::new(triggers))
        .graceful_shutdown_on(async move { stopping.stopping().await })
        .run(reconcile, retry, Arc::clone(&context))
        .for_each(|result| async move {
            if let Err(error) = result {
                tracing::debug!(%error, "a reconcile ended with an error");
            }
        });
    let mut ended = std::pin::pin!(ended);
    // Optional kinds come and go.
    let mut tick = tokio::time::interval(context.resync);
    tick.tick().await;
    loop {
        tokio::select! {
            () = &mut ended => return,
            _ = tick.tick() => discover(&context).await,
        }
    }
}

/// Asks pods, which no proxy reaches.
fn asking() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap_or_default()
}

async fn discover(context: &Context) {
    match Capabilities::discover(&context.client).await {
        Ok(found) => {
            let mut known = context.capabilities.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if *known != found {
                tracing::info!(?found, "optional kinds of the cluster");
                *known = found;
            }
        }
        Err(error) => tracing::warn!(%error, "failed to ask for the cluster's kinds"),
    }
}
