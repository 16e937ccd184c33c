//! The ingestor, as it is sent entries in bulk.

pub(super) mod answer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, TryStreamExt};
use logpipeline_service::{Shutdown, telemetry};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, StatusCode, Url};

use super::counters::Counters;
use super::document::Document;
use super::source::client::{explain, is_temporary, retry_after};
use super::wait::Waits;
use crate::access::Access;
use crate::cli::CommonArgs;
use crate::load::{Compression, chain};

use answer::Outcome;

/// A request is closed before it grows beyond this, well below the target's limit of a body.
const REQUEST_BYTES: usize = 8 << 20;

#[derive(Debug)]
pub(super) struct Target {
    client: Client,
    url: Url,
    headers: HeaderMap,
    compression: Compression,
    batch_size: usize,
    concurrency: usize,
    retry_for: Duration,
    counters: Arc<Counters>,
    shutdown: Shutdown,
}

/// Why entries were neither taken nor refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum TargetError {
    #[error("the ingestor cannot be reached: {0}")]
    Unreachable(String),
    #[error("the ingestor answered {status}: {detail}")]
    Refused { status: StatusCode, detail: String },
    #[error("the ingestor asks to wait, and the time for that is over: {0}")]
    Busy(String),
    #[error("the ingestor's answer makes no sense: {0}")]
    Nonsense(String),
    #[error("interrupted")]
    Interrupted,
}

enum Attempt {
    Answered { items: Vec<Outcome>, retry_after: Option<Duration> },
    TooLarge(String),
    Failed { error: TargetError, retry_after: Option<Duration>, is_temporary: bool },
}

impl Target {
    pub(super) fn new(
        common: &CommonArgs,
        batch_size: usize,
        retry_for: Duration,
        access: &Access,
        counters: Arc<Counters>,
        shutdown: Shutdown,
    ) -> Result<Self, reqwest::Error> {
        let concurrency = common.concurrency.get() as usize;
        let client = access.client().pool_max_idle_per_host(concurrency).timeout(common.timeout).build()?;
        let mut url = common.target.clone();
        url.set_path(&format!("{}/_bulk", url.path().trim_end_matches('/')));
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(encoding) = common.compression.encoding() {
            headers.insert(CONTENT_ENCODING, encoding);
        }
        if let Some(value) = access.ingest_authorization() {
            headers.insert(AUTHORIZATION, value);
        }
        let compression = common.compression;
        Ok(Self { client, url, headers, compression, batch_size, concurrency, retry_for, counters, shutdown })
    }

    /// Sends all of a page, and returns once each of its entries is taken or refused for good.
    pub(super) async fn deliver(&self, documents: Vec<Document>) -> Result<(), TargetError> {
        let requests = stream::iter(batches(documents, self.batch_size).map(Ok));
        requests.try_for_each_concurrent(self.concurrency, |batch| self.deliver_batch(batch)).await
    }

    async fn deliver_batch(&self, batch: Vec<Document>) -> Result<(), TargetError> {
        // What is too large for one request is cut in halves.
        let mut open = vec![batch];
        while let Some(batch) = open.pop() {
            if let Some((first, second)) = self.deliver_request(batch).await? {
                open.push(second);
                open.push(first);
            }
        }
        Ok(())
    }

    /// Returns the halves of a batch that is too large.
    async fn deliver_request(
        &self,
        mut batch: Vec<Document>,
    ) -> Result<Option<(Vec<Document>, Vec<Document>)>, TargetError> {
        let mut waits = Waits::new(self.retry_for, &self.shutdown);
        loop {
            let (error, retry_after) = match self.attempt(&batch).await {
                Attempt::Answered { items, retry_after } => {
                    let again = self.settle(&items)?;
                    let Some(reason) = again else { return Ok(None) };
                    let mut item = items.iter();
                    batch.retain(|_| matches!(item.next(), Some(Outcome::Again(_))));
                    (TargetError::Busy(reason), retry_after)
                }
                Attempt::TooLarge(detail) if batch.len() < 2 => {
                    self.counters.rejected(batch.len() as u64, &detail);
                    return Ok(None);
                }
                Attempt::TooLarge(_) => {
                    let second = batch.split_off(batch.len() / 2);
                    return Ok(Some((batch, second)));
                }
                Attempt::Failed { error, is_temporary: false, .. } => return Err(error),
                Attempt::Failed { error, retry_after, .. } => (error, retry_after),
            };
            if !waits.wait(retry_after).await {
                let ended = self.shutdown.is_draining();
                return Err(if ended { TargetError::Interrupted } else { error });
            }
            self.counters.retried(&error.to_string());
        }
    }

    /// Counts what has an end; the reason of those that are to be sent again.
    fn settle(&self, items: &[Outcome]) -> Result<Option<String>, TargetError> {
        let mut again = None;
        for item in items {
            match item {
                Outcome::Accepted => self.counters.accepted(1),
                Outcome::AlreadyThere => self.counters.already_there(1),
                Outcome::Rejected(reason) => self.counters.rejected(1, reason),
                Outcome::Again(reason) => again = Some(reason.clone()),
            }
        }
        Ok(again)
    }

    async fn attempt(&self, batch: &[Document]) -> Attempt {
        let failed = |error, retry_after, is_temporary| Attempt::Failed { error, retry_after, is_temporary };
        let body: Bytes = batch.iter().flat_map(Document::lines).copied().collect();
        let body = match self.compression.compress(&body) {
            Ok(body) => body,
            Err(error) => {
                return failed(TargetError::Nonsense(format!("failed to compress: {error}")), None, false);
            }
        };
        let mut headers = self.headers.clone();
        telemetry::propagate(&mut headers);
        let unreachable =
            |error: reqwest::Error| failed(TargetError::Unreachable(chain(&error.without_url())), None, true);
        let response = match self.client.post(self.url.clone()).headers(headers).body(body).send().await {
            Ok(response) => response,
            Err(error) => return unreachable(error),
        };
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let answer = match response.bytes().await {
            Ok(answer) => answer,
            Err(error) => return unreachable(error),
        };
        if status.is_success() {
            return match answer::parse(&answer, batch.len()) {
                Ok(items) => Attempt::Answered { items, retry_after },
                Err(problem) => failed(TargetError::Nonsense(problem), None, false),
            };
        }
        let detail = explain(&answer);
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => Attempt::TooLarge(format!("{status}: {detail}")),
            _ => failed(TargetError::Refused { status, detail }, retry_after, is_temporary(status)),
        }
    }
}

/// Cuts a page into requests by the number and the bytes of their entries.
fn batches(documents: Vec<Document>, most: usize) -> impl Iterator<Item = Vec<Document>> {
    let mut documents = documents.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut batch = vec![documents.next()?];
        let mut bytes = batch[0].lines().len();
        while batch.len() < most
            && let Some(next) = documents.next_if(|next| bytes + next.lines().len() <= REQUEST_BYTES)
        {
            bytes += next.lines().len();
            batch.push(next);
        }
        Some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_bounded_by_entries_and_by_bytes() {
        let document = |bytes: usize| Document::new("i", "1", "x".repeat(bytes).as_bytes());
        let sizes = |documents: Vec<Document>, most| {
            batches(documents, most).map(|batch| batch.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(vec![document(1); 7], 3), [3, 3, 1]);
        assert_eq!(sizes(vec![document(3 << 20); 5], 100), [2, 2, 1]);
        assert_eq!(sizes(vec![document(1), document(9 << 20), document(1)], 100), [1, 1, 1]);
        assert_eq!(sizes(Vec::new(), 3), [0; 0]);
    }
}
