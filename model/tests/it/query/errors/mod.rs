//! What people are told when a query does not parse.

mod foreign;
mod structure;
mod values;

use expect_test::Expect;
use logpipeline_model::query::Query;

use super::support::{NOW, at};

#[expect(clippy::needless_pass_by_value, reason = "expect! makes values")]
fn check(query: &str, expected: Expect) {
    let error = Query::parse(query, at(NOW)).expect_err(query);
    let before = query[..error.span.start].chars().count();
    let marked = query[error.span.start..error.span.end].chars().count().max(1);
    let suggestion =
        error.suggestion.map(|suggestion| format!("\nsuggestion: {suggestion}")).unwrap_or_default();
    let caret = format!("{}{}", " ".repeat(before), "^".repeat(marked));
    expected.assert_eq(&format!("{query}\n{caret}\n{}\n{}{suggestion}", error.message, error.hint));
}
