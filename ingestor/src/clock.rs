//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use logpipeline_model::Timestamp;

/// Nanoseconds since the Unix epoch.
pub fn unix_nanos() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

pub fn now() -> Timestamp {
    Timestamp::from_unix_nanos(i128::from(unix_nanos()))
}
