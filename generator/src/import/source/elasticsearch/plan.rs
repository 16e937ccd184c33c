//! The indices that a pattern stands for, and how many documents each has.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::client::SourceError;
use super::super::{Part, Times};
use super::query::{TIME, timed, untimed};

/// So many indices are read by one import.
const MOST_INDICES: usize = 10_000;

/// How each index holds times: the answer about a field's types.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Fields {
    /// All indices; older versions don't list them.
    #[serde(default)]
    indices: Option<Vec<String>>,
    #[serde(default)]
    fields: BTreeMap<String, BTreeMap<String, Field>>,
}

#[derive(Debug, Deserialize)]
struct Field {
    /// `None` where all indices have the field, and with this type.
    #[serde(default)]
    indices: Option<Vec<String>>,
}

impl Fields {
    pub(super) fn parse(answer: &[u8]) -> Result<Self, SourceError> {
        serde_json::from_slice(answer).map_err(|error| SourceError::Nonsense(error.to_string()))
    }

    /// Whether the pattern stands for nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.indices.as_ref().is_some_and(Vec::is_empty)
    }

    /// How `index` holds times.
    fn times(&self, index: &str) -> Times {
        for (kind, field) in self.fields.get(TIME).into_iter().flatten() {
            let has = |indices: &Vec<String>| indices.iter().any(|name| name == index);
            if field.indices.as_ref().is_none_or(has) {
                return match kind.as_str() {
                    "date" => Times::Millis,
                    "date_nanos" => Times::Nanos,
                    _ => Times::None,
                };
            }
        }
        Times::None
    }

    /// Indices that hold the field as something else than a time.
    fn without_dates(&self) -> Vec<String> {
        let kinds = self.fields.get(TIME).into_iter().flatten();
        let others = kinds.filter(|(kind, _)| !matches!(kind.as_str(), "date" | "date_nanos"));
        others
            .flat_map(|(_, field)| field.indices.clone().or_else(|| self.indices.clone()).unwrap_or_default())
            .collect()
    }

    /// The search that counts the documents of each index.
    pub(super) fn count(&self, since: Option<i64>, until: Option<i64>) -> Value {
        json!({
            "size": 0,
            "query": { "bool": { "minimum_should_match": 1, "should": [
                timed(since, until),
                untimed(),
                { "terms": { "_index": self.without_dates() } }
            ] } },
            "aggs": { "indices": {
                "terms": { "field": "_index", "size": MOST_INDICES, "order": { "_key": "asc" } },
                "aggs": { "untimed": { "filter": untimed() } }
            } }
        })
    }

    /// What is to be read, from the answer to [`Self::count`].
    pub(super) fn parts(&self, answer: &[u8]) -> Result<Vec<Part>, SourceError> {
        let nonsense = |error: serde_json::Error| SourceError::Nonsense(error.to_string());
        let counted: Counted = serde_json::from_slice(answer).map_err(nonsense)?;
        let indices = counted.aggregations.indices;
        if indices.sum_other_doc_count > 0 {
            return Err(SourceError::Given(format!(
                "more than {MOST_INDICES} indices are meant; import them in parts, each with a narrower pattern and a \
                 --state of its own"
            )));
        }
        let parts = indices.buckets.into_iter().map(|bucket| {
            let times = self.times(&bucket.key);
            let without_time = if times == Times::None { bucket.doc_count } else { bucket.untimed.doc_count };
            Part { name: bucket.key, entries: Some(bucket.doc_count), without_time, times }
        });
        Ok(parts.collect())
    }
}

#[derive(Deserialize)]
struct Counted {
    aggregations: Aggregations,
}

#[derive(Deserialize)]
struct Aggregations {
    indices: Indices,
}

#[derive(Deserialize)]
struct Indices {
    #[serde(default)]
    sum_other_doc_count: u64,
    buckets: Vec<Bucket>,
}

#[derive(Deserialize)]
struct Bucket {
    key: String,
    doc_count: u64,
    untimed: Count,
}

#[derive(Deserialize)]
struct Count {
    doc_count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_known_by_how_they_hold_times() {
        let fields = Fields::parse(
            br#"{"indices":["a","b","c","d"],"fields":{"@timestamp":{
                "date":{"type":"date","searchable":true,"indices":["a"]},
                "date_nanos":{"type":"date_nanos","indices":["b"]},
                "keyword":{"type":"keyword","indices":["c"]}}}}"#,
        )
        .unwrap();
        let times = ["a", "b", "c", "d"].map(|index| fields.times(index));
        assert_eq!(times, [Times::Millis, Times::Nanos, Times::None, Times::None]);
        assert_eq!(fields.without_dates(), ["c"]);
        let answer = br#"{"aggregations":{"indices":{"sum_other_doc_count":0,"buckets":[
            {"key":"a","doc_count":7,"untimed":{"doc_count":2}},{"key":"c","doc_count":3,"untimed":{"doc_count":0}}]}}}"#;
        let parts = fields.parts(answer).unwrap();
        assert_eq!(
            parts
                .iter()
                .map(|part| (part.name.as_str(), part.entries, part.without_time))
                .collect::<Vec<_>>(),
            [("a", Some(7), 2), ("c", Some(3), 3)]
        );
    }

    #[test]
    fn one_type_for_all_names_no_indices() {
        let fields =
            Fields::parse(br#"{"indices":["a"],"fields":{"@timestamp":{"date":{"type":"date"}}}}"#).unwrap();
        assert_eq!((fields.times("a"), fields.is_empty()), (Times::Millis, false));
        assert!(fields.without_dates().is_empty());
        let none = Fields::parse(br#"{"indices":[],"fields":{}}"#).unwrap();
        assert!(none.is_empty() && none.times("a") == Times::None);
        let old = Fields::parse(br#"{"fields":{"@timestamp":{"text":{"type":"text"}}}}"#).unwrap();
        assert!(!old.is_empty() && old.times("a") == Times::None);
    }

    #[test]
    fn more_indices_than_one_import_can_read_are_refused() {
        let answer = br#"{"aggregations":{"indices":{"sum_other_doc_count":5,"buckets":[]}}}"#;
        let error = Fields::default().parts(answer).unwrap_err().to_string();
        assert!(error.contains("more than 10000 indices"), "{error}");
    }
}
