//! The query of a request, in which some protocols say what holds for all its entries.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;

/// Names and values in their order. A query that cannot be read counts as empty.
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        Ok(Self(query.map(|Query(pairs)| pairs).unwrap_or_default()))
    }
}

impl Parameters {
    /// The first value of a name, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// All values of a name.
    pub(super) fn every(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The pairs whose names pass, those with an empty value left out.
    pub(super) fn pairs(&self, pass: impl Fn(&str) -> bool) -> Vec<(&str, &str)> {
        let given = self.0.iter().filter(|(key, value)| !value.is_empty() && pass(key));
        given.map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }
}
