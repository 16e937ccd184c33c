//! `logpipeline-query`: serves the search API and the web UI.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use logpipeline_query::{Config, api, run};
use logpipeline_service::{Shutdown, one_line, telemetry};

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

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(Command::Openapi) = cli.command {
        return match std::io::stdout().write_all(api::openapi::document().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => refuse(&format!("failed to write: {error}")),
        };
    }
    let _telemetry = match telemetry::init("logpipeline-query") {
        Ok(telemetry) => telemetry,
        Err(error) => return refuse(&format!("failed to start telemetry: {error:#}")),
    };
    match serve(cli.config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = one_line(&error), "the query server ended with an error");
            ExitCode::FAILURE
        }
    }
}

/// Fails where nothing can be logged.
fn refuse(reason: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{reason}");
    ExitCode::FAILURE
}

fn serve(config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let shutdown = Shutdown::on_signal(config.limits.drain).context("failed to listen for signals")?;
        run::run(config, shutdown).await
    });
    // Dropped, the runtime would wait for reads, and those of an export may take long.
    runtime.shutdown_background();
    ended
}
