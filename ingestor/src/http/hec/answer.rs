//! Answers in Splunk's words: a text and a code.
//!
//! Source: <https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/troubleshoot-http-event-collector>

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use logpipeline_model::wire::hec::{Fault, Invalid};
use logpipeline_service::Problem;
use serde::Serialize;

use crate::http::native::refused;

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Answer {
    #[serde(skip)]
    status: StatusCode,
    text: &'static str,
    code: u8,
    #[serde(rename = "invalid-event-number", skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(rename = "ackId", skip_serializing_if = "Option::is_none")]
    acknowledgement: Option<u64>,
}

impl Answer {
    pub(super) const SUCCESS: Self = Self::new(StatusCode::OK, 0, "Success");
    pub(super) const NO_TOKEN: Self = Self::new(StatusCode::UNAUTHORIZED, 2, "Token is required");
    pub(super) const WRONG_SCHEME: Self = Self::new(StatusCode::UNAUTHORIZED, 3, "Invalid authorization");
    pub(super) const WRONG_TOKEN: Self = Self::new(StatusCode::FORBIDDEN, 4, "Invalid token");
    pub(super) const NO_DATA: Self = Self::new(StatusCode::BAD_REQUEST, 5, "No data");
    pub(super) const INVALID: Self = Self::new(StatusCode::BAD_REQUEST, 6, "Invalid data format");
    pub(super) const BUSY: Self = Self::new(StatusCode::SERVICE_UNAVAILABLE, 9, "Server is busy");
    pub(super) const NO_CHANNEL: Self = Self::new(StatusCode::BAD_REQUEST, 10, "Data channel is missing");
    pub(super) const WRONG_CHANNEL: Self = Self::new(StatusCode::BAD_REQUEST, 11, "Invalid data channel");
    pub(super) const MISSING: Self = Self::new(StatusCode::BAD_REQUEST, 12, "Event field is required");
    pub(super) const BLANK: Self = Self::new(StatusCode::BAD_REQUEST, 13, "Event field cannot be blank");
    pub(super) const TOKEN_IN_QUERY: Self =
        Self::new(StatusCode::BAD_REQUEST, 16, "Query string authorization is not enabled");
    pub(super) const HEALTHY: Self = Self::new(StatusCode::OK, 17, "HEC is healthy");
    pub(super) const UNHEALTHY: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, 18, "HEC is unhealthy, queues are full");
    pub(super) const ENDING: Self = Self::new(StatusCode::SERVICE_UNAVAILABLE, 23, "Server is shutting down");
    pub(super) const TOO_LARGE: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, 27, "Request entity too large");

    const fn new(status: StatusCode, code: u8, text: &'static str) -> Self {
        Self { status, text, code, number: None, acknowledgement: None }
    }

    /// What is said of the first event that was not taken; the others were.
    pub(super) fn invalid(invalid: Invalid) -> Self {
        let answer = match invalid.fault {
            Fault::Format => Self::INVALID,
            Fault::Missing => Self::MISSING,
            Fault::Blank => Self::BLANK,
        };
        Self { number: Some(invalid.number), ..answer }
    }

    pub(super) fn with_acknowledgement(self, id: Option<u64>) -> Self {
        Self { acknowledgement: id, ..self }
    }

    pub(super) fn response(self) -> Response {
        json(self.status, &self)
    }
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    (status, axum::Json(body)).into_response()
}

/// The answer to a request of which nothing was kept: Splunk's clients come back on 503 only.
pub(in crate::http) fn failed(problem: Problem) -> Response {
    let ending = problem.kind == "shutting-down";
    let answer = match problem.status {
        StatusCode::PAYLOAD_TOO_LARGE => Answer::TOO_LARGE,
        StatusCode::SERVICE_UNAVAILABLE if ending => Answer::ENDING,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::INSUFFICIENT_STORAGE
        | StatusCode::INTERNAL_SERVER_ERROR => Answer::BUSY,
        status => Answer { status, ..Answer::INVALID },
    };
    let (parts, body) = answer.response().into_parts();
    let mut response = refused(problem);
    *response.status_mut() = parts.status;
    *response.body_mut() = body;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
