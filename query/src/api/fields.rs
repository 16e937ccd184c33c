//! `fields` and `fields/{name}/values`: what can be asked for, and what is common.

use std::time::Duration;

use axum::extract::State;
use logpipeline_model::query::Field;
use logpipeline_service::Problem;
use logpipeline_store::{FieldKind, ValuesRequest};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{Answer, Json};
use crate::App;
use crate::app::now;
use crate::params::{FromParams, Given, Params, invalid};
use crate::path::Segment;
use crate::scope::{Budget, ScopeParams};

const DEFAULT_LIMIT: u64 = 10;
const MAX_LIMIT: u64 = 1_000;

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FieldsParams {
    /// With `stream:dead-letters`, the fields of dead letters are listed. Beside that, it changes nothing: fields are those of all
    /// entries of the time range.
    q: Option<String>,
    /// The earliest `timestamp`, included, as in `search`.
    from: Option<String>,
    /// The latest `timestamp`, included, as in `search`.
    to: Option<String>,
}

impl FromParams for FieldsParams {
    fn from_params(given: &Given) -> Result<Self, Problem> {
        Ok(Self { q: given.text("q"), from: given.text("from"), to: given.text("to") })
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldsResponse {
    /// Those of every entry first, then paths below `metadata` by name.
    fields: Vec<FieldInfo>,
    /// Whether the time budget ended first, so that fields may be missing.
    partial: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldInfo {
    /// As a query names it.
    #[schema(example = "metadata.http.status")]
    name: String,
    #[schema(value_type = KindName, inline)]
    kind: FieldKind,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words")]
enum KindName {
    Text,
    Keyword,
    Level,
    Time,
    Number,
}

/// List the fields that entries have
#[utoipa::path(
    get, path = "/api/v1/fields", tag = "fields", params(FieldsParams),
    responses(
        (status = 200, body = FieldsResponse),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-parameter`"),
        (status = 503, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`busy` or `store-unavailable`; come back after `Retry-After`"),
    )
)]
pub(crate) async fn fields(
    State(app): State<App>,
    Params(params): Params<FieldsParams>,
) -> Answer<FieldsResponse> {
    let scope = ScopeParams { q: params.q, from: params.from, to: params.to }.resolve(&app, now())?;
    let budget = Budget::start(&app, None)?;
    let _place = app.queries.wait().await?;
    let found = budget.wait(scope.store.fields(scope.range(), budget.deadline())).await?;
    app.metrics.count_partial(found.partial);
    let name =
        |info: logpipeline_store::FieldInfo| FieldInfo { name: info.field.to_string(), kind: info.kind };
    Ok(Json(FieldsResponse { fields: found.fields.into_iter().map(name).collect(), partial: found.partial }))
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ValuesParams {
    /// Only entries that this query finds.
    q: Option<String>,
    /// The earliest `timestamp`, included, as in `search`.
    from: Option<String>,
    /// The latest `timestamp`, included, as in `search`.
    to: Option<String>,
    /// Only values that begin so, in any case.
    prefix: Option<String>,
    /// How many values.
    #[param(minimum = 1, maximum = 1000, default = 10)]
    limit: Option<u64>,
    /// How long it may take, such as `5s`; at most what the server allows (30s by default).
    #[param(value_type = Option<String>, example = "5s")]
    timeout: Option<Duration>,
}

impl FromParams for ValuesParams {
    fn from_params(given: &Given) -> Result<Self, Problem> {
        Ok(Self {
            q: given.text("q"),
            from: given.text("from"),
            to: given.text("to"),
            prefix: given.text("prefix"),
            limit: given.number("limit", 1..=MAX_LIMIT)?,
            timeout: given.duration("timeout")?,
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValuesResponse {
    /// The field's canonical name.
    field: String,
    /// The most frequent first.
    values: Vec<FieldValue>,
    /// How many of the entries found have the field.
    with_field: u64,
    /// Whether the time budget cut the count, so that figures may be too low.
    partial: bool,
    /// Whether there were too many values to count each, so that figures may be too low.
    approximate: bool,
    /// Milliseconds.
    took_ms: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldValue {
    value: String,
    count: u64,
}

/// List a field's most frequent values
#[utoipa::path(
    get, path = "/api/v1/fields/{name}/values", tag = "fields",
    params(("name" = String, Path, description = "A field as a query names it: `level`, `service`, `metadata.http.status`. `message` and the times have no values to list."), ValuesParams),
    responses(
        (status = 200, body = ValuesResponse),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-query` or `invalid-parameter`"),
        (status = 503, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`busy` or `store-unavailable`; come back after `Retry-After`"),
    )
)]
pub(crate) async fn values(
    State(app): State<App>,
    Segment(name): Segment,
    Params(params): Params<ValuesParams>,
) -> Answer<ValuesResponse> {
    let field = countable(&name)?;
    let scope = ScopeParams { q: params.q, from: params.from, to: params.to }.resolve(&app, now())?;
    let budget = Budget::start(&app, params.timeout)?;
    let _place = app.queries.wait().await?;
    let range = scope.range();
    let request = ValuesRequest {
        query: scope.query,
        range,
        field: field.clone(),
        prefix: params.prefix.unwrap_or_default(),
        limit: usize::try_from(params.limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX),
        deadline: budget.deadline(),
    };
    let found = budget.wait(scope.store.values(request)).await?;
    app.metrics.count_partial(found.partial);
    Ok(Json(ValuesResponse {
        field: field.to_string(),
        values: found.values.into_iter().map(|(value, count)| FieldValue { value, count }).collect(),
        with_field: found.with_field,
        partial: found.partial,
        approximate: found.approximate,
        took_ms: budget.took_millis(),
    }))
}

fn countable(name: &str) -> Result<Field, Problem> {
    let field = Field::resolve(name);
    let instead = match &field {
        Field::Message => "messages hardly repeat; search them instead.",
        Field::Timestamp | Field::ReceivedAt => "times hardly repeat; `histogram` counts by time.",
        Field::Metadata(path) if path.is_empty() => "name one path below it; `fields` lists them.",
        _ => return Ok(field),
    };
    Err(invalid("name", format!("`{field}` has no values to list: {instead}")))
}
