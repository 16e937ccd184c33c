//! `histogram`: how many entries a query finds, by time and level.

use std::time::Duration;

use axum::extract::State;
use logpipeline_model::Timestamp;
use logpipeline_model::query::TimeRange;
use logpipeline_service::Problem;
use logpipeline_store::{Bucket, HistogramRequest};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};

use super::{Answer, Json, interval};
use crate::App;
use crate::app::now;
use crate::params::{FromParams, Given, Params, invalid};
use crate::scope::{Budget, Scope, ScopeParams};
use crate::text::format_duration;

const DEFAULT_BUCKETS: u64 = 60;
const MAX_BUCKETS: u64 = 1_000;
/// With `interval` given, the most buckets that it may make of the range.
const MAX_INTERVALS: u128 = 10_000;

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistogramParams {
    /// The query. Without one, every entry.
    q: Option<String>,
    /// The earliest `timestamp`, included, as in `search`. Without it, the store's earliest.
    from: Option<String>,
    /// The latest `timestamp`, included, as in `search`. Without it, the store's latest.
    to: Option<String>,
    /// About how many buckets; their width is the readable one that makes at most so many.
    #[param(minimum = 1, maximum = 1000, default = 60)]
    buckets: Option<u64>,
    /// The width of a bucket, such as `30s`, instead of `buckets`. It may make at most 10,000 of the range.
    #[param(value_type = Option<String>, example = "30s")]
    interval: Option<Duration>,
    /// How long it may take, such as `5s`; at most what the server allows (30s by default).
    #[param(value_type = Option<String>, example = "5s")]
    timeout: Option<Duration>,
}

impl FromParams for HistogramParams {
    fn from_params(given: &Given) -> Result<Self, Problem> {
        Ok(Self {
            q: given.text("q"),
            from: given.text("from"),
            to: given.text("to"),
            buckets: given.number("buckets", 1..=MAX_BUCKETS)?,
            interval: given.duration("interval")?,
            timeout: given.duration("timeout")?,
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HistogramResponse {
    /// The width of a bucket. Buckets start at whole multiples of it since the Unix epoch.
    interval_seconds: f64,
    /// Where the range begins; null where the store is empty.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    from: Option<Timestamp>,
    /// Where the range ends; null where the store is empty.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    to: Option<Timestamp>,
    /// How many entries are in all buckets together.
    total: u64,
    /// Whether the time budget cut the count, so that figures may be too low.
    partial: bool,
    /// By start; those without entries are left out.
    buckets: Vec<HistogramBucket>,
    /// Milliseconds.
    took_ms: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistogramBucket {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    total: u64,
    /// Entries by level, most severe first; those without a level under the empty name.
    #[schema(value_type = std::collections::HashMap<String, u64>, example = json!({"error": 3, "": 1}))]
    #[serde(serialize_with = "as_map")]
    levels: Vec<(String, u64)>,
}

fn as_map<S: Serializer>(levels: &[(String, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(levels.len()))?;
    for (level, count) in levels {
        map.serialize_entry(level, count)?;
    }
    map.end()
}

/// Count entries by time and level
#[utoipa::path(
    get, path = "/api/v1/histogram", tag = "search", params(HistogramParams),
    responses(
        (status = 200, body = HistogramResponse),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-query` or `invalid-parameter`"),
        (status = 503, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`busy` or `store-unavailable`; come back after `Retry-After`"),
    )
)]
pub(crate) async fn histogram(
    State(app): State<App>,
    Params(params): Params<HistogramParams>,
) -> Answer<HistogramResponse> {
    if params.interval.is_some() && params.buckets.is_some() {
        return Err(invalid(
            "interval",
            "`interval` and `buckets` are two ways to say one thing; give one.".to_owned(),
        ));
    }
    let scope = ScopeParams { q: params.q, from: params.from, to: params.to }.resolve(&app, now())?;
    let budget = Budget::start(&app, params.timeout)?;
    let _place = app.queries.wait().await?;
    let Some(range) = range(&scope, &budget).await? else {
        let width = params.interval.unwrap_or(Duration::from_secs(1));
        return Ok(Json(answer(width, None, Vec::new(), false, &budget)));
    };
    let width = match params.interval {
        Some(width) => checked(width, range)?,
        None => interval::readable(range, params.buckets.unwrap_or(DEFAULT_BUCKETS)),
    };
    let request =
        HistogramRequest { query: scope.query, range, interval: width, deadline: budget.deadline() };
    let histogram = budget.wait(scope.store.histogram(request)).await?;
    app.metrics.count_partial(histogram.partial);
    Ok(Json(answer(width, Some(range), histogram.buckets, histogram.partial, &budget)))
}

/// The range asked for, open ends taken from what the store holds. `None` where it holds nothing.
async fn range(scope: &Scope, budget: &Budget) -> Result<Option<TimeRange>, Problem> {
    if let (Some(first), Some(last)) = (scope.from, scope.to) {
        return Ok(Some(TimeRange { first, last }));
    }
    let stats = budget.wait(scope.store.health()).await?;
    let (Some(earliest), Some(latest)) = (stats.earliest, stats.latest) else { return Ok(None) };
    let first = scope.from.unwrap_or_else(|| scope.to.map_or(earliest, |to| earliest.min(to)));
    let last = scope.to.unwrap_or_else(|| latest.max(first));
    Ok(Some(TimeRange { first, last }))
}

fn checked(width: Duration, range: TimeRange) -> Result<Duration, Problem> {
    let count = interval::count(range, width);
    if count <= MAX_INTERVALS {
        return Ok(width);
    }
    let widest = interval::readable(range, u64::try_from(MAX_INTERVALS).unwrap_or(u64::MAX));
    let detail = format!(
        "`interval` makes {count} buckets of this range, at most {MAX_INTERVALS} are allowed. Take {} or more, or a shorter range.",
        format_duration(widest)
    );
    Err(invalid("interval", detail))
}

fn answer(
    width: Duration,
    range: Option<TimeRange>,
    buckets: Vec<Bucket>,
    partial: bool,
    budget: &Budget,
) -> HistogramResponse {
    HistogramResponse {
        interval_seconds: width.as_secs_f64(),
        from: range.map(|range| range.first),
        to: range.map(|range| range.last),
        total: buckets.iter().map(|bucket| bucket.total).sum(),
        partial,
        buckets: buckets
            .into_iter()
            .map(|Bucket { start, total, levels }| HistogramBucket { start, total, levels })
            .collect(),
        took_ms: budget.took_millis(),
    }
}
