//! Ids for new entries.

use std::sync::{Mutex, PoisonError};

use logpipeline_model::{EntryId, Timestamp};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Makes UUIDs of version 7, each greater than the one before, whatever the clock does. Method 2 of
/// RFC 9562, section 6.2: within a millisecond the random part grows by a random step.
#[derive(Debug)]
pub struct IdGenerator(Mutex<State>);

#[derive(Debug)]
struct State {
    random: SmallRng,
    millis: i64,
    /// The 12 bits of `rand_a` and the 62 of `rand_b`.
    tail: u128,
}

const TAIL_BITS: u32 = 74;

impl Default for IdGenerator {
    /// Seeded from the system's source of random numbers.
    fn default() -> Self {
        Self(Mutex::new(State { random: SmallRng::from_rng(&mut rand::rng()), millis: i64::MIN, tail: 0 }))
    }
}

impl IdGenerator {
    pub fn next(&self, received_at: Timestamp) -> EntryId {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = received_at.unix_millis();
        if millis > state.millis {
            state.restart(millis);
        } else {
            state.tail += u128::from(state.random.random_range(1..=u32::MAX));
            if state.tail >> TAIL_BITS != 0 {
                let next = state.millis + 1;
                state.restart(next);
            }
        }
        let at = Timestamp::from_unix_nanos(i128::from(state.millis) * 1_000_000);
        EntryId::v7(at, (state.tail >> 62) as u16, state.tail as u64 & (u64::MAX >> 2))
    }
}

impl State {
    fn restart(&mut self, millis: i64) {
        self.millis = millis;
        // The highest bit is left free to count into.
        self.tail = self.random.random::<u128>() >> (128 - TAIL_BITS + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_goes_back() {
        let ids = IdGenerator::default();
        let mut last = EntryId([0; 16]);
        for step in 0..20_000i64 {
            let millis = 1_700_000_000_000 + (step / 5_000) * if step > 10_000 { -1 } else { 1 };
            let id = ids.next(Timestamp::from_unix_nanos(i128::from(millis) * 1_000_000));
            assert!(id > last && !id.is_derived(), "{last} then {id}");
            last = id;
        }
    }

    #[test]
    fn an_id_carries_the_millisecond_of_receipt() {
        let at: Timestamp = "2022-02-22T19:22:22.123456Z".parse().unwrap();
        let id = IdGenerator::default().next(at);
        assert_eq!((id.parts().0 >> 16) as i64, at.unix_millis());
    }

    #[test]
    fn two_processes_do_not_make_the_same_ids() {
        let at = Timestamp::from_unix_seconds(1_700_000_000);
        let (one, other) = (IdGenerator::default(), IdGenerator::default());
        let ids: std::collections::HashSet<_> =
            (0..1_000).flat_map(|_| [one.next(at), other.next(at)]).collect();
        assert_eq!(ids.len(), 2_000);
    }
}
