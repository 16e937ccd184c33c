//! What the tests share.

pub mod certificates;
pub mod disk;
pub mod log;
pub mod power;
pub mod process;
pub mod protobuf;
pub mod query;
pub mod server;
pub mod store;

use std::time::{Duration, Instant};

/// Waits until `condition` holds; fails with `what` after 20 s.
pub async fn eventually(what: &str, condition: impl AsyncFnMut() -> bool) {
    within(Duration::from_secs(20), what, condition).await;
}

pub async fn within(time: Duration, what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + time;
    while !condition().await {
        assert!(Instant::now() < until, "not within {time:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
