//! From a request of any protocol to its entries on disk.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use logpipeline_access::tokens::TokenName;
use logpipeline_model::dead_letter::Request;
use logpipeline_model::wire::{Sink, Unreadable};
use logpipeline_service::Problem;
use logpipeline_service::units::format_bytes;

use super::answer::append_problem;
use super::body::{self, Sent};
use super::encoding::{Content, REQUEST};
use crate::dead_letters::{described, names_origin};
use crate::intake::{BatchSink, Ingest, Parsed, Protocol, Receipt, Source, Submitted, submit};
use crate::replay::Once;

/// Bodies up to this size are parsed where they are; larger ones away from the threads that serve.
const INLINE: usize = 16 << 10;
pub(super) const MAX_KEY: usize = 255;
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The header of answers that have no other place for a receipt.
pub(super) const RECEIPT: &str = "x-logpipeline-receipt";

/// Who sends a request, and its headers.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) headers: HeaderMap,
    pub(super) sender: Option<TokenName>,
    peer: Option<SocketAddr>,
    method: Method,
    uri: Uri,
    /// Set where a dead letter is sent once more.
    once: Option<Once>,
}

impl<S: Send + Sync> FromRequestParts<S> for Head {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            headers: parts.headers.clone(),
            sender: parts.extensions.get().cloned(),
            peer: parts.extensions.get().map(|ConnectInfo(peer)| *peer),
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            once: parts.extensions.get().cloned(),
        })
    }
}

impl Head {
    pub(super) fn source(&self, protocol: Protocol) -> Source {
        Source { protocol, sender: self.sender.clone(), peer: self.peer.map(|peer| peer.ip()) }
    }

    /// What the body does not say of where its entries belong: the path with its query, and headers that name a tenant or fields.
    fn target(&self) -> Vec<u8> {
        let mut target = self.uri.path_and_query().map_or("/", PathAndQuery::as_str).as_bytes().to_vec();
        for (name, value) in self.headers.iter().filter(|(name, _)| names_origin(name)) {
            target.push(0);
            target.extend_from_slice(name.as_str().as_bytes());
            target.push(0);
            target.extend_from_slice(value.as_bytes());
        }
        target
    }

    /// What a dead letter says of the request; `is_encoded` where its body still is.
    pub(super) fn request(&self, is_encoded: bool) -> Request {
        described(&self.method, &self.uri, &self.headers, is_encoded)
    }

    /// Keeps a body that could not be read, unless it is a dead letter already.
    fn bury(&self, ingest: &Ingest, protocol: Protocol, reason: &str, sent: &Sent, is_encoded: bool) {
        match &self.once {
            Some(once) => once.failed(reason),
            None => {
                let request = || Some(self.request(is_encoded));
                ingest.bodies.offer(&self.source(protocol), reason, &sent.bytes, sent.whole, request);
            }
        }
    }
}

/// What a request's parser told, and what became of the entries.
#[derive(Debug)]
pub(super) struct Taken<T> {
    pub(super) told: T,
    pub(super) submitted: Submitted,
}

impl<T> Taken<T> {
    /// The value of the header [`RECEIPT`].
    pub(super) fn receipt(&self) -> HeaderValue {
        header_value(self.submitted.receipt)
    }
}

pub(super) fn header_value(receipt: Receipt) -> HeaderValue {
    HeaderValue::from_str(&receipt.to_string()).unwrap_or(HeaderValue::from_static(""))
}

/// Reads a body under the bounds of requests, has `read` hand its entries to the sink, and returns once they are on disk. A
/// problem means that nothing of the request was kept.
pub(super) async fn take<T: Send + 'static>(
    ingest: &Arc<Ingest>,
    protocol: Protocol,
    head: &Head,
    body: Body,
    read: impl FnOnce(&[u8], &mut dyn Sink) -> Result<T, Unreadable> + Send + 'static,
) -> Result<Taken<T>, Problem> {
    let kind = move |_: &[u8]| (protocol, ());
    take_as(ingest, protocol, head, body, kind, move |body, (), sink| read(body, sink)).await
}

