//! `logs/{id}/delivery`: how far an entry has come.

use axum::extract::State;
use logpipeline_model::EntryId;

use super::{Answer, Json};
use crate::App;
use crate::delivery::{Delivery, EntryState, Told, unreachable};
use crate::params::{NoParams, Params, invalid};
use crate::path::Segment;

/// Find out where an entry is
#[utoipa::path(
    get, path = "/api/v1/logs/{id}/delivery", tag = "delivery",
    params(("id" = String, Path, format = "uuid", description = "The entry's `id`.")),
    responses(
        (status = 200, body = Delivery, description = "`state` is `unknown` where no ingestor knows the entry"),
        (status = 400, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`invalid-parameter`"),
        (status = 501, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`no-ingestor`: the server was started without `--ingestor-url`"),
        (status = 502, body = super::openapi::ProblemBody, content_type = "application/problem+json", description = "`ingestor-unreachable`: an ingestor that may know it did not answer"),
    )
)]
pub(crate) async fn entry(
    State(app): State<App>,
    Segment(id): Segment,
    Params(NoParams {}): Params<NoParams>,
) -> Answer<Delivery> {
    let id: EntryId = id.parse().map_err(|error| invalid("id", format!("`id`: {error}.")))?;
    let told: Told<Delivery> = app.ingestors.ask(&format!("/logs/{id}/delivery")).await?;
    let named = told.answers.into_iter().map(|(ingestor, mut found)| {
        if let Some(request) = &mut found.request {
            request.ingestor = ingestor;
        }
        found
    });
    // They share the store, and each knows only the requests that it has taken itself.
    match named.max_by_key(|found| (found.state, found.request.is_some())) {
        Some(found) if found.state > EntryState::Unknown || told.silent.is_empty() => Ok(Json(found)),
        _ => Err(unreachable(&told.silent)),
    }
}
