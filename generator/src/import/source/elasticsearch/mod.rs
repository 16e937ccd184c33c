//! Elasticsearch and OpenSearch: index by index, by time, and at last what has none.

mod answer;
mod cursor;
mod engine;
mod plan;
mod query;

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::client::{Ask, Body, SMALL_ANSWER, SourceClient, SourceError};
use super::{Page, Part, Plan, Position, Selection, Times};

use answer::{Answer, Hit};
use cursor::Cursor;
use engine::{Paging, Tie};
use plan::Fields;

/// The largest page that an index gives unless it is set up otherwise.
const LARGEST_PAGE: usize = 10_000;

#[derive(Debug)]
pub(in crate::import) struct Elasticsearch {
    client: SourceClient,
    selection: Selection,
    paging: Paging,
    /// Whether documents without a time can be read by their sequence numbers.
    by_sequence: bool,
    page: usize,
    /// The page where no document is so large that it must be smaller.
    usual: usize,
    /// Pages since it became smaller for one.
    small_pages: u32,
    cursor: Option<Cursor>,
}

/// Small pages of a scroll before it is begun anew with larger ones.
const SCROLLED_SMALL: u32 = 50;

/// Why a page was not read, where something can be done about it.
enum Trouble {
    /// What the server kept for the reader is gone, or it left documents out.
    Lost(SourceError),
    PageTooLarge(SourceError),
    PageTooSmall,
    IndexGone,
    NoSequence,
    Fatal(SourceError),
}

impl Elasticsearch {
    pub(super) async fn open(client: SourceClient, selection: Selection) -> Result<Self, SourceError> {
        let mut source = Self {
            client,
            page: selection.page.min(LARGEST_PAGE),
            usual: selection.page.min(LARGEST_PAGE),
            small_pages: 0,
            selection,
            paging: Paging::Scroll,
            by_sequence: true,
            cursor: None,
        };
        source.paging = match source.ask(Method::GET, "/", &[], None).await {
            Ok(root) => Paging::of(&root),
            // A reader need not be allowed to ask for the version.
            Err(error) if error.status() == Some(StatusCode::FORBIDDEN) => Paging::Scroll,
            Err(error) => return Err(error),
        };
        Ok(source)
    }

    pub(super) async fn plan(&mut self) -> Result<Plan, SourceError> {
        let pattern = &self.selection.pattern;
        let since = self.selection.since.map(|time| time.unix_millis());
        // Rounded up, so that nothing before the end is left out.
        let until =
            self.selection.until.map(|time| (time + std::time::Duration::from_nanos(999_999)).unix_millis());
        let path = format!("/{pattern}/_field_caps");
        let fields = Fields::parse(&self.ask(Method::GET, &path, &[("fields", query::TIME)], None).await?)?;
        if fields.is_empty() {
            return Err(SourceError::Given(format!("no index of the source matches {pattern}")));
        }
        let count = fields.count(since, until);
        let answer = self.ask(Method::POST, &format!("/{pattern}/_search"), &[], Some(count)).await?;
        if let Some(gap) = Answer::parse(&answer)?.gap() {
            return Err(SourceError::Given(gap));
        }
        Ok(Plan { parts: fields.parts(&answer)?, since, until, is_estimate: false })
    }

