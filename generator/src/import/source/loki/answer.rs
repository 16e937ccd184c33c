//! Entries in the answer to a range query.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::client::SourceError;
use super::super::object::{Object, Text};
use super::super::timeline::{Row, text};
use crate::import::document::Name;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    result_type: String,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
}

type Labels = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Stream<'a> {
    stream: Labels,
    #[serde(borrow)]
    values: Vec<Value<'a>>,
}

/// Time, line, and in newer versions what else belongs to the entry.
struct Value<'a> {
    time: Cow<'a, str>,
    line: Cow<'a, str>,
    categories: Categories,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Categories {
    #[serde(default)]
    structured_metadata: Labels,
    /// What the query's own parsers found.
    #[serde(default)]
    parsed: Labels,
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array of a time and a line")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let missing = |at| A::Error::invalid_length(at, &self);
                let Text(time) = elements.next_element()?.ok_or_else(|| missing(0))?;
                let Text(line) = elements.next_element()?.ok_or_else(|| missing(1))?;
                let categories = elements.next_element()?.unwrap_or_default();
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Value { time, line, categories })
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

/// The entries, in no particular order.
pub(in crate::import::source) fn rows(answer: &[u8], tenant: &str) -> Result<Vec<Row>, SourceError> {
    let nonsense = |error: serde_json::Error| SourceError::Nonsense(error.to_string());
    let Answer { data } = serde_json::from_slice(answer).map_err(nonsense)?;
    if data.result_type != "streams" {
        return Err(SourceError::Given(format!(
            "--query gives a {}, not log lines: it must be a selector of streams, such as {{app=\"shop\"}}, and may have \
             filters behind it",
            data.result_type
        )));
    }
    let Some(result) = data.result else { return Ok(Vec::new()) };
    let streams: Option<Vec<Stream<'_>>> = serde_json::from_str(result.get()).map_err(nonsense)?;
    let mut rows = Vec::new();
    for stream in streams.unwrap_or_default() {
        for value in &stream.values {
            rows.push(row(&stream.stream, value, tenant)?);
        }
    }
    Ok(rows)
}

fn row(labels: &Labels, value: &Value<'_>, tenant: &str) -> Result<Row, SourceError> {
    let Value { time, line, categories } = value;
    let time: i64 = time
        .parse()
        .map_err(|_| SourceError::Nonsense(format!("{time} is no time in nanoseconds since 1970")))?;

    let mut name = Name::new("loki");
    name.add(tenant.as_bytes());
    for (key, value) in labels {
        name.add(key.as_bytes());
        name.add(value.as_bytes());
    }
    name.add(&time.to_be_bytes());
    name.add(line.as_bytes());
    for (key, value) in &categories.structured_metadata {
        name.add(key.as_bytes());
        name.add(value.as_bytes());
    }

    let mut object = Object::new();
    object.text("@timestamp", &text(time));
    object.text("message", line);
    for (key, value) in labels {
        object.text(key, value);
    }
    for (key, value) in categories.structured_metadata.iter().chain(&categories.parsed) {
        object.text(key, value);
    }
    Ok(Row { time, digest: name.digest(), source: object.finish() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(result: &str) -> String {
        format!(r#"{{"status":"success","data":{{"resultType":"streams","result":{result},"stats":{{}}}}}}"#)
    }

    fn of(result: &str) -> Vec<Row> {
        rows(answer(result).as_bytes(), "").unwrap()
    }

    #[test]
    fn an_entry_has_its_time_its_line_its_labels_and_its_metadata() {
        let rows = of(r#"[{"stream":{"app":"shop","message":"label"},"values":[
                ["1796032800000000001","say \"hi\"\n"],
                ["1796032800123000000","two",{"structuredMetadata":{"trace_id":"abc","app":"meta"},"parsed":{"n":"1"}}],
                ["-1","",{}]
            ]}]"#);
        let source = |row: &Row| String::from_utf8(row.source.clone()).unwrap();
        assert_eq!(
            source(&rows[0]),
            r#"{"@timestamp":"2026-11-30T10:00:00.000000001Z","message":"say \"hi\"\n","app":"shop","message_":"label"}"#
        );
        assert_eq!(
            source(&rows[1]),
            r#"{"@timestamp":"2026-11-30T10:00:00.123Z","message":"two","app":"shop","message_":"label","app_":"meta","trace_id":"abc","n":"1"}"#
        );
        assert_eq!((rows[0].time, rows[2].time), (1_796_032_800_000_000_001, -1));
    }

    #[test]
    fn entries_that_differ_in_anything_have_other_names() {
        let digest = |stream: &str, value: &str, tenant: &str| {
            let answer = answer(&format!(r#"[{{"stream":{stream},"values":[{value}]}}]"#));
            rows(answer.as_bytes(), tenant).unwrap()[0].digest
        };
        let base = digest(r#"{"a":"1","b":"2"}"#, r#"["7","x"]"#, "");
        assert_eq!(base, digest(r#"{"b":"2","a":"1"}"#, r#"["7","x",{"parsed":{"n":"1"}}]"#, ""));
        for (stream, value, tenant) in [
            (r#"{"a":"1"}"#, r#"["7","x"]"#, ""),
            (r#"{"a":"1","b":"2"}"#, r#"["8","x"]"#, ""),
            (r#"{"a":"1","b":"2"}"#, r#"["7","y"]"#, ""),
            (r#"{"a":"1","b":"2"}"#, r#"["7","x",{"structuredMetadata":{"t":"1"}}]"#, ""),
            (r#"{"a":"1","b":"2"}"#, r#"["7","x"]"#, "team"),
        ] {
            assert_ne!(base, digest(stream, value, tenant), "{stream} {value} {tenant}");
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert!(of("null").is_empty() && of("[]").is_empty());
        let matrix = br#"{"data":{"resultType":"matrix","result":[]}}"#;
        assert!(rows(matrix, "").unwrap_err().to_string().contains("must be a selector of streams"));
        for result in
            ["{}", "[1]", r#"[{"stream":{},"values":[["x","y"]]}]"#, r#"[{"stream":{},"values":[["1"]]}]"#]
        {
            assert!(rows(answer(result).as_bytes(), "").is_err(), "{result}");
        }
        assert!(rows(b"", "").is_err());
    }
}
