//! `logpipeline-generator`: see `--help`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use logpipeline_generator::app::{self, Exit};
use logpipeline_generator::cli::Cli;
use logpipeline_service::telemetry;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let _telemetry = telemetry::init("logpipeline-generator")?;
    let exit = match app::run(cli).await {
        Ok(exit) => exit,
        Err(error) => {
            writeln!(std::io::stderr(), "error: {error}")?;
            error.exit()
        }
    };
    Ok(match exit {
        Exit::Well => ExitCode::SUCCESS,
        other => other.into(),
    })
}
