//! A request made ready to run, and what its answers look like.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use elasticsearch::http::Method;
use logpipeline_model::Document;
use logpipeline_model::query::{Matcher, Query, TimeRange};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::compile::{Compiler, all};
use super::{document, time};
use crate::{FoundEntry, Position, StoreError};
use logpipeline_cluster::Engine;
use logpipeline_cluster::{Connection, RequestError};

/// How much longer than a search's own time the answer may take to come.
const GRACE: Duration = Duration::from_secs(2);

/// Entries read at a time when they are tested here.
const PAGE: usize = 1_000;

/// What reads a pipeline's entries.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pub(super) connection: Arc<Connection>,
    pub(super) engine: Engine,
    pub(super) compiler: Compiler,
    /// The pattern of the pipeline's data streams.
    pub(super) indices: String,
}

/// A query that the engine runs, and what tells whether it found too much.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) query: Value,
    pub(super) exact: bool,
    pub(super) matcher: Arc<Matcher>,
    pub(super) deadline: Option<Instant>,
}

/// Why a search has no answer.
#[derive(Debug)]
pub(super) enum SearchError {
    /// The engine would run a simpler query; what this one finds can be read and tested here.
    TooComplex,
    /// The point in time that was asked is not there any more.
    PointInTimeLost,
    Store(StoreError),
}

