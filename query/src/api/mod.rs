//! The endpoints, one file each.

pub(crate) mod dead_letters;
pub(crate) mod delivery;
pub(crate) mod export;
pub(crate) mod fields;
pub(crate) mod histogram;
pub(crate) mod interval;
pub(crate) mod logs;
pub mod openapi;
pub(crate) mod parse;
pub(crate) mod receipts;
pub(crate) mod search;
pub(crate) mod session;
pub(crate) mod tail;

use axum::response::{IntoResponse, Response};
use http::header;
use logpipeline_service::Problem;
use serde::Serialize;

use crate::problems;

/// An answer as JSON.
#[derive(Debug)]
pub(crate) struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => {
                tracing::error!(%error, "a stored entry is no JSON");
                problems::internal().into_response()
            }
        }
    }
}

type Answer<T> = Result<Json<T>, Problem>;
