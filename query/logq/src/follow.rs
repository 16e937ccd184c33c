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
use crate::progress::Progress;
use crate::search::{LARGEST_PAGE, Page, copy, note, total};

/// An acknowledged entry can be searched within a second: so long after the tail has begun, a search
/// finds everything that the tail will not bring.
const SEARCHABLE: Duration = Duration::from_millis(1_200);
/// How much earlier than the last entry seen one may have been received that is missing: entries may be stored
/// slightly out of order.
const OUT_OF_ORDER: Duration = Duration::from_secs(2);
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

#[derive(Debug, Default)]
struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
    /// When the first tail began; what was received before is not asked for.
    began: Option<String>,
    /// The latest time of receipt among what was printed.
    until: Option<String>,
}

impl Seen {
    fn begin(&mut self, from: String) {
        self.until.get_or_insert_with(|| from.clone());
        self.began.get_or_insert(from);
    }

    /// The time of receipt from which entries may be missing.
    fn gap(&self) -> Option<String> {
        let (began, until) = (self.began.as_ref()?, self.until.as_ref()?);
        let earlier = until.parse::<jiff::Timestamp>().ok()?.checked_sub(OUT_OF_ORDER).ok()?.to_string();
        Some(if is_later(began, &earlier) { began.clone() } else { earlier })
    }

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
        // Times in their stored form differ in length, and so not by their text alone.
        if self.until.as_ref().is_none_or(|until| is_later(&stamp.received_at, until)) {
            self.until = Some(stamp.received_at);
        }
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
            Ok(Some(Event::Ready { from })) => seen.begin(from),
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
    if let Some(limit) = args.limit {
        for entry in newest(client, args, limit).await?.iter().rev() {
            if seen.admit(entry.get())? {
                printer.entry(entry.get())?;
            }
        }
    } else {
        let mut params = args.scope();
        params.push(("order", "asc".to_owned()));
        let export = client.send("export", &params).await?;
        let mut progress = Progress::on_stderr(total(&export));
        let take = |entry: &str, bytes| {
            progress.advance(bytes);
            if seen.admit(entry)? { printer.entry(entry) } else { Ok(()) }
        };
        copy(export, take).await?;
    }
    // Entries come by their own times here, which say nothing of what was received until when.
    seen.until = None;
    printer.flush()
}

/// The newest entries, as many as asked for.
async fn newest(client: &Client<'_>, args: &Args, limit: u64) -> Result<Vec<Box<RawValue>>, Failure> {
    let (mut entries, mut cursor) = (Vec::new(), None);
    let mut progress: Option<Progress> = None;
    loop {
        let missing = limit - entries.len() as u64;
        let mut params = args.scope();
        params.extend([("order", "desc".to_owned()), ("limit", missing.min(LARGEST_PAGE).to_string())]);
        params.extend(cursor.map(|cursor| ("cursor", cursor)));
        let page: Page = client.get("search", &params).await?;
        let shown = progress.get_or_insert_with(|| Progress::on_stderr(Some(limit.min(page.total))));
        page.entries.iter().for_each(|entry| shown.advance(entry.get().len() as u64 + 1));
        entries.extend(page.entries);
        if page.partial {
            progress = None;
            note("earlier entries may be missing: the search took longer than the server's time budget");
        }
        cursor = page.cursor;
        if cursor.is_none() || entries.len() as u64 >= limit {
            return Ok(entries);
        }
    }
}

/// Prints what was received while there was no connection.
async fn fill_gap(
    client: &Client<'_>,
    args: &Args,
    printer: &mut Printer,
    seen: &mut Seen,
) -> Result<(), Failure> {
    let Some(from) = seen.gap() else { return Ok(()) };
    tokio::time::sleep(SEARCHABLE).await;
    let missed = format!("receivedAt>=\"{from}\"");
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
        Err(failure) => note(&format!("entries may be missing from {from} on: {failure}")),
        Ok(()) => note("connected again; nothing is missing"),
    }
    printer.flush()
}

fn is_later(time: &str, than: &str) -> bool {
    match (time.parse::<jiff::Timestamp>(), than.parse::<jiff::Timestamp>()) {
        (Ok(time), Ok(than)) => time > than,
        _ => true,
    }
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

    #[test]
    fn a_gap_begins_before_the_latest_entry_and_not_before_the_tail() {
        let mut seen = Seen::default();
        assert_eq!(seen.gap(), None);
        seen.begin("2023-09-15T08:00:00.5Z".to_owned());
        assert_eq!(seen.gap().as_deref(), Some("2023-09-15T08:00:00.5Z"));
        for (id, received) in [(1, "08:00:09Z"), (2, "08:00:09.25Z"), (3, "08:00:08Z")] {
            let entry = format!(r#"{{"id":"{id}","receivedAt":"2023-09-15T{received}","message":"m"}}"#);
            assert!(seen.admit(&entry).unwrap());
        }
        seen.begin("2023-09-15T08:00:20Z".to_owned());
        assert_eq!(seen.gap().as_deref(), Some("2023-09-15T08:00:07.25Z"));
    }
}
