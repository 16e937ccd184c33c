//! `receipts`: what became of a request that an ingestor acknowledged.

use axum::extract::State;
use http::StatusCode;
use logpipeline_model::EntryId;
use logpipeline_service::Problem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use utoipa::IntoParams;

use super::{Answer, Json};
use crate::App;
use crate::delivery::{Receipt, Receipts, Told, unreachable};
use crate::params::{FromParams, Given, NoParams, Params, invalid};
use crate::path::Segment;

/// Find out what became of a request
#[utoipa::path(
    get, path = "/api/v1/receipts/{receipt}", tag = "delivery",
    params(("receipt" = String, Path, format = "uuid", description = "What the ingestor's answer carried as `receipt`, or in the header `X-Logpipeline-Receipt`.")),
    responses(
        (status = 200, body = Receipt),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-parameter`"),
        (status = 404, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`unknown-receipt`: no ingestor knows it, or knows it any more"),
        (status = 501, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`no-ingestor`: the server was started without `--ingestor-url`"),
        (status = 502, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`ingestor-unreachable`: an ingestor that may know it did not answer"),
    )
)]
pub(crate) async fn receipt(
    State(app): State<App>,
    Segment(receipt): Segment,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Receipt> {
    let receipt: EntryId = receipt.parse().map_err(|_| {
        invalid("receipt", "`receipt` is a UUID, as the ingestor's answer has it.".to_owned())
    })?;
    let told: Told<Receipt> = app.ingestors.ask(&format!("/receipts/{receipt}")).await?;
    match told.answers.into_iter().next() {
        Some((ingestor, found)) => Ok(Json(Receipt { ingestor, ..found })),
        None if told.silent.is_empty() => {
            let detail = told.unknown.unwrap_or_else(|| format!("No ingestor knows the receipt {receipt}."));
            Err(Problem::new(StatusCode::NOT_FOUND, "unknown-receipt", detail))
        }
        None => Err(unreachable(&told.silent)),
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyParams {
    /// The `Idempotency-Key` of a request.
    #[param(required = true, rename = "idempotencyKey")]
    key: String,
}

impl FromParams for KeyParams {
    fn from_params(given: &Given) -> Result<Self, Problem> {
        let missing =
            || invalid("idempotencyKey", "Give `idempotencyKey`, the key of the request.".to_owned());
        Ok(Self { key: given.text("idempotencyKey").ok_or_else(missing)? })
    }
}

/// Find requests by their `Idempotency-Key`
#[utoipa::path(
    get, path = "/api/v1/receipts", tag = "delivery",
    params(KeyParams),
    responses(
        (status = 200, body = Receipts, description = "Empty where no ingestor knows such a request"),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-parameter`"),
        (status = 501, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`no-ingestor`: the server was started without `--ingestor-url`"),
        (status = 502, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`ingestor-unreachable`: an ingestor did not answer"),
    )
)]
pub(crate) async fn by_key(State(app): State<App>, Params(params): Params<KeyParams>) -> Answer<Receipts> {
    let key = utf8_percent_encode(&params.key, NON_ALPHANUMERIC);
    let told: Told<Receipts> = app.ingestors.ask(&format!("/receipts?idempotencyKey={key}")).await?;
    if !told.silent.is_empty() {
        return Err(unreachable(&told.silent));
    }
    let mut all = Receipts { complete: true, ..Receipts::default() };
    for (ingestor, Receipts { receipts, complete, oldest_receipt }) in told.answers {
        all.complete &= complete;
        all.oldest_receipt = all.oldest_receipt.max(oldest_receipt);
        all.receipts
            .extend(receipts.into_iter().map(|found| Receipt { ingestor: ingestor.clone(), ..found }));
    }
    all.receipts.sort_by_key(|found| std::cmp::Reverse(found.received_at));
    Ok(Json(all))
}
