//! `parse`: what a query means, or what is wrong with it.

use logpipeline_model::query::Query;
use logpipeline_service::Problem;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{Answer, Json};
use crate::app::now;
use crate::params::{FromParams, Given, Params};
use crate::scope;

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ParseParams {
    /// The query.
    #[param(example = "level:(error, fatal) -message:timeout")]
    q: Option<String>,
}

impl FromParams for ParseParams {
    fn from_params(given: &Given) -> Result<Self, Problem> {
        Ok(Self { q: given.text("q") })
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParseResponse {
    /// The syntax tree: aliases, relative times, precision and tokens are resolved. Its form may gain members.
    #[schema(value_type = Object)]
    query: Query,
}

/// Check a query
#[utoipa::path(
    get, path = "/api/v1/parse", tag = "search", params(ParseParams),
    responses(
        (status = 200, body = ParseResponse),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-query`: what is wrong, where, and what to do"),
    )
)]
pub(crate) async fn parse(Params(params): Params<ParseParams>) -> Answer<ParseResponse> {
    let query = scope::query(params.q.as_deref(), now())?;
    Ok(Json(ParseResponse { query }))
}
