//! Counts by time and level.

use std::collections::BTreeMap;
use std::sync::Arc;

use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{ERA_WITHIN, field};
use serde_json::{Value, json};

use super::plan::{Plan, Reader, damaged};
use super::time;
use crate::levels::severity_order;
use crate::{Bucket, Histogram, HistogramRequest, Order, StoreError};

/// Levels told apart in a bucket. More than a handful are no levels any more.
const MOST_LEVELS: usize = 1_000;
const MOST_BUCKETS: usize = 65_000;

/// By number of the bucket, then by level.
type Counts = BTreeMap<i128, BTreeMap<String, u64>>;

pub(super) async fn histogram(reader: &Reader, request: &HistogramRequest) -> Result<Histogram, StoreError> {
    let interval = i128::try_from(request.interval.as_nanos()).unwrap_or(i128::MAX);
    if interval == 0 {
        let reason = "the interval of a histogram must not be zero".to_owned();
        return Err(StoreError::Unsupported { reason });
    }
    let plan = reader.plan(&request.query, request.range, request.deadline);
    let mut counts = Counts::new();
    let whole_millis = interval % 1_000_000 == 0;
    let partial = if plan.exact && whole_millis {
        by_engine(reader, &plan, interval, &mut counts).await?
    } else {
        by_hand(reader, &plan, interval, &mut counts).await?
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

async fn by_engine(
    reader: &Reader,
    plan: &Plan,
    interval: i128,
    counts: &mut Counts,
) -> Result<bool, StoreError> {
    let within = json!({ "term": { (field::ERA): ERA_WITHIN } });
    let body = json!({
        "query": plan.query, "size": 0, "track_total_hits": false,
        "aggs": {
            "within": { "filter": within, "aggs": { "times": {
                "date_histogram": {
                    "field": field::TIMESTAMP,
                    "fixed_interval": format!("{}ms", interval / 1_000_000),
                    "min_doc_count": 1,
                },
                "aggs": { "levels": {
                    "terms": { "field": field::LEVEL, "size": MOST_LEVELS, "missing": "" },
                } },
            } } },
            "outside": { "filter": { "bool": { "must_not": [within] } } },
        },
    });
    let Some(answer) = reader.search(body, plan.deadline).await? else { return Ok(true) };
    let mut partial = answer.is_partial();
    let Some(found) = &answer.aggregations else { return Ok(partial) };
    let unreadable = || damaged(format!("a histogram cannot be read: {found}"));
    for bucket in list(&found["within"]["times"]["buckets"]) {
        let millis = bucket["key"].as_i64().ok_or_else(unreadable)?;
        let number = i128::from(millis) * 1_000_000 / interval;
        let levels = counts.entry(number).or_default();
        for level in list(&bucket["levels"]["buckets"]) {
            let name = level["key"].as_str().ok_or_else(unreadable)?;
            *levels.entry(name.to_owned()).or_default() +=
                level["doc_count"].as_u64().ok_or_else(unreadable)?;
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
    Ok(partial)
}

async fn by_hand(
    reader: &Reader,
    plan: &Plan,
    interval: i128,
    counts: &mut Counts,
) -> Result<bool, StoreError> {
    let mut too_many = false;
    let partial = reader
        .scan(plan, time::sort(Order::Desc), None, |document, _| {
            let levels = counts.entry(document.timestamp.unix_nanos().div_euclid(interval)).or_default();
            let level = document.level.as_deref().unwrap_or_default();
            *levels.entry(level.to_owned()).or_default() += 1;
            too_many = counts.len() > MOST_BUCKETS;
            !too_many
        })
        .await?;
    if too_many {
        let reason = format!("the histogram has more than {MOST_BUCKETS} buckets; take a longer interval");
        return Err(StoreError::Unsupported { reason });
    }
    Ok(partial)
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
