//! Reads a request's body under bounds of size, time and memory.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use logpipeline_service::units::format_bytes;
use logpipeline_service::{Problem, linger};
use tokio::time::{Instant, timeout_at};

use super::encoding::{Coding, Content, ContentError, Decoder};
use crate::budget::Budget;
use crate::dead_letters::MOST_BYTES;
use crate::intake::Bounds;

/// Compressed bytes are inflated in pieces of about this size, away from the threads that serve.
const PIECE: usize = 64 << 10;

/// Why a body was not read, and where that is what it holds, its first bytes as they were sent.
pub(super) struct Unread {
    pub(super) problem: Problem,
    pub(super) sent: Option<Sent>,
}

/// The beginning of a body.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) bytes: Vec<u8>,
    /// How many bytes there are, as far as that is known.
    pub(super) whole: u64,
}

impl From<Problem> for Unread {
    fn from(problem: Problem) -> Self {
        Self { problem, sent: None }
    }
}

pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    bounds: &Bounds,
    budget: &Budget,
) -> Result<Content, Unread> {
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let deadline = Instant::now() + bounds.deadline;
    let mut source = Source { body, taken: 0, sent: Vec::new(), bounds: *bounds, deadline };
    let coding = match Coding::of(headers) {
        Ok(coding) => coding,
        Err(coding) => {
            let sent = source.beginning(budget, announced).await;
            return Err(Unread { problem: unsupported(coding), sent });
        }
    };
    let content =
        Content::new(budget.reservation(), bounds.body).map_err(|error| refusal(error, bounds, coding))?;
    let result = if announced.is_some_and(|length| length > bounds.body as u64) {
        Err(too_large(bounds, coding))
    } else {
        match coding {
            Coding::Identity => plain(&mut source, content).await,
            Coding::Gzip | Coding::Deflate | Coding::Zstd => compressed(&mut source, content, coding).await,
        }
    };
    if matches!(&result, Err(problem) if problem.status == StatusCode::PAYLOAD_TOO_LARGE) {
        linger::discard(source.body);
    }
    result.map_err(|problem| {
        let is_garbled = problem.kind == "invalid-body";
        let whole = announced.unwrap_or_default().max(source.taken as u64);
        Unread { problem, sent: is_garbled.then_some(Sent { bytes: source.sent, whole }) }
    })
}

async fn plain(source: &mut Source, mut content: Content) -> Result<Content, Problem> {
    while let Some(bytes) = source.next(Coding::Identity).await? {
        content.push(&bytes).map_err(|error| refusal(error, &source.bounds, Coding::Identity))?;
    }
    Ok(content)
}

async fn compressed(source: &mut Source, content: Content, coding: Coding) -> Result<Content, Problem> {
    let bounds = source.bounds;
    let refuse = |error| refusal(error, &bounds, coding);
    let mut decoder = match coding {
        Coding::Zstd => Decoder::zstd(content).map_err(refuse)?,
        Coding::Deflate => Decoder::deflate(content).map_err(refuse)?,
        _ => Decoder::gzip(content).map_err(refuse)?,
    };
    let mut piece: Vec<u8> = Vec::new();
    loop {
        let next = source.next(coding).await?;
        let kept = source.sent.capacity();
        if let Some(bytes) = &next {
            source.keep(bytes);
        }
        let end = next.is_none();
        let next = next.unwrap_or_default();
        let length = piece.len() + next.len();
        if length > piece.capacity() || source.sent.capacity() > kept {
            let capacity = length.next_power_of_two().max(4096);
            decoder.set_input(capacity + source.sent.capacity()).map_err(refuse)?;
            piece.reserve_exact(capacity - piece.len());
        }
        piece.extend_from_slice(&next);
        if piece.len() < PIECE && !end {
            continue;
        }
        let mut bytes = std::mem::take(&mut piece);
        let step = tokio::task::spawn_blocking(move || {
            decoder.feed(&bytes)?;
            bytes.clear();
            if end { decoder.finish().map(Step::Content) } else { Ok(Step::More(decoder, bytes)) }
        });
        match step.await.map_err(|_| refuse(ContentError::Invalid))?.map_err(refuse)? {
            Step::Content(content) => return Ok(content),
            Step::More(next, emptied) => (decoder, piece) = (next, emptied),
        }
    }
}

