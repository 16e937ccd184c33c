//! The server as a process: starts everything, serves, and ends in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use logpipeline_service::Shutdown;
use logpipeline_service::admin::{self, Readiness};
use logpipeline_service::http_server::{self, ServerOptions};
use logpipeline_store::LogStore;
use logpipeline_store::embedded::EmbeddedStore;

use crate::{App, Config, router, ui};

const PROBE_INTERVAL: Duration = Duration::from_secs(5);

/// Serves until `shutdown`.
pub async fn run(config: Config, shutdown: Shutdown) -> anyhow::Result<()> {
    let listener = http_server::bind(config.listen)?;
    let admin_listener = http_server::bind(config.admin_listen)?;
    let readiness = Readiness::awaiting(&["store"]);
    let registry = admin::registry();
    let admin = admin::router(readiness.clone(), registry.clone(), shutdown.clone());
    let admin =
        tokio::spawn(http_server::serve(admin_listener, admin, ServerOptions::default(), shutdown.clone()));

    let folder = config.data_dir.join("store");
    let store = EmbeddedStore::open_reader(&folder)
        .with_context(|| format!("failed to open the store in {}", folder.display()))?;
    let store: Arc<dyn LogStore> = Arc::new(store);
    tokio::spawn(probe(Arc::clone(&store), readiness));

    let app =
        App::new(store, config.limits, &registry, shutdown.clone()).context("failed to register metrics")?;
    tracing::info!(listen = %config.listen, admin = %config.admin_listen, ui = ui::is_built(), "serving");
    let options = ServerOptions::default();
    http_server::serve(listener, router(app), options, shutdown.clone()).await;
    if !shutdown.finished(options.grace).await {
        tracing::warn!("tasks were cut off");
    }
    admin.abort();
    tracing::info!("stopped");
    Ok(())
}

/// Keeps readiness true to the store.
async fn probe(store: Arc<dyn LogStore>, readiness: Readiness) {
    loop {
        match tokio::time::timeout(PROBE_INTERVAL, store.health()).await {
            Ok(Ok(_)) => readiness.met("store"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the store cannot be read");
                readiness.missing("store", error.to_string());
            }
            Err(_) => readiness.missing("store", "it does not answer"),
        }
        tokio::time::sleep(PROBE_INTERVAL).await;
    }
}
