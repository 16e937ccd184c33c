//! Reads an endless body and puts its entries on disk piece by piece.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use logpipeline_model::dead_letter::Request;
use logpipeline_model::wire::Unreadable;
use logpipeline_model::wire::journal::Stream;
use logpipeline_service::Problem;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::budget::Reservation;
use crate::http::answer::append_problem;
use crate::http::body::no_memory;
use crate::http::encoding::REQUEST;
use crate::http::take::{Head, shutting_down};
use crate::intake::{BatchSink, Ingest, Parsed, Protocol, Receipt, Source, submit};
use crate::wal::AppendError;

/// So many bytes at most are collected from what the sender has ready before their entries go to disk.
const PIECE: usize = 256 << 10;
/// How long to wait until a full log is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// One upload under way.
#[derive(Debug)]
pub(super) struct Upload {
    ingest: Arc<Ingest>,
    source: Source,
    /// What a dead letter says of the request.
    request: Request,
    body: Body,
    stream: Stream,
    /// What has come and is not on disk yet.
    buffer: Vec<u8>,
    memory: Reservation,
    kept: u64,
    /// Of what was kept last.
    receipt: Option<Receipt>,
}

/// What the body brings next.
enum Next {
    Bytes(Bytes),
    End,
}

impl Upload {
    pub(super) fn new(ingest: Arc<Ingest>, head: &Head, body: Body) -> Result<Self, Problem> {
        let mut memory = ingest.budget.reservation();
        memory.resize(REQUEST).map_err(|_| no_memory())?;
        Ok(Self {
            ingest,
            source: head.source(Protocol::Journal),
            request: head.request(false),
            body,
            stream: Stream::default(),
            buffer: Vec::new(),
            memory,
            kept: 0,
            receipt: None,
        })
    }

    /// Of what was kept last.
    pub(super) fn receipt(&self) -> Option<Receipt> {
        self.receipt
    }

    pub(super) fn into_body(self) -> Body {
        self.body
    }

    /// Reads to the body's end. Whoever sends a journal takes any refusal for final: so a log that is full, and memory that
    /// others take, are waited for, as long as a body may take.
    pub(super) async fn run(&mut self) -> Result<Receipt, Problem> {
        loop {
            let mut is_last = match self.next().await? {
                Next::Bytes(bytes) => self.push(&bytes).await.map(|()| false)?,
                Next::End => true,
            };
            let mut failed = None;
            while !is_last && failed.is_none() && self.buffer.len() < PIECE {
                let Ok(next) = timeout(Duration::ZERO, frame(&mut self.body)).await else { break };
                match next {
                    Ok(Next::Bytes(bytes)) => self.push(&bytes).await?,
                    Ok(Next::End) => is_last = true,
                    Err(problem) => failed = Some(problem),
                }
            }
            self.keep(is_last).await?;
            if let Some(problem) = failed {
                return Err(problem);
            }
            if is_last {
                // The last piece was submitted.
                return self.receipt.ok_or_else(shutting_down);
            }
        }
    }

    /// The next bytes. Between entries they may take as long as they do; the end of the ingestor ends that.
    async fn next(&mut self) -> Result<Next, Problem> {
        let (pause, shutdown) = (self.ingest.bounds.pause, self.ingest.shutdown.clone());
        let idle = self.buffer.is_empty() && self.stream.is_between_entries();
        loop {
            let frame = frame(&mut self.body);
            let next = if idle {
                tokio::select! {
                    next = frame => next,
                    // A journal whose sender was answered well would be taken for kept as far as it was read there.
                    () = shutdown.draining() => return Err(shutting_down()),
                }
            } else {
                let Ok(next) = timeout(pause, frame).await else {
                    let detail = format!("The body paused for longer than {pause:?} within an entry.");
                    return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", detail));
                };
                next
            };
            match next? {
                Next::Bytes(bytes) if bytes.is_empty() => {}
                next => return Ok(next),
            }
        }
    }

