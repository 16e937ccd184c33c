//! `logpipeline-query`: serves the search API and the web UI.

use std::io::Write;

use clap::{Parser, Subcommand};
use logpipeline_query::{Config, api, run};
use logpipeline_service::{Shutdown, telemetry};

/// Serves the search API and the web UI over the entries that an ingestor keeps in the same folder
#[derive(Debug, Parser)]
#[command(name = "logpipeline-query", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the OpenAPI description of the search API
    Openapi,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    if let Some(Command::Openapi) = cli.command {
        return Ok(std::io::stdout().write_all(api::openapi::document().as_bytes())?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let _telemetry = telemetry::init("logpipeline-query")?;
        let shutdown = Shutdown::on_signal(cli.config.limits.drain)?;
        run::run(cli.config, shutdown).await
    });
    // Dropped, the runtime would wait for reads, and those of an export may take long.
    runtime.shutdown_background();
    ended
}
