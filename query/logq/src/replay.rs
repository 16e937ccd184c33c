//! `logq replay`: sends dead letters once more.

use std::io::Write as _;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::args::{Args, Output, ReplayArgs};
use crate::client::Client;
use crate::escape;
use crate::failure::{Failure, Outcome};
use crate::search::{note, thousands};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    found: u64,
    replayed: u64,
    already_stored: u64,
    failed_count: u64,
    failed: Vec<Failed>,
}

#[derive(Debug, Deserialize)]
struct Failed {
    id: String,
    reason: String,
}

/// Sends the letters and prints what became of them.
pub(crate) async fn replay(
    client: &Client<'_>,
    args: &Args,
    chosen: &ReplayArgs,
) -> Result<Outcome, Failure> {
    let answer: Box<RawValue> = client.post("dead-letters/replay", &body(chosen)?).await?;
    let report: Report = serde_json::from_str(answer.get())
        .map_err(|error| Failure::Server(format!("the server's answer is unexpected: {error}")))?;
    let mut out = std::io::stdout().lock();
    match args.output {
        Output::Table | Output::Csv => {
            let Report { found, replayed, already_stored, failed_count, .. } = &report;
            writeln!(
                out,
                "{} dead letter{}: {} sent once more, {} stored already, {} failed",
                thousands(*found),
                if *found == 1 { "" } else { "s" },
                thousands(*replayed),
                thousands(*already_stored),
                thousands(*failed_count)
            )?;
            for Failed { id, reason } in &report.failed {
                writeln!(out, "  {}  {}", escape::line(id), escape::line(reason))?;
            }
        }
        Output::Json | Output::Ndjson => writeln!(out, "{}", escape::json(answer.get()))?,
    }
    out.flush()?;
    if report.failed_count > 0 {
        note("some letters could not be sent; their reasons say what to change");
        return Ok(Outcome::Partial);
    }
    Ok(if report.found == 0 { Outcome::NothingFound } else { Outcome::Found })
}

fn body(chosen: &ReplayArgs) -> Result<serde_json::Value, Failure> {
    let query = chosen.query();
    let from = chosen.from.clone().or_else(|| chosen.since.as_ref().map(|ago| format!("now-{ago}")));
    let by_query = !query.is_empty() || from.is_some() || chosen.to.is_some();
    match (chosen.id.is_empty(), by_query, chosen.all) {
        (false, false, false) => Ok(json!({ "ids": chosen.id })),
        (true, true, false) => Ok(json!({ "q": query, "from": from, "to": chosen.to })),
        (true, false, true) => Ok(json!({ "all": true })),
        _ => Err(Failure::Usage(
            "say which dead letters to send: a query, --since, --from or --to; --id ID; or --all".to_owned(),
        )),
    }
}
