//! `logs/{id}` and `logs/{id}/context`: one entry, and what came just before and after it.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use logpipeline_model::EntryId;
use logpipeline_model::query::{Query, TimeRange};
use logpipeline_service::Problem;
use logpipeline_store::{FoundEntry, LogStore, Order, SearchPage, SearchRequest};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{Answer, Json};
use crate::App;
use crate::app::now;
use crate::entries::Entry;
use crate::params::{FromParams, Given, NoParams, Params, invalid};
use crate::path::Segment;
use crate::scope::{self, Budget};
use crate::stores::Stream;

const DEFAULT_AROUND: u64 = 10;
const MAX_AROUND: u64 = 500;

/// Get one entry
#[utoipa::path(
    get, path = "/api/v1/logs/{id}", tag = "entries",
    params(("id" = String, Path, format = "uuid", description = "The entry's `id`.")),
    responses(
        (status = 200, body = Entry),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-parameter`"),
        (status = 404, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`not-found`"),
        (status = 503, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`busy` or `store-unavailable`; come back after `Retry-After`"),
    )
)]
pub(crate) async fn entry(
    State(app): State<App>,
    Segment(id): Segment,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Entry> {
    let budget = Budget::start(&app, None)?;
    let _place = app.queries.wait().await?;
    Ok(Json(Entry(find(&app, &budget, &id).await?.0.body)))
}

async fn find<'a>(app: &'a App, budget: &Budget, id: &str) -> Result<(FoundEntry, &'a Stream), Problem> {
    let id: EntryId = id.parse().map_err(|error| invalid("id", format!("`id`: {error}.")))?;
    budget.wait(app.stores.get(id)).await?.ok_or_else(|| {
        let detail = format!("There is no entry {id}; it may have been removed by retention.");
        Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
    })
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContextParams {
    /// How many entries before it.
    #[param(minimum = 0, maximum = 500, default = 10)]
    before: Option<u64>,
    /// How many entries after it.
    #[param(minimum = 0, maximum = 500, default = 10)]
    after: Option<u64>,
    /// Only entries that this query finds, `resourceId:server-1234` for example.
    q: Option<String>,
}

impl FromParams for ContextParams {
    fn from_params(given: &Given) -> Result<Self, Problem> {
        Ok(Self {
            before: given.number("before", 0..=MAX_AROUND)?,
            after: given.number("after", 0..=MAX_AROUND)?,
            q: given.text("q"),
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContextResponse {
    /// Oldest first.
    before: Vec<Entry>,
    entry: Entry,
    /// Oldest first.
    after: Vec<Entry>,
    /// Whether the time budget cut the search, so that entries may be missing.
    partial: bool,
}

/// Get one entry and its neighbours in time
#[utoipa::path(
    get, path = "/api/v1/logs/{id}/context", tag = "entries",
    params(("id" = String, Path, format = "uuid", description = "The entry's `id`."), ContextParams),
    responses(
        (status = 200, body = ContextResponse),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-query` or `invalid-parameter`"),
        (status = 404, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`not-found`"),
        (status = 503, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`busy` or `store-unavailable`; come back after `Retry-After`"),
    )
)]
pub(crate) async fn context(
    State(app): State<App>,
    Segment(id): Segment,
    Params(params): Params<ContextParams>,
) -> Answer<ContextResponse> {
    let mut query = scope::query(params.q.as_deref(), now())?;
    let named = app.stores.named(&mut query);
    let query = Arc::new(query);
    let budget = Budget::start(&app, None)?;
    let _place = app.queries.wait().await?;
    let (entry, found_in) = find(&app, &budget, &id).await?;
    let store = &*named.unwrap_or(found_in).store;
    let before = around(store, &budget, &query, &entry, Order::Desc, params.before);
    let after = around(store, &budget, &query, &entry, Order::Asc, params.after);
    let (before, after) = futures::future::try_join(before, after).await?;
    let partial = before.partial || after.partial;
    app.metrics.count_partial(partial);
    let entries = |page: SearchPage| page.entries.into_iter().map(|entry| Entry(entry.body));
    Ok(Json(ContextResponse {
        before: entries(before).rev().collect(),
        entry: Entry(entry.body),
        after: entries(after).collect(),
        partial,
    }))
}

async fn around(
    store: &dyn LogStore,
    budget: &Budget,
    query: &Arc<Query>,
    entry: &FoundEntry,
    order: Order,
    count: Option<u64>,
) -> Result<SearchPage, Problem> {
    let limit = usize::try_from(count.unwrap_or(DEFAULT_AROUND)).unwrap_or(usize::MAX);
    if limit == 0 {
        return Ok(SearchPage::default());
    }
    let request = SearchRequest {
        query: Arc::clone(query),
        range: TimeRange::ALL,
        order,
        limit,
        after: Some(entry.position),
        count: false,
        deadline: budget.deadline(),
    };
    budget.wait(store.search(request)).await
}
