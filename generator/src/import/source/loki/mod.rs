//! Loki, by range queries.

pub(super) mod answer;
pub(super) mod selector;

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::client::{Ask, Body, SourceClient, SourceError};
use super::timeline::{Less, Row, Rows, Window, text};
use super::{Part, Plan, Selection, nanos};

/// Ranges of questions about labels and counts; longer ones are refused by default.
const ASKED_AT_ONCE: i64 = 30 * 86_400_000_000_000;
/// What it takes from the future by default is 10 minutes.
const FUTURE: std::time::Duration = std::time::Duration::from_secs(3_600);

#[derive(Debug)]
pub(in crate::import) struct Loki {
    client: SourceClient,
    selection: Selection,
}

#[derive(Deserialize)]
struct Labels {
    #[serde(default)]
    data: Vec<String>,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    data: Vec<std::collections::BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Stats {
    entries: u64,
}

impl Loki {
    pub(super) fn new(client: SourceClient, selection: Selection) -> Self {
        Self { client, selection }
    }

    /// Chooses the selectors that find every stream once, and estimates what they find.
    pub(super) async fn plan(&mut self) -> Result<Plan, SourceError> {
        let since = self.selection.since.map(nanos).unwrap_or_default();
        let until = nanos(self.selection.until.unwrap_or(self.selection.now + FUTURE));
        let whole = Window { from: since, until };
        let selectors = match self.selection.query.clone() {
            Some(query) => vec![query],
            None => selector::partition(self.labels(whole).await?),
        };
        let mut parts = Vec::with_capacity(selectors.len());
        for name in selectors {
            let entries = self.estimate(&name, whole).await?;
            parts.push(Part { name, entries, ..Part::default() });
        }
        Ok(Plan { parts, since: Some(since), until: Some(until), is_estimate: true })
    }

    async fn labels(&self, whole: Window) -> Result<Vec<String>, SourceError> {
        let mut labels = Vec::new();
        for window in slices(whole) {
            let answer = self.get("/loki/api/v1/labels", &[], window).await?;
            labels.extend(parse::<Labels>(&answer)?.data);
        }
        labels.sort_unstable();
        labels.dedup();
        Ok(labels)
    }

    /// About how many entries a query finds; `None` where the server doesn't say.
    async fn estimate(&self, query: &str, whole: Window) -> Result<Option<u64>, SourceError> {
        let selector = selector::split(query).0;
        let mut entries = 0;
        for window in slices(whole) {
            match self.get("/loki/api/v1/index/stats", &[("query", selector)], window).await {
                Ok(answer) => match serde_json::from_slice::<Stats>(&answer) {
                    Ok(stats) => entries += stats.entries,
                    Err(_) => return Ok(None),
                },
                // Older ones don't have it, and proxies may not let it through.
                Err(SourceError::Refused { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(entries))
    }

    async fn get(&self, path: &str, query: &[(&str, &str)], window: Window) -> Result<Bytes, SourceError> {
        let (start, end) = (window.from.to_string(), window.until.to_string());
        let mut pairs = query.to_vec();
        pairs.extend([("start", start.as_str()), ("end", end.as_str())]);
        // Structured metadata apart from labels.
        let mut headers = vec![("x-loki-response-encoding-flags", "categorize-labels")];
        if let Some(tenant) = &self.selection.tenant {
            headers.push(("x-scope-orgid", tenant));
        }
        let ask = Ask { method: Method::GET, path, query: &pairs, headers: &headers, body: Body::None };
        self.client.ask(&ask).await
    }

    async fn rows(&self, query: &str, window: Window, limit: usize) -> Result<Vec<Row>, SourceError> {
        let limit = limit.to_string();
        let pairs = [("query", query), ("limit", &limit), ("direction", "forward")];
        let answer = self.get("/loki/api/v1/query_range", &pairs, window).await?;
        let tenant = self.selection.tenant.as_deref().unwrap_or_default();
        let mut rows = answer::rows(&answer, tenant)?;
        // The end is exclusive, but was not in all versions.
        rows.retain(|row| (window.from..window.until).contains(&row.time));
        rows.sort_by_key(|row| row.time);
        Ok(rows)
    }
}

impl Rows for Loki {
    const INDEX: &'static str = "loki";

    async fn read(&mut self, part: &str, window: Window, limit: usize) -> Result<Vec<Row>, SourceError> {
        self.rows(part, window, limit).await
    }

    /// Reads stream by stream, for a limit holds for all of them together.
    async fn read_moment(&mut self, part: &str, time: i64, limit: usize) -> Result<Vec<Row>, SourceError> {
        let window = Window { from: time, until: time.saturating_add(1) };
        let (selector, pipeline) = selector::split(part);
        let answer = self.get("/loki/api/v1/series", &[("match[]", selector)], window).await?;
        let mut all = Vec::new();
        for labels in parse::<Series>(&answer)?.data {
            let stream = selector::of_stream(&labels);
            let rows = self.rows(&format!("{stream}{pipeline}"), window, limit).await?;
            if rows.len() >= limit {
                return Err(SourceError::Given(format!(
                    "{limit} or more entries of the stream {stream} have the time {}, more than Loki gives at once; \
                     raise its max_entries_limit_per_query, and --batch-size to it, and run the import again",
                    text(time)
                )));
            }
            all.extend(rows);
        }
        Ok(all)
    }

    fn asks_for_less(error: &SourceError) -> Option<Less> {
        let says = |words: &[&str]| error.says(StatusCode::BAD_REQUEST, words);
        if says(&["max_entries_limit", "max entries limit"]) {
            return Some(Less::Entries);
        }
        let is_slow = error.status() == Some(StatusCode::GATEWAY_TIMEOUT);
        let too_much =
            says(&["time range exceeds the limit", "number of chunks limit", "would read too many bytes"]);
        (is_slow || too_much).then_some(Less::Time)
    }
}

fn parse<'a, T: Deserialize<'a>>(answer: &'a [u8]) -> Result<T, SourceError> {
    serde_json::from_slice(answer).map_err(|error| SourceError::Nonsense(error.to_string()))
}

/// A window in pieces that servers don't refuse.
fn slices(whole: Window) -> impl Iterator<Item = Window> {
    let mut from = whole.from;
    std::iter::from_fn(move || {
        let window = Window { from, until: from.saturating_add(ASKED_AT_ONCE).min(whole.until) };
        from = window.until;
        (window.from < window.until).then_some(window)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ranges_are_asked_for_in_pieces() {
        let slices: Vec<_> = slices(Window { from: 5, until: 2 * ASKED_AT_ONCE + 6 }).collect();
        assert_eq!(slices.len(), 3);
        assert_eq!((slices[0].from, slices[2].until), (5, 2 * ASKED_AT_ONCE + 6));
        assert!(slices.windows(2).all(|pair| pair[0].until == pair[1].from));
    }
}
