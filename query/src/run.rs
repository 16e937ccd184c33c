//! The server as a process: starts everything, serves, and ends in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use logpipeline_service::Shutdown;
use logpipeline_service::admin::{self, Readiness};
use logpipeline_service::http_server::{self, Listener, ServerOptions};
use logpipeline_store::LogStore;
use logpipeline_store_settings::Engine;
use tokio::net::TcpListener;

use crate::access::Access;
use crate::{App, Config, router, ui};

const PROBE_INTERVAL: Duration = Duration::from_secs(5);

/// Serves until `shutdown`.
pub async fn run(config: Config, shutdown: Shutdown) -> anyhow::Result<()> {
    let (access, tls) = (config.access.open()?, config.access.tls.open()?);
    let tcp = bind(config.listen, "--listen")?;
    let admin_listener = bind(config.admin_listen, "--admin-listen")?;
    let readiness = Readiness::awaiting(&["store"]);
    let registry = admin::registry();
    let admin = admin::router(readiness.clone(), registry.clone(), shutdown.clone());
    let admin =
        tokio::spawn(http_server::serve(admin_listener, admin, ServerOptions::admin(), shutdown.clone()));

    let stores = config.store.open_reader(&config.data_dir)?;
    let folder = config.data_dir.join("store");
    if config.store.store == Engine::Embedded && !folder.exists() {
        tracing::warn!(
            folder = %folder.display(),
            "there is no store yet; an ingestor with the same --data-dir makes it"
        );
    }
    tokio::spawn(probe(Arc::clone(&stores.logs), readiness));

    access.spawn(&shutdown);
    if let Access::Anybody = access {
        tracing::warn!(
            listen = %config.listen,
            "started with --insecure: anybody who reaches this address can read these logs; --users-file FILE or --tokens-file FILE would ask who it is"
        );
    }
    let app = App::new(stores, config.limits, access, &registry, shutdown.clone())
        .context("failed to register metrics")?
        .with_ingestors(config.ingestor_url);
    let app = if config.hide_canaries { app.without_canaries() } else { app };
    let https = tls.is_some();
    tracing::info!(listen = %config.listen, admin = %config.admin_listen, https, ui = ui::is_built(), "serving");
    let listener = Listener { tcp, tls };
    let options = ServerOptions::default();
    http_server::serve(listener, router(app), options, shutdown.clone()).await;
    if !shutdown.finished(options.grace).await {
        tracing::warn!("tasks were cut off");
    }
    admin.abort();
    tracing::info!("stopped");
    Ok(())
}

fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    http_server::bind(address).map_err(|error| anyhow::anyhow!("{error}; the flag is {flag}"))
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
