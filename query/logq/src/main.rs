//! `logq`: searches and follows logs from the command line, as a client of the search API.

mod access;
mod args;
mod client;
mod escape;
mod events;
mod failure;
mod figures;
mod follow;
mod lines;
mod negation;
mod nothing;
mod printer;
mod progress;
mod replay;
mod search;
mod sign_in;
mod style;
mod table;
mod time;
mod why;

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::{Args, Command};
use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::printer::Printer;

fn main() -> ExitCode {
    let args = Args::read();
    if let Some(Command::Completions { shell }) = &args.command {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut Args::command(), "logq", &mut script);
        return report(std::io::stdout().write_all(&script).map(|()| Outcome::Found).map_err(Failure::from));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    report(runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(run(&args))))
}

fn report(result: Result<Outcome, Failure>) -> ExitCode {
    match result {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            if let Some(message) = failure.message() {
                // Whoever closed stderr does not want to know.
                _ = std::io::stderr().write_all(message.as_bytes());
            }
            failure.exit_code()
        }
    }
}

async fn run(args: &Args) -> Result<Outcome, Failure> {
    let client = Client::new(args)?;
    match &args.command {
        Some(Command::Why { what }) => return why::explain(&client, args, what).await,
        Some(Command::Replay(chosen)) => return replay::replay(&client, args, chosen).await,
        _ => {}
    }
    let outcome = print(&client, args).await?;
    if outcome == Outcome::NothingFound {
        nothing::explain(&client, args).await;
    }
    Ok(outcome)
}

async fn print(client: &Client<'_>, args: &Args) -> Result<Outcome, Failure> {
    if args.histogram || args.values.is_some() || args.list_fields {
        return figures::print(client, args).await;
    }
    let mut printer = Printer::new(args)?;
    match &args.context {
        Some(id) => search::context(client, args, id, &mut printer).await,
        None if args.follow => follow::follow(client, args, &mut printer).await,
        None if args.all => search::all(client, args, &mut printer).await,
        None => search::pages(client, args, &mut printer).await,
    }
}
