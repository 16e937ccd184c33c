//! Following: entries as they arrive, across lost connections.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use reqwest::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::args::{Args, Output};
use crate::client::{Client, reasons};
use crate::events::{Event, Events};
use crate::failure::{Failure, Outcome};
use crate::printer::Printer;
use crate::search::{copy, note};

/// An acknowledged entry can be searched within a second: so long after the tail has begun, a search
/// finds everything that the tail will not bring.
const SEARCHABLE: Duration = Duration::from_millis(1_200);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Ids remembered, so that what a search and the tail both bring is printed once.
const REMEMBERED: usize = 100_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stamp {
    id: String,
    received_at: String,
}

#[derive(Debug, Deserialize)]
struct Page {
    entries: Vec<Box<RawValue>>,
}

#[derive(Debug, Default)]
struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
    /// The latest time of receipt up to which everything was printed.
    until: Option<String>,
}

impl Seen {
    /// Whether the entry is new; it is not the next time.
    fn admit(&mut self, stored: &str) -> Result<bool, Failure> {
        let stamp: Stamp = serde_json::from_str(stored).map_err(|error| {
            Failure::Server(format!("the server sent something that is no entry: {error}"))
        })?;
        if !self.ids.insert(stamp.id.clone()) {
            return Ok(false);
        }
        self.order.push_back(stamp.id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.until = Some(stamp.received_at);
        Ok(true)
    }
}

/// Prints entries for as long as the process lives. Fails where the first connection does; later ones are
/// tried again.
pub(crate) async fn follow(
    client: &Client<'_>,
    args: &Args,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    if args.output == Output::Json {
        let advice = "--follow never ends, and so would the array of -o json; use -o ndjson";
        return Err(Failure::Usage(advice.to_owned()));
    }
    let mut seen = Seen::default();
    let mut events = open(client, args).await?;
    printer.begin()?;
    printer.flush()?;
    if args.from().is_some() || args.limit.is_some() {
        tokio::time::sleep(SEARCHABLE).await;
        backlog(client, args, printer, &mut seen).await?;
    }
    loop {
        let reason = watch(&mut events, printer, &mut seen).await?;
        note(&format!("the connection is lost ({reason}); trying again"));
        events = reopen(client, args).await?;
        fill_gap(client, args, printer, &mut seen).await?;
    }
}

async fn open(client: &Client<'_>, args: &Args) -> Result<Events<Response>, Failure> {
    Ok(Events::new(client.send("tail", &vec![("q", args.query())]).await?))
}

async fn reopen(client: &Client<'_>, args: &Args) -> Result<Events<Response>, Failure> {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        match open(client, args).await {
            Ok(events) => return Ok(events),
            Err(Failure::Server(_)) => pause = (pause * 2).min(LONGEST_PAUSE),
            Err(failure) => return Err(failure),
        }
    }
}

/// Prints what comes until the connection ends; why it did.
async fn watch(
    events: &mut Events<Response>,
    printer: &mut Printer,
    seen: &mut Seen,
) -> Result<String, Failure> {
    loop {
        match events.next().await {
            Ok(Some(Event::Ready { from })) => _ = seen.until.get_or_insert(from),
            Ok(Some(Event::Entry(stored))) => {
                if seen.admit(&stored)? {
                    printer.entry(&stored)?;
                }
                if !events.has_next() {
                    printer.flush()?;
                }
            }
            Ok(Some(Event::Dropped { count })) => {
                printer.flush()?;
                note(&format!("{count} entries are left out here: they came faster than they were read"));
            }
            Ok(None) => return Ok("the server closed it".to_owned()),
            Err(error) => return Ok(reasons(&error)),
        }
    }
}

/// Prints what is there already, oldest first.
async fn backlog(
    client: &Client<'_>,
    args: &Args,
    printer: &mut Printer,
    seen: &mut Seen,
) -> Result<(), Failure> {
    let mut params = args.scope();
    if let Some(limit) = args.limit {
        params.extend([("order", "desc".to_owned()), ("limit", limit.min(1_000).to_string())]);
        let page: Page = client.get("search", &params).await?;
        for entry in page.entries.iter().rev() {
            if seen.admit(entry.get())? {
                printer.entry(entry.get())?;
            }
        }
    } else {
        params.push(("order", "asc".to_owned()));
        let export = client.send("export", &params).await?;
        copy(export, |entry, _| if seen.admit(entry)? { printer.entry(entry) } else { Ok(()) }).await?;
    }
    // Entries come by their own times here, which say nothing of what was received until when.
    seen.until = None;
    printer.flush()
}

/// Prints what was received while there was no connection.
async fn fill_gap(
    client: &Client<'_>,
    args: &Args,
    printer: &mut Printer,
    seen: &mut Seen,
) -> Result<(), Failure> {
    let Some(until) = seen.until.clone() else { return Ok(()) };
    tokio::time::sleep(SEARCHABLE).await;
    let missed = format!("receivedAt>=\"{until}\"");
    let query = match args.query() {
        query if query.trim().is_empty() => missed,
        query => format!("({query}) AND {missed}"),
    };
    let filled = async {
        let export = client.send("export", &vec![("q", query), ("order", "asc".to_owned())]).await?;
        copy(export, |entry, _| if seen.admit(entry)? { printer.entry(entry) } else { Ok(()) }).await
    };
    match filled.await {
        Err(failure @ Failure::Output(_)) => return Err(failure),
        Err(failure) => note(&format!("entries may be missing from {until} on: {failure}")),
        Ok(()) => note("connected again; nothing is missing"),
    }
    printer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_new_once() {
        let mut seen = Seen::default();
        let entry =
            |id: usize| format!(r#"{{"id":"{id}","receivedAt":"2023-09-15T08:00:00Z","message":"m"}}"#);
        assert!(seen.admit(&entry(1)).unwrap());
        assert!(!seen.admit(&entry(1)).unwrap());
        (2..=REMEMBERED + 1).for_each(|id| assert!(seen.admit(&entry(id)).unwrap()));
        assert_eq!((seen.ids.len(), seen.order.len()), (REMEMBERED, REMEMBERED));
        assert!(seen.admit("{}").is_err());
    }
}
