//! VictoriaLogs, by its query API.

use std::borrow::Cow;

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::client::{Ask, Body, SourceClient, SourceError};
use super::object::{Object, Text};
use super::timeline::{Less, Row, Rows, Window, text};
use super::{Part, Plan, Selection, nanos};
use crate::import::document::Name;

/// So many entries of one nanosecond are read at most.
const MOST_OF_A_MOMENT: usize = 1 << 20;
/// What it takes from the future, unless it is told otherwise.
const FUTURE: std::time::Duration = std::time::Duration::from_secs(2 * 86_400);

#[derive(Debug)]
pub(in crate::import) struct VictoriaLogs {
    client: SourceClient,
    selection: Selection,
}

impl VictoriaLogs {
    pub(super) fn new(client: SourceClient, selection: Selection) -> Self {
        Self { client, selection }
    }

    /// Counts, and finds the first and the last time.
    pub(super) async fn plan(&mut self) -> Result<Plan, SourceError> {
        let query = self.selection.query.clone().unwrap_or_else(|| "*".to_owned());
        let since = self.selection.since.map(nanos);
        let until = self.selection.until.unwrap_or(self.selection.now + FUTURE);
        let count = format!("{query} | stats count() entries, min(_time) first, max(_time) last");
        let window = Window { from: since.unwrap_or(i64::MIN), until: nanos(until) };
        let answer = self.query(&count, window).await?;
        let mut fields = Vec::new();
        for line in lines(&answer) {
            fields = fields_of(line).map_err(|error| SourceError::Nonsense(error.to_string()))?;
        }
        let field = |name: &str| {
            let value = fields.iter().find(|(key, _)| key == name)?;
            serde_json::from_str::<String>(value.1.get()).ok()
        };
        let time = |name| Some(nanos(field(name)?.parse().ok()?));
        let entries = field("entries").and_then(|count| count.parse().ok());
        let part = Part { name: query, entries, ..Part::default() };
        let (first, last) = match (time("first"), time("last")) {
            (Some(first), Some(last)) => (first, last.saturating_add(1)),
            _ if entries == Some(0) => (0, 0),
            _ => {
                let problem = format!("no count and times in {}", String::from_utf8_lossy(&answer));
                return Err(SourceError::Nonsense(problem));
            }
        };
        Ok(Plan { parts: vec![part], since: Some(first), until: Some(last), is_estimate: false })
    }

    async fn query(&self, query: &str, window: Window) -> Result<Bytes, SourceError> {
        let mut form = vec![("query", query.to_owned()), ("end", text(window.until))];
        if window.from > i64::MIN {
            form.push(("start", text(window.from)));
        }
        let (account, project) = match self.selection.tenant.as_deref() {
            Some(tenant) => tenant.split_once(':').unwrap_or((tenant, "0")),
            None => ("0", "0"),
        };
        let ask = Ask {
            method: Method::POST,
            path: "/select/logsql/query",
            query: &[],
            headers: &[("accountid", account), ("projectid", project)],
            body: Body::Form(form),
        };
        self.client.ask(&ask).await
    }

    async fn rows(&self, part: &str, window: Window, limit: usize) -> Result<Vec<Row>, SourceError> {
        let answer = self.query(&format!("{part} | sort by (_time) limit {limit}"), window).await?;
        let tenant = self.selection.tenant.as_deref().unwrap_or_default();
        lines(&answer).map(|line| row(line, tenant)).collect()
    }
}

impl Rows for VictoriaLogs {
    const INDEX: &'static str = "victorialogs";

    async fn read(&mut self, part: &str, window: Window, limit: usize) -> Result<Vec<Row>, SourceError> {
        let mut rows = self.rows(part, window, limit).await?;
        rows.sort_by_key(|row| row.time);
        Ok(rows)
    }

    async fn read_moment(&mut self, part: &str, time: i64, limit: usize) -> Result<Vec<Row>, SourceError> {
        let window = Window { from: time, until: time.saturating_add(1) };
        let mut limit = limit;
        while limit < MOST_OF_A_MOMENT {
            limit *= 2;
            let rows = match self.rows(part, window, limit).await {
                Err(SourceError::TooLarge) => break,
                rows => rows?,
            };
            if rows.len() < limit {
                return Ok(rows);
            }
        }
        Err(SourceError::Given(format!(
            "more entries have the time {} than can be read at once, {limit} or 64 MiB of them; import them in \
             parts, each with a narrower --query and a --state of its own",
            text(time)
        )))
    }

    fn asks_for_less(error: &SourceError) -> Option<Less> {
        // -search.maxQueryTimeRange
        error.says(StatusCode::BAD_REQUEST, &["maxQueryTimeRange", "time range"]).then_some(Less::Time)
    }
}

