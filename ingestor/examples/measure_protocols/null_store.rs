//! A store that takes everything and keeps nothing.

use std::time::Instant;

use async_trait::async_trait;
use logpipeline_model::query::TimeRange;
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_store::{
    FieldList, FieldValues, FoundEntry, Histogram, HistogramRequest, LogStore, NewEntry, Position,
    RetentionPolicy, RetentionReport, SearchPage, SearchRequest, StoreError, StoreStats, ValuesRequest,
    WriteOutcome,
};

#[derive(Debug)]
pub(crate) struct NullStore;

#[async_trait]
impl LogStore for NullStore {
    async fn write(&self, batch: Vec<NewEntry>) -> Result<Vec<WriteOutcome>, StoreError> {
        Ok(vec![WriteOutcome::Stored; batch.len()])
    }

    async fn search(&self, _: SearchRequest) -> Result<SearchPage, StoreError> {
        Ok(SearchPage::default())
    }

    async fn histogram(&self, _: HistogramRequest) -> Result<Histogram, StoreError> {
        Ok(Histogram::default())
    }

    async fn values(&self, _: ValuesRequest) -> Result<FieldValues, StoreError> {
        Ok(FieldValues::default())
    }

    async fn fields(&self, _: TimeRange, _: Option<Instant>) -> Result<FieldList, StoreError> {
        Ok(FieldList::default())
    }

    async fn get(&self, _: EntryId) -> Result<Option<FoundEntry>, StoreError> {
        Ok(None)
    }

    async fn received_after(&self, _: Position, _: usize) -> Result<Vec<FoundEntry>, StoreError> {
        Ok(Vec::new())
    }

    async fn retain(&self, _: RetentionPolicy, _: Timestamp) -> Result<RetentionReport, StoreError> {
        Ok(RetentionReport::default())
    }

    async fn health(&self) -> Result<StoreStats, StoreError> {
        Ok(StoreStats::default())
    }
}
