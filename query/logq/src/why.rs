//! `logq why`: what became of a request or an entry.

use std::fmt::Write as _;
use std::io::Write as _;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::args::{Args, Output};
use crate::client::{Client, Parameters};
use crate::escape;
use crate::failure::{Failure, Outcome};
use crate::search::thousands;
use crate::style::Style;
use crate::time::Zone;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    receipt: String,
    #[serde(default)]
    ingestor: String,
    received_at: String,
    synced_at: Option<String>,
    protocol: String,
    sender: Option<String>,
    peer: Option<String>,
    accepted: u64,
    rejected: u64,
    #[serde(default)]
    rejections: Vec<Rejection>,
    state: String,
    counts: Counts,
    #[serde(default)]
    batches: Vec<Batch>,
}

#[derive(Debug, Deserialize)]
struct Rejection {
    line: u64,
    field: Option<String>,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    stored: u64,
    duplicates: u64,
    dead_lettered: u64,
    waiting: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    number: u64,
    written_at: String,
    searchable_by: Option<String>,
    entries: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipts {
    receipts: Vec<Box<RawValue>>,
    oldest_receipt: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    id: String,
    state: String,
    place: Option<String>,
    stored_at: Option<String>,
    searchable_by: Option<String>,
    dead_letter: Option<DeadLetter>,
    expired: Option<Expired>,
    request: Option<Receipt>,
}

#[derive(Debug, Deserialize)]
struct DeadLetter {
    id: String,
    at: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Expired {
    rule: String,
    at: Option<String>,
}

/// Asks for `what` as a receipt, then as the id of an entry, then as an `Idempotency-Key`.
pub(crate) async fn explain(client: &Client<'_>, args: &Args, what: &str) -> Result<Outcome, Failure> {
    let mut report = Report::new(args)?;
    if is_uuid(what) {
        match client.get::<Box<RawValue>>(&format!("receipts/{what}"), &Parameters::new()).await {
            Ok(receipt) => {
                report.receipt(&receipt)?;
                return report.print();
            }
            Err(Failure::NotFound(_)) => {}
            Err(failure) => return Err(failure),
        }
        let delivery: Box<RawValue> =
            client.get(&format!("logs/{what}/delivery"), &Parameters::new()).await?;
        if report.delivery(&delivery)? {
            return report.print();
        }
    }
    let params = vec![("idempotencyKey", what.to_owned())];
    let found: Receipts = client.get("receipts", &params).await?;
    for receipt in &found.receipts {
        report.receipt(receipt)?;
    }
    if found.receipts.is_empty() {
        return Err(Failure::NotFound(unknown(what, found.oldest_receipt.as_deref())));
    }
    report.print()
}

fn unknown(what: &str, oldest: Option<&str>) -> String {
    let since = oldest.map_or_else(
        || "the ingestors have no receipts yet".to_owned(),
        |oldest| format!("the ingestors know receipts and keys since {}", escape::line(oldest)),
    );
    format!("no receipt, entry or Idempotency-Key is known as {}; {since}", escape::line(what))
}

/// In the hyphenated form, as receipts and ids have it.
fn is_uuid(text: &str) -> bool {
    let hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, c): (usize, u8)| if hyphen(at) { c == b'-' } else { c.is_ascii_hexdigit() };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// What is printed: JSON as it came, or lines of a name and what there is to say of it.
struct Report {
    output: Output,
    style: Style,
    zone: Zone,
    json: Vec<String>,
    text: String,
}

impl Report {
    fn new(args: &Args) -> Result<Self, Failure> {
        let output = match args.output {
            Output::Csv => {
                return Err(Failure::Usage("--output csv: `logq why` prints a table or JSON".to_owned()));
            }
            output => output,
        };
        let (style, zone) = (Style::of_stdout(args.color), Zone::choose(args.local)?);
        Ok(Self { output, style, zone, json: Vec::new(), text: String::new() })
    }

    fn receipt(&mut self, answer: &RawValue) -> Result<(), Failure> {
        let receipt: Receipt = read(answer)?;
        self.json.push(answer.get().to_owned());
        self.title("receipt", &receipt.receipt, &receipt.state);
        self.request(&receipt);
        Ok(())
    }

