//! `search`: the entries that a query finds, page by page.

use std::time::Duration;

use axum::extract::State;
use logpipeline_model::Timestamp;
use logpipeline_service::Problem;
use logpipeline_store::{LogStore, Order, SearchPage, SearchRequest};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{Answer, Json};
use crate::App;
use crate::app::now;
use crate::cursor::{Cursor, SearchHash};
use crate::entries::Entry;
use crate::params::{FromParams, Given, Params, invalid};
use crate::scope::{Budget, ScopeParams};

pub(crate) const ORDERS: [(&str, Order); 2] = [("desc", Order::Desc), ("asc", Order::Asc)];
const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 1_000;
/// Bytes of entries after which a page ends early.
const PAGE_BYTES: usize = 32 << 20;
/// Entries read before it is known how large they are.
const FIRST_STEP: usize = 100;

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// The query. Without one, every entry.
    #[param(example = "level:error \"Failed to connect\"")]
    q: Option<String>,
    /// The earliest `timestamp`, included: an RFC 3339 time, a date, or `now-15m`. A literal of lesser
    /// precision means its first instant. Without it, from the beginning.
    #[param(example = "2023-09-10T00:00:00Z")]
    from: Option<String>,
    /// The latest `timestamp`, included, written like `from`. A literal of lesser precision means its
    /// last instant. Without it, to the end of time.
    #[param(example = "2023-09-15T23:59:59Z")]
    to: Option<String>,
    /// Entries a page. A page of very large entries may have fewer; `cursor` leads on.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<u64>,
    /// By `timestamp` and then `id`: `desc`, newest first, or `asc`.
    #[param(value_type = Option<OrderName>, inline)]
    order: Option<Order>,
    /// The `cursor` of the page before, with the same `q`, `from` and `to`.
    cursor: Option<String>,
    /// How long the search may take, such as `5s`; at most what the server allows (30s by default).
    #[param(value_type = Option<String>, example = "5s")]
    timeout: Option<Duration>,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words")]
pub(crate) enum OrderName {
    Desc,
    Asc,
}

impl FromParams for SearchParams {
    fn from_params(given: &Given) -> Result<Self, Problem> {
        Ok(Self {
            q: given.text("q"),
            from: given.text("from"),
            to: given.text("to"),
            limit: given.number("limit", 1..=MAX_LIMIT)?,
            order: given.choice("order", &ORDERS)?,
            cursor: given.text("cursor"),
            timeout: given.duration("timeout")?,
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchResponse {
    /// In the order asked for.
    entries: Vec<Entry>,
    /// How many entries the query finds in the time range, on all pages together. Exact unless `partial`,
    /// then at least so many.
    total: u64,
    /// Whether the time budget cut the search, so that entries may be missing.
    partial: bool,
    /// What `from` means.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    from: Option<Timestamp>,
    /// What `to` means.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    to: Option<Timestamp>,
    /// Leads to the next page; null on the last one, and where the search is partial.
    #[schema(required = true)]
    cursor: Option<String>,
    /// Milliseconds.
    took_ms: u64,
}

/// Find entries
///
/// Pages neither repeat nor skip an entry while others arrive; `now` keeps the meaning it had on the first page.
#[utoipa::path(
    get, path = "/api/v1/search", tag = "search", params(SearchParams),
    responses(
        (status = 200, body = SearchResponse),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-query` or `invalid-parameter`"),
        (status = 503, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`busy` or `store-unavailable`; come back after `Retry-After`"),
    )
)]
pub(crate) async fn search(
    State(app): State<App>,
    Params(params): Params<SearchParams>,
) -> Answer<SearchResponse> {
    let cursor = params.cursor.as_deref().map(|text| {
        let advice = "Give the `cursor` of the page before, unchanged, or none for the first page.";
        Cursor::decode(text)
            .ok_or_else(|| invalid("cursor", format!("`cursor` is not a cursor of this API. {advice}")))
    });
    let cursor = cursor.transpose()?;
    let spelled = ScopeParams { q: params.q, from: params.from, to: params.to };
    let scope = spelled.resolve(&app, cursor.map_or_else(now, |cursor| cursor.now))?;
    let hash = SearchHash::of(spelled.q.as_deref().unwrap_or_default(), scope.from, scope.to);
    if let Some(cursor) = cursor {
        check(&cursor, hash, params.order)?;
    }
    let order = cursor.map_or(params.order.unwrap_or_default(), |cursor| cursor.order);

    let budget = Budget::start(&app, params.timeout)?;
    let _place = app.queries.wait().await?;
    let request = SearchRequest {
        query: scope.query.clone(),
        range: scope.range(),
        order,
        limit: usize::try_from(params.limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX),
        after: cursor.map(|cursor| cursor.after),
        count: true,
        deadline: budget.deadline(),
    };
    let page = read(&*scope.store, &budget, request).await?;
    app.metrics.count_partial(page.partial);
    let last = page.entries.last().map(|entry| entry.position);
    let next = last
        .filter(|_| page.more && !page.partial)
        .map(|after| Cursor { order, after, now: scope.now, search: hash }.encode());
    Ok(Json(SearchResponse {
        total: page.total.unwrap_or(page.entries.len() as u64),
        entries: page.entries.into_iter().map(|entry| Entry(entry.body)).collect(),
        partial: page.partial,
        from: scope.from,
        to: scope.to,
        cursor: next,
        took_ms: budget.took_millis(),
    }))
}

/// Reads a page in steps, and ends it early where its entries are so large that all of them would take
/// much memory.
async fn read(
    store: &dyn LogStore,
    budget: &Budget,
    mut request: SearchRequest,
) -> Result<SearchPage, Problem> {
    let limit = request.limit;
    request.limit = limit.min(FIRST_STEP);
    let mut page = budget.wait(store.search(request.clone())).await?;
    loop {
        let (count, bytes) =
            (page.entries.len(), page.entries.iter().map(|entry| entry.body.len()).sum::<usize>());
        let fitting = PAGE_BYTES.saturating_sub(bytes) / (bytes / count.max(1)).max(1);
        request.limit = fitting.min(limit.saturating_sub(count));
        request.after = page.entries.last().map(|entry| entry.position);
        request.count = false;
        if request.limit == 0 || !page.more || page.partial {
            return Ok(page);
        }
        let next = budget.wait(store.search(request.clone())).await?;
        (page.more, page.partial) = (next.more, next.partial);
        page.entries.extend(next.entries);
    }
}

fn check(cursor: &Cursor, search: SearchHash, order: Option<Order>) -> Result<(), Problem> {
    let other = match () {
        () if cursor.search != search => "`q`, `from` and `to`",
        () if order.is_some_and(|order| order != cursor.order) => "`order`",
        () => return Ok(()),
    };
    let advice = format!("Send the {other} of the first page with it, or leave `cursor` out to begin anew.");
    Err(invalid("cursor", format!("`cursor` belongs to a search with other {other}. {advice}")))
}
