//! Reads the store page by page, as fast as the client takes it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use logpipeline_model::query::{Query, TimeRange};
use logpipeline_rows::{Rows, Unreadable};
use logpipeline_store::{LogStore, Order, Position, SearchPage, SearchRequest, StoreError};
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::limits::Place;
use crate::metrics::Metrics;

/// A page holds about so many bytes of entries: the size of the one before tells how many entries that is.
const PAGE_BYTES: usize = 2 << 20;
const FIRST_PAGE: usize = 200;
const LARGEST_PAGE: usize = 1_000;
/// Bytes that go to the client in one piece.
const PIECE: usize = 64 << 10;

/// An export under way.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) query: Arc<Query>,
    pub(crate) range: TimeRange,
    pub(crate) order: Order,
    pub(crate) rows: Rows,
    /// Entries still wanted.
    pub(crate) left: u64,
    /// How long to wait for a client that takes nothing.
    pub(crate) stall: Duration,
    pub(crate) metrics: Metrics,
    pub(crate) _place: Place,
}

/// Why an export broke off. The client sees its connection end before the end of the body.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the store answered with a part of a page")]
    Partial,
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("the client took nothing for {0:?}")]
    Stalled(Duration),
    #[error("the client left")]
    Left,
}

impl Export {
    /// The first page, with the count of all entries there are to export; `None` where that takes longer.
    pub(crate) async fn counted_page(
        &self,
        deadline: Option<Instant>,
    ) -> Result<Option<SearchPage>, StoreError> {
        let page = self.page(None, FIRST_PAGE, true, deadline).await?;
        Ok((!page.partial).then_some(page))
    }

    async fn page(
        &self,
        after: Option<Position>,
        limit: usize,
        count: bool,
        deadline: Option<Instant>,
    ) -> Result<SearchPage, StoreError> {
        let request = SearchRequest {
            query: Arc::clone(&self.query),
            range: self.range,
            order: self.order,
            limit: limit.min(usize::try_from(self.left).unwrap_or(usize::MAX)),
            after,
            count,
            deadline,
        };
        self.store.search(request).await
    }

    /// A page that takes as long as it takes: the next begins where it ends, so it must not lack entries.
    async fn whole_page(&self, after: Option<Position>, limit: usize) -> Result<SearchPage, Broken> {
        let page = self.page(after, limit, false, None).await?;
        if page.partial { Err(Broken::Partial) } else { Ok(page) }
    }

    async fn produce(
        mut self,
        first: Option<SearchPage>,
        pieces: &mpsc::Sender<Bytes>,
    ) -> Result<(), Broken> {
        let mut page = match first {
            Some(page) => page,
            None => self.whole_page(None, FIRST_PAGE).await?,
        };
        let mut buffer = Vec::with_capacity(PIECE * 2);
        self.rows.head(&mut buffer);
        loop {
            let (count, more, last) =
                (page.entries.len(), page.more, page.entries.last().map(|entry| entry.position));
            let bytes: usize = page.entries.iter().map(|entry| entry.body.len()).sum();
            for entry in std::mem::take(&mut page.entries) {
                self.rows.write(&entry.body, &mut buffer)?;
                if buffer.len() >= PIECE {
                    self.send(&mut buffer, pieces).await?;
                }
            }
            self.metrics.exported.inc_by(count as u64);
            self.left = self.left.saturating_sub(count as u64);
            let Some(last) = last.filter(|_| more && self.left > 0) else { break };
            let limit = (PAGE_BYTES / (bytes / count.max(1)).max(1)).clamp(1, LARGEST_PAGE);
            page = self.whole_page(Some(last), limit).await?;
        }
        self.send(&mut buffer, pieces).await
    }

    async fn send(&self, buffer: &mut Vec<u8>, pieces: &mpsc::Sender<Bytes>) -> Result<(), Broken> {
        if buffer.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::replace(buffer, Vec::with_capacity(PIECE * 2)));
        match tokio::time::timeout(self.stall, pieces.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Broken::Left),
            Err(_) => Err(Broken::Stalled(self.stall)),
        }
    }
}

/// The export's body, beginning with the page that was read before, if any. It fails, and so does not end as a
/// complete body does, where not all of it could be read. Compression asks for more after the end, as it may.
pub(crate) fn stream(export: Export, first: Option<SearchPage>) -> impl Stream<Item = io::Result<Bytes>> {
    let (pieces, receiver) = mpsc::channel(2);
    let metrics = export.metrics.clone();
    let producer = tokio::spawn(async move { export.produce(first, &pieces).await }.in_current_span());
    stream::unfold(Some((receiver, producer, metrics)), async |state| {
        let (mut receiver, producer, metrics) = state?;
        if let Some(piece) = receiver.recv().await {
            return Some((Ok(piece), Some((receiver, producer, metrics))));
        }
        let reason = match producer.await {
            Ok(Ok(())) => return None,
            Ok(Err(broken)) => broken.to_string(),
            Err(error) => error.to_string(),
        };
        metrics.exports_failed.inc();
        tracing::warn!(reason, "an export broke off");
        Some((Err(io::Error::other(reason)), None))
    })
    .fuse()
}
