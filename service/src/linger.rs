//! Reads on where a request was refused before its body had come.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Body as _;
use tokio::time::{Instant, timeout_at};

const BYTES: usize = 64 << 20;
const TIME: Duration = Duration::from_secs(5);

/// Reads and throws away what is left of a body, for a while, so that its sender gets to read the answer: a connection
/// that is closed while bytes come is reset, and the answer may be lost to that.
pub fn discard(mut body: Body) {
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(async move {
        let until = Instant::now() + TIME;
        let mut left = BYTES;
        loop {
            let frame = timeout_at(until, poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))).await;
            let Ok(Some(Ok(frame))) = frame else { return };
            left = left.saturating_sub(frame.data_ref().map_or(0, |bytes| bytes.len()));
            if left == 0 {
                return;
            }
        }
    });
}
