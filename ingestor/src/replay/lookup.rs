//! Many entries by their ids, with one request to the store.

use std::sync::Arc;

use logpipeline_model::EntryId;
use logpipeline_model::query::{Clause, Expr, Field, Query, Span, Test, TimeRange};
use logpipeline_store::{FoundEntry, LogStore, Order, SearchRequest, StoreError};

/// Those of some entries that the store has.
pub(super) async fn by_ids(store: &dyn LogStore, ids: &[EntryId]) -> Result<Vec<FoundEntry>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let clause = |id: &EntryId| {
        let test = Test::Equals { text: id.to_string(), fold: false, number: None };
        Expr::Clause(Clause { field: Field::Id, test, span: Span { start: 0, end: 0 } })
    };
    let request = SearchRequest {
        query: Arc::new(Query { expr: Expr::Or(ids.iter().map(clause).collect()) }),
        range: TimeRange::ALL,
        order: Order::Desc,
        limit: ids.len(),
        after: None,
        count: false,
        deadline: None,
    };
    let page = store.search(request).await?;
    if page.partial {
        return Err(StoreError::Unavailable { reason: "parts of the store do not answer".to_owned() });
    }
    Ok(page.entries)
}