/// As [`take`], where the body tells of which protocol it is: `kind` looks at it, and hands `read` what it saw. Where it could
/// not be read, it was of `protocol`.
pub(super) async fn take_as<K, T: Send + 'static>(
    ingest: &Arc<Ingest>,
    protocol: Protocol,
    head: &Head,
    body: Body,
    kind: impl FnOnce(&[u8]) -> (Protocol, K) + Send + 'static,
    read: impl FnOnce(&[u8], K, &mut dyn Sink) -> Result<T, Unreadable> + Send + 'static,
) -> Result<Taken<T>, Problem> {
    if ingest.shutdown.is_stopping() {
        return Err(shutting_down());
    }
    let key = idempotency_key(&head.headers)?;
    let content = match body::read(&head.headers, body, &ingest.bounds, &ingest.budget).await {
        Ok(content) => content,
        Err(unread) => {
            if let Some(sent) = &unread.sent {
                head.bury(ingest, protocol, &unread.problem.detail, sent, true);
            }
            return Err(unread.problem);
        }
    };
    let source = head.source(protocol);
    let identity = (key, head.target());
    let Read { told, lost, protocol } = parse(ingest, content, source, identity, kind, read).await?;
    if let Some((reason, sent)) = &lost {
        head.bury(ingest, protocol, reason, sent, false);
    }
    let (told, parsed) = told?;
    let submitted = submit(ingest, parsed).await.map_err(|error| append_problem(&error, ingest))?;
    if let Some(once) = &head.once {
        once.taken(submitted.accepted);
    }
    Ok(Taken { told, submitted })
}

pub(super) fn shutting_down() -> Problem {
    let detail = "The ingestor is shutting down. Send the batch again; another one takes it.";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "shutting-down", detail);
    problem.retry_after(Duration::from_secs(1))
}

/// What a body was read as.
struct Read<T> {
    told: Result<(T, Parsed), Problem>,
    /// Why nothing of it can be used, and its first bytes.
    lost: Option<(String, Sent)>,
    protocol: Protocol,
}

async fn parse<K, T: Send + 'static>(
    ingest: &Arc<Ingest>,
    content: Content,
    mut source: Source,
    (key, target): (Option<String>, Vec<u8>),
    kind: impl FnOnce(&[u8]) -> (Protocol, K) + Send + 'static,
    read: impl FnOnce(&[u8], K, &mut dyn Sink) -> Result<T, Unreadable> + Send + 'static,
) -> Result<Read<T>, Problem> {
    let work = {
        let ingest = Arc::clone(ingest);
        move |content: Content| {
            let Content { bytes, memory, .. } = content;
            let held = REQUEST + bytes.capacity();
            let (protocol, kind) = kind(&bytes);
            source.protocol = protocol;
            let mut sink = BatchSink::new(&ingest, &source, (&target, &bytes), key.as_deref(), memory, held);
            let told = read(&bytes, kind, &mut sink);
            let reason = match &told {
                Err(Unreadable::Malformed(reason)) => Some(reason.clone()),
                Ok(_) => sink.nothing_usable(),
                Err(_) => None,
            };
            let told = told.map_err(|error| refusal(error, &ingest, sink.dominates()));
            let mut parsed = sink.finish();
            let whole = bytes.len() as u64;
            let lost = reason.map(|reason| (reason, Sent { bytes, whole }));
            // The content is gone, or soon is: this gives memory back, and cannot fail.
            let _ = parsed.memory.resize(REQUEST + parsed.batch.capacity());
            Read { told: told.map(|told| (told, parsed)), lost, protocol }
        }
    };
    if content.bytes.len() <= INLINE {
        return Ok(work(content));
    }
    tokio::task::spawn_blocking(move || work(content)).await.map_err(|error| {
        tracing::error!(%error, "failed to parse a body");
        let detail = "The body could not be parsed because of a fault of the ingestor.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    })
}

pub(super) fn refusal(error: Unreadable, ingest: &Ingest, dominates: bool) -> Problem {
    match error {
        Unreadable::Malformed(reason) => Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed-body",
            format!("The body cannot be read: {reason}. Nothing of it was kept."),
        ),
        Unreadable::TooLarge => body::too_large_inflated(&ingest.bounds),
        Unreadable::Full if dominates => {
            let limit = format_bytes(ingest.budget.bytes() as u64);
            let detail = format!(
                "The body holds so many entries that they take more than the {limit} of memory for all requests. \
                 Send smaller batches."
            );
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "batch-too-large", detail)
        }
        Unreadable::Full => body::no_memory(),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map(str::trim).unwrap_or_default();
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || !visible || text.len() > MAX_KEY || values.next().is_some() {
        let detail =
            format!("Idempotency-Key must come once and be 1 to {MAX_KEY} visible ASCII characters.");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid-idempotency-key", detail));
    }
    Ok(Some(text.to_owned()))
}
