//! Delivers one batch, trying again where that can help.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flate2::write::GzEncoder;
use logpipeline_model::EntryId;
use logpipeline_service::{Shutdown, telemetry};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use tracing::Instrument;

use crate::workload::Dice;

use super::schedule::Batch;
use super::tally::{NamedBatch, Tally};
use super::{ClientError, LoadOptions, backoff};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Once draining has begun, a batch is not tried for longer than this.
const DRAINING_RETRY: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

pub(super) struct Sender {
    client: Client,
    url: Url,
    headers: HeaderMap,
    run: String,
    compression: Compression,
    retry_for: Duration,
    tally: Arc<Tally>,
    shutdown: Shutdown,
    dice_seed: AtomicU64,
}

/// What the ingestor says of a batch that it took.
#[derive(Deserialize)]
struct Receipt {
    /// Where they repeat for a retry.
    ids: Option<Ids>,
    accepted: u64,
    #[serde(default)]
    rejected: Vec<Rejected>,
}

#[derive(Deserialize)]
struct Ids {
    first: EntryId,
}

#[derive(Deserialize)]
struct Rejected {
    line: u64,
    #[serde(default)]
    field: Option<String>,
    #[serde(default)]
    reason: String,
}

enum Attempt {
    Taken(Option<Receipt>),
    Refused { status: StatusCode, detail: String },
    Failed { reason: String, retry_after: Option<Duration>, reached: bool },
}

impl Sender {
    pub(super) fn new(
        options: &LoadOptions,
        tally: Arc<Tally>,
        shutdown: Shutdown,
    ) -> Result<Self, ClientError> {
        let client = options
            .access
            .client()
            .pool_max_idle_per_host(options.concurrency.get() as usize)
            .timeout(options.timeout)
            .build()?;
        let mut url = options.target.clone();
        url.set_path(&format!("{}/api/v1/logs", url.path().trim_end_matches('/')));
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(encoding) = options.compression.encoding() {
            headers.insert(CONTENT_ENCODING, encoding);
        }
        if let Some(value) = options.access.ingest_authorization() {
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self {
            client,
            url,
            headers,
            run: options.run.clone(),
            compression: options.compression,
            retry_for: options.retry_for,
            tally,
            shutdown,
            dice_seed: AtomicU64::new(crate::run_id::random()),
        })
    }

    /// Sends the batch until it is taken, refused for good, or its time for retries is over.
    pub(super) async fn deliver(&self, batch: Batch) {
        let span = tracing::info_span!(
            "deliver",
            otel.kind = "client",
            logpipeline.batch = batch.number,
            logpipeline.entries = batch.entries,
        );
        self.deliver_traced(batch).instrument(span).await;
    }

