//! Dead letters page by page, oldest first.

use std::sync::Arc;

use logpipeline_model::query::{Query, TimeRange};
use logpipeline_store::{FoundEntry, LogStore, Order, Position, SearchRequest, StoreError};

/// A page takes about this many bytes: the size of the one before tells how many letters that is.
const BYTES: usize = 4 << 20;
const FIRST: usize = 16;
const MOST: usize = 500;

pub(super) struct Pages<'a> {
    store: &'a dyn LogStore,
    query: Arc<Query>,
    range: TimeRange,
    after: Option<Position>,
    limit: usize,
    ended: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn new(store: &'a dyn LogStore, query: Query, range: TimeRange) -> Self {
        Self { store, query: Arc::new(query), range, after: None, limit: FIRST, ended: false }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Vec<FoundEntry>>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        let request = SearchRequest {
            query: Arc::clone(&self.query),
            range: self.range,
            order: Order::Asc,
            limit: self.limit,
            after: self.after,
            count: false,
            deadline: None,
        };
        let page = self.store.search(request).await?;
        if page.partial {
            return Err(StoreError::Unavailable {
                reason: "parts of the dead letters do not answer".to_owned(),
            });
        }
        let Some(last) = page.entries.last() else { return Ok(None) };
        self.after = Some(last.position);
        self.ended = !page.more;
        let bytes: usize = page.entries.iter().map(|entry| entry.body.len()).sum();
        self.limit = (BYTES / (bytes / page.entries.len()).max(1)).clamp(1, MOST);
        Ok(Some(page.entries))
    }
}
