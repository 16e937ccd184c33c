//! Which fields there are.

use std::collections::BTreeMap;
use std::time::Instant;

use logpipeline_model::elasticsearch::field;
use logpipeline_model::query::{Field, TimeRange};
use serde_json::json;

use super::histogram::list;
use super::plan::{Reader, damaged};
use super::time;
use crate::terms::{self, Kind};
use crate::{FieldInfo, FieldKind, FieldList, StoreError};

/// Paths below `metadata` that are listed, each counted twice where it leads to numbers.
const MOST: usize = 40_000;

const SOMETIMES: [(&str, Field); 5] = [
    ("level", Field::Level),
    ("resourceId", Field::ResourceId),
    ("traceId", Field::TraceId),
    ("spanId", Field::SpanId),
    ("commit", Field::Commit),
];

pub(super) async fn fields(
    reader: &Reader,
    range: TimeRange,
    deadline: Option<Instant>,
) -> Result<FieldList, StoreError> {
    let filters: serde_json::Map<_, _> = SOMETIMES
        .iter()
        .map(|(name, _)| ((*name).to_owned(), json!({ "exists": { "field": name } })))
        .collect();
    let body = json!({
        "query": { "constant_score": { "filter": time::of_event(range) } },
        "size": 0, "track_total_hits": true,
        "aggs": {
            "fixed": { "filters": { "filters": filters } },
            "paths": { "terms": {
                "field": field::PATHS, "size": MOST, "order": { "_key": "asc" },
                "include": format!(".*\0[{}{}]", char::from(Kind::Present as u8), char::from(Kind::Number as u8)),
            } },
        },
    });
    let nothing = |partial| Ok(FieldList { fields: Vec::new(), partial });
    let Some(answer) = reader.search(body, deadline).await? else { return nothing(true) };
    let mut partial = answer.is_partial();
    let Some(found) = &answer.aggregations else { return nothing(partial) };
    if answer.hits.total.as_ref().is_none_or(|total| total.value == 0) {
        return nothing(partial);
    }
    // There are more paths than asked for.
    partial |= found["paths"]["sum_other_doc_count"].as_u64() != Some(0);
    let has = |field: &Field| match SOMETIMES.iter().find(|(_, one)| one == field) {
        Some((name, _)) => found["fixed"]["buckets"][name]["doc_count"].as_u64().unwrap_or_default() > 0,
        None => true,
    };
    let fixed = Field::FIXED.into_iter().filter(has).map(|field| {
        let kind = FieldKind::of_fixed(&field);
        FieldInfo { field, kind }
    });
    let mut paths: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for bucket in list(&found["paths"]["buckets"]) {
        let term = bucket["key"].as_str().ok_or_else(|| damaged("a path is no text".to_owned()))?.as_bytes();
        let (Some(escaped), Some(kind)) = (terms::escaped_path(term), term.last()) else { continue };
        let (present, number) = paths.entry(terms::unescape(escaped)).or_default();
        *present |= *kind == Kind::Present as u8;
        *number |= *kind == Kind::Number as u8;
    }
    let metadata =
        paths.into_iter().filter(|(_, (present, _))| *present).map(|(path, (_, number))| FieldInfo {
            field: Field::Metadata(path),
            kind: if number { FieldKind::Number } else { FieldKind::Keyword },
        });
    Ok(FieldList { fields: fixed.chain(metadata).collect(), partial })
}
