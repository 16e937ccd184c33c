//! The ingestors, who alone know how far entries have come.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use http::StatusCode;
use logpipeline_service::Problem;
use reqwest::Method;
use serde::de::DeserializeOwned;

use super::AdminUrl;

/// Time an ingestor has to answer: it may scan what waits in its log.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Time an ingestor has to do what it is told. What takes longer, it does in parts.
const WORK_TIMEOUT: Duration = Duration::from_secs(60);
/// How often an ingestor that does the same for somebody else is asked again, and how long to wait where it does not say.
const TRIES: usize = 30;
const PAUSE: Duration = Duration::from_secs(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of an answer.
const LARGEST: usize = 8 << 20;

/// Asks all ingestors of the pipeline by their admin ports.
#[derive(Debug, Clone)]
pub(crate) struct Ingestors {
    urls: Arc<[AdminUrl]>,
    http: reqwest::Client,
}

/// What the ingestors told, each with its address; those that do not know what was asked for are left out.
#[derive(Debug)]
pub(crate) struct Told<T> {
    pub(crate) answers: Vec<(String, T)>,
    /// Why some did not answer.
    pub(crate) silent: Vec<String>,
    /// What those said who do not know.
    pub(crate) unknown: Option<String>,
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
struct Silence {
    reason: String,
    /// Whether the ingestor may have the request, and work on it.
    may_work: bool,
}

impl Ingestors {
    pub(crate) fn new(urls: Vec<AdminUrl>) -> Self {
        let http = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT).no_proxy();
        // Nothing in these settings can fail to be set.
        Self { urls: urls.into(), http: http.build().unwrap_or_default() }
    }

    /// Asks every ingestor.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<Told<T>, Problem> {
        let (addresses, mut silent) = self.addresses().await?;
        let asked = addresses
            .into_iter()
            .map(async |address| (address, self.send(Method::GET, address, path, None).await));
        let (mut answers, mut unknown) = (Vec::new(), None);
        for (address, answer) in join_all(asked).await {
            let answer = answer.map_err(|silence| silence.reason);
            match answer.and_then(|answer| read(answer.status, &answer.body)) {
                Ok(Ok(answer)) => answers.push((address.to_string(), answer)),
                Ok(Err(detail)) => unknown = Some(detail),
                Err(reason) => silent.push(format!("{address} {reason}")),
            }
        }
        Ok(Told { answers, silent, unknown })
    }

    /// Has the first ingestor that takes it do something. Where one may still be at work, no other is told.
    pub(crate) async fn tell<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, Problem> {
        let (addresses, mut silent) = self.addresses().await?;
        for address in addresses {
            match self.work(address, path, &body).await {
                Ok(answer) => match read(answer.status, &answer.body) {
                    Ok(Ok(answer)) => return Ok(answer),
                    Ok(Err(detail)) => silent.push(format!("{address} answered 404: {detail}")),
                    Err(reason) => silent.push(format!("{address} {reason}")),
                },
                Err(Silence { reason, may_work: false }) => silent.push(format!("{address} {reason}")),
                Err(Silence { reason, may_work: true }) => {
                    let detail = format!(
                        "{address} {reason}; it may still be at work. Send the request again later; nothing is stored twice."
                    );
                    return Err(Problem::new(StatusCode::BAD_GATEWAY, "ingestor-unreachable", detail));
                }
            }
        }
        Err(unreachable(&silent))
    }

    /// Waits for an ingestor that does the same for somebody else, who may have given up.
    async fn work(&self, address: SocketAddr, path: &str, body: &[u8]) -> Result<Answer, Silence> {
        for _ in 0..TRIES {
            let answer = self.send(Method::POST, address, path, Some(body.to_vec())).await?;
            if answer.status != StatusCode::CONFLICT {
                return Ok(answer);
            }
            tokio::time::sleep(answer.retry_after.unwrap_or(PAUSE)).await;
        }
        Err(Silence { reason: "does the same for somebody else".to_owned(), may_work: true })
    }

    async fn addresses(&self) -> Result<(Vec<SocketAddr>, Vec<String>), Problem> {
        if self.urls.is_empty() {
            let detail = "This server does not know the ingestors: start it with --ingestor-url http://HOST:9090, \
                          the address of their admin ports.";
            return Err(Problem::new(StatusCode::NOT_IMPLEMENTED, "no-ingestor", detail));
        }
        let (mut addresses, mut silent) = (Vec::new(), Vec::new());
        for url in &*self.urls {
            match url.resolve().await {
                Ok(found) => addresses.extend(found),
                Err(error) => silent.push(format!("{url} has no address: {error}")),
            }
        }
        Ok((addresses, silent))
    }

    async fn send(
        &self,
        method: Method,
        address: SocketAddr,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Silence> {
        let mut request = self.http.request(method, format!("http://{address}{path}"));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").timeout(WORK_TIMEOUT).body(body);
        }
        let failed = |error: reqwest::Error| Silence {
            may_work: !error.is_connect(),
            reason: format!("did not answer: {}", error.without_url()),
        };
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&part);
            if body.len() > LARGEST {
                let reason = "answered with more than 8 MiB".to_owned();
                return Err(Silence { reason, may_work: false });
            }
        }
        Ok(Answer { status, retry_after: retry_after.map(Duration::from_secs), body })
    }
}

/// An answer, or what an ingestor says that does not know; why neither.
fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<Result<T, String>, String> {
    if status.is_success() {
        return serde_json::from_slice(body).map(Ok).map_err(|error| format!("answered oddly: {error}"));
    }
    let problem: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let detail = problem["detail"].as_str().unwrap_or_default();
    let kind = problem["type"].as_str().unwrap_or_default();
    let unknown = status == StatusCode::NOT_FOUND && kind.contains(":unknown-");
    if unknown { Ok(Err(detail.to_owned())) } else { Err(format!("answered {status}: {detail}")) }
}

/// No ingestor answered, or one that did not might know better.
pub(crate) fn unreachable(silent: &[String]) -> Problem {
    let detail = match silent {
        [] => "No ingestor has an address at the moment.".to_owned(),
        silent => format!("Not every ingestor answered: {}.", silent.join("; ")),
    };
    Problem::new(StatusCode::BAD_GATEWAY, "ingestor-unreachable", detail)
}
