//! `openapi.json`: the API's description, made from the handlers.

use axum::response::{IntoResponse, Response};
use http::header;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi, ToSchema};

use logpipeline_access::sessions;

use super::{
    dead_letters, delivery, export, fields, histogram, logs, parse, receipts, search, session, tail,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "LogPipeline search API",
        description = "Finds, counts, follows and exports log entries. Everything is read with GET, by who has a session or a \
            token, unless the server lets anybody search. Errors are `application/problem+json` (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        search::search,
        histogram::histogram,
        fields::fields,
        fields::values,
        logs::entry,
        logs::context,
        delivery::entry,
        receipts::receipt,
        receipts::by_key,
        dead_letters::replay,
        tail::tail,
        export::export,
        parse::parse,
        session::session,
        session::sign_in,
        session::sign_out,
        serve,
    ),
    components(schemas(ProblemBody)),
    security(("session" = []), ("token" = [])),
    modifiers(&Guarded),
    tags(
        (name = "search", description = "Entries that a query finds"),
        (name = "fields", description = "What there is to ask for"),
        (name = "entries", description = "One entry"),
        (name = "delivery", description = "How far requests and entries have come"),
        (name = "session", description = "Who asks"),
        (name = "meta", description = "The API itself"),
    ),
)]
struct Description;

/// Says how to be known, and what else is answered to who is not.
struct Guarded;

impl Modify for Guarded {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let session = ApiKeyValue::with_description(sessions::COOKIE, "Set by POST /api/v1/session");
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of the server's --tokens-file"))
            .build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
        components.add_security_scheme("token", SecurityScheme::Http(token));
        for path in description.paths.paths.values_mut() {
            let operations = path.get.iter_mut().chain(&mut path.post);
            operations.filter(|operation| operation.security.is_none()).for_each(may_be_refused);
        }
    }
}

fn may_be_refused(operation: &mut Operation) {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
    let refusal = ResponseBuilder::new()
        .description("`unauthorized`: neither a session nor a token that is known")
        .content("application/problem+json", body)
        .build();
    operation.responses.responses.insert("401".to_owned(), refusal.into());
}

/// An error, as RFC 9457 has it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what the service's problems are written as")]
pub(crate) struct ProblemBody {
    /// `urn:logpipeline:problem:` and the kind: `invalid-query`, `invalid-parameter`, `unauthorized`, `not-found`,
    /// `busy`, `store-unavailable`, `timeout` and so on. Programs test this.
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
    get, path = "/api/v1/openapi.json", tag = "meta", security(()),
    responses((status = 200, body = Object, content_type = "application/json", description = "An OpenAPI 3.1 document"))
)]
pub(crate) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], document())
        .into_response()
}
