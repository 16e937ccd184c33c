//! Text to [`Query`].

use super::{Query, QueryError};
use crate::Timestamp;

impl Query {
    /// Parses a query. `now` is what the word `now` in it means.
    pub fn parse(_text: &str, _now: Timestamp) -> Result<Self, QueryError> {
        todo!()
    }
}
