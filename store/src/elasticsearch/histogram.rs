//! Counts by time and level.

use std::collections::BTreeMap;
use std::sync::Arc;

use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{ERA_WITHIN, field};
use serde_json::{Value, json};

use super::plan::{Plan, Reader, SearchError, damaged};
use super::time;
use crate::levels::severity_order;
use crate::{Bucket, Histogram, HistogramRequest, Order, StoreError};

/// Levels told apart by the engine. More than a handful are no levels any more.
const MOST_LEVELS: usize = 1_000;
/// Buckets and levels in them.
const MOST_BUCKETS: usize = 65_000;
/// Intervals in nanoseconds that engines can cut times by.
const LONGEST: i128 = 1 << 62;

/// By number of the bucket, then by level.
type Counts = BTreeMap<i128, BTreeMap<String, u64>>;

pub(super) async fn histogram(reader: &Reader, request: &HistogramRequest) -> Result<Histogram, StoreError> {
    let interval = i128::try_from(request.interval.as_nanos()).unwrap_or(i128::MAX);
    if interval == 0 {
        let reason = "the interval of a histogram must not be zero".to_owned();
        return Err(StoreError::Unsupported { reason });
    }
    let (query, range, deadline) = (&request.query, request.range, request.deadline);
    let (counts, partial) = match attempt(reader, &reader.plan(query, range, deadline), interval).await {
        Err(SearchError::TooComplex) => {
            attempt(reader, &reader.coarse_plan(query, range, deadline), interval).await?
        }
        answer => answer?,
    };
    let buckets = counts.into_iter().map(|(number, levels)| {
        let mut levels: Vec<_> = levels.into_iter().collect();
        levels.sort_by(|(a, _), (b, _)| severity_order(a).cmp(&severity_order(b)));
        Bucket {
            start: Timestamp::from_unix_nanos(number.saturating_mul(interval)),
            total: levels.iter().map(|(_, count)| count).sum(),
            levels,
        }
    });
    Ok(Histogram { buckets: buckets.collect(), partial })
}

async fn attempt(reader: &Reader, plan: &Plan, interval: i128) -> Result<(Counts, bool), SearchError> {
    let mut counts = Counts::new();
    if plan.exact && interval % 1_000_000 == 0 && interval < LONGEST {
        if let Some(partial) = by_engine(reader, plan, interval, &mut counts).await? {
            return Ok((counts, partial));
        }
        counts.clear();
    }
    let partial = by_hand(reader, plan, interval, &mut counts).await?;
    Ok((counts, partial))
}

/// `None` where there are more levels than the engine tells apart.
async fn by_engine(
    reader: &Reader,
    plan: &Plan,
    interval: i128,
    counts: &mut Counts,
) -> Result<Option<bool>, SearchError> {
    let within = json!({ "term": { (field::ERA): ERA_WITHIN } });
    let body = json!({
        "query": plan.query, "size": 0, "track_total_hits": false,
        "aggs": {
            // Levels outside: a list of them for each bucket of time would take the servers long.
            "within": { "filter": within, "aggs": { "levels": {
                "terms": { "field": field::LEVEL, "size": MOST_LEVELS, "missing": "" },
                "aggs": { "times": { "date_histogram": {
                    "field": field::TIMESTAMP,
                    "fixed_interval": format!("{}ms", interval / 1_000_000),
                    "min_doc_count": 1,
                } } },
            } } },
            "outside": { "filter": { "bool": { "must_not": [within] } } },
        },
    });
    let Some(answer) = reader.search(body, plan.deadline).await? else { return Ok(Some(true)) };
    let mut partial = answer.is_partial();
    let Some(found) = &answer.aggregations else { return Ok(Some(partial)) };
    let unreadable = || damaged(format!("a histogram cannot be read: {found}"));
    let levels = &found["within"]["levels"];
    if levels["sum_other_doc_count"].as_u64() != Some(0) {
        return Ok(None);
    }
    for level in list(&levels["buckets"]) {
        let name = level["key"].as_str().ok_or_else(unreadable)?;
        for bucket in list(&level["times"]["buckets"]) {
            let millis = bucket["key"].as_i64().ok_or_else(unreadable)?;
            let number = i128::from(millis) * 1_000_000 / interval;
            *counts.entry(number).or_default().entry(name.to_owned()).or_default() +=
                bucket["doc_count"].as_u64().ok_or_else(unreadable)?;
        }
    }
    if found["outside"]["doc_count"].as_u64().ok_or_else(unreadable)? > 0 {
        let outside = json!({ "bool": { "filter": [plan.query], "must_not": [within] } });
        let plan = Plan {
            query: outside,
            exact: false,
            matcher: Arc::clone(&plan.matcher),
            deadline: plan.deadline,
        };
        partial |= by_hand(reader, &plan, interval, counts).await?;
    }
    Ok(Some(partial))
}

async fn by_hand(
    reader: &Reader,
    plan: &Plan,
    interval: i128,
    counts: &mut Counts,
) -> Result<bool, SearchError> {
    let mut size: usize = counts.values().map(BTreeMap::len).sum();
    let mut too_many = false;
    let partial = reader
        .scan(plan, time::sort(Order::Desc), None, |document, _| {
            let levels = counts.entry(document.timestamp.unix_nanos().div_euclid(interval)).or_default();
            let level = document.level.as_deref().unwrap_or_default();
            let count = levels.entry(level.to_owned()).or_default();
            size += usize::from(*count == 0);
            *count += 1;
            too_many = size > MOST_BUCKETS;
            !too_many
        })
        .await?;
    if too_many {
        let reason = format!("the histogram has more than {MOST_BUCKETS} buckets; take a longer interval");
        return Err(StoreError::Unsupported { reason }.into());
    }
    Ok(partial)
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
