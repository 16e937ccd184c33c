//! Dead letters page by page, oldest first.

use std::sync::Arc;

use logpipeline_model::query::{Query, TimeRange};
use logpipeline_store::{FoundEntry, LogStore, Order, Position, SearchRequest, StoreError};

/// A page takes about this many bytes: the size of the one before tells how many letters that is.
const BYTES: usize = 4 << 20;
const FIRST: usize = 16;
const MOST: usize = 500;

/// How many letters a page has.
#[derive(Debug)]
pub(super) struct Size(usize);

impl Default for Size {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Size {
    pub(super) fn letters(&self) -> usize {
        self.0
    }

    /// Learns from the page before.
    pub(super) fn learn(&mut self, page: &[FoundEntry]) {
        let bytes: usize = page.iter().map(|entry| entry.body.len()).sum();
        let mean = bytes / page.len().max(1);
        self.0 = (BYTES / mean.max(1)).clamp(1, MOST);
    }
}

pub(super) struct Pages<'a> {
    store: &'a dyn LogStore,
    query: Arc<Query>,
    range: TimeRange,
    after: Option<Position>,
    size: Size,
    ended: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn new(store: &'a dyn LogStore, query: Query, range: TimeRange) -> Self {
        Self { store, query: Arc::new(query), range, after: None, size: Size::default(), ended: false }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Vec<FoundEntry>>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        let request = SearchRequest {
            query: Arc::clone(&self.query),
            range: self.range,
            order: Order::Asc,
            limit: self.size.letters(),
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
        self.size.learn(&page.entries);
        Ok(Some(page.entries))
    }
}
