//! Reads a server that finds entries by their time: forward, in whole timestamps, by windows that fit its density.

use std::collections::HashMap;

use super::client::{SMALL_ANSWER, SourceClient, SourceError};
use super::{Page, Plan, Position};
use crate::import::document::{self, Document};

const FIRST_WINDOW: i64 = 3_600_000_000_000;
/// Loki's own default limit of a query's length is a little more.
const LONGEST_WINDOW: i64 = 30 * 86_400_000_000_000;

/// An entry as a server gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) struct Row {
    /// Nanoseconds since 1970.
    pub(super) time: i64,
    /// Of all that tells it from others.
    pub(super) digest: [u8; 16],
    /// JSON.
    pub(super) source: Vec<u8>,
}

/// Part of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) struct Window {
    pub(super) from: i64,
    /// Exclusive.
    pub(super) until: i64,
}

pub(in crate::import) trait Rows {
    /// The index that the entries are said to come from.
    const INDEX: &'static str;

    /// The first entries of the window, `limit` at most, by time.
    fn read(
        &mut self,
        part: &str,
        window: Window,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Row>, SourceError>> + Send;

    /// All entries of one nanosecond, which are more than `limit`.
    fn read_moment(
        &mut self,
        part: &str,
        time: i64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Row>, SourceError>> + Send;

    /// Whether the server refuses so long a window or so high a limit, so that a smaller one may do.
    fn asks_for_less(error: &SourceError) -> Option<Less>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum Less {
    Time,
    Entries,
}

#[derive(Debug)]
pub(in crate::import) struct Timeline<R> {
    rows: R,
    client: SourceClient,
    limit: usize,
    /// The limit where no entry is so large that it must be lower.
    usual: usize,
    window: i64,
    longest: i64,
}

impl<R: Rows> Timeline<R> {
    pub(super) fn new(limit: usize, client: SourceClient, rows: R) -> Self {
        Self { rows, client, limit, usual: limit, window: FIRST_WINDOW, longest: LONGEST_WINDOW }
    }

    pub(super) fn rows(&mut self) -> &mut R {
        &mut self.rows
    }

    pub(super) async fn next(
        &mut self,
        plan: &Plan,
        mut position: Position,
    ) -> Result<Option<Page>, SourceError> {
        let (since, until) = (plan.since.unwrap_or(i64::MIN), plan.until.unwrap_or(i64::MAX));
        loop {
            if self.client.is_ending() {
                return Err(SourceError::Interrupted);
            }
            let Some(part) = plan.parts.get(position.part) else { return Ok(None) };
            let from = position.at.unwrap_or(since);
            if from >= until {
                position = Position::of_part(position.part + 1);
                self.window = FIRST_WINDOW;
                continue;
            }
            let window = Window { from, until: from.saturating_add(self.window).min(until) };
            let mut rows = match self.rows.read(&part.name, window, self.limit).await {
                Ok(rows) => rows,
                Err(error) => {
                    self.ask_for_less(error)?;
                    continue;
                }
            };
            let mut next = window.until;
            match rows.last().map(|row| row.time) {
                Some(last) if rows.len() >= self.limit => {
                    self.window = (self.window / 2).max(1);
                    // The last moment may have more entries than were read.
                    rows.retain(|row| row.time < last);
                    next = last;
                    if rows.is_empty() {
                        rows = self.rows.read_moment(&part.name, last, self.limit).await?;
                        next = last.saturating_add(1);
                    }
                }
                _ if rows.len() < self.limit / 2 => {
                    self.window = self.window.saturating_mul(2).min(self.longest);
                }
                _ => {}
            }
            if rows.iter().map(|row| row.source.len()).sum::<usize>() < SMALL_ANSWER {
                self.limit = (self.limit * 2).min(self.usual);
            }
            position.at = Some(next);
            if !rows.is_empty() {
                return Ok(Some(Page {
                    documents: named(R::INDEX, rows),
                    next: position,
                    ..Page::default()
                }));
            }
        }
    }

    fn ask_for_less(&mut self, error: SourceError) -> Result<(), SourceError> {
        match R::asks_for_less(&error) {
            Some(Less::Time) if self.window > 1 => {
                self.window = (self.window / 2).max(1);
                self.longest = self.longest.min(self.window);
            }
            Some(Less::Entries) if self.limit > 2 => {
                self.limit = (self.limit / 2).max(2);
                self.usual = self.limit;
            }
            None if matches!(error, SourceError::TooLarge) && self.limit > 2 => {
                self.limit = (self.limit / 2).max(2);
            }
            _ => return Err(error),
        }
        self.client.retried(&error.to_string());
        Ok(())
    }
}

/// Gives entries their ids. Those of a moment are together here, so that equal ones can be counted.
pub(super) fn named(index: &str, rows: Vec<Row>) -> Vec<Document> {
    let mut seen: HashMap<(i64, [u8; 16]), u32> = HashMap::with_capacity(rows.len());
    rows.into_iter()
        .map(|row| {
            let ordinal = seen.entry((row.time, row.digest)).or_default();
            let document = Document::new(index, &document::id(&row.digest, *ordinal), &row.source);
            *ordinal += 1;
            document
        })
        .collect()
}

/// A time as a duration for messages.
pub(super) fn text(time: i64) -> String {
    logpipeline_model::Timestamp::from_unix_nanos(i128::from(time)).to_string()
}

#[cfg(test)]
mod tests;
