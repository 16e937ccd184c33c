//! Whether a connection has requests under way.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::Problem;

/// The number of requests under way on one connection. A request is under way until its answer's body has been sent,
/// or was given up.
#[derive(Debug, Clone)]
pub(super) struct Activity {
    requests: Arc<watch::Sender<usize>>,
    /// What all connections share.
    room: Arc<Semaphore>,
}

struct UnderWay {
    requests: Arc<watch::Sender<usize>>,
    _room: OwnedSemaphorePermit,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.requests.send_modify(|requests| *requests -= 1);
    }
}

/// A body of the same length and frames that ends a request with itself.
struct Answer {
    body: Body,
    _under_way: UnderWay,
}

impl HttpBody for Answer {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Activity {
    /// A connection's; `room` is for the requests of all connections.
    pub(super) fn within(room: Arc<Semaphore>) -> Self {
        Self { requests: Arc::default(), room }
    }

    /// Counts what comes through a connection's router, and has what there is no room for refused.
    pub(super) fn watch(&self, router: Router, refuse: Refuse) -> Router {
        let activity = self.clone();
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let under_way = activity.begin().ok_or_else(|| refuse(&request));
            async move {
                let under_way = match under_way {
                    Ok(under_way) => under_way,
                    Err(refusal) => return refusal,
                };
                next.run(request).await.map(|body| Body::new(Answer { body, _under_way: under_way }))
            }
        }))
    }

    fn begin(&self) -> Option<UnderWay> {
        let room = Arc::clone(&self.room).try_acquire_owned().ok()?;
        self.requests.send_modify(|requests| *requests += 1);
        Some(UnderWay { requests: Arc::clone(&self.requests), _room: room })
    }

    /// Completes once no request has been under way for so long.
    pub(super) async fn idle(&self, time: Duration) {
        let mut requests = self.requests.subscribe();
        loop {
            // The sender lives as long as `self`.
            _ = requests.wait_for(|requests| *requests == 0).await;
            if tokio::time::timeout(time, requests.changed()).await.is_err() {
                return;
            }
        }
    }
}

/// Answers a request that there is no room for.
pub type Refuse = fn(&Request) -> Response;

/// What there is to be said to who sends one.
pub fn too_many_requests() -> Problem {
    let detail = "Too many requests are under way. Try again shortly, with fewer requests at once.";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-requests", detail);
    problem.retry_after(Duration::from_secs(1))
}

pub(super) fn refuse(_: &Request) -> Response {
    too_many_requests().into_response()
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_idles_from_the_end_of_its_last_request() {
        let (activity, begun) = (Activity::within(Arc::new(Semaphore::new(2))), Instant::now());
        let requests = activity.clone();
        tokio::spawn(async move {
            let pause = async |seconds| tokio::time::sleep(Duration::from_secs(seconds)).await;
            pause(50).await;
            let (first, second) = (requests.begin(), requests.begin());
            pause(500).await;
            drop(first);
            pause(500).await;
            drop(second);
            pause(50).await;
            drop(requests.begin());
        });
        activity.idle(Duration::from_secs(100)).await;
        assert_eq!(begun.elapsed().as_secs(), 50 + 500 + 500 + 50 + 100);
    }
}
