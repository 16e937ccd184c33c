//! The ingestor's binary.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use logpipeline_ingestor::wal::disk::LocalDisk;
use logpipeline_ingestor::{Config, Ingestor, clock};
use logpipeline_service::{Shutdown, one_line, telemetry};

fn main() -> ExitCode {
    let config = Config::parse();
    let _telemetry = match telemetry::init("logpipeline-ingestor") {
        Ok(telemetry) => telemetry,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "failed to start telemetry: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = one_line(&error), "the ingestor ended with an error");
            ExitCode::FAILURE
        }
    }
}

fn run(config: &Config) -> anyhow::Result<()> {
    config.check()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let shutdown = Shutdown::on_signal(config.drain).context("failed to listen for signals")?;
        let (policy, interval) = (config.retention(), config.retention_interval);
        let stores = config.store.open_writer(&config.data_dir, policy, interval, clock::now())?;
        let ingestor = Ingestor::start(config, stores, Arc::new(LocalDisk), shutdown)?;
        ingestor.run().await?;
        anyhow::Ok(())
    });
    // A write to the store that outlasted the grace is cut off here, and repeated at the next start.
    runtime.shutdown_background();
    result
}
