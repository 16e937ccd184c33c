//! What every search has in common: which entries, of which time, and how long it may take.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use logpipeline_model::Timestamp;
use logpipeline_model::query::time::{Edge, parse_bound};
use logpipeline_model::query::{Query, TimeRange};
use logpipeline_service::Problem;
use logpipeline_store::{LogStore, StoreError};

use crate::App;
use crate::params::invalid;
use crate::problems;
use crate::stores::Stream;
use crate::text::format_duration;

/// How much longer than its time budget the store may take to answer.
const OVERTIME: Duration = Duration::from_secs(5);

/// A query and the bounds of `timestamp`, as the client spelled them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScopeParams {
    pub(crate) q: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
}

impl ScopeParams {
    /// Gives every word its meaning, `now` being the same instant in all of them.
    pub(crate) fn resolve(&self, app: &App, now: Timestamp) -> Result<Scope, Problem> {
        self.resolve_in(now, |query| app.stores.of(query))
    }

    /// As [`Self::resolve`], among dead letters, whether the query says so or not.
    pub(crate) fn resolve_letters(&self, app: &App, now: Timestamp) -> Result<Scope, Problem> {
        self.resolve_in(now, |query| app.stores.letters(query))
    }

    fn resolve_in<'a>(
        &self,
        now: Timestamp,
        choose: impl FnOnce(&mut Query) -> &'a Stream,
    ) -> Result<Scope, Problem> {
        let mut query = query(self.q.as_deref(), now)?;
        let store = Arc::clone(&choose(&mut query).store);
        let query = Arc::new(query);
        let from = bound("from", self.from.as_deref(), now, Edge::First)?;
        let to = bound("to", self.to.as_deref(), now, Edge::Last)?;
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            return Err(invalid("to", format!("`to` ({to}) lies before `from` ({from}).")));
        }
        Ok(Scope { query, store, from, to, now })
    }
}

pub(crate) fn query(text: Option<&str>, now: Timestamp) -> Result<Query, Problem> {
    Query::parse(text.unwrap_or_default(), now).map_err(|error| problems::of_query(&error))
}

fn bound(name: &str, text: Option<&str>, now: Timestamp, edge: Edge) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    parse_bound(text, now, edge).map(Some).map_err(|error| {
        let plus = match text.contains(' ') {
            true => " A \"+\" within a URL is written %2B.",
            false => "",
        };
        invalid(name, format!("`{name}`: {}; {}.{plus}", error.message, error.hint.trim_end_matches('.')))
    })
}

/// A query and the bounds of `timestamp`, resolved.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) query: Arc<Query>,
    /// What the query is put to.
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    pub(crate) now: Timestamp,
}

impl Scope {
    pub(crate) fn range(&self) -> TimeRange {
        TimeRange { first: self.from.unwrap_or(Timestamp::MIN), last: self.to.unwrap_or(Timestamp::MAX) }
    }
}

/// The time budget of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    started: Instant,
    deadline: Instant,
}

impl Budget {
    /// The server's own, or less where the client asks for less.
    pub(crate) fn start(app: &App, asked: Option<Duration>) -> Result<Self, Problem> {
        let (started, most) = (Instant::now(), app.limits.query_timeout);
        let budget = asked.unwrap_or(most);
        if budget > most {
            let most = format_duration(most);
            return Err(invalid(
                "timeout",
                format!("`timeout` may be at most {most}, which it is without asking."),
            ));
        }
        Ok(Self { started, deadline: started + budget })
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        Some(self.deadline)
    }

    pub(crate) fn took_millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Waits for the store, though not for ever.
    pub(crate) async fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Problem> {
        match tokio::time::timeout_at((self.deadline + OVERTIME).into(), answer).await {
            Ok(answer) => answer.map_err(|error| problems::of_store(&error)),
            Err(_) => Err(problems::timed_out()),
        }
    }
}
