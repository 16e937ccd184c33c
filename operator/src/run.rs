//! The operator as a process: leads, reconciles, and lets go in order.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use futures::future::join_all;
use kube::{Client, Config};
use logpipeline_service::Shutdown;
use logpipeline_service::admin::{self, Readiness};
use logpipeline_service::http_server::{self, ServerOptions};
use tokio::sync::Semaphore;

use crate::cli::RunArgs;
use crate::controller::{self, CONCURRENCY, Options};
use crate::crd::LogPipeline;
use crate::leader::{Election, Leadership};
use crate::metrics::Metrics;
use crate::requests;
use crate::watch::Scope;

pub async fn run(args: RunArgs, shutdown: Shutdown) -> anyhow::Result<()> {
    let registry = admin::registry();
    let metrics = Metrics::register(&registry).context("failed to register metrics")?;
    let readiness = Readiness::awaiting(&["cluster"]);
    let listener = http_server::bind(args.admin_listen)
        .map_err(|error| anyhow::anyhow!("{error}; the flag is --admin-listen"))?;
    let admin_address = listener.local_addr()?;
    tracing::info!(%admin_address, "starting");
    let routes = admin::router(readiness.clone(), registry, shutdown.clone());
    tokio::spawn(http_server::serve(listener, routes, ServerOptions::admin(), shutdown.clone()));

    let config = Config::infer()
        .await
        .context("failed to find the cluster: run within it, or point KUBECONFIG to a file that names it")?;
    let client = requests::counted(config, metrics.requests.clone()).context("failed to set up a client")?;
    tokio::select! {
        ready = reach(&client, &args) => ready?,
        () = shutdown.stopping() => return Ok(()),
    }
    readiness.met("cluster");

    let election = Election {
        namespace: args.lease_namespace.clone().unwrap_or_else(|| client.default_namespace().to_owned()),
        name: args.lease_name.clone(),
        identity: args.identity.clone().unwrap_or_else(hostname),
    };
    let mut leadership = Leadership::seek(&client, &election).await?;
    tracing::info!(lease = election.name, identity = election.identity, "waiting to lead");
    let lost = tokio::select! {
        gained = leadership.gained(&client, &election) => {
            gained?;
            metrics.leader.set(1);
            tracing::info!("leading");
            tokio::select! {
                () = reconcile(&client, &args, &election, &metrics, &shutdown) => false,
                () = leadership.lost(&client, &election) => true,
            }
        }
        () = shutdown.stopping() => false,
    };
    metrics.leader.set(0);
    if lost {
        // Whoever leads now must not meet half a reconcile of this one.
        bail!("lost the Lease {}/{}: another operator may lead", election.namespace, election.name);
    }
    leadership.release().await;
    tracing::info!(lease = election.name, identity = election.identity, "leads no more");
    Ok(())
}

async fn reconcile(
    client: &Client,
    args: &RunArgs,
    election: &Election,
    metrics: &Metrics,
    shutdown: &Shutdown,
) {
    let scopes = if args.namespaces.is_empty() {
        vec![Scope::Cluster]
    } else {
        args.namespaces.iter().cloned().map(Scope::Namespace).collect()
    };
    let options = Options {
        settings: args.settings.clone(),
        resync: args.resync,
        deletion_timeout: args.deletion_timeout,
        instance: election.identity.clone(),
        permits: Arc::new(Semaphore::new(CONCURRENCY)),
    };
    let each =
        |scope| controller::run(client.clone(), scope, options.clone(), metrics.clone(), shutdown.clone());
    join_all(scopes.into_iter().map(each)).await;
}

/// Waits for the API server, and for the resource to be defined there.
async fn reach(client: &Client, args: &RunArgs) -> anyhow::Result<()> {
    let scope = args.namespaces.first().cloned().map_or(Scope::Cluster, Scope::Namespace);
    let api: kube::Api<LogPipeline> = scope.api(client);
    let one = kube::api::ListParams::default().limit(1);
    loop {
        match api.list_metadata(&one).await {
            Ok(_) => return Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => tracing::warn!(
                "the cluster does not know LogPipelines: apply what `logpipeline-operator crd` prints, or install the chart"
            ),
            Err(kube::Error::Api(status)) if status.code == 403 => tracing::warn!(
                reason = status.message,
                "LogPipelines may not be listed: check the operator's roles, and --namespaces"
            ),
            Err(error) => tracing::warn!(%error, "the cluster is not reached"),
        }
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }
}

fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| format!("operator-{}", std::process::id()), |name| name.trim().to_owned())
}