enum Step {
    /// The decoder, and the room for the next bytes.
    More(Decoder, Vec<u8>),
    Content(Content),
}

struct Source {
    body: Body,
    taken: usize,
    /// The first bytes, where they may be needed once more.
    sent: Vec<u8>,
    bounds: Bounds,
    deadline: Instant,
}

impl Source {
    fn keep(&mut self, bytes: &[u8]) {
        let room = MOST_BYTES.saturating_sub(self.sent.len());
        self.sent.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// The first bytes of a body that is not read; `None` where there is no memory for them.
    async fn beginning(mut self, budget: &Budget, announced: Option<u64>) -> Option<Sent> {
        let mut memory = budget.reservation();
        memory.resize(MOST_BYTES).ok()?;
        while self.sent.len() < MOST_BYTES {
            let Ok(Some(bytes)) = self.next(Coding::Identity).await else { break };
            self.keep(&bytes);
        }
        Some(Sent { bytes: self.sent, whole: announced.unwrap_or_default().max(self.taken as u64) })
    }

    /// The next bytes as they were sent; `None` at the end.
    async fn next(&mut self, coding: Coding) -> Result<Option<Bytes>, Problem> {
        loop {
            let until = self.deadline.min(Instant::now() + self.bounds.pause);
            let frame = timeout_at(until, self.body.frame()).await.map_err(|_| self.slow())?;
            let Some(frame) = frame else { return Ok(None) };
            let Ok(bytes) = frame.map_err(|_| incomplete())?.into_data() else { continue };
            if bytes.is_empty() {
                continue;
            }
            self.taken += bytes.len();
            if self.taken > self.bounds.body {
                return Err(too_large(&self.bounds, coding));
            }
            return Ok(Some(bytes));
        }
    }

    fn slow(&self) -> Problem {
        let detail = if Instant::now() >= self.deadline {
            format!("The body did not arrive within {:?}. Send smaller batches.", self.bounds.deadline)
        } else {
            format!("The body paused for longer than {:?} after {} bytes.", self.bounds.pause, self.taken)
        };
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", detail)
    }
}

fn refusal(error: ContentError, bounds: &Bounds, coding: Coding) -> Problem {
    match error {
        ContentError::TooLarge => too_large(bounds, coding),
        ContentError::NoMemory => no_memory(),
        ContentError::Invalid => Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid-body",
            format!("The body is not valid {}, or it is cut off.", coding.name()),
        ),
    }
}

/// A body that inflates beyond its bound in a coding of its protocol.
pub(super) fn too_large_inflated(bounds: &Bounds) -> Problem {
    too_large(bounds, Coding::Gzip)
}

fn too_large(bounds: &Bounds, coding: Coding) -> Problem {
    let limit = format_bytes(bounds.body as u64);
    let detail = match coding {
        Coding::Identity => format!("The body is larger than {limit}. Send smaller batches."),
        _ => format!("The body is larger than {limit}, or inflates to more. Send smaller batches."),
    };
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail).with("limitBytes", bounds.body)
}

pub(crate) fn no_memory() -> Problem {
    let detail = "Too many bytes of requests are under way. Try again shortly, with fewer requests at once.";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-much-in-flight", detail)
        .retry_after(Duration::from_secs(1))
}

fn incomplete() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "incomplete-body", "The connection ended before the body did.")
}

fn unsupported(coding: String) -> Problem {
    let detail =
        format!("The content coding \"{coding}\" is not supported. Use gzip, deflate, zstd or none.");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-encoding", detail)
}
