//! Elasticsearch 8 and 9, OpenSearch 2 and 3: for more than one machine holds.
//!
//! Entries are written to one data stream for each retention class, with the entry's id as the
//! document's. An entry is found once its index was refreshed, a second after it was written unless the
//! templates say otherwise.

mod bulk;
mod compile;
mod copies;
mod document;
mod errors;
mod fields;
mod histogram;
mod lucene;
mod memory;
mod options;
mod pace;
mod parseable;
mod place;
mod plan;
mod refresh;
mod retention;
mod search;
mod stats;
mod survey;
mod templates;
mod time;
mod values;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use logpipeline_cluster::{Connection, Engine, RequestError};
use logpipeline_model::query::TimeRange;
use logpipeline_model::{EntryId, Timestamp};
use serde_json::json;
use tokio::sync::OnceCell;

use self::compile::Compiler;
use self::plan::Reader;
use self::retention::Retention;
use self::templates::Templates;
use self::writer::{Target, Writer};
use crate::{
    FieldList, FieldValues, FoundEntry, Histogram, HistogramRequest, LogStore, NewEntry, Order, Position,
    RetentionPolicy, RetentionReport, SearchPage, SearchRequest, StoreError, StoreStats, ValuesRequest,
    WriteOutcome,
};

pub use self::options::Options;

/// The distributed engine.
#[derive(Debug)]
pub struct ElasticsearchStore {
    connection: Arc<Connection>,
    options: Options,
    writer: Option<Writer>,
    engine: OnceCell<Engine>,
    /// The options with the lifecycle that the engine has.
    resolved: OnceCell<Options>,
    templates: Templates,
    retention: Retention,
    survey: Mutex<Survey>,
}

/// What was learnt of the indices and the entries, and when.
#[derive(Debug, Clone, Copy, Default)]
struct Survey {
    wildcard: Option<(Instant, bool)>,
    compiler: Option<(Instant, Compiler)>,
}

impl ElasticsearchStore {
    /// A store to write and read. Nothing is asked of the servers yet: templates are put before the first entry
    /// is written. `now` tells entries that an earlier process may have written from those that none can have.
    ///
    /// # Errors
    /// Addresses, credentials or certificates that cannot be used.
    pub fn open_writer(options: Options, now: Timestamp) -> Result<Self, StoreError> {
        let writer = Writer::new(&options, now);
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
            connection: Arc::new(Connection::new(&options.access)?),
            retention: Retention::new(options.classes.pipeline(), options.retention_lease),
            options,
            writer,
            engine: OnceCell::new(),
            resolved: OnceCell::new(),
            templates: Templates::default(),
            survey: Mutex::default(),
        })
    }

    async fn engine(&self) -> Result<&Engine, StoreError> {
        let engine = self.engine.get_or_try_init(|| Engine::detect(&self.connection)).await?;
        match engine.unsupported() {
            Some(reason) => Err(StoreError::Unsupported { reason }),
            None => Ok(engine),
        }
    }

    async fn prepare(&self) -> Result<(&Engine, &Options), StoreError> {
        let engine = self.engine().await?;
        let resolve = || async {
            let mut options = self.options.clone();
            options.layout.lifecycle =
                logpipeline_cluster::lifecycle(&self.connection, engine, options.layout.lifecycle).await?;
            Ok::<_, StoreError>(options)
        };
        let options = self.resolved.get_or_try_init(resolve).await?;
        self.templates.ensure(&self.connection, engine, options).await?;
        Ok((engine, options))
    }

    async fn reader(&self) -> Result<Reader, StoreError> {
        let engine = self.engine().await?.clone();
        let indices = self.options.classes.pattern();
        let Survey { wildcard, compiler } = *self.survey.lock().unwrap_or_else(PoisonError::into_inner);
        let compiler = match compiler.filter(|(asked, _)| asked.elapsed() < survey::ENTRIES_LEARNT_FOR) {
            Some((_, compiler)) => compiler,
            None => {
                let asked = Instant::now();
                let wildcard = match wildcard.filter(|(asked, _)| asked.elapsed() < survey::FIELDS_LEARNT_FOR)
                {
                    Some(wildcard) => wildcard,
                    None => (asked, survey::has_wildcard(&self.connection, &indices).await?),
                };
                let compiler = survey::survey(&self.connection, &indices, wildcard.1).await?;
                *self.survey.lock().unwrap_or_else(PoisonError::into_inner) =
                    Survey { wildcard: Some(wildcard), compiler: Some((asked, compiler)) };
                compiler
            }
        };
        Ok(Reader { connection: Arc::clone(&self.connection), engine, compiler, indices })
    }

    /// `None` where the time is up before it is known how to read.
    async fn reader_by(&self, deadline: Option<Instant>) -> Result<Option<Reader>, StoreError> {
        match deadline {
            None => self.reader().await.map(Some),
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), self.reader()).await {
                Ok(reader) => reader.map(Some),
                Err(_) => Ok(None),
            },
        }
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
        *self.survey.lock().unwrap_or_else(PoisonError::into_inner) = Survey::default();
        Ok(())
    }
}

