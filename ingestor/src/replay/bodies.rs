//! Whole bodies, through what takes requests once more.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::BodyExt;
use logpipeline_access::tokens::TokenName;
use logpipeline_model::dead_letter::{Letter, Request, Returned};
use logpipeline_service::Problem;
use tower::ServiceExt;

use super::once::Outcome;
use super::{Once, Replay, Report};

/// Bytes of an answer that are shown as the reason.
const LONGEST_ANSWER: usize = 1_000;

impl Replay {
    /// Sends a body as the request that it was, by whom it was. What may pass, such as a full log, ends the replay.
    pub(super) async fn body(&self, letter: Letter, report: &mut Report) -> Result<(), Problem> {
        let id = letter.id;
        let once = Once::default();
        let is_grpc = is_grpc(&letter);
        let request = match request(letter, &once) {
            Ok(request) => request,
            Err(reason) => {
                report.fail(id, reason);
                return Ok(());
            }
        };
        let router = if is_grpc { &self.grpc } else { &self.http };
        let Ok(response) = router.clone().oneshot(request).await;
        let status = response.status();
        match once.outcome() {
            Outcome::Taken(_) => report.replayed += 1,
            Outcome::Failed(reason) => report.fail(id, reason),
            // It was refused before its body was read.
            Outcome::Unknown => {
                let reason = said(response).await;
                if matches!(status.as_u16(), 408 | 429 | 500..) {
                    let detail = format!("{reason} Send the request again later; nothing is stored twice.");
                    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "replay-interrupted", detail);
                    return Err(problem.retry_after(std::time::Duration::from_secs(5)));
                }
                report.fail(id, reason);
            }
        }
        Ok(())
    }
}

fn is_grpc(letter: &Letter) -> bool {
    match &letter.content {
        Returned::Body { request, .. } => {
            request.content_type.as_deref().is_some_and(|kind| kind.starts_with("application/grpc"))
        }
        Returned::Entry { .. } => false,
    }
}

fn request(letter: Letter, once: &Once) -> Result<http::Request<Body>, String> {
    let is_grpc = is_grpc(&letter);
    let Returned::Body { request, bytes } = letter.content else { return Err("it is no body".to_owned()) };
    let Request { method, path, content_type, content_encoding, headers } = request;
    let wrong = |what: &str| format!("its request's {what} cannot be sent");
    let mut sent = http::Request::new(Body::empty());
    *sent.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| wrong("method"))?;
    *sent.uri_mut() = path.parse::<Uri>().map_err(|_| wrong("path"))?;
    let encoding = if is_grpc { HeaderName::from_static("grpc-encoding") } else { header::CONTENT_ENCODING };
    let is_encoded = content_encoding.is_some();
    let mut set = |name: HeaderName, value: &str| {
        let value = HeaderValue::from_str(value).map_err(|_| wrong("header"))?;
        sent.headers_mut().insert(name, value);
        Ok::<_, String>(())
    };
    for (name, value) in [(header::CONTENT_TYPE, content_type), (encoding, content_encoding)] {
        if let Some(value) = value {
            set(name, &value)?;
        }
    }
    for (name, value) in headers {
        set(name.parse().map_err(|_| wrong("header"))?, &value)?;
    }
    set(HeaderName::from_static("idempotency-key"), &letter.id.to_string())?;
    *sent.body_mut() = if is_grpc { framed(is_encoded, &bytes) } else { bytes }.into();
    let extensions = sent.extensions_mut();
    extensions.insert(once.clone());
    if let Some(sender) = &letter.sender {
        extensions.insert(TokenName::new(sender));
    }
    if let Some(peer) = letter.peer.and_then(|peer| peer.parse::<IpAddr>().ok()) {
        extensions.insert(ConnectInfo(SocketAddr::new(peer, 0)));
    }
    Ok(sent)
}

/// The only message of a call.
fn framed(is_encoded: bool, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[u8::from(is_encoded)], &length.to_be_bytes()[..], message].concat()
}

/// What an answer says, as far as people can read it.
async fn said(response: axum::response::Response) -> String {
    let (head, body) = response.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let detail = answer.get("detail").and_then(serde_json::Value::as_str);
    let text = detail.map_or_else(|| String::from_utf8_lossy(&body).trim().to_owned(), str::to_owned);
    let grpc = head.headers.get("grpc-message").and_then(|message| message.to_str().ok());
    let text = if text.is_empty() { grpc.unwrap_or_default().to_owned() } else { text };
    let cut = text.floor_char_boundary(LONGEST_ANSWER);
    format!("it was answered with {}: {}", head.status, text.get(..cut).unwrap_or_default())
}
