//! The most frequent values of a field.

use std::collections::{BTreeSet, HashMap};

use logpipeline_model::Document;
use logpipeline_model::elasticsearch::field;
use logpipeline_model::query::{Field, text};
use serde_json::{Value, json};

use super::compile::present;
use super::histogram::list;
use super::plan::{Plan, Reader, damaged};
use super::{lucene, time};
use crate::terms::{self, FieldTerms, Kind};
use crate::{FieldValues, Order, StoreError, ValuesRequest};

/// Terms that each shard offers beyond those asked for, so that few are missed.
const SPARE: usize = 1_000;

pub(super) async fn values(reader: &Reader, request: &ValuesRequest) -> Result<FieldValues, StoreError> {
    let plan = reader.plan(&request.query, request.range, request.deadline);
    let source = match &request.field {
        Field::Level => Source::fixed("level"),
        Field::ResourceId => Source::fixed("resourceId"),
        Field::TraceId => Source::fixed("traceId"),
        Field::SpanId => Source::fixed("spanId"),
        Field::Commit => Source::fixed("commit"),
        Field::Id => Source::fixed(field::ID),
        Field::Metadata(path) if !path.is_empty() => Source::metadata(path),
        Field::Metadata(_) | Field::Message | Field::Timestamp | Field::ReceivedAt => {
            let reason = format!("{} has no values to count", request.field);
            return Err(StoreError::Unsupported { reason });
        }
    };
    if plan.exact {
        by_engine(reader, request, &plan, &source).await
    } else {
        by_hand(reader, request, &plan).await
    }
}

struct Source {
    field: &'static str,
    present: Value,
    /// What a term has in front of the value, of each kind.
    before: Vec<String>,
}

impl Source {
    fn fixed(name: &'static str) -> Self {
        Self { field: name, present: json!({ "exists": { "field": name } }), before: vec![String::new()] }
    }

    fn metadata(path: &str) -> Self {
        let names = FieldTerms::metadata(path);
        let before = FieldTerms::kinds(false).map(|kind: Kind| terms::as_text(&names.term(kind, b"")));
        Self { field: field::VALUES, present: present(path), before: before.to_vec() }
    }
}

async fn by_engine(
    reader: &Reader,
    request: &ValuesRequest,
    plan: &Plan,
    source: &Source,
) -> Result<FieldValues, StoreError> {
    let before: Vec<_> = source.before.iter().map(|before| lucene::literal(before)).collect();
    let include = format!("({}){}.*", before.join("|"), lucene::folded_to(&text::fold(&request.prefix)));
    let mut counted = json!({ "terms": {
        "field": source.field,
        "size": request.limit,
        "shard_size": request.limit.saturating_mul(2).saturating_add(SPARE),
        "order": [{ "_count": "desc" }, { "_key": "asc" }],
    } });
    if source.field == field::VALUES || !request.prefix.is_empty() {
        counted["terms"]["include"] = json!(if source.before == [""] {
            format!("{}.*", lucene::folded_to(&text::fold(&request.prefix)))
        } else {
            include
        });
    }
    let body = json!({
        "query": plan.query, "size": 0, "track_total_hits": false,
        "aggs": { "with": { "filter": source.present }, "values": counted },
    });
    let Some(answer) = reader.search(body, plan.deadline).await? else {
        return Ok(FieldValues { partial: true, ..FieldValues::default() });
    };
    let mut values = FieldValues { partial: answer.is_partial(), ..FieldValues::default() };
    let Some(found) = &answer.aggregations else { return Ok(values) };
    let unreadable = || damaged(format!("counts of values cannot be read: {found}"));
    values.with_field = found["with"]["doc_count"].as_u64().ok_or_else(unreadable)?;
    values.approximate =
        found["values"]["doc_count_error_upper_bound"].as_i64().is_none_or(|bound| bound != 0);
    for bucket in list(&found["values"]["buckets"]) {
        let key = bucket["key"].as_str().ok_or_else(unreadable)?;
        let value = source.before.iter().find_map(|before| key.strip_prefix(before.as_str()));
        let count = bucket["doc_count"].as_u64().ok_or_else(unreadable)?;
        values.values.push((value.ok_or_else(unreadable)?.to_owned(), count));
    }
    order(&mut values, request.limit);
    Ok(values)
}

fn order(values: &mut FieldValues, limit: usize) {
    values.values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    values.values.truncate(limit);
}

async fn by_hand(reader: &Reader, request: &ValuesRequest, plan: &Plan) -> Result<FieldValues, StoreError> {
    let prefix = text::fold(&request.prefix);
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut with_field = 0;
    let partial = reader
        .scan(plan, time::sort(Order::Desc), None, |document, _| {
            let (values, present) = values_of(document, &request.field);
            with_field += u64::from(present);
            for value in values.into_iter().filter(|value| text::fold(value).starts_with(&prefix)) {
                *counts.entry(value).or_default() += 1;
            }
            true
        })
        .await?;
    let values = counts.into_iter().collect();
    let mut values = FieldValues { values, with_field, partial, approximate: false };
    order(&mut values, request.limit);
    Ok(values)
}

/// The distinct values of a field, and whether the entry has it.
fn values_of(document: &Document<'_>, field: &Field) -> (BTreeSet<String>, bool) {
    let one = match field {
        Field::Id => return (BTreeSet::from([document.id.to_string()]), true),
        Field::Level => &document.level,
        Field::ResourceId => &document.resource_id,
        Field::TraceId => &document.trace_id,
        Field::SpanId => &document.span_id,
        Field::Commit => &document.commit,
        Field::Metadata(path) => {
            let below = |leaf: &str| {
                leaf.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let here = document.metadata.iter().filter(|leaf| leaf.path == *path);
            return (
                here.map(|leaf| leaf.text.clone().into_owned()).collect(),
                document.metadata.iter().any(|leaf| below(&leaf.path)),
            );
        }
        Field::Message | Field::Timestamp | Field::ReceivedAt => return (BTreeSet::new(), true),
    };
    (one.iter().map(|value| value.clone().into_owned()).collect(), one.is_some())
}
