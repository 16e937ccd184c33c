//! GELF over HTTP: `POST /gelf`, answered with 202.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, HeaderName, StatusCode, header};
use logpipeline_model::wire;
use logpipeline_service::Problem;

use super::answer::Acknowledged;
use super::native::refused;
use super::take::{Head, RECEIPT, take};
use crate::intake::{Ingest, Protocol};

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new().route("/gelf", post(accept))
}

async fn accept(State(ingest): State<Arc<Ingest>>, mut head: Head, body: Body) -> Response {
    if names_several(&head.headers) {
        // What it is shows in the body.
        head.headers.remove(header::CONTENT_ENCODING);
    }
    acknowledge(&ingest, &head, body).await.unwrap_or_else(refused)
}

async fn acknowledge(ingest: &Arc<Ingest>, head: &Head, body: Body) -> Result<Response, Problem> {
    let limit = ingest.bounds.body;
    let read = move |body: &[u8], sink: &mut dyn wire::Sink| wire::gelf::read(body, limit, sink);
    let taken = take(ingest, Protocol::GelfHttp, head, body, read).await?;
    let (accepted, rejected) = (taken.submitted.accepted, taken.submitted.rejected);
    if accepted > 0 {
        return Ok(
            (StatusCode::ACCEPTED, [(HeaderName::from_static(RECEIPT), taken.receipt())]).into_response()
        );
    }
    if rejected > 0 {
        return Err(Acknowledged::new(taken.submitted).nothing_usable());
    }
    let detail = "The body is empty. Send a message of GELF: a JSON object with short_message and host.";
    let problem = Problem::new(StatusCode::BAD_REQUEST, "empty-body", detail);
    Err(problem.with("receipt", taken.submitted.receipt.to_string()))
}

/// graypy and pygelf name both codings that they might use, `gzip,deflate`.
fn names_several(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let known = |name: &[u8]| matches!(name.trim_ascii(), b"gzip" | b"deflate");
    let (mut several, mut all) = (0, true);
    for name in names {
        several += 1;
        all &= known(name);
    }
    several > 1 && all
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_both_codings_together_are_left_to_the_body() {
        for (value, expected) in [
            ("gzip,deflate", true),
            ("deflate, gzip", true),
            ("gzip", false),
            ("deflate", false),
            ("gzip, br", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(names_several(&headers), expected, "{value}");
        }
        assert!(!names_several(&HeaderMap::new()));
    }
}
