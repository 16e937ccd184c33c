//! The proof: each acknowledged entry is found exactly once, as it was sent.

mod audit;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use logpipeline_service::Shutdown;
use memchr::memchr;
use reqwest::{Client, Url};

use crate::load::Seqs;

pub use audit::{Audit, Findings};

/// A line of the export longer than this is not read further; no entry is as long.
const MAX_LINE: usize = 16 << 20;

#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The query server's base address.
    pub query_url: Url,
    pub token: Option<String>,
    /// How long entries may take to appear.
    pub timeout: Duration,
}

/// What verification came to.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    pub findings: Findings,
    pub seconds: f64,
    /// Why the entries could not be read to the end, where the last attempt failed.
    pub failure: Option<String>,
}

impl Verification {
    /// Whether every acknowledged entry was found exactly once, intact.
    pub fn is_balanced(&self) -> bool {
        let findings = &self.findings;
        self.failure.is_none() && findings.lost == 0 && findings.duplicated == 0 && findings.corrupted == 0
    }
}

/// Reads the run back until all of `acknowledged` is there, or the time is over. `issued` is how many
/// entries the run has. `found` follows the progress.
pub async fn verify(
    options: &VerifyOptions,
    run: &str,
    issued: u64,
    acknowledged: &Seqs,
    found: &AtomicU64,
    shutdown: &Shutdown,
) -> Result<Verification, crate::load::ClientError> {
    let reader = Reader::new(options, run)?;
    let begin = Instant::now();
    let mut pause = Duration::from_millis(100);
    loop {
        // Counting is cheap; everything is read once it is worth it.
        let left = options.timeout.saturating_sub(begin.elapsed());
        let all_there = match tokio::time::timeout(left.max(Duration::from_secs(1)), reader.count()).await {
            Ok(Ok(count)) => {
                found.store(count.min(acknowledged.len()), Ordering::Relaxed);
                count >= acknowledged.len()
            }
            _ => false,
        };
        let last = begin.elapsed() + pause >= options.timeout || shutdown.is_stopping();
        if all_there || last {
            let mut audit = Audit::new(run, issued);
            let patience = left.max(Duration::from_secs(30));
            let read = tokio::select! {
                read = tokio::time::timeout(patience, reader.read(&mut audit, found)) => {
                    read.unwrap_or_else(|_| Err("the export did not end in time".to_owned()))
                }
                () = shutdown.stopping() => Err("interrupted".to_owned()),
            };
            let findings = audit.findings(acknowledged);
            let done = read.is_ok() && findings.lost == 0;
            if done || last {
                return Ok(Verification {
                    findings,
                    seconds: begin.elapsed().as_secs_f64(),
                    failure: read.err(),
                });
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.stopping() => {}
        }
        pause = (pause * 3 / 2).min(Duration::from_secs(2));
    }
}

struct Reader {
    client: Client,
    count: Url,
    export: Url,
    token: Option<String>,
}

impl Reader {
    fn new(options: &VerifyOptions, run: &str) -> Result<Self, crate::load::ClientError> {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(60))
            .build()?;
        let query = format!("metadata.run:\"{run}\"");
        let url = |path: &str, parameters: &[(&str, &str)]| {
            let mut url = options.query_url.clone();
            url.set_path(&format!("{}/api/v1/{path}", url.path().trim_end_matches('/')));
            url.query_pairs_mut().append_pair("q", &query).extend_pairs(parameters);
            url
        };
        Ok(Self {
            client,
            count: url("search", &[("limit", "1")]),
            export: url("export", &[("format", "ndjson"), ("order", "asc")]),
            token: options.token.clone(),
        })
    }

    /// How many entries of the run the server finds.
    async fn count(&self) -> Result<u64, String> {
        #[derive(serde::Deserialize)]
        struct Page {
            total: u64,
        }
        let body = self.get(&self.count).await?.bytes().await.map_err(text)?;
        let page: Page = serde_json::from_slice(&body)
            .map_err(|error| format!("failed to read the search's answer: {error}"))?;
        Ok(page.total)
    }

    /// Reads the whole run into `audit`.
    async fn read(&self, audit: &mut Audit, found: &AtomicU64) -> Result<(), String> {
        let mut chunks = self.get(&self.export).await?.bytes_stream();
        let mut rest: Vec<u8> = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(text)?;
            let mut chunk = chunk.as_ref();
            while let Some(end) = memchr(b'\n', chunk) {
                if rest.is_empty() {
                    audit.line(&chunk[..end]);
                } else {
                    rest.extend_from_slice(&chunk[..end]);
                    audit.line(&rest);
                    rest.clear();
                }
                chunk = &chunk[end + 1..];
            }
            if rest.len() + chunk.len() > MAX_LINE {
                return Err(format!("the export has a line of more than {MAX_LINE} bytes"));
            }
            rest.extend_from_slice(chunk);
            found.store(audit.seen(), Ordering::Relaxed);
        }
        audit.line(&rest);
        found.store(audit.seen(), Ordering::Relaxed);
        Ok(())
    }

    async fn get(&self, url: &Url) -> Result<reqwest::Response, String> {
        let mut request = self.client.get(url.clone());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(text)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.unwrap_or_default();
        Err(format!("the query server answered {status}: {}", crate::load::detail(&body)))
    }
}

fn text(error: reqwest::Error) -> String {
    crate::load::chain(&error.without_url())
}
