//! What to say where nothing was found: where there is something.

use std::fmt::Write as _;
use std::io::IsTerminal;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::args::{Args, Order, Output};
use crate::client::{Client, Parameters};
use crate::escape;
use crate::failure::Failure;
use crate::search::{note, thousands};

/// Advice must not take as long as an answer.
const PATIENCE: &str = "2s";

#[derive(Debug, Deserialize)]
struct Page {
    entries: Vec<Stamp>,
    total: u64,
    partial: bool,
}

#[derive(Debug, Deserialize)]
struct Stamp {
    timestamp: String,
}

/// All of the matches, whatever their time.
#[derive(Debug)]
struct Matches {
    count: String,
    one: bool,
    oldest: String,
    newest: String,
}

/// Explains an empty result on stderr: to people, and in the logs of scripts that read a table. Whoever reads
/// JSON or CSV by a program has the exit code.
pub(crate) async fn explain(client: &Client<'_>, args: &Args) {
    if args.output == Output::Table || std::io::stderr().is_terminal() {
        note(&reason(client, args).await);
    }
}

async fn reason(client: &Client<'_>, args: &Args) -> String {
    let mut query = args.query();
    if let Some(field) = &args.values {
        match is_known(client, field).await {
            Ok(false) => {
                let field = escape::line(field);
                return format!("no entry has the field {field}; `logq --list-fields` shows those there are");
            }
            Ok(true) => query = with_field(&query, field),
            Err(_) => return format!("nothing found{}", within(args)),
        }
    }
    let within = within(args);
    match matches(client, &query).await {
        Err(_) => format!("nothing found{within}"),
        Ok(Some(matches)) => {
            let when = match matches.one {
                true => format!("1 match at {}", matches.oldest),
                false => {
                    format!("{} matches from {} to {}", matches.count, matches.oldest, matches.newest)
                }
            };
            match advice(args, &matches) {
                Some(advice) => format!("nothing found{within}; {when}: {advice}"),
                // They have arrived just now.
                None => format!("nothing found{within}; by now, {when}"),
            }
        }
        Ok(None) if query.trim().is_empty() => "nothing found; the store has no entries yet".to_owned(),
        Ok(None) if within.is_empty() => "nothing found; no entry of any time matches".to_owned(),
        Ok(None) => format!("nothing found{within}, nor at any other time"),
    }
}

/// Whether any entry has the field.
async fn is_known(client: &Client<'_>, field: &str) -> Result<bool, Failure> {
    #[derive(Deserialize)]
    struct Values {
        #[serde(rename = "withField")]
        with_field: u64,
        partial: bool,
    }
    let params = vec![("limit", "1".to_owned()), ("timeout", PATIENCE.to_owned())];
    let values: Values = client.get(&format!("fields/{field}/values"), &params).await?;
    match values.partial && values.with_field == 0 {
        true => Err(unknown()),
        false => Ok(values.with_field > 0),
    }
}

/// Time ended first.
fn unknown() -> Failure {
    Failure::Server("nothing was found until the time budget ended".to_owned())
}

fn with_field(query: &str, field: &str) -> String {
    let field = format!("\"{}\":*", field.replace('\\', "\\\\").replace('"', "\\\""));
    if query.trim().is_empty() { field } else { format!("({query}) AND {field}") }
}

async fn matches(client: &Client<'_>, query: &str) -> Result<Option<Matches>, Failure> {
    let newest = edge(client, query, Order::Desc).await?;
    let Some(last) = newest.entries.first() else {
        return if newest.partial { Err(unknown()) } else { Ok(None) };
    };
    let first = match newest.total {
        1 => None,
        _ => edge(client, query, Order::Asc).await?.entries.into_iter().next(),
    };
    let at_least = if newest.partial { "at least " } else { "" };
    Ok(Some(Matches {
        count: format!("{at_least}{}", thousands(newest.total)),
        one: newest.total == 1 && !newest.partial,
        oldest: first.map_or_else(|| last.timestamp.clone(), |first| first.timestamp),
        newest: last.timestamp.clone(),
    }))
}

async fn edge(client: &Client<'_>, query: &str, order: Order) -> Result<Page, Failure> {
    let params: Parameters = vec![
        ("q", query.to_owned()),
        ("order", order.word().to_owned()),
        ("limit", "1".to_owned()),
        ("timeout", PATIENCE.to_owned()),
    ];
    let page: Box<RawValue> = client.get("search", &params).await?;
    serde_json::from_str(page.get()).map_err(|error| Failure::Server(error.to_string()))
}

/// The bounds with which the matches are found; `None` where there were none.
fn advice(args: &Args, matches: &Matches) -> Option<String> {
    let mut bounds = String::new();
    if args.from().is_some() {
        _ = write!(bounds, " --from {}", matches.oldest);
    }
    if args.to.is_some() {
        _ = write!(bounds, " --to {}", matches.newest);
    }
    let replaced = match (&args.since, &args.from, &args.to) {
        (Some(_), _, None) => "in place of --since, ",
        (Some(_), _, Some(_)) => "in place of --since and --to, ",
        _ => "",
    };
    (!bounds.is_empty()).then(|| format!("{replaced}give{bounds}"))
}

/// The time searched, in words.
fn within(args: &Args) -> String {
    let since = args.since.as_deref().map(last);
    match (since, &args.from, &args.to) {
        (Some(since), _, None) => format!(" in {since}"),
        (Some(since), _, Some(to)) => format!(" in {since}, up to {to}"),
        (None, Some(from), None) => format!(" from {from} on"),
        (None, None, Some(to)) => format!(" up to {to}"),
        (None, Some(from), Some(to)) => format!(" from {from} to {to}"),
        (None, None, None) => String::new(),
    }
}

/// `1h` as "the last hour".
fn last(ago: &str) -> String {
    let digits = ago.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = ago.split_at(digits);
    let word = match unit {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "M" => "month",
        "y" => "year",
        _ => return format!("the last {ago}"),
    };
    match number {
        "1" => format!("the last {word}"),
        _ => format!("the last {number} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_while_is_said_in_words() {
        for (ago, words) in
            [("1h", "hour"), ("15m", "15 minutes"), ("1M", "month"), ("1d-12h", "1d-12h"), ("2w", "2 weeks")]
        {
            assert_eq!(last(ago), format!("the last {words}"));
        }
    }

    #[test]
    fn a_field_is_quoted_in_a_query() {
        assert_eq!(with_field(" ", r#"a "b"\c"#), r#""a \"b\"\\c":*"#);
        assert_eq!(with_field("a OR b", "level"), r#"(a OR b) AND "level":*"#);
    }
}