#[async_trait]
impl LogStore for ElasticsearchStore {
    async fn write(&self, batch: Vec<NewEntry>) -> Result<Vec<WriteOutcome>, StoreError> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::Unsupported { reason: "this store was opened to read only".to_owned() });
        };
        let (engine, options) = self.prepare().await?;
        let target = Target { connection: &self.connection, engine, templates: &self.templates, options };
        writer.write(target, &batch).await
    }

    async fn search(&self, request: SearchRequest) -> Result<SearchPage, StoreError> {
        match self.reader_by(request.deadline).await? {
            Some(reader) => search::search(&reader, &request).await,
            None => Ok(search::nothing_yet(&request)),
        }
    }

    async fn histogram(&self, request: HistogramRequest) -> Result<Histogram, StoreError> {
        match self.reader_by(request.deadline).await? {
            Some(reader) => histogram::histogram(&reader, &request).await,
            None => Ok(Histogram { partial: true, ..Histogram::default() }),
        }
    }

    async fn values(&self, request: ValuesRequest) -> Result<FieldValues, StoreError> {
        match self.reader_by(request.deadline).await? {
            Some(reader) => values::values(&reader, &request).await,
            None => Ok(FieldValues { partial: true, ..FieldValues::default() }),
        }
    }

    async fn fields(&self, range: TimeRange, deadline: Option<Instant>) -> Result<FieldList, StoreError> {
        match self.reader_by(deadline).await? {
            Some(reader) => fields::fields(&reader, range, deadline).await,
            None => Ok(FieldList { fields: Vec::new(), partial: true }),
        }
    }

    async fn get(&self, id: EntryId) -> Result<Option<FoundEntry>, StoreError> {
        let body = json!({
            "query": { "ids": { "values": [id.to_string()] } },
            "sort": time::sort(Order::Desc), "size": 1, "track_total_hits": false,
        });
        let Some(answer) = self.reader().await?.search(body, None).await? else { return Ok(None) };
        match answer.hits.hits.first() {
            Some(hit) => Ok(Some(hit.entry()?)),
            None if answer.is_partial() => Err(search::incomplete()),
            None => Ok(None),
        }
    }

    async fn place(&self, id: EntryId) -> Result<Option<String>, StoreError> {
        Ok(place::find(&self.connection, &self.options.classes.pattern(), id).await?)
    }

    async fn received_after(&self, after: Position, limit: usize) -> Result<Vec<FoundEntry>, StoreError> {
        search::received_after(&self.reader().await?, after, limit).await
    }

    async fn visible_within(&self) -> Result<Duration, StoreError> {
        refresh::longest(&self.reader().await?).await
    }

    async fn retain(&self, policy: RetentionPolicy, now: Timestamp) -> Result<RetentionReport, StoreError> {
        let (_, options) = self.prepare().await?;
        self.retention.apply(&self.connection, options, policy, now).await
    }

    async fn stop_retaining(&self) -> Result<(), StoreError> {
        self.retention.release(&self.connection).await
    }

    async fn health(&self) -> Result<StoreStats, StoreError> {
        stats::stats(&self.reader().await?).await
    }
}
