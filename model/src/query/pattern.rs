//! Regular expressions as the language allows them.

use serde::Serialize;

/// A validated regular expression. Its `normalised` form has ASCII `\w \d \s` and the flags written out,
/// and means the same to the `regex` crate as the query does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pattern {
    source: String,
    normalised: String,
}

impl Pattern {
    /// The expression as it stands in the query, between the slashes.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The expression in the syntax of the `regex` crate.
    pub fn normalised(&self) -> &str {
        &self.normalised
    }
}
