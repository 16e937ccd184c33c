//! The operator's binary.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use logpipeline_operator::cli::{Cli, Command, DiffArgs, RunArgs};
use logpipeline_operator::{crd, diff, reference, run};
use logpipeline_service::{Shutdown, one_line, telemetry};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Run(args) => return lead(*args, &cli.log_level),
        Command::Crd => print_crd(),
        Command::Reference => write(&reference::markdown()).map(|()| ExitCode::SUCCESS),
        Command::Diff(args) => compare(&args),
    };
    done.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "{error:#}");
        ExitCode::from(2)
    })
}

fn lead(args: RunArgs, log_level: &str) -> ExitCode {
    let _telemetry = match telemetry::init_at("logpipeline-operator", log_level) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "failed to start telemetry: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime().and_then(|runtime| {
        runtime.block_on(async {
            let shutdown = Shutdown::on_signal(Duration::ZERO).context("failed to listen for signals")?;
            run::run(args, shutdown).await
        })
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = one_line(&error), "the operator ended with an error");
            ExitCode::FAILURE
        }
    }
}

fn print_crd() -> anyhow::Result<ExitCode> {
    write(&serde_yaml::to_string(&crd::definition())?)?;
    Ok(ExitCode::SUCCESS)
}

fn compare(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let text = runtime()?.block_on(diff::diff(args))?;
    write(&text)?;
    Ok(if text.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn write(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
