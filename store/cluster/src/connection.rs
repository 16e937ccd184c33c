//! Requests to a cluster: which of its addresses, as whom, and what became of them.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use elasticsearch::auth::{ClientCertificate, Credentials as Auth};
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use elasticsearch::http::{Method, Url};
use flate2::Compression;
use flate2::write::GzEncoder;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Access, ClusterError, Credentials, trace};

#[derive(Debug)]
pub struct Connection {
    nodes: Vec<Node>,
    /// The node that answered last.
    current: AtomicUsize,
    timeout: Duration,
    gzip: bool,
}

#[derive(Debug)]
struct Node {
    url: String,
    transport: Transport,
}

/// Why a request has no answer that can be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RequestError {
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
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether it is certain that the server did nothing, and will do nothing, of what it was asked for.
    pub fn is_clear(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Unanswered(_) | Self::Garbled { .. } => false,
            // What stands before a server may say in its place that it gave no answer.
            Self::Refused { status, .. } => !matches!(status, 408 | 500..),
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
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

struct Content {
    bytes: Bytes,
    /// Rather than one object.
    lines: bool,
    compressed: bool,
}

impl Connection {
    pub fn new(access: &Access) -> Result<Self, ClusterError> {
        if access.urls.is_empty() {
            return Err(invalid("no address of Elasticsearch is given".to_owned()));
        }
        let nodes = access.urls.iter().map(|url| Node::new(url, access)).collect::<Result<_, _>>()?;
        Ok(Self { nodes, current: AtomicUsize::new(0), timeout: access.timeout, gzip: access.gzip })
    }

    /// How long a request may take that has no deadline of its own.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The server that answered last.
    pub fn address(&self) -> &str {
        self.nodes.get(self.current.load(Ordering::Relaxed)).map_or("", |node| &node.url)
    }

    /// Sends a request that may be sent twice, to one address after the other.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, RequestError> {
        self.ask_within(method, path, body, self.timeout).await
    }

    pub async fn ask_within<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        timeout: Duration,
    ) -> Result<T, RequestError> {
        let body = body.map(|body| Content {
            bytes: Bytes::from(body.to_string()),
            lines: false,
            compressed: false,
        });
        let (url, bytes) = self.send(method, path, body, timeout, true).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| RequestError::Garbled { url, reason: error.to_string() })
    }

    /// Sends lines that must not be sent twice without a look at what became of them: to the next
    /// address only where this one was not reached.
    pub async fn send_lines<T: DeserializeOwned>(
        &self,
        path: &str,
        lines: Bytes,
        timeout: Duration,
    ) -> Result<T, RequestError> {
        let bytes = if self.gzip { gzip(lines).await? } else { lines };
        let body = Content { bytes, lines: true, compressed: self.gzip };
        let (url, bytes) = self.send(Method::Post, path, Some(body), timeout, false).await?;
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
                Err(error @ RequestError::Refused { status: 502..=504, .. }) if twice => failed = error,
                Err(error) => {
                    // Another server may be in better health: the next request goes there.
                    let ails = matches!(
                        error,
                        RequestError::Unanswered(_) | RequestError::Refused { status: 502..=504, .. }
                    );
                    if ails {
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
    fn new(url: &str, access: &Access) -> Result<Self, ClusterError> {
        let mut parsed = Url::parse(url)
            .ok()
            .filter(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host())
            .ok_or_else(|| {
                // What stands before the @ is secret.
                let shown = url.rsplit('@').next().unwrap_or_default();
                invalid(format!("{shown:?} is no address such as https://host:9200"))
            })?;
        let credentials = within(&mut parsed, &access.credentials)?;
        let address = parsed.as_str().trim_end_matches('/').to_owned();
        let mut auth = auth(&credentials)?;
        let mut headers = HeaderMap::new();
        if let Some(pem) = &access.client_certificate {
            // The transport takes one kind of credentials: those beside a certificate go another way.
            match &credentials {
                Credentials::None => {}
                Credentials::Basic { user, password } => {
                    let set = parsed.set_username(user).and_then(|()| parsed.set_password(Some(password)));
                    set.map_err(|()| invalid("the user and password cannot be sent".to_owned()))?;
                }
                Credentials::ApiKey(key) => authorize(&mut headers, &format!("ApiKey {key}"))?,
                Credentials::Bearer(token) => authorize(&mut headers, &format!("Bearer {token}"))?,
            }
            auth = Some(Auth::Certificate(ClientCertificate::Pem(pem.clone())));
        }
        // Bodies are compressed here, and not by the transport, which would hold up other requests.
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(parsed))
            .disable_proxy()
            .enable_meta_header(false)
            .headers(headers);
        if let Some(auth) = auth {
            builder = builder.auth(auth);
        }
        if let Some(pem) = &access.authorities {
            let authorities = Certificate::from_pem(pem)
                .map_err(|error| invalid(format!("the certificate authorities cannot be read: {error}")))?;
            builder = builder.cert_validation(CertificateValidation::Full(authorities));
        }
        let transport = builder.build().map_err(|error| {
            let what = match (&access.client_certificate, &access.authorities) {
                (Some(_), None) => "the client certificate and its key cannot be read",
                (Some(_), Some(_)) => {
                    "the client certificate, its key or the certificate authorities cannot be read"
                }
                (None, Some(_)) => "the certificate authorities cannot be read",
                (None, None) => "no connection can be set up",
            };
            invalid(format!("{what}: {}", with_causes(&error)))
        })?;
        Ok(Self { url: address, transport })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Content>,
        timeout: Duration,
    ) -> Result<(String, Bytes), RequestError> {
        let mut headers = HeaderMap::new();
        trace::propagate(&mut headers);
        let body = body.map(|body| {
            if body.lines {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
            }
            if body.compressed {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            body.bytes.clone()
        });
        let path = path.trim_start_matches('/');
        let sent = self.transport.send(method, path, headers, None::<&()>, body, Some(timeout)).await;
        let response = sent.map_err(|error| self.failed(&error))?;
        let status = response.status_code().as_u16();
        // The server took the request, so that whatever follows is no failure to reach it.
        let bytes = response.bytes().await.map_err(|error| {
            let reason = format!("{}: {}", self.url, with_causes(&error));
            RequestError::Unanswered(reason)
        })?;
        if (200..300).contains(&status) {
            return Ok((self.url.clone(), bytes));
        }
        Err(self.refused(status, &bytes))
    }

    fn failed(&self, error: &elasticsearch::Error) -> RequestError {
        let reason = format!("{}: {}", self.url, with_causes(error));
        let unsent = reason.contains("(Connect)") || reason.contains("error trying to connect");
        if unsent { RequestError::Unreachable(reason) } else { RequestError::Unanswered(reason) }
    }

    fn refused(&self, status: u16, body: &[u8]) -> RequestError {
        let url = self.url.clone();
        let (kind, mut reason) = match serde_json::from_slice::<Refusal>(body) {
            Ok(Refusal { error: Fault::Full(fault) }) => fault.worst(),
            Ok(Refusal { error: Fault::Text(text) }) => ("error".to_owned(), text),
            Err(_) => {
                let text = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
                (UNKNOWN.to_owned(), text)
            }
        };
        match status {
            401 => reason.push_str(": check the user and password, the API key or the token"),
            403 if kind == "security_exception" => {
                reason.push_str(": give who writes and reads the privileges for these indices");
            }
            _ => {}
        }
        RequestError::Refused { url, status, kind, reason }
    }
}

/// The kind of an error that is none of Elasticsearch's: the answer is somebody else's.
pub const UNKNOWN: &str = "unknown";

/// The credentials to be used with an address, which may hold some itself and then loses them.
fn within(url: &mut Url, given: &Credentials) -> Result<Credentials, ClusterError> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(given.clone());
    }
    let plain = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let own = Credentials::Basic {
        user: plain(url.username()),
        password: plain(url.password().unwrap_or_default()),
    };
    // Neither fails for an address that has a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if *given != Credentials::None && *given != own {
        let reason =
            "the address of Elasticsearch holds a user and password, and other credentials are given";
        return Err(invalid(reason.to_owned()));
    }
    Ok(own)
}

