//! Counts by time, and a field's values.

use std::collections::BTreeMap;
use std::io::Write;

use logpipeline_rows::write_csv;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::args::{Args, Output};
use crate::client::Client;
use crate::escape;
use crate::failure::{Failure, Outcome};
use crate::search::{cut_short, note, thousands};
use crate::style::Style;
use crate::time::Zone;

const BAR: u64 = 40;

#[derive(Debug, Deserialize)]
struct Histogram {
    total: u64,
    partial: bool,
    buckets: Vec<Bucket>,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    start: String,
    total: u64,
    levels: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Values {
    values: Vec<Value>,
    with_field: u64,
    partial: bool,
    approximate: bool,
}

#[derive(Debug, Deserialize)]
struct Value {
    value: String,
    count: u64,
}

#[derive(Debug, Deserialize)]
struct Fields {
    fields: Vec<Field>,
    /// Older servers don't say.
    #[serde(default)]
    partial: bool,
}

#[derive(Debug, Deserialize)]
struct Field {
    name: String,
    kind: String,
}

/// Prints the answer of `histogram`, `fields` or `fields/{name}/values`: JSON as it came, otherwise rows.
pub(crate) async fn print(client: &Client<'_>, args: &Args) -> Result<Outcome, Failure> {
    let mut params = args.scope();
    let path = match &args.values {
        Some(field) => {
            params.extend(args.limit.map(|limit| ("limit", limit.to_string())));
            format!("fields/{field}/values")
        }
        None if args.histogram => {
            params.extend(args.limit.map(|limit| ("buckets", limit.to_string())));
            "histogram".to_owned()
        }
        None => {
            let query = args.query();
            if !query.is_empty() {
                return Err(Failure::Usage("--list-fields takes no query".to_owned()));
            }
            "fields".to_owned()
        }
    };
    let answer: Box<RawValue> = client.get(&path, &params).await?;
    let unexpected =
        |error: serde_json::Error| Failure::Server(format!("the server's answer is unexpected: {error}"));
    let (rows, outcome) = match (&args.values, args.histogram) {
        (Some(_), _) => values(&serde_json::from_str(answer.get()).map_err(unexpected)?),
        (None, true) => histogram(
            &serde_json::from_str(answer.get()).map_err(unexpected)?,
            args,
            &Zone::choose(args.local)?,
        ),
        (None, false) => fields(&serde_json::from_str(answer.get()).map_err(unexpected)?),
    };
    print_rows(&answer, &rows, args.output)?;
    if outcome == Outcome::Partial {
        cut_short(match (&args.values, args.histogram) {
            (None, false) => "the list is partial, fields may be missing",
            _ => "the result is partial, counts may be too low",
        });
    } else if rows.approximate {
        note(
            "counts may be too low: the field has too many values to count each; narrow the time range or the query",
        );
    }
    Ok(outcome)
}

fn print_rows(answer: &RawValue, rows: &Rows, output: Output) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match output {
        Output::Json | Output::Ndjson => writeln!(out, "{}", escape::json(answer.get()))?,
        Output::Csv => {
            let mut bytes = Vec::new();
            rows.csv.iter().for_each(|row| write_csv(row.iter().map(|cell| cell.into()), &mut bytes));
            out.write_all(&bytes)?;
        }
        Output::Table => out.write_all(rows.table.as_bytes())?,
    }
    Ok(out.flush()?)
}

struct Rows {
    csv: Vec<Vec<String>>,
    table: String,
    /// Whether there were too many values to count each.
    approximate: bool,
}

fn outcome(count: u64, partial: bool) -> Outcome {
    match (count, partial) {
        (_, true) => Outcome::Partial,
        (0, false) => Outcome::NothingFound,
        _ => Outcome::Found,
    }
}

fn histogram(histogram: &Histogram, args: &Args, zone: &Zone) -> (Rows, Outcome) {
    let style = Style::of_stdout(args.color);
    let most = histogram.buckets.iter().map(|bucket| bucket.total).max().unwrap_or(1).max(1);
    let width = thousands(most).len();
    let mut csv = vec![["start", "level", "count"].map(str::to_owned).to_vec()];
    let mut table = String::new();
    for Bucket { start, total, levels } in &histogram.buckets {
        csv.extend(levels.iter().map(|(level, count)| vec![start.clone(), level.clone(), count.to_string()]));
        let length = usize::try_from((total * BAR).div_ceil(most)).unwrap_or_default();
        let bar = style.resource(&"█".repeat(length)) + &" ".repeat(BAR as usize - length);
        let mut by_level: Vec<_> = levels.iter().collect();
        by_level.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let by_level: Vec<String> = by_level
            .into_iter()
            .map(|(level, count)| {
                let name = if level.is_empty() { "none".into() } else { escape::line(level) };
                style.level(&name) + " " + &thousands(*count)
            })
            .collect();
        let start = style.dim(&zone.show(start));
        table.push_str(&format!("{start}  {:>width$}  {bar}  {}\n", thousands(*total), by_level.join("  ")));
    }
    (Rows { csv, table, approximate: false }, outcome(histogram.total, histogram.partial))
}

fn values(values: &Values) -> (Rows, Outcome) {
    // What was not counted to the end is a least number.
    let exact = !values.partial && !values.approximate;
    let shown = |count| if exact { thousands(count) } else { format!("≥{}", thousands(count)) };
    let width = values.values.iter().map(|value| shown(value.count).chars().count()).max().unwrap_or(0);
    let mut csv = vec![["value", "count", "exact"].map(str::to_owned).to_vec()];
    let mut table = String::new();
    for Value { value, count } in &values.values {
        csv.push(vec![value.clone(), count.to_string(), exact.to_string()]);
        table.push_str(&format!("{:>width$}  {}\n", shown(*count), escape::line(value)));
    }
    (Rows { csv, table, approximate: values.approximate }, outcome(values.with_field, values.partial))
}

fn fields(fields: &Fields) -> (Rows, Outcome) {
    let mut csv = vec![["name", "kind"].map(str::to_owned).to_vec()];
    let mut table = String::new();
    for Field { name, kind } in &fields.fields {
        csv.push(vec![name.clone(), kind.clone()]);
        table.push_str(&format!("{:<7}  {}\n", escape::line(kind), escape::line(name)));
    }
    (Rows { csv, table, approximate: false }, outcome(fields.fields.len() as u64, fields.partial))
}
