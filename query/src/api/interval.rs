//! How wide a histogram's buckets are.

use std::time::Duration;

use logpipeline_model::query::TimeRange;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Widths that people read easily, in milliseconds.
const STEPS: [u64; 34] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    90 * DAY,
    180 * DAY,
    365 * DAY,
];

/// The narrowest readable width with which at most `buckets` cover the range, not counting that buckets
/// start at whole multiples of it.
pub(crate) fn readable(range: TimeRange, buckets: u64) -> Duration {
    let needed = nanos(range).div_ceil(u128::from(buckets.max(1)) * 1_000_000);
    let needed = u64::try_from(needed).unwrap_or(u64::MAX);
    let step = STEPS.into_iter().find(|step| *step >= needed);
    Duration::from_millis(step.unwrap_or_else(|| needed.div_ceil(365 * DAY) * 365 * DAY))
}

/// How many buckets of a width cover the range.
pub(crate) fn count(range: TimeRange, width: Duration) -> u128 {
    nanos(range).div_ceil(width.as_nanos().max(1))
}

fn nanos(range: TimeRange) -> u128 {
    u128::try_from(range.last.unix_nanos() - range.first.unix_nanos() + 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use logpipeline_model::Timestamp;

    use super::*;

    fn last(duration: Duration) -> TimeRange {
        let first = Timestamp::from_unix_seconds(1_694_764_800);
        TimeRange { first, last: first + duration - Duration::from_nanos(1) }
    }

    #[test]
    fn widths_are_readable_and_buckets_few() {
        for (range, buckets, width) in [
            (Duration::from_secs(900), 60, Duration::from_secs(15)),
            (Duration::from_secs(3_600), 60, Duration::from_secs(60)),
            (Duration::from_secs(86_400), 60, Duration::from_secs(1_800)),
            (Duration::from_secs(1), 60, Duration::from_millis(20)),
            (Duration::from_nanos(1), 60, Duration::from_millis(1)),
            (Duration::from_secs(30 * 86_400), 10, Duration::from_secs(7 * 86_400)),
        ] {
            assert_eq!(readable(last(range), buckets), width, "{range:?}");
        }
    }

    #[test]
    fn all_of_time_fits() {
        let width = readable(TimeRange::ALL, 60);
        assert!(count(TimeRange::ALL, width) <= 60, "{width:?}");
        assert_eq!(count(last(Duration::from_secs(60)), Duration::from_secs(7)), 9);
    }
}