fn authorize(headers: &mut HeaderMap, value: &str) -> Result<(), ClusterError> {
    let mut value = HeaderValue::from_str(value).map_err(|error| invalid(error.to_string()))?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(())
}

/// An error with what it does not say of its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}

fn auth(credentials: &Credentials) -> Result<Option<Auth>, ClusterError> {
    let printable = |what: &str, text: &str| {
        if !text.is_empty() && text.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
            return Ok(text.to_owned());
        }
        let reason =
            format!("the {what} for Elasticsearch is empty or holds characters that no HTTP header can hold");
        Err(invalid(reason))
    };
    Ok(match credentials {
        Credentials::None => None,
        Credentials::Basic { user, .. } if user.contains(':') => {
            return Err(invalid(
                "the user for Elasticsearch holds a colon, which HTTP does not allow".to_owned(),
            ));
        }
        Credentials::Basic { user, password } => Some(Auth::Basic(user.clone(), password.clone())),
        Credentials::ApiKey(key) => Some(Auth::EncodedApiKey(printable("API key", key)?)),
        Credentials::Bearer(token) => Some(Auth::Bearer(printable("token", token)?)),
    })
}

/// At the level that costs least: entries shrink to a fifth by it.
async fn gzip(bytes: Bytes) -> Result<Bytes, RequestError> {
    let compress = move || {
        let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
        encoder.write_all(&bytes)?;
        encoder.finish()
    };
    let failed = |error: std::io::Error| RequestError::Unreachable(error.to_string());
    let compressed = tokio::task::spawn_blocking(compress).await.map_err(std::io::Error::other);
    Ok(compressed.and_then(|compressed| compressed).map_err(failed)?.into())
}

fn invalid(reason: String) -> ClusterError {
    ClusterError::Unsupported { reason }
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
pub struct Cause {
    #[serde(rename = "type")]
    pub kind: String,
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

    pub fn text(&self) -> String {
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
