//! The query language: text in, [`Query`] out, and the plain matcher that says which documents it finds.

mod ast;
mod canaries;
mod display;
mod error;
mod matcher;
mod parser;
mod pattern;
mod prefilter;
mod stream;
pub mod text;
pub mod time;
mod time_math;
mod wildcard;

pub use ast::{Bounds, Clause, Expr, Field, Query, Span, Test, TimeRange};
pub use error::QueryError;
pub use matcher::Matcher;
pub use parser::{CLAUSE_LIMIT, DEPTH_LIMIT, QUERY_LIMIT, REGEX_LIMIT};
pub use pattern::{PATTERN_LIMIT, Pattern, REPEAT_LIMIT};
pub use prefilter::Prefilter;
pub use wildcard::{WILDCARD_LIMIT, Wildcard, WildcardPart};
