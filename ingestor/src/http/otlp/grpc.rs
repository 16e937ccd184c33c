//! OTLP by gRPC: one unary call, whose message is read as the body of a request by HTTP is, under the same bounds.
//!
//! tonic's own decoder would hold messages outside the budget of memory, so only its statuses are used.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::post;
use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full};
use logpipeline_access::require::{Gate, require_token};
use logpipeline_model::wire::otlp::read_protobuf;
use logpipeline_service::{Problem, telemetry};

use super::answer::protobuf;
use super::status::Status;
use crate::http::count;
use crate::http::take::{Head, RECEIPT, take};
use crate::intake::{Bounds, Ingest, Protocol};

const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");
const ENCODING: &str = "grpc-encoding";
/// A byte that says whether the message is compressed, and four for its length.
const PREFIX: usize = 5;

/// The port of gRPC; without a `gate`, anybody may send.
pub fn router(ingest: Arc<Ingest>, gate: Option<Gate>) -> Router {
    let mut calls = Router::new().route(EXPORT, post(export));
    if let Some(gate) = gate {
        calls = calls.route_layer(from_fn_with_state(gate, require_token));
    }
    calls
        .route_layer(from_fn_with_state(Arc::clone(&ingest), count))
        .fallback(unknown_call)
        .layer(from_fn(answer_by_grpc))
        .layer(from_fn(telemetry::trace_requests))
        .with_state(ingest)
}

async fn export(State(ingest): State<Arc<Ingest>>, mut head: Head, body: Body) -> Result<Response, Problem> {
    let is_grpc = |value: &HeaderValue| value.as_bytes().starts_with(CONTENT_TYPE.as_bytes());
    if !head.headers.get(header::CONTENT_TYPE).is_some_and(is_grpc) {
        let detail = "This port takes OTLP by gRPC. Send OTLP by HTTP to /v1/logs on the port of HTTP.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail));
    }
    let (compressed, message) = Unframed::begin(body, &ingest.bounds).await?;
    // From here on it is a request by HTTP.
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::CONTENT_ENCODING);
    if compressed {
        let coding = head.headers.get(ENCODING).cloned().ok_or_else(|| {
            garbled("a message is marked as compressed, and grpc-encoding does not say how")
        })?;
        head.headers.insert(header::CONTENT_ENCODING, coding);
    }
    let taken = take(&ingest, Protocol::OtlpGrpc, &head, Body::new(message), read_protobuf).await?;
    let message = protobuf(&taken.submitted);
    let mut framed = Vec::with_capacity(PREFIX + message.len());
    framed.push(0);
    framed.extend_from_slice(&u32::try_from(message.len()).unwrap_or_default().to_be_bytes());
    framed.extend_from_slice(&message);
    let trailers =
        HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
    let body = Full::from(framed).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
    response.headers_mut().insert(RECEIPT, taken.receipt());
    Ok(response)
}

async fn unknown_call(request: Request) -> Problem {
    let detail = format!("There is no call {}. Logs are sent to {EXPORT}.", request.uri().path());
    Problem::new(StatusCode::NOT_FOUND, "no-such-call", detail)
}

/// Turns answers that are problems into what clients of gRPC read.
async fn answer_by_grpc(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.headers().get(header::CONTENT_TYPE) == Some(&CONTENT_TYPE) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let retry = parts.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let detail = problem.get("detail").and_then(serde_json::Value::as_str);
    let message = detail.or(parts.status.canonical_reason()).unwrap_or("error");
    answer(Status::new(parts.status, message.to_owned(), retry))
}

/// The answer to a call that was not looked at.
pub(in crate::http) fn refuse(problem: &Problem) -> Response {
    answer(Status::of(problem))
}

fn answer(status: Status) -> Response {
    let details = Bytes::from(status.protobuf());
    let mut response = tonic::Status::with_details(status.code, status.message, details).into_http::<Body>();
    if status.code == tonic::Code::Unimplemented {
        let codings = HeaderValue::from_static("identity,gzip,deflate,zstd");
        response.headers_mut().insert("grpc-accept-encoding", codings);
    }
    response
}

fn garbled(what: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed-body", format!("The call cannot be read: {what}."))
}

/// The bytes of a call's only message.
struct Unframed {
    body: Body,
    /// What came with the prefix.
    first: Bytes,
    left: usize,
}

impl Unframed {
    /// Reads the prefix, and says whether the message behind it is compressed.
    async fn begin(mut body: Body, bounds: &Bounds) -> Result<(bool, Self), Problem> {
        let mut first = BytesMut::new();
        while first.len() < PREFIX {
            let frame = tokio::time::timeout(bounds.pause, body.frame()).await;
            let frame = frame.map_err(|_| slow(bounds.pause))?;
            let cut = || garbled("it ended before a whole message");
            let frame = frame.ok_or_else(cut)?.map_err(|_| cut())?;
            if let Ok(bytes) = frame.into_data() {
                first.extend_from_slice(&bytes);
            }
        }
        let mut first = first.freeze();
        let (flag, length) = (first.get_u8(), first.get_u32());
        if flag > 1 {
            return Err(garbled("its first byte, which says whether it is compressed, is neither 0 nor 1"));
        }
        Ok((flag == 1, Self { body, first, left: usize::try_from(length).unwrap_or(usize::MAX) }))
    }
}

impl http_body::Body for Unframed {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        loop {
            let bytes = if self.first.is_empty() {
                match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                    Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                    None if self.left > 0 => return Poll::Ready(Some(Err("the message is cut off".into()))),
                    None => return Poll::Ready(None),
                }
            } else {
                std::mem::take(&mut self.first)
            };
            if bytes.len() > self.left {
                return Poll::Ready(Some(Err("something follows the message".into())));
            }
            self.left -= bytes.len();
            if !bytes.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
    }
}

fn slow(pause: Duration) -> Problem {
    let detail = format!("The message did not begin within {pause:?}.");
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", detail)
}
