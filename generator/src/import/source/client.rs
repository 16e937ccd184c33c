//! Asks the source, again where that can help.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use logpipeline_service::Shutdown;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, StatusCode, Url};

use crate::import::access::SourceAccess;
use crate::import::counters::Counters;
use crate::import::wait::Waits;
use crate::load::{chain, seconds};

/// An answer beyond this is not read; a smaller page is asked for instead.
const LARGEST_ANSWER: usize = 64 << 20;
/// After an answer below this, a larger page may do again.
pub(super) const SMALL_ANSWER: usize = LARGEST_ANSWER / 4;

#[derive(Debug, Clone)]
pub(in crate::import) struct SourceClient {
    client: Client,
    base: Url,
    access: SourceAccess,
    retry_for: Duration,
    counters: Arc<Counters>,
    shutdown: Shutdown,
}

#[derive(Debug, Clone)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// Below the source's address.
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) headers: &'a [(&'static str, &'a str)],
    pub(super) body: Body,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    None,
    Json(Bytes),
    Form(Vec<(&'static str, String)>),
}

#[derive(Debug, thiserror::Error)]
pub(in crate::import) enum SourceError {
    #[error("the source cannot be reached: {0}")]
    Unreachable(String),
    #[error("the source answered {status}: {detail}")]
    Refused { status: StatusCode, detail: String },
    #[error("an answer of the source is larger than 64 MiB")]
    TooLarge,
    #[error("the source's answer makes no sense: {0}")]
    Nonsense(String),
    #[error("{0}")]
    Given(String),
    #[error("interrupted")]
    Interrupted,
}

impl SourceError {
    pub(super) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the source refused with `status` and a text that has one of `words`.
    pub(super) fn says(&self, expected: StatusCode, words: &[&str]) -> bool {
        matches!(self, Self::Refused { status, detail } if *status == expected && words.iter().any(|word| detail.contains(word)))
    }
}

impl SourceClient {
    pub(in crate::import) fn new(
        base: Url,
        access: SourceAccess,
        timeout: Duration,
        retry_for: Duration,
        counters: Arc<Counters>,
        shutdown: Shutdown,
    ) -> Result<Self, reqwest::Error> {
        let client = access.client().timeout(timeout).build()?;
        Ok(Self { client, base, access, retry_for, counters, shutdown })
    }

    pub(super) fn waits(&self) -> Waits<'_> {
        Waits::new(self.retry_for, &self.shutdown)
    }

    pub(super) fn is_ending(&self) -> bool {
        self.shutdown.is_draining()
    }

    pub(super) fn retried(&self, reason: &str) {
        self.counters.retried(reason);
    }

    /// The answer's body, where the source answers well within the time for retries.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Bytes, SourceError> {
        let mut waits = self.waits();
        loop {
            let (error, retry_after) = match self.attempt(ask).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let is_temporary = match &error {
                SourceError::Unreachable(_) => true,
                SourceError::Refused { status, .. } => is_temporary(*status),
                _ => false,
            };
            if !is_temporary || !waits.wait(retry_after).await {
                return Err(if self.is_ending() { SourceError::Interrupted } else { error });
            }
            self.counters.retried(&error.to_string());
        }
    }

    async fn attempt(&self, ask: &Ask<'_>) -> Result<Bytes, (SourceError, Option<Duration>)> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), ask.path));
        let mut request = self.client.request(ask.method.clone(), url).query(ask.query);
        for (name, value) in ask.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                request = request.header(HeaderName::from_static(name), value);
            }
        }
        if let Some(value) = self.access.authorization() {
            request = request.header(AUTHORIZATION, value);
        }
        request = match &ask.body {
            Body::None => request,
            Body::Json(body) => request.header("content-type", "application/json").body(body.clone()),
            Body::Form(pairs) => request.form(pairs),
        };
        let unreachable =
            |error: reqwest::Error| (SourceError::Unreachable(chain(&error.without_url())), None::<Duration>);
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if answer.len() + chunk.len() > LARGEST_ANSWER {
                return Err((SourceError::TooLarge, None));
            }
            answer.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return Ok(answer.into());
        }
        Err((SourceError::Refused { status, detail: explain(&answer) }, retry_after))
    }
}

pub(in crate::import) fn is_temporary(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

pub(in crate::import) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER).and_then(seconds)
}

/// The reason in an error of Elasticsearch, Loki, VictoriaLogs or the ingestor, or the answer's beginning.
pub(in crate::import) fn explain(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let said = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|value| {
        let error = &value["error"];
        let cause = &error["root_cause"][0];
        let typed = |error: &serde_json::Value| {
            Some(format!("{}: {}", error["type"].as_str()?, error["reason"].as_str()?))
        };
        let plain =
            || value["detail"].as_str().or(value["message"].as_str()).or(error.as_str()).map(str::to_owned);
        // The cause is often said more precisely than what it led to.
        let deepest = || {
            let failed = &error["failed_shards"][0]["reason"];
            let caused = &failed["caused_by"];
            typed(caused).or_else(|| typed(failed))
        };
        deepest().or_else(|| typed(cause)).or_else(|| typed(error)).or_else(plain)
    });
    said.unwrap_or_else(|| text.trim().chars().take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_found_where_servers_put_them() {
        for (answer, reason) in [
            (
                r#"{"error":{"root_cause":[{"type":"index_not_found_exception","reason":"no such index [a]"}],"type":"x","reason":"y"},"status":404}"#,
                "index_not_found_exception: no such index [a]",
            ),
            (r#"{"error":{"type":"a","reason":"b"}}"#, "a: b"),
            (r#"{"error":"Incorrect HTTP method for uri"}"#, "Incorrect HTTP method for uri"),
            (r#"{"status":"error","message":"bad tenant"}"#, "bad tenant"),
            (r#"{"title":"Bad","detail":"A token is needed."}"#, "A token is needed."),
            ("parse error at line 1, col 2: syntax error\n", "parse error at line 1, col 2: syntax error"),
            ("", ""),
        ] {
            assert_eq!(explain(answer.as_bytes()), reason);
        }
        assert_eq!(explain("x".repeat(10_000).as_bytes()).len(), 300);
    }
}
