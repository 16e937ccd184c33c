//! Elasticsearch 8 and 9, OpenSearch 2 and 3: for more than one machine holds.
//!
//! Entries are written to one data stream for each retention class, with the entry's id as the
//! document's. An entry is found once its index was refreshed, a second after it was written unless the
//! templates say otherwise.

mod bulk;
mod compile;
mod connection;
mod document;
mod engine;
mod fields;
mod histogram;
mod lucene;
mod options;
mod pace;
mod plan;
mod retention;
mod search;
mod stats;
mod time;
mod values;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use logpipeline_model::query::TimeRange;
use logpipeline_model::{EntryId, Timestamp};
use serde_json::json;
use tokio::sync::OnceCell;

use self::compile::Compiler;
use self::connection::{Connection, RequestError};
use self::engine::Engine;
use self::plan::Reader;
use self::writer::Writer;
use crate::{
    FieldInfo, FieldValues, FoundEntry, Histogram, HistogramRequest, LogStore, NewEntry, Order, Position,
    RetentionPolicy, RetentionReport, SearchPage, SearchRequest, StoreError, StoreStats, ValuesRequest,
    WriteOutcome,
};

pub use self::options::{Credentials, Options};

/// The distributed engine.
#[derive(Debug)]
pub struct ElasticsearchStore {
    connection: Arc<Connection>,
    options: Options,
    writer: Option<Writer>,
    engine: OnceCell<Engine>,
    templates: OnceCell<()>,
    /// What the last survey found, and when.
    survey: Mutex<Option<(Instant, Compiler)>>,
}

impl ElasticsearchStore {
    /// A store to write and read. Nothing is asked of the servers yet: templates are put before the first entry
    /// is written. `now` tells entries that an earlier process may have written from those that none can have.
    ///
    /// # Errors
    /// Addresses, credentials or certificates that cannot be used.
    pub fn open_writer(options: Options, now: Timestamp) -> Result<Self, StoreError> {
        let writer = Writer::new(options.classes.pattern(), now, options.most_writes, options.timeout);
        Self::open(options, Some(writer))
    }

    /// A store to read what others write.
    ///
    /// # Errors
    /// As [`Self::open_writer`].
    pub fn open_reader(options: Options) -> Result<Self, StoreError> {
        Self::open(options, None)
    }

    fn open(options: Options, writer: Option<Writer>) -> Result<Self, StoreError> {
        Ok(Self {
            connection: Arc::new(Connection::new(&options)?),
            options,
            writer,
            engine: OnceCell::new(),
            templates: OnceCell::new(),
            survey: Mutex::new(None),
        })
    }

    async fn engine(&self) -> Result<&Engine, StoreError> {
        let engine = self.engine.get_or_try_init(|| Engine::detect(&self.connection)).await?;
        match engine.unsupported() {
            Some(reason) => Err(StoreError::Unsupported { reason }),
            None => Ok(engine),
        }
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        let engine = self.engine().await?;
        self.templates
            .get_or_try_init(|| async {
                engine::apply_templates(&self.connection, engine, &self.options).await.map(drop)
            })
            .await?;
        Ok(())
    }

    async fn reader(&self) -> Result<Reader, StoreError> {
        let engine = self.engine().await?.clone();
        let indices = self.options.classes.pattern();
        let known = *self.survey.lock().unwrap_or_else(PoisonError::into_inner);
        let compiler = match known.filter(|(asked, _)| asked.elapsed() < engine::LEARNT_FOR) {
            Some((_, compiler)) => compiler,
            None => {
                let asked = Instant::now();
                let compiler = engine::survey(&self.connection, &indices).await?;
                *self.survey.lock().unwrap_or_else(PoisonError::into_inner) = Some((asked, compiler));
                compiler
            }
        };
        Ok(Reader { connection: Arc::clone(&self.connection), engine, compiler, indices })
    }

    /// Makes what was written so far visible to those who search, at once.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let path = format!(
            "/{}/_refresh?ignore_unavailable=true&allow_no_indices=true",
            self.options.classes.pattern()
        );
        let asked: Result<serde_json::Value, RequestError> =
            self.connection.ask(elasticsearch::http::Method::Post, &path, None).await;
        asked?;
        Ok(())
    }
}

#[async_trait]
impl LogStore for ElasticsearchStore {
    async fn write(&self, batch: Vec<NewEntry>) -> Result<Vec<WriteOutcome>, StoreError> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::Unsupported { reason: "this store was opened to read only".to_owned() });
        };
        self.prepare().await?;
        writer.write(&self.connection, &self.options.classes, &batch).await
    }

    async fn search(&self, request: SearchRequest) -> Result<SearchPage, StoreError> {
        search::search(&self.reader().await?, &request).await
    }

    async fn histogram(&self, request: HistogramRequest) -> Result<Histogram, StoreError> {
        histogram::histogram(&self.reader().await?, &request).await
    }

    async fn values(&self, request: ValuesRequest) -> Result<FieldValues, StoreError> {
        values::values(&self.reader().await?, &request).await
    }

    async fn fields(&self, range: TimeRange) -> Result<Vec<FieldInfo>, StoreError> {
        fields::fields(&self.reader().await?, range).await
    }

    async fn get(&self, id: EntryId) -> Result<Option<FoundEntry>, StoreError> {
        let body = json!({
            "query": { "ids": { "values": [id.to_string()] } },
            "sort": time::sort(Order::Desc), "size": 1, "track_total_hits": false,
        });
        let answer = self.reader().await?.search(body, None).await?;
        answer.and_then(|answer| answer.hits.hits.into_iter().next()).map(|hit| hit.entry()).transpose()
    }

    async fn received_after(&self, after: Position, limit: usize) -> Result<Vec<FoundEntry>, StoreError> {
        search::received_after(&self.reader().await?, after, limit).await
    }

    async fn retain(&self, policy: RetentionPolicy, now: Timestamp) -> Result<RetentionReport, StoreError> {
        self.prepare().await?;
        retention::retain(&self.reader().await?, &self.options.classes, policy, now).await
    }

    async fn health(&self) -> Result<StoreStats, StoreError> {
        stats::stats(&self.reader().await?).await
    }
}
