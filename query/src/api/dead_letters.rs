//! `dead-letters/replay`: sends dead letters once more, by an ingestor.

use std::collections::HashSet;

use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, StatusCode, Uri};
use logpipeline_model::EntryId;
use logpipeline_service::Problem;
use logpipeline_store::{Order, SearchRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Json};
use crate::App;
use crate::access::check_origin;
use crate::app::now;
use crate::scope::{Budget, Scope, ScopeParams};

/// Letters that an ingestor is given at a time.
const PAGE: usize = 500;
/// How long an ingestor sends letters before it says which of them it did not reach.
const SECONDS: u64 = 5;
/// Failures that are listed; all are counted.
const LISTED: usize = 1_000;
const FORM: &str = r#"Send {"ids": ["…"]}, {"q": "a query", "from": "…", "to": "…"}, or {"all": true}."#;

/// Which dead letters to send once more: those with `ids`, those that a query finds, or all.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReplayRequest {
    /// Of dead letters, or of the entries in them.
    #[schema(value_type = Option<Vec<String>>)]
    ids: Option<Vec<EntryId>>,
    /// A query over dead letters; `stream:dead-letters` may be left out.
    #[schema(example = "reason:mapping")]
    q: Option<String>,
    /// The earliest time of a letter, as in `search`.
    from: Option<String>,
    /// The latest time of a letter, as in `search`.
    to: Option<String>,
    all: bool,
}

/// What became of the letters.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplayReport {
    found: u64,
    /// Their entries are in the write-ahead log once more, on disk.
    replayed: u64,
    /// The store has their entries already.
    already_stored: u64,
    failed_count: u64,
    /// The first failures.
    failed: Vec<ReplayFailure>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReplayFailure {
    #[schema(value_type = String, format = "uuid")]
    id: EntryId,
    reason: String,
}

/// Send dead letters once more
///
/// Nothing is stored twice, however often a letter is sent.
#[utoipa::path(
    post, path = "/api/v1/dead-letters/replay", tag = "delivery", request_body = ReplayRequest,
    responses(
        (status = 200, body = ReplayReport),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-replay` or `invalid-query`"),
        (status = 403, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`foreign-origin`: a page of another site sent it"),
        (status = 501, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`no-ingestor`: the server was started without `--ingestor-url`"),
        (status = 502, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`ingestor-unreachable`: no ingestor took the letters; send the request again, nothing is stored twice"),
    )
)]
pub(crate) async fn replay(
    State(app): State<App>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Answer<ReplayReport> {
    check_origin(&headers, &uri)?;
    let asked: ReplayRequest = serde_json::from_slice(&body)
        .map_err(|error| invalid(format!("The body is not as it should be: {error}. {FORM}")))?;
    let by_query = asked.q.is_some() || asked.from.is_some() || asked.to.is_some();
    if usize::from(asked.ids.is_some()) + usize::from(by_query) + usize::from(asked.all) != 1 {
        return Err(invalid(format!("Say in one way which dead letters to send. {FORM}")));
    }
    let mut report = ReplayReport::default();
    if let Some(ids) = asked.ids {
        for ids in ids.chunks(PAGE) {
            report.add(send(&app, ids).await?);
        }
        return Ok(Json(report));
    }
    let scope = ScopeParams { q: asked.q, from: asked.from, to: asked.to }.resolve_letters(&app, now())?;
    let mut after = None;
    loop {
        let (ids, last) = page(&app, &scope, after).await?;
        if ids.is_empty() {
            return Ok(Json(report));
        }
        report.add(send(&app, &ids).await?);
        after = last;
    }
}

/// The ids of the next letters that the scope holds, oldest first, and the position of the last.
async fn page(
    app: &App,
    scope: &Scope,
    after: Option<logpipeline_store::Position>,
) -> Result<(Vec<EntryId>, Option<logpipeline_store::Position>), Problem> {
    let budget = Budget::start(app, None)?;
    let _place = app.queries.wait().await?;
    let request = SearchRequest {
        query: scope.query.clone(),
        range: scope.range(),
        order: Order::Asc,
        limit: PAGE,
        after,
        count: false,
        deadline: budget.deadline(),
    };
    let page = budget.wait(scope.store.search(request)).await?;
    if page.partial {
        let detail = "Not all dead letters could be read. Send the request again; nothing is stored twice.";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", detail));
    }
    let ids: Vec<_> = page.entries.iter().map(|letter| letter.position.id).collect();
    Ok((ids, page.entries.last().map(|letter| letter.position)))
}

/// What an ingestor did of a page.
#[derive(Debug, Deserialize)]
struct Part {
    #[serde(flatten)]
    report: ReplayReport,
    /// Ids that it did not reach in time.
    #[serde(default)]
    remaining: Vec<EntryId>,
}

async fn send(app: &App, ids: &[EntryId]) -> Result<ReplayReport, Problem> {
    // In their order, each once.
    let mut seen = HashSet::new();
    let mut ids: Vec<_> = ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    let mut report = ReplayReport::default();
    while !ids.is_empty() {
        let body = serde_json::json!({ "ids": ids, "seconds": SECONDS }).to_string();
        let part: Part = app.ingestors.tell("/dead-letters/replay", body.into_bytes()).await?;
        report.add(part.report);
        if part.remaining.len() >= ids.len() {
            let detail =
                "An ingestor reached none of the letters. Send the request again; nothing is stored twice.";
            return Err(Problem::new(StatusCode::BAD_GATEWAY, "ingestor-unreachable", detail));
        }
        ids = part.remaining;
    }
    Ok(report)
}

impl ReplayReport {
    fn add(&mut self, other: Self) {
        self.found += other.found;
        self.replayed += other.replayed;
        self.already_stored += other.already_stored;
        self.failed_count += other.failed_count;
        let room = LISTED.saturating_sub(self.failed.len());
        self.failed.extend(other.failed.into_iter().take(room));
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-replay", detail)
}
