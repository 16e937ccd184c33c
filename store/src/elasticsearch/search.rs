//! Pages of entries.

use serde_json::json;

use super::plan::{Plan, Reader, SearchError};
use super::time;
use crate::{FoundEntry, Position, SearchPage, SearchRequest, StoreError};

/// A search gives no more at once than engines take by default.
const MOST: usize = 9_999;

pub(super) async fn search(reader: &Reader, request: &SearchRequest) -> Result<SearchPage, StoreError> {
    let (query, range, deadline) = (&request.query, request.range, request.deadline);
    match attempt(reader, request, reader.plan(query, range, deadline)).await {
        Err(SearchError::TooComplex) => {
            Ok(attempt(reader, request, reader.coarse_plan(query, range, deadline)).await?)
        }
        answer => Ok(answer?),
    }
}

async fn attempt(reader: &Reader, request: &SearchRequest, plan: Plan) -> Result<SearchPage, SearchError> {
    let limit = request.limit.min(MOST);
    if plan.exact {
        by_engine(reader, request, plan, limit).await
    } else {
        by_hand(reader, request, plan, limit).await
    }
}

async fn by_engine(
    reader: &Reader,
    request: &SearchRequest,
    plan: Plan,
    limit: usize,
) -> Result<SearchPage, SearchError> {
    let mut body = json!({
        "query": plan.query,
        "sort": time::sort(request.order),
        // One more tells whether more follow.
        "size": limit + 1,
        "track_total_hits": request.count,
    });
    if let Some(after) = request.after {
        body["search_after"] = time::sort_values(after);
    }
    let Some(answer) = reader.search(body, plan.deadline).await? else {
        return Ok(nothing_yet(request));
    };
    let partial = answer.is_partial();
    let total = answer.hits.total.as_ref().map_or(0, |total| total.value);
    let more = answer.hits.hits.len() > limit;
    let entries: Result<_, StoreError> = answer.hits.hits.iter().take(limit).map(|hit| hit.entry()).collect();
    Ok(SearchPage { entries: entries?, total: request.count.then_some(total), partial, more })
}

/// The answer where the time was up before there was one.
pub(super) fn nothing_yet(request: &SearchRequest) -> SearchPage {
    SearchPage { total: request.count.then_some(0), partial: true, ..SearchPage::default() }
}

/// Reads candidates and keeps what the query finds.
async fn by_hand(
    reader: &Reader,
    request: &SearchRequest,
    plan: Plan,
    limit: usize,
) -> Result<SearchPage, SearchError> {
    let sort = time::sort(request.order);
    let mut page = SearchPage::default();
    let mut total = 0;
    let after = request.after;
    let behind = |position: &Position| match (after, request.order) {
        (None, _) => true,
        (Some(after), crate::Order::Desc) => *position < after,
        (Some(after), crate::Order::Asc) => *position > after,
    };
    let start = if request.count { None } else { after };
    let late = reader
        .scan(&plan, sort, start, |_, entry: FoundEntry| {
            total += 1;
            if behind(&entry.position) {
                if page.entries.len() < limit {
                    page.entries.push(entry);
                } else {
                    page.more = true;
                }
            }
            request.count || !page.more
        })
        .await?;
    page.total = request.count.then_some(total);
    page.partial = late;
    Ok(page)
}

/// Entries by time of receipt behind a position.
pub(super) async fn received_after(
    reader: &Reader,
    after: Position,
    limit: usize,
) -> Result<Vec<FoundEntry>, StoreError> {
    let body = json!({
        "query": { "match_all": {} },
        "sort": [{ "receivedAt": "asc" }, { "id": "asc" }],
        "size": limit.min(MOST),
        "track_total_hits": false,
        "search_after": [time::nanos(after.time), after.id.to_string()],
    });
    let Some(answer) = reader.search(body, None).await? else { return Ok(Vec::new()) };
    if answer.is_partial() {
        // Who follows would take what is missing for seen.
        return Err(incomplete());
    }
    answer
        .hits
        .hits
        .iter()
        .map(|hit| {
            let position = receipt(&hit.sort).ok_or_else(|| {
                super::plan::damaged(format!("a document has the sort values {:?}", hit.sort))
            })?;
            Ok(FoundEntry { position, body: hit.body()? })
        })
        .collect()
}

/// For answers that have no mark for what is missing.
pub(super) fn incomplete() -> StoreError {
    StoreError::Unavailable { reason: "some of the indices cannot be read".to_owned() }
}

fn receipt(sort: &[serde_json::Value]) -> Option<Position> {
    let time = logpipeline_model::Timestamp::from_unix_nanos(sort.first()?.as_i64()?.into());
    Some(Position { time, id: sort.get(1)?.as_str()?.parse().ok()? })
}
