//! The most frequent values of a field.

use std::collections::{BTreeSet, HashMap};

use logpipeline_model::Document;
use logpipeline_model::elasticsearch::field;
use logpipeline_model::query::{Field, text};
use serde_json::{Value, json};

use super::compile::{overflowing, present};
use super::histogram::list;
use super::plan::{Plan, Reader, SearchError, damaged};
use super::{lucene, time};
use crate::terms::{self, FieldTerms, Kind};
use crate::{FieldValues, Order, StoreError, ValuesRequest};

/// Terms that each shard offers beyond those asked for, so that few are missed.
const SPARE: usize = 1_000;
/// Values asked for, at most.
const MOST: usize = 10_000;
/// Values counted at once where entries are read. With more, the rarest are forgotten.
const MOST_COUNTED: usize = 200_000;

pub(super) async fn values(reader: &Reader, request: &ValuesRequest) -> Result<FieldValues, StoreError> {
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
    let (query, range, deadline) = (&request.query, request.range, request.deadline);
    match attempt(reader, request, &source, reader.plan(query, range, deadline)).await {
        Err(SearchError::TooComplex) => {
            Ok(attempt(reader, request, &source, reader.coarse_plan(query, range, deadline)).await?)
        }
        answer => Ok(answer?),
    }
}

async fn attempt(
    reader: &Reader,
    request: &ValuesRequest,
    source: &Source,
    mut plan: Plan,
) -> Result<FieldValues, SearchError> {
    if !plan.exact {
        return by_hand(reader, request, &plan).await;
    }
    if source.field != field::VALUES || !reader.compiler.overflow {
        return by_engine(reader, request, &plan, source).await;
    }
    // Values of bulky metadata are not all indexed.
    let whole = plan.query;
    let without = json!({ "bool": { "filter": [whole], "must_not": [overflowing()] } });
    plan.query = json!({ "constant_score": { "filter": without } });
    let indexed = by_engine(reader, request, &plan, source).await?;
    let only = json!({ "bool": { "filter": [whole, overflowing()] } });
    plan.query = json!({ "constant_score": { "filter": only } });
    let read = by_hand(reader, request, &plan).await?;
    Ok(together(indexed, read, request.limit))
}

/// Counts of some entries and of the others.
fn together(indexed: FieldValues, read: FieldValues, limit: usize) -> FieldValues {
    let full = |values: &FieldValues| values.values.len() >= limit;
    // A value may be among those of one, and just not among those of the other.
    let cut = (full(&indexed) && read.with_field > 0) || (full(&read) && indexed.with_field > 0);
    let mut counts: HashMap<String, u64> = indexed.values.into_iter().collect();
    for (value, count) in read.values {
        *counts.entry(value).or_default() += count;
    }
    let mut values = FieldValues {
        values: counts.into_iter().collect(),
        with_field: indexed.with_field + read.with_field,
        partial: indexed.partial || read.partial,
        approximate: indexed.approximate || read.approximate || cut,
    };
    order(&mut values, limit);
    values
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

    /// An expression for the terms of values that begin so; `None` where it is longer than servers take.
    fn include(&self, prefix: &str) -> Option<String> {
        let values = format!("{}.*", lucene::folded_to(&text::fold(prefix)));
        let before: Vec<_> = self.before.iter().map(|before| lucene::literal(before)).collect();
        lucene::fits(if self.before == [""] { values } else { format!("({}){values}", before.join("|")) })
    }
}

async fn by_engine(
    reader: &Reader,
    request: &ValuesRequest,
    plan: &Plan,
    source: &Source,
) -> Result<FieldValues, SearchError> {
    let mut include = None;
    if source.field == field::VALUES || !request.prefix.is_empty() {
        let Some(expression) = source.include(&request.prefix) else {
            return by_hand(reader, request, plan).await;
        };
        include = Some(expression);
    }
    // Terms of the same count come in the order of their kinds first: more of them than asked for let us choose.
    let size = request.limit.min(MOST) + SPARE;
    let mut counted = json!({ "terms": {
        "field": source.field,
        "size": size,
        "shard_size": 2 * size,
        "order": [{ "_count": "desc" }, { "_key": "asc" }],
    } });
    if let Some(include) = include {
        counted["terms"]["include"] = json!(include);
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

async fn by_hand(reader: &Reader, request: &ValuesRequest, plan: &Plan) -> Result<FieldValues, SearchError> {
    let prefix = text::fold(&request.prefix);
    let mut counts: HashMap<String, u64> = HashMap::new();
    let (mut with_field, mut approximate) = (0, false);
    let partial = reader
        .scan(plan, time::sort(Order::Desc), None, |document, _| {
            let (values, present) = values_of(document, &request.field);
            with_field += u64::from(present);
            for value in values.into_iter().filter(|value| text::fold(value).starts_with(&prefix)) {
                *counts.entry(value).or_default() += 1;
            }
            if counts.len() > MOST_COUNTED {
                approximate = true;
                forget_rarest(&mut counts);
            }
            true
        })
        .await?;
    let values = counts.into_iter().collect();
    let mut values = FieldValues { values, with_field, partial, approximate };
    order(&mut values, request.limit);
    Ok(values)
}

/// Keeps half of the values.
fn forget_rarest(counts: &mut HashMap<String, u64>) {
    let mut all: Vec<_> = counts.values().copied().collect();
    let (_, median, _) = all.select_nth_unstable(MOST_COUNTED / 2);
    let (median, mut at_median) = (*median, MOST_COUNTED / 4);
    counts.retain(|_, count| {
        *count > median
            || (*count == median && at_median.checked_sub(1).map(|left| at_median = left).is_some())
    });
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
