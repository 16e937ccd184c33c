//! Requests to a cluster: which of its addresses, as whom, and what became of them.

use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use elasticsearch::auth::{ClientCertificate, Credentials as Auth};
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use elasticsearch::http::{Method, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::options::{Credentials, Options};
use crate::StoreError;

#[derive(Debug)]
pub(super) struct Connection {
    nodes: Vec<Node>,
    /// The node that answered last.
    current: AtomicUsize,
    timeout: Duration,
}

#[derive(Debug)]
struct Node {
    url: String,
    transport: Transport,
}

/// Why a request has no answer that can be used.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum RequestError {
    /// No server took the request.
    #[error("{0}")]
    Unreachable(String),
    /// A server may have done what it was asked for, or may still do it.
    #[error("{0}")]
    Unanswered(String),
    #[error("{url} answered {status}: {kind}: {reason}")]
    Refused { url: String, status: u16, kind: String, reason: String },
    #[error("{url} gave an answer that cannot be read: {reason}")]
    Garbled { url: String, reason: String },
}

impl RequestError {
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same request may succeed later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Unanswered(_) => true,
            Self::Garbled { .. } => false,
            // Before 7.x a full disk answered 403, later 429.
            Self::Refused { status, kind, .. } => {
                matches!(status, 408 | 429 | 500 | 502..=504)
                    || (*status == 403 && kind == "cluster_block_exception")
            }
        }
    }
}

impl From<RequestError> for StoreError {
    fn from(error: RequestError) -> Self {
        let reason = error.to_string();
        match &error {
            RequestError::Refused { status: 400, .. } => Self::Unsupported { reason },
            RequestError::Garbled { .. } => Self::Damaged { reason },
            _ => Self::Unavailable { reason },
        }
    }
}

pub(super) enum Content {
    Json(Bytes),
    Lines(Bytes),
}

impl Connection {
    pub(super) fn new(options: &Options) -> Result<Self, StoreError> {
        if options.urls.is_empty() {
            return Err(invalid("no address of Elasticsearch is given".to_owned()));
        }
        let nodes = options.urls.iter().map(|url| Node::new(url, options)).collect::<Result<_, _>>()?;
        Ok(Self { nodes, current: AtomicUsize::new(0), timeout: options.timeout })
    }

    /// Sends a request that may be sent twice, to one address after the other.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, RequestError> {
        self.ask_within(method, path, body, self.timeout).await
    }

    pub(super) async fn ask_within<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        timeout: Duration,
    ) -> Result<T, RequestError> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        let (url, bytes) = self.send(method, path, body.map(Content::Json), timeout, true).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| RequestError::Garbled { url, reason: error.to_string() })
    }

    /// Sends lines that must not be sent twice without a look at what became of them: to the next
    /// address only where this one was not reached.
    pub(super) async fn send_lines<T: DeserializeOwned>(
        &self,
        path: &str,
        lines: Bytes,
        timeout: Duration,
    ) -> Result<T, RequestError> {
        let (url, bytes) = self.send(Method::Post, path, Some(Content::Lines(lines)), timeout, false).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| RequestError::Garbled { url, reason: error.to_string() })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Content>,
        timeout: Duration,
        twice: bool,
    ) -> Result<(String, Bytes), RequestError> {
        let first = self.current.load(Ordering::Relaxed);
        let mut failed = RequestError::Unreachable("no address of Elasticsearch is given".to_owned());
        for turn in 0..self.nodes.len() {
            let at = (first + turn) % self.nodes.len();
            match self.nodes[at].send(method, path, body.as_ref(), timeout).await {
                Ok(answer) => {
                    self.current.store(at, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error @ RequestError::Unreachable(_)) => failed = error,
                Err(error @ RequestError::Unanswered(_)) if twice => failed = error,
                Err(error) => {
                    if matches!(error, RequestError::Unanswered(_)) {
                        self.current.store((at + 1) % self.nodes.len(), Ordering::Relaxed);
                    }
                    return Err(error);
                }
            }
        }
        Err(failed)
    }
}

