//! Text as a template and its variables.
//!
//! A variable is a token of the query language: one that holds a digit, or a word that varies among templates that
//! are otherwise the same. So whether a text has a token is known from its template, or is a question to one variable.

mod learn;
mod merge;
mod scan;
mod template;

pub(crate) use learn::{ByTemplate, Learned, Templates};
pub(crate) use scan::nth_token;
pub(crate) use template::{Part, Template};