    async fn deliver_traced(&self, batch: Batch) {
        let body = match self.compression.compress(&batch.body) {
            Ok(body) => body,
            Err(error) => {
                self.tally.failed(batch.entries, &format!("failed to compress: {error}"), true);
                return;
            }
        };
        self.tally.sent_batch(batch.entries, batch.body.len());
        let first = Instant::now();
        let mut dice = Dice::new(self.dice_seed.fetch_add(1, Ordering::Relaxed));
        for attempt in 0.. {
            match self.attempt(&batch, body.clone()).await {
                Attempt::Taken(receipt) => {
                    self.tally.latency(batch.intended.unwrap_or(first).elapsed());
                    self.acknowledge(&batch, receipt);
                    return;
                }
                Attempt::Refused { status, detail } => {
                    self.tally.rejected(batch.entries, &format!("{status}: {detail}"));
                    return;
                }
                Attempt::Failed { reason, retry_after, reached } => {
                    let wait = backoff::wait(attempt, retry_after, &mut dice);
                    if first.elapsed() + wait > self.retry_for() {
                        self.tally.failed(batch.entries, &reason, reached);
                        return;
                    }
                    self.tally.retried(&reason);
                    let was_draining = self.shutdown.is_draining();
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        // A wait that began before the end was known may be too long for it.
                        () = self.shutdown.draining(), if !was_draining => {}
                        () = self.shutdown.stopping() => {
                            self.tally.failed(batch.entries, "interrupted", reached);
                            return;
                        }
                    }
                }
            }
        }
    }

    fn retry_for(&self) -> Duration {
        if self.shutdown.is_draining() { self.retry_for.min(DRAINING_RETRY) } else { self.retry_for }
    }

    async fn attempt(&self, batch: &Batch, body: Bytes) -> Attempt {
        self.tally.wire(body.len());
        let key = batch.key.clone().unwrap_or_else(|| format!("{}-{}", self.run, batch.number));
        let mut headers = self.headers.clone();
        telemetry::propagate(&mut headers);
        let request = self.client.post(self.url.clone()).headers(headers).header(IDEMPOTENCY_KEY, key);
        let response = match request.body(body).send().await {
            Ok(response) => response,
            Err(error) => {
                let reached = !error.is_connect();
                return Attempt::Failed { reason: chain(&error.without_url()), retry_after: None, reached };
            }
        };
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
        let answer = match response.bytes().await {
            Ok(answer) => answer,
            Err(error) => {
                return Attempt::Failed { reason: chain(&error.without_url()), retry_after, reached: true };
            }
        };
        if status.is_success() {
            return Attempt::Taken(serde_json::from_slice(&answer).ok());
        }
        let detail = detail(&answer);
        let temporary = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        if temporary || status.is_server_error() {
            return Attempt::Failed { reason: format!("{status}: {detail}"), retry_after, reached: true };
        }
        Attempt::Refused { status, detail }
    }

    fn acknowledge(&self, batch: &Batch, receipt: Option<Receipt>) {
        let end = batch.first_seq + batch.entries;
        let ids = receipt.as_ref().and_then(|receipt| receipt.ids.as_ref());
        if let (Some(_), Some(ids)) = (&batch.key, ids) {
            self.tally.named(NamedBatch { seqs: batch.first_seq..end, id: ids.first });
        }
        let Some(receipt) = receipt else {
            self.tally.acknowledged(batch.first_seq..end);
            return;
        };
        let mut next = batch.first_seq;
        let mut lines: Vec<u64> = receipt.rejected.iter().map(|rejected| rejected.line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines.retain(|line| (1..=batch.entries).contains(line));
        if receipt.accepted + lines.len() as u64 != batch.entries {
            let reason = format!(
                "the answer to a batch of {} entries speaks of {} accepted and {} rejected",
                batch.entries,
                receipt.accepted,
                lines.len()
            );
            self.tally.failed(batch.entries, &reason, true);
            return;
        }
        for line in &lines {
            let seq = batch.first_seq + line - 1;
            self.tally.acknowledged(next..seq);
            next = seq + 1;
        }
        self.tally.acknowledged(next..end);
        if let Some(first) = receipt.rejected.first() {
            let field = first.field.as_deref().unwrap_or("entry");
            self.tally.rejected(lines.len() as u64, &format!("{field}: {}", first.reason));
        }
    }
}

impl Compression {
    /// The value of Content-Encoding.
    pub(crate) fn encoding(self) -> Option<HeaderValue> {
        match self {
            Self::None => None,
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
            Self::Zstd => Some(HeaderValue::from_static("zstd")),
        }
    }

    pub(crate) fn compress(self, body: &Bytes) -> std::io::Result<Bytes> {
        match self {
            Self::None => Ok(body.clone()),
            Self::Gzip => {
                let mut encoder =
                    GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::fast());
                encoder.write_all(body)?;
                encoder.finish().map(Bytes::from)
            }
            Self::Zstd => zstd::bulk::compress(body, 1).map(Bytes::from),
        }
    }
}

/// A wait in whole seconds. The other form of Retry-After, a date, is not used by ingestors.
pub(crate) fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// What a problem+json body says, or the beginning of the body.
pub(crate) fn detail(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let detail = serde_json::from_str::<serde_json::Value>(&text)
        .ok()
        .and_then(|problem| Some(problem.get("detail")?.as_str()?.to_owned()));
    detail.unwrap_or_else(|| text.trim().chars().take(200).collect())
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
