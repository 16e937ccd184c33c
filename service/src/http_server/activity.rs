//! Whether a connection has requests under way.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::watch;

/// The number of requests under way on one connection. A request is under way until its answer's body has been sent,
/// or was given up.
#[derive(Debug, Clone, Default)]
pub(super) struct Activity(Arc<watch::Sender<usize>>);

struct UnderWay(Arc<watch::Sender<usize>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|requests| *requests -= 1);
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
    /// Counts what comes through a connection's router.
    pub(super) fn watch(&self, router: Router) -> Router {
        let activity = self.clone();
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let under_way = activity.begin();
            async move {
                next.run(request).await.map(|body| Body::new(Answer { body, _under_way: under_way }))
            }
        }))
    }

    fn begin(&self) -> UnderWay {
        self.0.send_modify(|requests| *requests += 1);
        UnderWay(Arc::clone(&self.0))
    }

    /// Completes once no request has been under way for so long.
    pub(super) async fn idle(&self, time: Duration) {
        let mut requests = self.0.subscribe();
        loop {
            // The sender lives as long as `self`.
            _ = requests.wait_for(|requests| *requests == 0).await;
            if tokio::time::timeout(time, requests.changed()).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_idles_from_the_end_of_its_last_request() {
        let (activity, begun) = (Activity::default(), Instant::now());
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