    pub(super) async fn next(
        &mut self,
        plan: &Plan,
        mut position: Position,
    ) -> Result<Option<Page>, SourceError> {
        let client = self.client.clone();
        let mut waits = client.waits();
        let mut problems = Vec::new();
        loop {
            if client.is_ending() {
                return Err(SourceError::Interrupted);
            }
            let Some(part) = plan.parts.get(position.part) else {
                let last = Page { next: position, problems, ..Page::default() };
                return Ok((!last.problems.is_empty()).then_some(last));
            };
            let is_empty = if position.untimed { part.without_time == 0 } else { part.times == Times::None };
            let trouble = match is_empty {
                true => None,
                false => match self.page(plan, part, position).await {
                    Ok(Some(page)) => return Ok(Some(Page { problems, ..page })),
                    Ok(None) => None,
                    Err(trouble) => Some(trouble),
                },
            };
            match trouble {
                None => {
                    self.close().await;
                    position = match position.untimed {
                        true => Position::of_part(position.part + 1),
                        false => Position { untimed: true, at: None, ..position },
                    };
                }
                Some(Trouble::Lost(error)) => {
                    self.close().await;
                    if !waits.wait(None).await {
                        return Err(error);
                    }
                    client.retried(&error.to_string());
                }
                Some(Trouble::PageTooLarge(error)) => {
                    if self.paging == Paging::Scroll {
                        self.close().await;
                    }
                    if self.page < 2 {
                        return Err(error);
                    }
                    (self.page, self.small_pages) = (self.page / 2, 0);
                    if !matches!(error, SourceError::TooLarge) {
                        self.usual = self.page;
                    }
                    client.retried(&error.to_string());
                }
                Some(Trouble::PageTooSmall) => {
                    self.page = (self.page * 2).min(LARGEST_PAGE);
                    self.usual = self.usual.max(self.page);
                }
                Some(Trouble::NoSequence) => {
                    self.close().await;
                    self.by_sequence = false;
                }
                Some(Trouble::IndexGone) => {
                    self.cursor = None;
                    problems
                        .push(format!("the index {} was deleted before it was read to its end", part.name));
                    position = Position::of_part(position.part + 1);
                }
                Some(Trouble::Fatal(error)) => return Err(error),
            }
        }
    }

    /// The next page of a part's documents with a time, or of those without; `None` at their end.
    async fn page(&mut self, plan: &Plan, part: &Part, position: Position) -> Result<Option<Page>, Trouble> {
        if self.cursor.is_none() {
            self.cursor =
                Some(self.open_cursor(&part.name).await.map_err(|error| self.trouble(error, position))?);
        }
        if self.cursor.as_ref().is_some_and(|cursor| cursor.is_at_end) {
            return Ok(None);
        }
        let query = query::of_position(plan, part, position);
        let sort = query::sort(position.untimed, self.by_sequence, self.paging.tie());
        let (answer, has_sources) =
            self.search(&part.name, query, sort).await.map_err(|error| self.trouble(error, position))?;
        let is_small = answer.len() < SMALL_ANSWER;
        let answer = Answer::parse(&answer).map_err(Trouble::Fatal)?;
        if let Some(gap) = answer.gap() {
            return Err(Trouble::Lost(SourceError::Given(gap)));
        }
        let kept = answer.scroll_id.as_deref().or(answer.pit_id.as_deref()).map(str::to_owned);
        let mut hits = answer.hits();
        let is_full = hits.len() >= if has_sources { self.page } else { 1 };
        if is_full && self.paging.tie() == Some(Tie::SeqNo) && has_sources {
            cut_last_key(&mut hits);
            if hits.is_empty() {
                return Err(if self.page < LARGEST_PAGE {
                    Trouble::PageTooSmall
                } else {
                    Trouble::Fatal(too_many_equal())
                });
            }
        }
        let mut page = Page { next: position, ..Page::default() };
        for hit in &hits {
            match hit.document() {
                _ if !has_sources => page.refused.push(hit.refused("is larger than 64 MiB")),
                Ok(document) => page.documents.push(document),
                Err(reason) => page.refused.push(reason),
            }
        }
        if position.untimed {
            page.without_time = hits.len() as u64;
        }
        if let Some(key) = hits.last().and_then(Hit::first_key) {
            page.next.at = match (position.untimed, part.times) {
                (true, _) => self.by_sequence.then_some(key),
                (false, Times::Nanos) => Some(key.div_euclid(1_000_000)),
                (false, _) => Some(key),
            };
        }
        if let Some(cursor) = &mut self.cursor {
            cursor.goes_on(kept, hits.last(), is_full);
        }
        if is_small && self.page < self.usual {
            self.grow(position).await;
        }
        Ok((!hits.is_empty()).then_some(page))
    }

    /// Searches for a page; a document that is too large by itself comes without its source.
    async fn search(&self, index: &str, query: Value, sort: Value) -> Result<(Bytes, bool), SourceError> {
        let Some(cursor) = &self.cursor else {
            return Err(SourceError::Given("no cursor is open".to_owned()));
        };
        let (path, parameters, body) = cursor.request(index, query, sort, self.page);
        match self.ask(Method::POST, &path, &parameters, Some(body.clone())).await {
            Err(SourceError::TooLarge) if self.page == 1 && self.paging != Paging::Scroll => {
                let mut body = body;
                body["_source"] = false.into();
                Ok((self.ask(Method::POST, &path, &parameters, Some(body)).await?, false))
            }
            answer => Ok((answer?, true)),
        }
    }