    async fn push(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let length = self.buffer.len() + bytes.len();
        if length > self.buffer.capacity() {
            let until = Instant::now() + self.ingest.bounds.deadline;
            let capacity = length.next_power_of_two().max(4096);
            while self.memory.resize(REQUEST + capacity).is_err() {
                wait(&self.ingest, until).await.map_err(|ending| ending.unwrap_or_else(no_memory))?;
            }
            self.buffer.reserve_exact(capacity - self.buffer.len());
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Puts the whole entries of the buffer on disk.
    async fn keep(&mut self, is_last: bool) -> Result<(), Problem> {
        let until = Instant::now() + self.ingest.bounds.deadline;
        loop {
            let (stream, parsed, end) = self.parse(is_last).await?;
            if matches!(end, Err(Unreadable::Full)) {
                wait(&self.ingest, until).await.map_err(|ending| ending.unwrap_or_else(no_memory))?;
                continue;
            }
            match self.append(parsed, is_last).await {
                Ok(()) => {}
                Err(error @ (AppendError::Full | AppendError::DiskFull { .. })) => {
                    let problem = || append_problem(&error, &self.ingest);
                    wait(&self.ingest, until).await.map_err(|ending| ending.unwrap_or_else(problem))?;
                    continue;
                }
                Err(error) => return Err(append_problem(&error, &self.ingest)),
            }
            let consumed = end.map_err(|error| self.malformed(&error))?;
            self.stream = stream;
            self.buffer.drain(..consumed);
            if self.buffer.is_empty() {
                // Whoever waits for its next entry holds no memory meanwhile.
                self.buffer = Vec::new();
                let _ = self.memory.resize(REQUEST);
            }
            return Ok(());
        }
    }

    /// Reads the buffer away from the threads that serve.
    async fn parse(&mut self, is_last: bool) -> Result<(Stream, Parsed, Result<usize, Unreadable>), Problem> {
        let (ingest, source) = (Arc::clone(&self.ingest), self.source.clone());
        let (mut stream, buffer) = (self.stream.clone(), std::mem::take(&mut self.buffer));
        let work = tokio::task::spawn_blocking(move || {
            let mut sink = BatchSink::streamed(&ingest, &source, buffer.len(), ingest.budget.reservation());
            let end = stream.read(&buffer, is_last, &mut sink);
            let parsed = sink.finish();
            (stream, parsed, end, buffer)
        });
        let (stream, parsed, end, buffer) = work.await.map_err(|error| {
            tracing::error!(%error, "failed to parse a journal");
            let detail = "The body could not be parsed because of a fault of the ingestor.";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
        })?;
        self.buffer = buffer;
        Ok((stream, parsed, end))
    }

    /// What is last is answered with a receipt, also where nothing came.
    async fn append(&mut self, parsed: Parsed, is_last: bool) -> Result<(), AppendError> {
        if parsed.batch.entries() + parsed.rejected > 0 || (is_last && self.receipt.is_none()) {
            let submitted = submit(&self.ingest, parsed).await?;
            self.kept += submitted.accepted;
            self.receipt = Some(submitted.receipt);
        }
        Ok(())
    }

    /// Gives up what is not read: from where the body is wrong, nothing in it can be told apart.
    fn malformed(&self, error: &Unreadable) -> Problem {
        let kept = self.kept;
        let (reason, whole) = (error.to_string(), self.buffer.len() as u64);
        let request = || Some(self.request.clone());
        self.ingest.bodies.offer(&self.source, &reason, &self.buffer, whole, request);
        let detail = format!("The body cannot be read: {error}. The {kept} entries before that were kept.");
        Problem::new(StatusCode::BAD_REQUEST, "malformed-body", detail)
    }
}

/// Waits a little; an error means that no more is waited for, and says why where it isn't the time.
async fn wait(ingest: &Ingest, until: Instant) -> Result<(), Option<Problem>> {
    if Instant::now() >= until {
        return Err(None);
    }
    match timeout_at(until, async {
        tokio::select! {
            () = sleep(AGAIN) => Ok(()),
            () = ingest.shutdown.stopping() => Err(Some(shutting_down())),
        }
    })
    .await
    {
        Ok(waited) => waited,
        Err(_) => Ok(()),
    }
}

/// Can be given up without losing bytes.
async fn frame(body: &mut Body) -> Result<Next, Problem> {
    match body.frame().await {
        None => Ok(Next::End),
        Some(Ok(frame)) => Ok(Next::Bytes(frame.into_data().unwrap_or_default())),
        Some(Err(_)) => {
            let detail = "The connection ended before the body did. The whole entries that came were kept.";
            Err(Problem::new(StatusCode::BAD_REQUEST, "incomplete-body", detail))
        }
    }
}