fn lines(answer: &[u8]) -> impl Iterator<Item = &[u8]> {
    answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// A line of an answer with `_time` and `_msg` under the names that others give them.
fn row(line: &[u8], tenant: &str) -> Result<Row, SourceError> {
    let nonsense = |what: String| {
        let beginning: String = String::from_utf8_lossy(line).chars().take(100).collect();
        SourceError::Nonsense(format!("{what} in {beginning}"))
    };
    let fields = fields_of(line).map_err(|error| nonsense(error.to_string()))?;
    let time = fields.iter().find(|(key, _)| key == "_time").and_then(|(_, value)| {
        let time: Cow<'_, str> = serde_json::from_str(value.get()).ok()?;
        time.parse().ok().map(nanos)
    });
    let time = time.ok_or_else(|| nonsense("no _time, which --query must leave in place,".to_owned()))?;
    let mut sorted: Vec<(&str, &str)> = fields.iter().map(|(key, value)| (&**key, value.get())).collect();
    sorted.sort_unstable();
    let mut name = Name::new(VictoriaLogs::INDEX);
    name.add(tenant.as_bytes());
    for (key, value) in sorted {
        name.add(key.as_bytes());
        name.add(value.as_bytes());
    }
    let mut object = Object::new();
    // The two first, so that a field of the same name makes way for them.
    for (from, to) in [("_time", "@timestamp"), ("_msg", "message")] {
        if let Some((_, value)) = fields.iter().find(|(key, _)| key == from) {
            object.raw(to, value.get());
        }
    }
    for (key, value) in fields.iter().filter(|(key, _)| !matches!(&**key, "_time" | "_msg")) {
        object.raw(key, value.get());
    }
    Ok(Row { time, digest: name.digest(), source: object.finish() })
}

type Fields<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// The members of an object in their order, the values as they were written.
fn fields_of(line: &[u8]) -> Result<Fields<'_>, serde_json::Error> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Fields<'de>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(16));
            while let Some(Text(key)) = map.next_key()? {
                fields.push((key, map.next_value()?));
            }
            Ok(fields)
        }
    }
    let mut json = serde_json::Deserializer::from_slice(line);
    let fields = json.deserialize_map(Members)?;
    json.end()?;
    Ok(fields)
}

#[cfg(test)]
pub(super) fn read_any(answer: &[u8]) -> Vec<Row> {
    lines(answer).filter_map(|line| row(line, "").ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(line: &str) -> String {
        String::from_utf8(row(line.as_bytes(), "").unwrap().source).unwrap()
    }

    #[test]
    fn a_line_keeps_its_fields_under_the_names_that_others_use() {
        let line = r#"{"_msg":"a \"b\"","_stream":"{app=\"x\"}","_stream_id":"0001","_time":"2026-11-30T10:00:00.000000001Z","n":"1.50"}"#;
        let expected = r#"{"@timestamp":"2026-11-30T10:00:00.000000001Z","message":"a \"b\"","_stream":"{app=\"x\"}","_stream_id":"0001","n":"1.50"}"#;
        assert_eq!(source(line), expected);
        assert_eq!(row(line.as_bytes(), "").unwrap().time, 1_796_032_800_000_000_001);
        let clash = r#"{"_time":"2026-11-30T10:00:00Z","message":"other","_msg":"m"}"#;
        assert_eq!(
            source(clash),
            r#"{"@timestamp":"2026-11-30T10:00:00Z","message":"m","message_":"other"}"#
        );
    }

    #[test]
    fn equal_lines_have_equal_names_whatever_the_order_of_their_fields() {
        let digest = |line: &str, tenant| row(line.as_bytes(), tenant).unwrap().digest;
        let line = r#"{"_time":"2026-11-30T10:00:00Z","_msg":"m","a":"1"}"#;
        assert_eq!(digest(line, ""), digest(r#"{"a":"1","_msg":"m","_time":"2026-11-30T10:00:00Z"}"#, ""));
        assert_ne!(digest(line, ""), digest(line, "1:2"));
        assert_ne!(digest(line, ""), digest(r#"{"_time":"2026-11-30T10:00:00Z","_msg":"m","a":"2"}"#, ""));
    }

    #[test]
    fn what_is_no_line_is_refused() {
        for line in
            ["", "[]", "{", r#"{"_msg":"m"}"#, r#"{"_time":"never"}"#, r#"{"_time":1}"#, "{}x", "\u{0}"]
        {
            assert!(row(line.as_bytes(), "").is_err(), "{line}");
        }
    }
}
