//! The plain matcher: which documents a query finds, without an index.

use super::Query;
use crate::Document;

/// A query made ready to test documents one by one.
#[derive(Debug)]
pub struct Matcher {}

impl Matcher {
    pub fn new(_query: &Query) -> Self {
        todo!()
    }

    pub fn matches(&self, _document: &Document<'_>) -> bool {
        todo!()
    }
}
