//! The variable part of a path.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use logpipeline_service::Problem;

use crate::params::invalid;
use crate::problems;

/// Extracts the one variable of a route's path, decoded.
#[derive(Debug)]
pub(crate) struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Self(text)),
            Err(PathRejection::FailedToDeserializePathParams(_)) => {
                Err(invalid("path", "The path is not percent-encoded UTF-8.".to_owned()))
            }
            Err(error) => {
                tracing::error!(%error, "a route has no variable");
                Err(problems::internal())
            }
        }
    }
}
