//! `export`: every entry that a query finds, as a file.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use logpipeline_rows::{Columns, Format, Rows};
use logpipeline_service::Problem;
use logpipeline_store::Order;
use utoipa::{IntoParams, ToSchema};

use super::search::{ORDERS, OrderName};
use crate::App;
use crate::app::now;
use crate::export::{Export, stream};
use crate::params::{FromParams, Given, Params, invalid};
use crate::scope::{Budget, ScopeParams};

const FORMATS: [(&str, Format); 2] = [("ndjson", Format::Ndjson), ("csv", Format::Csv)];

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// The query. Without one, every entry.
    q: Option<String>,
    /// The earliest `timestamp`, included, as in `search`.
    from: Option<String>,
    /// The latest `timestamp`, included, as in `search`.
    to: Option<String>,
    /// By `timestamp` and then `id`: `desc`, newest first, or `asc`.
    #[param(value_type = Option<OrderName>, inline)]
    order: Option<Order>,
    /// `ndjson`, an entry a line, or `csv`. In CSV, a cell that a spreadsheet would run as a formula gets an
    /// apostrophe before it; NDJSON is exact.
    #[param(value_type = Option<FormatName>, inline)]
    format: Option<Format>,
    /// Only these fields, with commas between them, in this order: `timestamp,level,metadata.http.status`.
    /// In NDJSON each line is then an object of these names.
    #[param(value_type = Option<String>, example = "timestamp,level,message,metadata.http.status")]
    fields: Option<Columns>,
    /// At most so many entries. Without it, all.
    #[param(minimum = 1)]
    limit: Option<u64>,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words")]
enum FormatName {
    Ndjson,
    Csv,
}

impl FromParams for ExportParams {
    fn from_params(given: &Given) -> Result<Self, Problem> {
        let fields = given.text("fields").map(|text| {
            let detail = "`fields` must be names of fields with commas between them, each once.".to_owned();
            Columns::parse(&text).ok_or_else(|| invalid("fields", detail))
        });
        Ok(Self {
            q: given.text("q"),
            from: given.text("from"),
            to: given.text("to"),
            order: given.choice("order", &ORDERS)?,
            format: given.choice("format", &FORMATS)?,
            fields: fields.transpose()?,
            limit: given.number("limit", 1..=u64::MAX)?,
        })
    }
}

/// Export all entries that a query finds
///
/// Streamed, and not limited in number. A body that ends as HTTP says it must is complete; where the export fails
/// midway the connection breaks off instead. The header `X-Total` has the number of entries found when it began.
#[utoipa::path(
    get, path = "/api/v1/export", tag = "search", params(ExportParams),
    responses(
        (status = 200, description = "The entries", content((String = "application/x-ndjson"), (String = "text/csv")),
            headers(("X-Total" = u64, description = "Entries found when the export began; others may have come since."))),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-query` or `invalid-parameter`"),
        (status = 503, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`busy` or `store-unavailable`; come back after `Retry-After`"),
    )
)]
pub(crate) async fn export(
    State(app): State<App>,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let scope = ScopeParams { q: params.q, from: params.from, to: params.to }.resolve(&app, now())?;
    let budget = Budget::start(&app, None)?;
    let range = scope.range();
    let format = params.format.unwrap_or_default();
    let limit = params.limit.unwrap_or(u64::MAX);
    let export = Export {
        _place: app.exports.take()?,
        store: scope.store,
        query: scope.query,
        range,
        order: params.order.unwrap_or_default(),
        rows: Rows::new(format, params.fields),
        left: limit,
        stall: app.limits.export_stall,
        metrics: app.metrics,
    };
    let first = budget.wait(export.counted_page(budget.deadline())).await?;
    let total = first.as_ref().map(|page| page.total.unwrap_or(page.entries.len() as u64).min(limit));
    let (kind, disposition) = match format {
        Format::Ndjson => ("application/x-ndjson", "attachment; filename=\"logs.ndjson\""),
        Format::Csv => ("text/csv; charset=utf-8; header=present", "attachment; filename=\"logs.csv\""),
    };
    let mut response = Body::from_stream(stream(export, first)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    if let Some(total) = total {
        headers.insert("x-total", total.into());
    }
    Ok(response)
}
