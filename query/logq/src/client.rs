//! The search API over HTTP.

use std::cell::RefCell;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderValue};
use reqwest::{Certificate, ClientBuilder, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::access::Credentials;
use crate::args::Args;
use crate::escape;
use crate::failure::{Failure, QueryFault};
use crate::sign_in;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Silence after which a tail's connection is dead: the server sends heartbeats every 15 s.
const TAIL_SILENCE: Duration = Duration::from_secs(60);
/// A server that is gone without a word is noticed in between, however long an answer may take.
const PROBE_INTERVAL: Duration = Duration::from_secs(15);
/// How often a busy server is asked again.
const RETRIES: u32 = 3;

pub(crate) type Parameters = Vec<(&'static str, String)>;

#[derive(Debug)]
pub(crate) struct Client<'a> {
    pub(crate) args: &'a Args,
    base: Url,
    credentials: Credentials,
    /// What came of signing in.
    session: RefCell<Option<Session>>,
    pub(crate) http: reqwest::Client,
    tails: reqwest::Client,
}

/// The cookie of a session; none where the server lets nobody sign in.
#[derive(Debug)]
pub(crate) struct Session(pub(crate) Option<HeaderValue>);

#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    pub(crate) detail: String,
    parameter: Option<String>,
}

impl<'a> Client<'a> {
    pub(crate) fn new(args: &'a Args) -> Result<Self, Failure> {
        let given = &args.server;
        let usage = |reason: &str| {
            Failure::Usage(format!("--server {given}: {reason}; give a URL such as http://localhost:8080"))
        };
        let url = if given.contains("://") { given.clone() } else { format!("http://{given}") };
        let mut base = Url::parse(&url).map_err(|error| usage(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(usage("logq speaks HTTP and HTTPS"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let authorities = args.access.authorities()?;
        let http = connections(args.timeout, &authorities)?;
        let tails = connections(args.timeout.min(TAIL_SILENCE), &authorities)?;
        let credentials = args.access.credentials()?;
        Ok(Self { args, base, credentials, session: RefCell::default(), http, tails })
    }

    /// An answer as JSON.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        params: &Parameters,
    ) -> Result<T, Failure> {
        let response = self.send(path, params).await?;
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&body).map_err(|error| {
            Failure::Server(format!("{} answered with something else: {error}", self.args.server))
        })
    }

    /// Has the server do something, and returns its answer.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<T, Failure> {
        self.sign_in().await?;
        let request = self.http.post(self.url(path)).header(CONTENT_TYPE, "application/json");
        let sent = self.identified(request).body(body.to_string()).send().await;
        let response = sent.map_err(|error| self.unreachable(&error))?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Err(self.denied());
        }
        if !response.status().is_success() {
            return Err(self.explain(response, &Vec::new()).await);
        }
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&body).map_err(|error| {
            Failure::Server(format!("{} answered with something else: {error}", self.args.server))
        })
    }

    /// A successful response, its body not read yet. A server that is busy is asked again when it says so.
    pub(crate) async fn send(&self, path: &str, params: &Parameters) -> Result<Response, Failure> {
        let mut retries = 0;
        let mut signed_in = self.sign_in().await?;
        loop {
            let response = self.attempt(path, params).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            if response.status() == StatusCode::UNAUTHORIZED {
                // A session ends some time, or with a server that keeps its key to itself.
                if !signed_in && self.session.take().is_some() {
                    signed_in = self.sign_in().await?;
                    continue;
                }
                return Err(self.denied());
            }
            let wait =
                response.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
            match wait {
                Some(seconds @ 0..=10) if retries < RETRIES => {
                    retries += 1;
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                }
                _ => return Err(self.explain(response, params).await),
            }
        }
    }

    /// Signs in where that is to be done and is not done yet; whether it was.
    async fn sign_in(&self) -> Result<bool, Failure> {
        let Credentials::User { name, password } = &self.credentials else { return Ok(false) };
        if self.session.borrow().is_some() {
            return Ok(false);
        }
        let session = sign_in::sign_in(self, name, password).await?;
        self.session.replace(Some(session));
        Ok(true)
    }

    fn denied(&self) -> Failure {
        let server = &self.args.server;
        Failure::Denied(match &self.credentials {
            Credentials::None => format!(
                "{server} asks who you are: give --token-file FILE (or LOGQ_TOKEN), or --user NAME with --password-file FILE (or LOGQ_PASSWORD)"
            ),
            Credentials::Token { from, .. } => format!(
                "{server} does not know the token of {from}: ask whoever runs it for one that may search"
            ),
            Credentials::User { .. } => format!(
                "{server} lets nobody sign in, and asks for a token: give --token-file FILE (or LOGQ_TOKEN) in place of --user"
            ),
        })
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path.split('/'));
        }
        url
    }

    async fn attempt(&self, path: &str, params: &Parameters) -> Result<Response, Failure> {
        let mut url = self.url(path);
        url.query_pairs_mut().extend_pairs(params.iter().filter(|(_, value)| !value.is_empty()));
        let http = if path == "tail" { &self.tails } else { &self.http };
        let request = self.identified(http.get(url));
        request.send().await.map_err(|error| self.unreachable(&error))
    }

    /// A request that says who asks.
    fn identified(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Credentials::Token { header, .. } = &self.credentials {
            request = request.header(AUTHORIZATION, header.clone());
        }
        if let Some(Session(Some(cookie))) = &*self.session.borrow() {
            request = request.header(COOKIE, cookie.clone());
        }
        request
    }

    pub(crate) fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let server = &self.args.server;
        Failure::Server(match (error.is_connect(), error.is_timeout()) {
            (true, _) => format!(
                "failed to reach {server}: {}; is the query server running there? --server or LOGQ_SERVER names another",
                reasons(error)
            ),
            (false, true) => format!(
                "{server} sent nothing for {:#}; --timeout waits longer, a narrower time range takes less",
                jiff::SignedDuration::try_from(self.args.timeout).unwrap_or_default()
            ),
            (false, false) => format!("failed to reach {server}: {}", reasons(error)),
        })
    }

    pub(crate) async fn explain(&self, response: Response, params: &Parameters) -> Failure {
        let status = response.status();
        let body = response.bytes().await.unwrap_or_default();
        let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
            return Failure::Server(format!("{} answered {status}", self.args.server));
        };
        if problem.kind.ends_with(":invalid-query")
            && let Ok(mut fault) = serde_json::from_slice::<QueryFault>(&body)
        {
            let query = params.iter().find(|(name, _)| *name == "q");
            fault.query = query.map(|(_, query)| query.clone()).unwrap_or_default();
            return Failure::Query(Box::new(fault));
        }
        let detail = escape::line(&problem.detail);
        if let (Some("from"), Some(since)) = (problem.parameter.as_deref(), &self.args.since) {
            return Failure::Usage(format!(
                "--since {}: give a number and a unit, such as 90s, 15m, 1h, 7d, 2w, 3M (months) or 1y; --from takes times, \
                 such as 2023-09-15, 2023-09-15T08:00Z or now-1d/d (yesterday)",
                escape::line(since)
            ));
        }
        match problem.parameter {
            Some(parameter) if status == StatusCode::BAD_REQUEST => {
                Failure::Usage(format!("{}: {detail}", self.args.flag(&parameter)))
            }
            _ if status == StatusCode::NOT_FOUND && is_missing(&problem.kind) => {
                Failure::NotFound(detail.into())
            }
            _ => Failure::Server(format!("{} answered {status}: {detail}", self.args.server)),
        }
    }
}

/// Whether what was asked for is not there; the path of another server may be missing too.
fn is_missing(kind: &str) -> bool {
    kind.ends_with(":not-found") || kind.ends_with(":unknown-receipt")
}

/// A client whose connections are dead after so long a silence.
fn connections(silence: Duration, authorities: &[Certificate]) -> Result<reqwest::Client, Failure> {
    let client =
        authorities.iter().cloned().fold(reqwest::Client::builder(), ClientBuilder::add_root_certificate);
    client
        // Other crates of the workspace would make it ask for gzip, so that how it is built decided.
        .no_gzip()
        .user_agent(concat!("logq/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(PROBE_INTERVAL)
        .tcp_keepalive_interval(PROBE_INTERVAL)
        .tcp_keepalive_retries(4)
        .read_timeout(silence)
        .build()
        .map_err(|error| Failure::Server(format!("failed to prepare a connection: {}", reasons(&error))))
}

/// An error and what caused it, without the URL, which is long.
pub(crate) fn reasons(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut last = error.to_string();
    while let Some(cause) = source {
        last = cause.to_string();
        source = cause.source();
    }
    last
}
