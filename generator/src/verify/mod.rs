//! The proof: each acknowledged entry is found exactly once, as it was sent.

mod audit;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use logpipeline_service::Shutdown;
use memchr::memchr;
use reqwest::{Client, Url};

use crate::access::Access;
use crate::load::{NamedBatch, Seqs};

pub use audit::{Audit, Findings};

/// A line of the export longer than this is not read further; no entry is as long.
const MAX_LINE: usize = 16 << 20;
/// Ids that are asked for at once; a query has at most 1,024 clauses.
const LOOK_UP: usize = 400;

#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The query server's base address.
    pub query_url: Url,
    pub access: Access,
    /// How long entries may take to appear.
    pub timeout: Duration,
}

/// What was sent and must be found.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    pub run: &'a str,
    /// How many entries the run has.
    pub issued: u64,
    pub acknowledged: &'a Seqs,
    /// Acknowledged entries that an earlier replay may have stored, under its own name.
    pub named: &'a [NamedBatch],
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

/// Reads the run back until all that was acknowledged is there, or the time is over. `found` follows the
/// progress.
pub async fn verify(
    options: &VerifyOptions,
    sent: Sent<'_>,
    found: &AtomicU64,
    shutdown: &Shutdown,
) -> Result<Verification, crate::load::ClientError> {
    let Sent { run, issued, acknowledged, named } = sent;
    let reader = Reader::new(options, run)?;
    let begin = Instant::now();
    let mut before = None;
    let mut pause = Duration::from_millis(100);
    loop {
        // Counting is cheap; everything is read once it is worth it.
        let left = options.timeout.saturating_sub(begin.elapsed());
        let count = match tokio::time::timeout(left.max(Duration::from_secs(1)), reader.count()).await {
            Ok(Ok(count)) => {
                found.store(count.min(acknowledged.len()), Ordering::Relaxed);
                Some(count)
            }
            _ => None,
        };
        let all_there = count.is_some_and(|count| count >= acknowledged.len());
        // What an earlier replay stored never counts for this run.
        let settled = !named.is_empty() && count.is_some() && count == before;
        before = count;
        let last = begin.elapsed() + pause >= options.timeout || shutdown.is_stopping();
        if all_there || settled || last {
            let mut audit = Audit::new(run, issued);
            let patience = left.max(Duration::from_secs(30));
            let reading = async {
                reader.read(&mut audit, found).await?;
                reader.look_up(&mut audit, acknowledged, named).await
            };
            let read = tokio::select! {
                read = tokio::time::timeout(patience, reading) => {
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
    /// The query that finds the run.
    run: String,
    search: Url,
    export: Url,
    token: Option<String>,
}

impl Reader {
    fn new(options: &VerifyOptions, run: &str) -> Result<Self, crate::load::ClientError> {
        let client = options
            .access
            .client()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(60))
            .build()?;
        let url = |path: &str, parameters: &[(&str, &str)]| {
            let mut url = options.query_url.clone();
            url.set_path(&format!("{}/api/v1/{path}", url.path().trim_end_matches('/')));
            url.query_pairs_mut().extend_pairs(parameters);
            url
        };
        Ok(Self {
            client,
            run: format!("metadata.run:\"{run}\""),
            search: url("search", &[("limit", "1")]),
            export: url("export", &[("format", "ndjson"), ("order", "asc")]),
            token: options.access.query_token.clone(),
        })
    }

    /// How many entries of the run the server finds.
    async fn count(&self) -> Result<u64, String> {
        #[derive(serde::Deserialize)]
        struct Page {
            total: u64,
        }
        let body = self.get(&self.search, &self.run).await?.bytes().await.map_err(text)?;
        let page: Page = serde_json::from_slice(&body)
            .map_err(|error| format!("failed to read the search's answer: {error}"))?;
        Ok(page.total)
    }

    /// Reads the whole run into `audit`.
    async fn read(&self, audit: &mut Audit, found: &AtomicU64) -> Result<(), String> {
        self.export(&self.run, |line| {
            audit.line(line);
            found.store(audit.seen(), Ordering::Relaxed);
        })
        .await
    }

    /// Looks for what the run lacks by the ids that it has since an earlier replay.
    async fn look_up(
        &self,
        audit: &mut Audit,
        acknowledged: &Seqs,
        named: &[NamedBatch],
    ) -> Result<(), String> {
        let ids = named.iter().flat_map(|NamedBatch { seqs, id }| {
            let ids = (1..).map(|line| id.of_line(line).to_string());
            ids.zip(seqs.clone())
        });
        let missing: Vec<(String, u64)> =
            ids.filter(|(_, seq)| acknowledged.contains(*seq) && !audit.has_seen(*seq)).collect();
        for chunk in missing.chunks(LOOK_UP) {
            let names: Vec<&str> = chunk.iter().map(|(id, _)| id.as_str()).collect();
            let seqs: HashMap<&str, u64> = chunk.iter().map(|(id, seq)| (id.as_str(), *seq)).collect();
            let query = format!("id:({})", names.join(", "));
            self.export(&query, |line| audit.earlier_line(line, &seqs)).await?;
        }
        Ok(())
    }

    /// Hands on each line that the query finds.
    async fn export(&self, query: &str, mut take: impl FnMut(&[u8])) -> Result<(), String> {
        let mut chunks = self.get(&self.export, query).await?.bytes_stream();
        let mut rest: Vec<u8> = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(text)?;
            let mut chunk = chunk.as_ref();
            while let Some(end) = memchr(b'\n', chunk) {
                if rest.is_empty() {
                    take(&chunk[..end]);
                } else {
                    rest.extend_from_slice(&chunk[..end]);
                    take(&rest);
                    rest.clear();
                }
                chunk = &chunk[end + 1..];
            }
            if rest.len() + chunk.len() > MAX_LINE {
                return Err(format!("the export has a line of more than {MAX_LINE} bytes"));
            }
            rest.extend_from_slice(chunk);
        }
        take(&rest);
        Ok(())
    }

    async fn get(&self, url: &Url, query: &str) -> Result<reqwest::Response, String> {
        let mut url = url.clone();
        url.query_pairs_mut().append_pair("q", query);
        let mut request = self.client.get(url);
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