impl Node {
    fn new(url: &str, options: &Options) -> Result<Self, StoreError> {
        let parsed = Url::parse(url)
            .ok()
            .filter(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host())
            .ok_or_else(|| invalid(format!("{url:?} is no address such as https://host:9200")))?;
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(parsed))
            .disable_proxy()
            .enable_meta_header(false)
            .request_body_compression(options.gzip);
        if let Some(auth) = auth(options)? {
            builder = builder.auth(auth);
        }
        if let Some(pem) = &options.authorities {
            let authorities = Certificate::from_pem(pem)
                .map_err(|error| invalid(format!("the certificate authorities cannot be read: {error}")))?;
            builder = builder.cert_validation(CertificateValidation::Full(authorities));
        }
        let transport = builder.build().map_err(|error| invalid(error.to_string()))?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), transport })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Content>,
        timeout: Duration,
    ) -> Result<(String, Bytes), RequestError> {
        let mut headers = HeaderMap::new();
        let body = body.map(|body| match body {
            Content::Json(bytes) => bytes.clone(),
            Content::Lines(bytes) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
                bytes.clone()
            }
        });
        let path = path.trim_start_matches('/');
        let sent = self.transport.send(method, path, headers, None::<&()>, body, Some(timeout)).await;
        let response = sent.map_err(|error| self.failed(&error))?;
        let status = response.status_code().as_u16();
        let bytes = response.bytes().await.map_err(|error| self.failed(&error))?;
        if (200..300).contains(&status) {
            return Ok((self.url.clone(), bytes));
        }
        Err(self.refused(status, &bytes))
    }

    fn failed(&self, error: &elasticsearch::Error) -> RequestError {
        let mut reason = format!("{}: {error}", self.url);
        let mut unsent = false;
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            unsent |= text.contains("(Connect)") || text.contains("error trying to connect");
            if !reason.contains(&text) {
                reason = format!("{reason}: {text}");
            }
            cause = inner.source();
        }
        if unsent { RequestError::Unreachable(reason) } else { RequestError::Unanswered(reason) }
    }

    fn refused(&self, status: u16, body: &[u8]) -> RequestError {
        let url = self.url.clone();
        let (kind, reason) = match serde_json::from_slice::<Refusal>(body) {
            Ok(Refusal { error: Fault::Full(fault) }) => fault.worst(),
            Ok(Refusal { error: Fault::Text(text) }) => ("error".to_owned(), text),
            Err(_) => {
                let text = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
                ("error".to_owned(), text)
            }
        };
        RequestError::Refused { url, status, kind, reason }
    }
}

fn auth(options: &Options) -> Result<Option<Auth>, StoreError> {
    let printable = |what: &str, text: &str| {
        if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Ok(text.to_owned());
        }
        Err(invalid(format!("the {what} for Elasticsearch holds characters that no HTTP header can hold")))
    };
    if let Some(pem) = &options.client_certificate {
        if options.credentials != Credentials::None {
            let reason = "a client certificate and other credentials exclude each other".to_owned();
            return Err(invalid(reason));
        }
        return Ok(Some(Auth::Certificate(ClientCertificate::Pem(pem.clone()))));
    }
    Ok(match &options.credentials {
        Credentials::None => None,
        Credentials::Basic { user, password } => Some(Auth::Basic(user.clone(), password.clone())),
        Credentials::ApiKey(key) => Some(Auth::EncodedApiKey(printable("API key", key)?)),
        Credentials::Bearer(token) => Some(Auth::Bearer(printable("token", token)?)),
    })
}

fn invalid(reason: String) -> StoreError {
    StoreError::Unsupported { reason }
}

#[derive(Deserialize)]
struct Refusal {
    error: Fault,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Fault {
    Full(Cause),
    Text(String),
}

/// An error as Elasticsearch tells it, of a request or of one item.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Cause {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    root_cause: Vec<Cause>,
    #[serde(default)]
    caused_by: Option<Box<Cause>>,
    #[serde(default)]
    failed_shards: Vec<FailedShard>,
}

#[derive(Debug, Clone, Deserialize)]
struct FailedShard {
    reason: Box<Cause>,
}

impl Cause {
    /// The kind, and the reasons down to the last cause.
    fn worst(mut self) -> (String, String) {
        if let Some(shard) = self.failed_shards.pop() {
            return shard.reason.worst();
        }
        if let Some(root) = self.root_cause.pop() {
            return root.worst();
        }
        (self.kind.clone(), self.text())
    }

    pub(super) fn text(&self) -> String {
        let mut text = self.reason.clone().unwrap_or_else(|| self.kind.clone());
        let mut cause = self.caused_by.as_deref();
        while let Some(inner) = cause {
            if let Some(reason) = inner.reason.as_deref().filter(|reason| !text.contains(reason)) {
                text = format!("{text}: {reason}");
            }
            cause = inner.caused_by.as_deref();
        }
        text
    }
}
