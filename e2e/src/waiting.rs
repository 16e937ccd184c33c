//! Waiting for what comes about by itself.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// What `found` finds at last. It panics where that takes longer than `seconds`.
pub fn eventually<T>(what: &str, seconds: u64, mut found: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(seconds), "not within {seconds} s: {what}");
        sleep(Duration::from_millis(250));
    }
}

pub fn pause(seconds: u64) {
    sleep(Duration::from_secs(seconds));
}
