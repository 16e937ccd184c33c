//! OTLP: `/v1/logs` in protobuf or JSON, and the same by gRPC on a port of its own.

mod answer;
pub mod grpc;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use logpipeline_model::wire::otlp::{read_json, read_protobuf};
use logpipeline_service::Problem;

use super::native::refused;
use super::take::{Head, RECEIPT, take};
use crate::intake::{Ingest, Protocol};

pub(super) const PATH: &str = "/v1/logs";

/// How a request is encoded, and so its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

pub(super) fn routes() -> Router<Arc<Ingest>> {
    Router::new().route(PATH, post(accept))
}

async fn accept(State(ingest): State<Arc<Ingest>>, head: Head, body: Body) -> Response {
    let Some(encoding) = Encoding::of(&head.headers) else {
        let detail = "Send an ExportLogsServiceRequest, and say how it is encoded: Content-Type application/x-protobuf or application/json.";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return refused(Problem::new(status, "unsupported-media-type", detail));
    };
    let taken = take(&ingest, Protocol::OtlpHttp, &head, body, move |body, sink| match encoding {
        Encoding::Protobuf => read_protobuf(body, sink),
        Encoding::Json => read_json(body, sink),
    });
    match taken.await {
        Ok(taken) => {
            let body = match encoding {
                Encoding::Protobuf => answer::protobuf(&taken.submitted),
                Encoding::Json => answer::json(&taken.submitted),
            };
            let receipt = taken.receipt();
            let headers = [(header::CONTENT_TYPE, encoding.content_type())];
            let mut response = (StatusCode::OK, headers, body).into_response();
            response.headers_mut().insert(RECEIPT, receipt);
            response
        }
        Err(problem) => encoding.refuse(problem),
    }
}

/// The answer to a request that was not looked at.
pub(super) fn refuse(headers: &HeaderMap, problem: Problem) -> Response {
    Encoding::of(headers).unwrap_or(Encoding::Protobuf).refuse(problem)
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        })
    }

    /// The problem with a `google.rpc.Status` as its body.
    fn refuse(self, mut problem: Problem) -> Response {
        if problem.status == StatusCode::INSUFFICIENT_STORAGE {
            // Of 5xx answers exporters send again after 502, 503 and 504 only.
            problem.status = StatusCode::SERVICE_UNAVAILABLE;
        }
        let status = status::Status::of(&problem);
        let (parts, _) = refused(problem).into_parts();
        let body = match self {
            Self::Protobuf => status.protobuf(),
            Self::Json => status.json(),
        };
        let mut response = Response::from_parts(parts, Body::from(body));
        response.headers_mut().insert(header::CONTENT_TYPE, self.content_type());
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response
    }
}
