//! A span around each call to the store, as a child of the span of the request that makes it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use logpipeline_model::query::TimeRange;
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_store::{
    FieldList, FieldValues, FoundEntry, Histogram, HistogramRequest, LogStore, NewEntry, Position,
    RetentionPolicy, RetentionReport, SearchPage, SearchRequest, StoreError, StoreStats, ValuesRequest,
    WriteOutcome,
};
use tracing::field::Empty;
use tracing::{Instrument, Span};

/// The store, its calls traced. For requests: what runs without one, such as the follower of the live tail, would
/// make a trace of its own of every call.
#[derive(Debug)]
pub(crate) struct Traced(pub(crate) Arc<dyn LogStore>);

fn span(name: &'static str) -> Span {
    tracing::info_span!(
        "store",
        otel.name = name,
        otel.kind = "internal",
        otel.status_code = Empty,
        otel.status_description = Empty,
        partial = Empty
    )
}

/// Runs a call in a span, which is told what became of it.
async fn traced<T>(
    name: &'static str,
    call: impl Future<Output = Result<T, StoreError>>,
    partial: impl Fn(&T) -> Option<bool>,
) -> Result<T, StoreError> {
    let span = span(name);
    let answer = call.instrument(span.clone()).await;
    match &answer {
        Ok(found) => {
            if let Some(partial) = partial(found) {
                span.record("partial", partial);
            }
        }
        Err(error) => {
            span.record("otel.status_code", "ERROR");
            span.record("otel.status_description", tracing::field::display(error));
        }
    }
    answer
}

#[async_trait]
impl LogStore for Traced {
    async fn write(&self, batch: Vec<NewEntry>) -> Result<Vec<WriteOutcome>, StoreError> {
        self.0.write(batch).await
    }

    async fn search(&self, request: SearchRequest) -> Result<SearchPage, StoreError> {
        traced("store search", self.0.search(request), |page| Some(page.partial)).await
    }

    async fn histogram(&self, request: HistogramRequest) -> Result<Histogram, StoreError> {
        traced("store histogram", self.0.histogram(request), |histogram| Some(histogram.partial)).await
    }

    async fn values(&self, request: ValuesRequest) -> Result<FieldValues, StoreError> {
        traced("store values", self.0.values(request), |values| Some(values.partial)).await
    }

    async fn fields(&self, range: TimeRange, deadline: Option<Instant>) -> Result<FieldList, StoreError> {
        traced("store fields", self.0.fields(range, deadline), |fields| Some(fields.partial)).await
    }

    async fn get(&self, id: EntryId) -> Result<Option<FoundEntry>, StoreError> {
        traced("store get", self.0.get(id), |_| None).await
    }

    async fn place(&self, id: EntryId) -> Result<Option<String>, StoreError> {
        traced("store place", self.0.place(id), |_| None).await
    }

    async fn received_after(&self, after: Position, limit: usize) -> Result<Vec<FoundEntry>, StoreError> {
        traced("store received_after", self.0.received_after(after, limit), |_| None).await
    }

    async fn visible_within(&self) -> Result<Duration, StoreError> {
        self.0.visible_within().await
    }

    async fn retain(&self, policy: RetentionPolicy, now: Timestamp) -> Result<RetentionReport, StoreError> {
        self.0.retain(policy, now).await
    }

    async fn stop_retaining(&self) -> Result<(), StoreError> {
        self.0.stop_retaining().await
    }

    async fn health(&self) -> Result<StoreStats, StoreError> {
        self.0.health().await
    }
}
