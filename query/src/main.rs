//! `logpipeline-query`: serves the search API and the web UI.

use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use logpipeline_access::users::hash_password;
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
    /// Read a password from standard input, and print its hash for a line NAME:HASH of the users file
    HashPassword,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Openapi) => return print(&api::openapi::document()),
        Some(Command::HashPassword) => {
            return match hash() {
                Ok(hash) => print(&format!("{hash}\n")),
                Err(error) => refuse(&format!("{error:#}")),
            };
        }
        None => {}
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

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("failed to write: {error}")),
    }
}

/// The hash of the password on standard input, without the line break that ends it.
fn hash() -> anyhow::Result<String> {
    let mut text = String::new();
    if std::io::stdin().is_terminal() {
        let _ = write!(std::io::stderr(), "Password (it is shown as you type): ");
        std::io::stdin().read_line(&mut text)?;
    } else {
        std::io::stdin()
            .read_to_string(&mut text)
            .context("failed to read the password from standard input")?;
    }
    let password = text.strip_suffix('\n').unwrap_or(&text);
    Ok(hash_password(password.strip_suffix('\r').unwrap_or(password))?)
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