    /// Whether anything is known of the entry.
    fn delivery(&mut self, answer: &RawValue) -> Result<bool, Failure> {
        let found: Delivery = read(answer)?;
        if found.state == "unknown" && found.request.is_none() {
            return Ok(false);
        }
        self.json.push(answer.get().to_owned());
        self.title("entry", &found.id, &found.state);
        if let Some(request) = &found.request {
            self.line("receipt", &request.receipt);
            self.request(request);
        }
        if let Some(place) = &found.place {
            let at =
                found.stored_at.as_deref().map_or_else(String::new, |at| format!("{}  ", self.zone.show(at)));
            self.line("stored", &format!("{at}in {}", escape::line(place)));
        }
        if let Some(at) = &found.searchable_by {
            let at = self.zone.show(at);
            self.line("searchable", &format!("{at} at the latest"));
        }
        if let Some(letter) = &found.dead_letter {
            let reason = escape::line(&letter.reason).into_owned();
            let at = self.zone.show(&letter.at);
            self.line("dead letter", &format!("{at}  {}: {reason}", escape::line(&letter.id)));
        }
        if let Some(Expired { rule, at }) = &found.expired {
            let at = at.as_deref().map_or_else(String::new, |at| format!("{}  ", self.zone.show(at)));
            self.line("expired", &format!("{at}by {}", escape::line(rule)));
        }
        Ok(true)
    }

    fn request(&mut self, receipt: &Receipt) {
        let from = [
            Some(receipt.protocol.clone()),
            receipt.sender.as_ref().map(|name| format!("token {name}")),
            receipt.peer.as_ref().map(|peer| format!("from {peer}")),
        ];
        let from = from.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let at = self.zone.show(&receipt.received_at);
        self.line("received", &format!("{at}  {}", escape::line(&from)));
        let on = if receipt.ingestor.is_empty() {
            String::new()
        } else {
            format!("  by ingestor {}", escape::line(&receipt.ingestor))
        };
        match &receipt.synced_at {
            Some(at) => {
                let at = self.zone.show(at);
                self.line("on disk", &format!("{at}{on}"));
            }
            None if receipt.accepted > 0 => self.line("on disk", &format!("before it was answered{on}")),
            None => {}
        }
        let Counts { stored, duplicates, dead_lettered, waiting } = receipt.counts;
        let counts = [
            (receipt.accepted, "accepted"),
            (receipt.rejected, "rejected"),
            (stored, "stored"),
            (duplicates, "stored earlier"),
            (dead_lettered, "dead letters"),
            (waiting, "waiting"),
        ];
        let counts = counts.iter().enumerate().filter(|(at, (count, _))| *at == 0 || *count > 0);
        let counts: Vec<_> =
            counts.map(|(_, (count, what))| format!("{} {what}", thousands(*count))).collect();
        self.line("entries", &counts.join(", "));
        for Rejection { line, field, reason } in &receipt.rejections {
            let field = field.as_ref().map_or_else(String::new, |field| format!("{}: ", escape::line(field)));
            self.line("rejected", &format!("entry {line}: {field}{}", escape::line(reason)));
        }
        for batch in &receipt.batches {
            let at = self.zone.show(&batch.written_at);
            let by = batch.searchable_by.as_deref().map(|by| self.zone.show(by));
            let by = by.map_or_else(String::new, |by| format!("; searchable by {by}"));
            let entries = counted(batch.entries, "entry", "entries");
            let text = format!("{at}  {entries} in batch {}{by}", batch.number);
            self.line("shipped", &text);
        }
    }

    fn title(&mut self, kind: &str, name: &str, state: &str) {
        let state = match state {
            "partlyDelivered" => "partly delivered",
            "deadLettered" => "a dead letter",
            other => other,
        };
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let name = self.style.resource(&escape::line(name));
        _ = writeln!(self.text, "{kind} {name} is {}", escape::line(state));
    }

    fn line(&mut self, name: &str, text: &str) {
        let name = self.style.dim(&format!("{name:<11}"));
        _ = writeln!(self.text, "  {name}  {text}");
    }

    fn print(self) -> Result<Outcome, Failure> {
        let mut out = std::io::stdout().lock();
        match self.output {
            Output::Table | Output::Csv => out.write_all(self.text.as_bytes())?,
            Output::Json if self.json.len() == 1 => writeln!(out, "{}", escape::json(&self.json[0]))?,
            Output::Json => writeln!(out, "[{}]", escape::json(&self.json.join(",")))?,
            Output::Ndjson => {
                for line in &self.json {
                    writeln!(out, "{}", escape::json(line))?;
                }
            }
        }
        out.flush()?;
        Ok(Outcome::Found)
    }
}

/// "1 entry", "1,200 entries".
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(count), if count == 1 { one } else { many })
}

fn read<T: DeserializeOwned>(answer: &RawValue) -> Result<T, Failure> {
    serde_json::from_str(answer.get())
        .map_err(|error| Failure::Server(format!("the server's answer is unexpected: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_its_hyphens() {
        assert!(is_uuid("018a97d2-5c00-7000-8000-000000000000"));
        for text in
            ["", "order-17", "018a97d25c0070008000000000000000", "018a97d2-5c00-7000-8000-00000000000g"]
        {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
