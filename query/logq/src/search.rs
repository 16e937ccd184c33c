//! Searching: some entries by pages, or all of them by an export.

use std::io::{IsTerminal, Write};

use reqwest::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::args::{Args, Output};
use crate::client::{Client, Parameters, reasons};
use crate::failure::{Failure, Outcome};
use crate::lines::Lines;
use crate::printer::Printer;
use crate::progress::Progress;

const DEFAULT_LIMIT: u64 = 50;
/// The most that the server gives at once.
pub(crate) const LARGEST_PAGE: u64 = 1_000;

#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Box<RawValue>>,
    pub(crate) total: u64,
    pub(crate) partial: bool,
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Context {
    before: Vec<Box<RawValue>>,
    entry: Box<RawValue>,
    after: Vec<Box<RawValue>>,
    partial: bool,
}

/// Prints the newest or oldest entries, as many as asked for.
pub(crate) async fn pages(
    client: &Client<'_>,
    args: &Args,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let limit = args.limit.unwrap_or(DEFAULT_LIMIT);
    let mut cursor = None;
    let mut progress: Option<Progress> = None;
    let (total, partial) = loop {
        let mut params = args.scope();
        params.push(("order", args.order.word().to_owned()));
        params.push(("limit", (limit - printer.count()).min(LARGEST_PAGE).to_string()));
        params.extend(cursor.map(|cursor| ("cursor", cursor)));
        let page: Page = client.get("search", &params).await?;
        let progress = match &mut progress {
            Some(progress) => progress,
            None => {
                printer.begin()?;
                progress.insert(Progress::on_stderr(Some(limit.min(page.total))))
            }
        };
        for entry in &page.entries {
            printer.entry(entry.get())?;
            progress.advance(entry.get().len() as u64 + 1);
        }
        printer.flush()?;
        cursor = page.cursor;
        if cursor.is_none() || printer.count() >= limit {
            break (page.total, page.partial);
        }
    };
    drop(progress);
    printer.end()?;
    if partial {
        cut_short("the result is partial");
        return Ok(Outcome::Partial);
    }
    if printer.count() < total && args.output == Output::Table && std::io::stdout().is_terminal() {
        note(&format!("{} of {} entries; --limit or --all prints more", printer.count(), thousands(total)));
    }
    Ok(found(printer))
}

/// Prints everything.
pub(crate) async fn all(client: &Client<'_>, args: &Args, printer: &mut Printer) -> Result<Outcome, Failure> {
    let mut params = args.scope();
    params.push(("order", args.order.word().to_owned()));
    let export = client.send("export", &params).await?;
    let mut progress = Progress::on_stderr(total(&export));
    printer.begin()?;
    let result = copy(export, |entry, bytes| {
        printer.entry(entry)?;
        progress.advance(bytes);
        Ok(())
    });
    let result = result.await;
    drop(progress);
    result.inspect_err(|_| _ = printer.flush())?;
    printer.end()?;
    Ok(found(printer))
}

/// Hands each entry of an export on, with its bytes.
pub(crate) async fn copy(
    mut export: Response,
    mut take: impl FnMut(&str, u64) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut lines, mut count) = (Lines::default(), 0u64);
    loop {
        match export.chunk().await {
            Ok(Some(chunk)) => lines.push(&chunk),
            Ok(None) => return Ok(()),
            Err(error) => {
                let reason = reasons(&error);
                return Err(Failure::BrokenOff(format!(
                    "the export broke off after {count} entries: {reason}"
                )));
            }
        }
        while let Some(line) = lines.next() {
            count += 1;
            take(&line, line.len() as u64 + 1)?;
        }
    }
}

/// Prints an entry and its neighbours.
pub(crate) async fn context(
    client: &Client<'_>,
    args: &Args,
    id: &str,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    let mut params: Parameters = vec![("q", args.query())];
    if let Some(limit) = args.limit {
        params.extend(["before", "after"].map(|side| (side, limit.to_string())));
    }
    let context: Context = client.get(&format!("logs/{id}/context"), &params).await?;
    printer.leave_margin();
    printer.begin()?;
    context.before.iter().try_for_each(|entry| printer.entry(entry.get()))?;
    printer.marked(context.entry.get())?;
    context.after.iter().try_for_each(|entry| printer.entry(entry.get()))?;
    printer.end()?;
    if context.partial {
        note(
            "the result is partial, neighbours may be missing: the search took longer than the server's time budget; \
             ask for fewer with --limit, or for those that a query finds",
        );
        return Ok(Outcome::Partial);
    }
    Ok(Outcome::Found)
}

/// How many entries an export has, where the server knew in time.
pub(crate) fn total(export: &Response) -> Option<u64> {
    export.headers().get("x-total")?.to_str().ok()?.parse().ok()
}

fn found(printer: &Printer) -> Outcome {
    if printer.count() > 0 { Outcome::Found } else { Outcome::NothingFound }
}

/// Says something beside the result.
pub(crate) fn note(text: &str) {
    // Whoever closed stderr does not want to know.
    _ = writeln!(std::io::stderr(), "logq: {text}");
}

/// Says that the time budget ended an answer, and what of it is wrong by that.
pub(crate) fn cut_short(what: &str) {
    note(&format!(
        "{what}: the search took longer than the server's time budget; narrow the time range or the query"
    ));
}

/// A number with commas.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
