//! The query language: text in, [`Query`] out, and the plain matcher that says which documents it finds.

mod ast;
mod error;
mod matcher;
mod parser;
mod pattern;
pub mod text;
mod wildcard;

pub use ast::{Bounds, Clause, Expr, Field, Query, Span, Test, TimeRange};
pub use error::QueryError;
pub use matcher::Matcher;
pub use pattern::Pattern;
pub use wildcard::{Wildcard, WildcardPart};
