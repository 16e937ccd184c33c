//! How long to wait before an attempt.

use std::time::Duration;

use crate::workload::Dice;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// Doubles from 50 ms to 5 s; half of each wait is random, so that senders that failed together don't come
/// back together. Never shorter than what the server asked for.
pub(crate) fn wait(attempt: u32, retry_after: Option<Duration>, dice: &mut Dice) -> Duration {
    let full = FIRST.saturating_mul(1 << attempt.min(10)).min(LONGEST);
    let half = full / 2;
    let jittered = half + Duration::from_nanos(dice.below(half.as_nanos() as u64));
    match retry_after {
        // Asked for a time by the server, senders spread over the half second after it.
        Some(asked) => asked.max(jittered) + Duration::from_nanos(dice.below(500_000_000)),
        None => jittered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_limit_and_are_jittered() {
        let mut dice = Dice::new(1);
        for (attempt, low, high) in [(0, 25, 50), (1, 50, 100), (3, 200, 400), (20, 2_500, 5_000)] {
            let waits: Vec<u128> = (0..200).map(|_| wait(attempt, None, &mut dice).as_millis()).collect();
            assert!(waits.iter().all(|wait| (low..=high).contains(wait)), "{attempt}: {waits:?}");
            assert!(waits.iter().max() > waits.iter().min());
        }
    }

    #[test]
    fn the_server_s_wish_is_honoured() {
        let mut dice = Dice::new(1);
        let wait = wait(0, Some(Duration::from_secs(7)), &mut dice);
        assert!(wait >= Duration::from_secs(7) && wait < Duration::from_secs(8));
    }
}