    /// Makes pages larger again. A scroll keeps its size, so it is begun anew for that, but not often: it reads the
    /// documents of one time again.
    async fn grow(&mut self, position: Position) {
        self.small_pages += 1;
        if self.paging == Paging::Scroll {
            let begins_anew = position.untimed && !self.by_sequence;
            if begins_anew
                || self.small_pages < SCROLLED_SMALL
                || self.cursor.as_ref().is_none_or(|cursor| cursor.is_at_end)
            {
                return;
            }
            self.close().await;
        }
        (self.page, self.small_pages) = ((self.page * 2).min(self.usual), 0);
    }

    async fn open_cursor(&mut self, index: &str) -> Result<Cursor, SourceError> {
        let Some((path, name)) = cursor::opening(self.paging, index) else { return Ok(Cursor::scroll()) };
        let keep = [("keep_alive", cursor::KEEP)];
        match self.ask(Method::POST, &path, &keep, None).await {
            Ok(answer) => {
                let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
                let id = answer[name].as_str().map(str::to_owned);
                id.map(Cursor::point_in_time).ok_or_else(|| SourceError::Nonsense(format!("no {name} in it")))
            }
            Err(error) if is_missing(&error) => Err(error),
            // Distributions without it, and users who may not.
            Err(error @ SourceError::Refused { status, .. })
                if matches!(status.as_u16(), 400 | 403 | 404 | 405) =>
            {
                tracing::info!(reason = %error, "no point in time can be opened: indices are scrolled through");
                self.paging = Paging::Scroll;
                Ok(Cursor::scroll())
            }
            Err(error) => Err(error),
        }
    }

    /// Gives back what the server keeps for the reader.
    pub(super) async fn close(&mut self) {
        let Some(cursor) = self.cursor.take() else { return };
        if let Some((path, body)) = cursor.closing(self.paging)
            && let Err(error) = self.ask(Method::DELETE, path, &[], Some(body)).await
        {
            tracing::debug!(%error, "a cursor could not be closed; it ends by itself");
        }
    }

    fn trouble(&self, error: SourceError, position: Position) -> Trouble {
        if is_missing(&error) {
            return Trouble::IndexGone;
        }
        let bad = |words: &[&str]| error.says(StatusCode::BAD_REQUEST, words);
        if error.says(StatusCode::NOT_FOUND, &["search_context", "No search context", "point in time"]) {
            return Trouble::Lost(error);
        }
        if matches!(error, SourceError::TooLarge)
            || bad(&["max_result_window", "Result window", "Batch size"])
        {
            return Trouble::PageTooLarge(error);
        }
        if position.untimed && self.by_sequence && bad(&["_seq_no"]) {
            return Trouble::NoSequence;
        }
        Trouble::Fatal(error)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Bytes, SourceError> {
        let body = body.map_or(Body::None, |body| Body::Json(body.to_string().into()));
        self.client.ask(&Ask { method, path, query, headers: &[], body }).await
    }
}

fn is_missing(error: &SourceError) -> bool {
    error.says(StatusCode::NOT_FOUND, &["index_not_found", "no such index"])
}

/// Removes the hits that have the last one's key, of which more may follow.
fn cut_last_key(hits: &mut Vec<Hit<'_>>) {
    let Some(last) = hits.last() else { return };
    let kept = hits.iter().rposition(|hit| !hit.has_key_of(last)).map_or(0, |at| at + 1);
    hits.truncate(kept);
}

fn too_many_equal() -> SourceError {
    SourceError::Given(format!("more than {LARGEST_PAGE} documents have one time and one sequence number"))
}

/// Reads bytes as each kind of answer; the documents of a page.
#[cfg(test)]
pub(super) fn read_any(bytes: &[u8]) -> Vec<crate::import::document::Document> {
    let _ = Paging::of(bytes);
    if let Ok(fields) = Fields::parse(bytes) {
        let _ = (fields.parts(bytes), fields.count(None, None));
    }
    let Ok(answer) = Answer::parse(bytes) else { return Vec::new() };
    let _ = answer.gap();
    let mut hits = answer.hits();
    let documents = hits.iter().filter_map(|hit| hit.document().ok()).collect();
    let _: Vec<_> = hits.iter().map(Hit::first_key).collect();
    cut_last_key(&mut hits);
    documents
}
