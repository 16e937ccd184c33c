//! Pages of entries.

use serde_json::json;

use super::plan::Reader;
use super::time;
use crate::{FoundEntry, Position, SearchPage, SearchRequest, StoreError};

/// A search gives no more at once than engines take by default.
const MOST: usize = 9_999;

pub(super) async fn search(reader: &Reader, request: &SearchRequest) -> Result<SearchPage, StoreError> {
    let plan = reader.plan(&request.query, request.range, request.deadline);
    let limit = request.limit.min(MOST);
    if !plan.exact {
        return search_here(reader, request, limit).await;
    }
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
        return Ok(SearchPage { total: request.count.then_some(0), partial: true, ..SearchPage::default() });
    };
    let partial = answer.is_partial();
    let total = answer.hits.total.as_ref().map_or(0, |total| total.value);
    let more = answer.hits.hits.len() > limit;
    let entries: Result<_, _> = answer.hits.hits.iter().take(limit).map(|hit| hit.entry()).collect();
    Ok(SearchPage { entries: entries?, total: request.count.then_some(total), partial, more })
}

/// Reads candidates and keeps what the query finds.
async fn search_here(
    reader: &Reader,
    request: &SearchRequest,
    limit: usize,
) -> Result<SearchPage, StoreError> {
    let plan = reader.plan(&request.query, request.range, request.deadline);
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

fn receipt(sort: &[serde_json::Value]) -> Option<Position> {
    let time = logpipeline_model::Timestamp::from_unix_nanos(sort.first()?.as_i64()?.into());
    Some(Position { time, id: sort.get(1)?.as_str()?.parse().ok()? })
}