impl From<StoreError> for SearchError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SearchError> for StoreError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::TooComplex => Self::Unsupported {
                reason: "the query is too complex for the servers: write it with fewer clauses".to_owned(),
            },
            SearchError::PointInTimeLost => {
                Self::Unavailable { reason: "the servers lost the point in time that was read".to_owned() }
            }
            SearchError::Store(error) => error,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) timed_out: bool,
    pub(super) hits: Hits,
    pub(super) aggregations: Option<Value>,
    #[serde(rename = "_shards")]
    shards: Shards,
    pit_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Shards {
    total: u64,
    successful: u64,
    failed: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Hits {
    pub(super) total: Option<Total>,
    pub(super) hits: Vec<Hit>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Total {
    pub(super) value: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Hit {
    #[serde(rename = "_source")]
    pub(super) source: Option<Box<RawValue>>,
    #[serde(default)]
    pub(super) sort: Vec<Value>,
}

impl Answer {
    /// Whether entries may be missing.
    pub(super) fn is_partial(&self) -> bool {
        self.timed_out || !self.shards.are_complete()
    }
}

impl Shards {
    fn are_complete(&self) -> bool {
        // Those that are nowhere count as neither.
        self.failed == 0 && self.successful >= self.total
    }
}

impl Hit {
    pub(super) fn body(&self) -> Result<Bytes, StoreError> {
        self.source
            .as_deref()
            .and_then(document::stored_form)
            .ok_or_else(|| damaged("a document is not one that this program wrote".to_owned()))
    }

    pub(super) fn entry(&self) -> Result<FoundEntry, StoreError> {
        let position = time::position(&self.sort)
            .ok_or_else(|| damaged(format!("a document has the sort values {:?}", self.sort)))?;
        Ok(FoundEntry { position, body: self.body()? })
    }
}

pub(super) fn damaged(reason: String) -> StoreError {
    StoreError::Damaged { reason }
}

impl Reader {
    pub(super) fn plan(&self, query: &Query, range: TimeRange, deadline: Option<Instant>) -> Plan {
        self.plan_with(self.compiler, query, range, deadline)
    }

    /// For a query that is too complex for the engine: not exact, and without what may be too much.
    pub(super) fn coarse_plan(&self, query: &Query, range: TimeRange, deadline: Option<Instant>) -> Plan {
        let compiler = Compiler { coarse: true, ..self.compiler };
        Plan { exact: false, ..self.plan_with(compiler, query, range, deadline) }
    }

    fn plan_with(
        &self,
        compiler: Compiler,
        query: &Query,
        range: TimeRange,
        deadline: Option<Instant>,
    ) -> Plan {
        let candidates = compiler.compile(&query.expr);
        let times = time::of_event(range);
        let query_value = match (times == all(), candidates.query == all()) {
            (true, _) => candidates.query,
            (false, true) => times,
            (false, false) => json!({ "bool": { "filter": [candidates.query, times] } }),
        };
        // Scores are not made for filters, and nothing else asks for them.
        let query_value = json!({ "constant_score": { "filter": query_value } });
        Plan { query: query_value, exact: candidates.exact, matcher: Arc::new(Matcher::new(query)), deadline }
    }

    /// Runs a search; `None` where the time was up before it answered.
    pub(super) async fn search(
        &self,
        mut body: Value,
        deadline: Option<Instant>,
    ) -> Result<Option<Answer>, SearchError> {
        let in_time = body.get("pit").is_some();
        let path = if in_time {
            "/_search".to_owned()
        } else {
            format!("/{}/_search?ignore_unavailable=true&allow_no_indices=true", self.indices)
        };
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let answer = match left {
            None => self.connection.ask(Method::Post, &path, Some(&body)).await,
            Some(left) if left.is_zero() => return Ok(None),
            Some(left) => {
                body["timeout"] = json!(format!("{}ms", left.as_millis().max(1)));
                self.connection.ask_within(Method::Post, &path, Some(&body), left + GRACE).await
            }
        };
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(RequestError::Unanswered(_)) if left.is_some() => Ok(None),
            Err(error) if error.status() == Some(404) && in_time => Err(SearchError::PointInTimeLost),
            // There are no indices.
            Err(error) if error.status() == Some(404) => Ok(Some(Answer::default())),
            Err(error) => Err(explained(error)),
        }
    }

    /// Reads what a plan finds, in an order of [`time::sort`], and tests it here. `found` says whether
    /// more is wanted. Returns whether entries may be missing, as where the time was up before the end.
    pub(super) async fn scan(
        &self,
        plan: &Plan,
        sort: Value,
        after: Option<Position>,
        mut found: impl FnMut(&Document<'_>, FoundEntry) -> bool + Send,
    ) -> Result<bool, SearchError> {
        let mut after = after.map(time::sort_values);
        let (mut id, mut without_some) = match self.open_point_in_time(plan).await? {
            Opened::Here { id, without_some } => (id, without_some),
            Opened::NothingThere => return Ok(false),
            Opened::TooLate => return Ok(true),
        };
        // Whether it was lost since entries came last.
        let mut lost = false;
        let result = loop {
            let mut body = json!({
                "query": plan.query, "sort": sort, "size": PAGE, "track_total_hits": false,
                "pit": { "id": id, "keep_alive": "1m" },
            });
            if let Some(after) = &after {
                body["search_after"] = after.clone();
            }
            let answer = match self.search(body, plan.deadline).await {
                Ok(Some(answer)) => answer,
                Ok(None) => break Ok(true),
                // A server was started again, or held up too many of them. The order is the same in another one.
                Err(SearchError::PointInTimeLost) if !lost => {
                    lost = true;
                    match self.open_point_in_time(plan).await? {
                        Opened::Here { id: next, without_some: again } => {
                            id = next;
                            without_some |= again;
                        }
                        Opened::NothingThere | Opened::TooLate => return Ok(true),
                    }
                    continue;
                }
                Err(SearchError::PointInTimeLost) => break Ok(true),
                Err(error) => break Err(error),
            };
            lost = false;
            let partial = answer.is_partial();
            if let Some(next) = answer.pit_id {
                id = next;
            }
            let full = answer.hits.hits.len() >= PAGE;
            after = answer.hits.hits.last().map(|hit| Value::Array(hit.sort.clone()));
            match take(plan, answer.hits.hits, &mut found) {
                Ok(true) => {}
                Ok(false) => break Ok(partial),
                Err(error) => break Err(error.into()),
            }
            if partial || !full {
                break Ok(partial);
            }
        };
        let (path, body) = self.engine.close_point_in_time(&id);
        // It ends by itself within a minute.
        let _: Result<Value, _> = self.connection.ask(Method::Delete, path, Some(&body)).await;
        result.map(|partial| partial || without_some)
    }

    async fn open_point_in_time(&self, plan: &Plan) -> Result<Opened, StoreError> {
        let path = self.engine.point_in_time_path(&self.indices);
        let left = plan.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let opened = match left {
            None => self.connection.ask(Method::Post, &path, None).await,
            Some(left) if left.is_zero() => return Ok(Opened::TooLate),
            Some(left) => self.connection.ask_within(Method::Post, &path, None, left + GRACE).await,
        };
        let opened: Value = match opened {
            Ok(opened) => opened,
            Err(error) if error.status() == Some(404) => return Ok(Opened::NothingThere),
            Err(RequestError::Unanswered(_)) if left.is_some() => return Ok(Opened::TooLate),
            Err(error) => return Err(error.into()),
        };
        let shards = Shards::deserialize(&opened["_shards"]).unwrap_or_default();
        let without_some = !shards.are_complete();
        let id = self.engine.point_in_time_id(&opened);
        id.map(|id| Opened::Here { id, without_some })
            .ok_or_else(|| damaged("a point in time has no id".to_owned()))
    }
}

/// What became of an attempt to open a point in time.
enum Opened {
    /// Searches in it say nothing of shards that could not be reached when it was opened.
    Here {
        id: String,
        without_some: bool,
    },
    /// There are no indices.
    NothingThere,
    TooLate,
}

fn take(
    plan: &Plan,
    hits: Vec<Hit>,
    found: &mut impl FnMut(&Document<'_>, FoundEntry) -> bool,
) -> Result<bool, StoreError> {
    for hit in hits {
        let entry = hit.entry()?;
        let body = entry.body.clone();
        let document = Document::parse(&body)
            .map_err(|error| damaged(format!("a stored entry is unreadable: {error}")))?;
        if plan.matcher.matches(&document) && !found(&document, entry) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Tells what the engine finds too complex from what it cannot do.
fn explained(error: RequestError) -> SearchError {
    let RequestError::Refused { kind, reason, .. } = &error else { return StoreError::from(error).into() };
    let has = |words: &[&str]| words.iter().any(|word| kind.contains(word) || reason.contains(word));
    if has(TOO_COMPLEX) {
        return SearchError::TooComplex;
    }
    if has(&["too_many_buckets", "too many buckets"]) {
        let reason = "the histogram has too many buckets: take a longer interval".to_owned();
        return StoreError::Unsupported { reason }.into();
    }
    StoreError::from(error).into()
}

/// Words of refusals: too many clauses or words that begin alike, patterns that make too large automata,
/// brackets inside each other.
const TOO_COMPLEX: &[&str] = &[
    "too_many_nested_clauses",
    "too_many_clauses",
    "maxClauseCount",
    "too_complex_to_determinize",
    "TooComplexToDeterminize",
    "Determinizing",
    // Up to Lucene 9, of literals of more than 1,000 characters too.
    "input automaton is too large",
    "nested depth",
    "max_nested_depth",
];
