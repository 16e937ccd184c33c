//! `openapi.json`: the API's description, made from the handlers.

use axum::response::{IntoResponse, Response};
use http::header;
use utoipa::{OpenApi, ToSchema};

use super::{export, fields, histogram, logs, parse, search, tail};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "LogPipeline search API",
        description = "Finds, counts, follows and exports log entries. Everything is read with GET. \
            Errors are `application/problem+json` (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        search::search,
        histogram::histogram,
        fields::fields,
        fields::values,
        logs::entry,
        logs::context,
        tail::tail,
        export::export,
        parse::parse,
        serve,
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "search", description = "Entries that a query finds"),
        (name = "fields", description = "What there is to ask for"),
        (name = "entries", description = "One entry"),
        (name = "meta", description = "The API itself"),
    ),
)]
struct Description;

/// An error, as RFC 9457 has it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what the service's problems are written as")]
pub(crate) struct ProblemBody {
    /// `urn:logpipeline:problem:` and the kind: `invalid-query`, `invalid-parameter`, `not-found`, `busy`,
    /// `store-unavailable`, `timeout` and so on. Programs test this.
    #[schema(rename = "type", example = "urn:logpipeline:problem:invalid-query")]
    kind: String,
    title: String,
    status: u16,
    /// What is wrong, where, and what to do; for people.
    detail: String,
    /// The parameter at fault, of `invalid-parameter` and `invalid-query`.
    parameter: Option<String>,
    /// What is wrong with the query, of `invalid-query`.
    message: Option<String>,
    /// Where it is wrong.
    span: Option<SpanBody>,
    /// What to do.
    hint: Option<String>,
    /// The query as it was probably meant.
    suggestion: Option<String>,
}

/// Bytes `start..end` of the query, as UTF-8.
#[derive(ToSchema)]
#[schema(as = Span)]
#[expect(dead_code, reason = "documents what the model's spans are written as")]
pub(crate) struct SpanBody {
    start: usize,
    end: usize,
}

/// The description as JSON, ended by a line break.
pub fn document() -> String {
    let text = serde_json::to_string_pretty(&Description::openapi());
    // Nothing in a description can fail to be written.
    text.unwrap_or_default() + "\n"
}

/// Describe this API
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "meta",
    responses((status = 200, body = Object, content_type = "application/json", description = "An OpenAPI 3.1 document"))
)]
pub(crate) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], document())
        .into_response()
}
