//! Why there is no result, and how that is said.

use std::io;
use std::process::ExitCode;

use serde::Deserialize;

use crate::escape;

/// How a run ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Found,
    NothingFound,
    /// Entries may be missing.
    Partial,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Found => 0,
            Outcome::NothingFound => 1,
            Outcome::Partial => 4,
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{}", .0.render())]
    Query(Box<QueryFault>),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Server(String),
    /// The server does not know who asks, whenever it is asked.
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    BrokenOff(String),
    #[error("failed to write: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            // The reader of a pipe has what it wanted.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::NotFound(_) => 1,
            Self::Query(_) | Self::Usage(_) => 2,
            Self::Server(_) | Self::Denied(_) | Self::Output(_) => 3,
            Self::BrokenOff(_) => 4,
        })
    }

    /// What to print on stderr.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            other => Some(format!("logq: {other}\n")),
        }
    }
}

/// What the server says of a query that is not valid.
#[derive(Debug, Deserialize)]
pub(crate) struct QueryFault {
    /// The query's text.
    #[serde(skip)]
    pub(crate) query: String,
    message: String,
    span: Span,
    #[serde(default)]
    hint: String,
    suggestion: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Span {
    start: usize,
    end: usize,
}

impl QueryFault {
    /// The message, the line of the query with the place marked, and what to do.
    fn render(&self) -> String {
        let place = |at: usize| {
            let at = at.min(self.query.len());
            (0..=at).rev().find(|at| self.query.is_char_boundary(*at)).unwrap_or(0)
        };
        let (start, end) = (place(self.span.start), place(self.span.end.max(self.span.start)));
        let line_start = self.query[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.query[start..].find('\n').map_or(self.query.len(), |at| start + at);
        let shown = |range: std::ops::Range<usize>| escape::line(&self.query[range]).into_owned();
        let (before, marked) = (shown(line_start..start), shown(start..end.min(line_end)));
        let caret = "^".repeat(marked.chars().count().max(1));
        let mut text = format!(
            "{}\n  {}\n  {}{caret}",
            escape::line(&self.message),
            shown(line_start..line_end),
            " ".repeat(before.chars().count())
        );
        if !self.hint.is_empty() {
            text.push_str(&format!("\nhint: {}", escape::line(&self.hint)));
        }
        if let Some(suggestion) = &self.suggestion {
            text.push_str(&format!("\ndid you mean: {}", escape::line(suggestion)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(query: &str, start: usize, end: usize) -> String {
        let (message, hint) = ("it is wrong".to_owned(), "mend it".to_owned());
        let span = Span { start, end };
        QueryFault { query: query.to_owned(), message, span, hint, suggestion: Some("a:b".to_owned()) }
            .render()
    }

    #[test]
    fn the_place_is_marked() {
        let expected = "it is wrong\n  level:(error\n        ^^^^^^\nhint: mend it\ndid you mean: a:b";
        assert_eq!(fault("level:(error", 6, 12), expected);
    }

    #[test]
    fn characters_count_rather_than_bytes_and_the_end_has_a_place() {
        assert!(fault("é:(", 3, 4).contains("\n  é:(\n    ^\n"));
        assert!(fault("a:", 2, 2).contains("\n  a:\n    ^\n"));
        assert!(fault("a", 70, 90).contains("\n  a\n   ^\n"));
    }

    #[test]
    fn only_the_line_at_fault_is_shown() {
        assert!(fault("a\nb:(\nc", 4, 7).contains("wrong\n  b:(\n    ^\n"));
        assert!(fault("\u{1b}[31m:(", 6, 7).contains("\n  \\x1b[31m:(\n           ^\n"));
    }
}
