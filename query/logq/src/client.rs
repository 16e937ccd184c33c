//! The search API over HTTP.

use std::time::Duration;

use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::args::Args;
use crate::escape;
use crate::failure::{Failure, QueryFault};

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
    args: &'a Args,
    base: Url,
    http: reqwest::Client,
    tails: reqwest::Client,
}

#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    detail: String,
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
        if base.scheme() != "http" {
            return Err(usage(
                "logq speaks plain HTTP; reach servers behind TLS through a tunnel or a proxy of yours",
            ));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let http = connections(args.timeout)?;
        let tails = connections(args.timeout.min(TAIL_SILENCE))?;
        Ok(Self { args, base, http, tails })
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

    /// A successful response, its body not read yet. A server that is busy is asked again when it says so.
    pub(crate) async fn send(&self, path: &str, params: &Parameters) -> Result<Response, Failure> {
        let mut retries = 0;
        loop {
            let response = self.attempt(path, params).await?;
            if response.status().is_success() {
                return Ok(response);
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

    async fn attempt(&self, path: &str, params: &Parameters) -> Result<Response, Failure> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path.split('/'));
        }
        url.query_pairs_mut().extend_pairs(params.iter().filter(|(_, value)| !value.is_empty()));
        let http = if path == "tail" { &self.tails } else { &self.http };
        http.get(url).send().await.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
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

    async fn explain(&self, response: Response, params: &Parameters) -> Failure {
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
            _ if status == StatusCode::NOT_FOUND && problem.kind.ends_with(":not-found") => {
                Failure::NotFound(detail.into())
            }
            _ => Failure::Server(format!("{} answered {status}: {detail}", self.args.server)),
        }
    }
}

/// A client whose connections are dead after so long a silence.
fn connections(silence: Duration) -> Result<reqwest::Client, Failure> {
    reqwest::Client::builder()
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
