//! Errors and the repaired queries they suggest.

use super::Parser;
use crate::Timestamp;
use crate::query::{QueryError, Span};

/// A suggestion may repair this many errors at once.
const REPAIR_LIMIT: usize = 8;

/// An error in the making.
pub(super) struct Fault(QueryError);

pub(super) fn fault(message: impl Into<String>, span: Span) -> Fault {
    Fault(QueryError { message: message.into(), span, hint: String::new(), suggestion: None })
}

impl Fault {
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = hint.into();
        self
    }

    /// Suggests the query with the text in error replaced.
    pub(super) fn replace(self, query: &str, replacement: &str) -> Self {
        let span = self.0.span;
        self.replace_span(query, span, replacement)
    }

    pub(super) fn replace_span(self, query: &str, span: Span, replacement: &str) -> Self {
        let (before, mut after) = (&query[..span.start], &query[span.end..]);
        if replacement.is_empty() && before.ends_with(char::is_whitespace) {
            after = after.trim_start();
        }
        self.suggest(format!("{before}{replacement}{after}"))
    }

    pub(super) fn append(self, query: &str, end: &str) -> Self {
        self.suggest(format!("{query}{end}"))
    }

    pub(super) fn suggest(mut self, candidate: String) -> Self {
        self.0.suggestion = Some(candidate.trim().to_owned());
        self
    }

    pub(super) fn into_error(self) -> QueryError {
        self.0
    }

    pub(super) fn fail<T>(self) -> Result<T, QueryError> {
        Err(self.0)
    }
}

/// Repairs a candidate until it parses.
pub(super) fn settle(query: &str, mut candidate: String, now: Timestamp) -> Option<String> {
    for _ in 0..REPAIR_LIMIT {
        match Parser::run(&candidate, now) {
            Ok(_) => return Some(candidate).filter(|candidate| candidate != query && !candidate.is_empty()),
            Err(error) => candidate = error.suggestion?,
        }
    }
    None
}

/// Text as a phrase that means it.
pub(in crate::query) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}
