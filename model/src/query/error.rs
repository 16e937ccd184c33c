//! Errors of the language, as data that a person can act on.

use serde::Serialize;

use super::Span;

/// Why a query was refused: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message} at byte {}", span.start)]
pub struct QueryError {
    pub message: String,
    pub span: Span,
    pub hint: String,
    /// The query as it was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}
