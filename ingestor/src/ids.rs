//! Ids for new entries.

use std::sync::{Mutex, PoisonError};

use logpipeline_model::{EntryId, Timestamp};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Makes UUIDs of version 7, each greater than the one before, whatever the clock does. Method 2 of
/// RFC 9562, section 6.2: within a millisecond the random part grows by a random step. Ids of one request follow each
/// other by steps of one, which the store keeps in few bytes.
#[derive(Debug)]
pub struct IdGenerator(Mutex<State>);

#[derive(Debug)]
struct State {
    random: SmallRng,
    /// Time of the latest request, in nanoseconds.
    latest: i128,
    millis: i64,
    /// The 12 bits of `rand_a` and the 62 of `rand_b`.
    tail: u128,
}

const TAIL_BITS: u32 = 74;

impl Default for IdGenerator {
    /// Seeded from the system's source of random numbers.
    fn default() -> Self {
        let random = SmallRng::from_rng(&mut rand::rng());
        Self(Mutex::new(State { random, latest: i128::MIN, millis: i64::MIN, tail: 0 }))
    }
}

/// The ids of one request: the first is random, and each is the one before plus one.
#[derive(Debug, Clone)]
pub struct IdSequence {
    millis: i64,
    tail: u128,
}

/// More than the entries that a request can hold.
const RESERVED: u128 = 1 << 32;
/// Requests are told apart by their times unless the clock is put back further than this.
const CROWD: i128 = 1_000_000_000;

impl IdGenerator {
    /// A time of receipt that no other request of this process has, next to `now`, and the request's ids.
    pub fn request(&self, now: Timestamp) -> (Timestamp, IdSequence) {
        let nanos = now.unix_nanos();
        let nanos = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let crowded = nanos <= state.latest && state.latest.saturating_sub(nanos) < CROWD;
            state.latest = if crowded { state.latest + 1 } else { nanos };
            state.latest
        };
        let received_at = Timestamp::from_unix_nanos(nanos);
        (received_at, self.sequence(received_at))
    }

    /// Ids greater than those of every sequence before.
    pub fn sequence(&self, received_at: Timestamp) -> IdSequence {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = received_at.unix_millis();
        if millis > state.millis {
            state.restart(millis);
        } else {
            state.tail += RESERVED + u128::from(state.random.random_range(1..=u32::MAX));
            if (state.tail + RESERVED) >> TAIL_BITS != 0 {
                let next = state.millis + 1;
                state.restart(next);
            }
        }
        IdSequence { millis: state.millis, tail: state.tail }
    }
}

impl IdSequence {
    pub fn next_id(&mut self) -> EntryId {
        let at = Timestamp::from_unix_nanos(i128::from(self.millis) * 1_000_000);
        let id = EntryId::v7(at, (self.tail >> 62) as u16, self.tail as u64 & (u64::MAX >> 2));
        self.tail += 1;
        id
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
            let mut sequence = ids.sequence(Timestamp::from_unix_nanos(i128::from(millis) * 1_000_000));
            for _ in 0..3 {
                let id = sequence.next_id();
                assert!(id > last && !id.is_derived(), "{last} then {id}");
                last = id;
            }
        }
    }

    #[test]
    fn no_two_requests_have_one_time() {
        let ids = IdGenerator::default();
        let at = |nanos: i128| Timestamp::from_unix_nanos(1_700_000_000_000_000_000 + nanos);
        let times: Vec<_> = [5, 5, 4, 9, 8, 2_000_000_000, 3].map(|nanos| ids.request(at(nanos)).0).into();
        assert_eq!(times, [5, 6, 7, 9, 10, 2_000_000_000, 3].map(at));
    }

    #[test]
    fn ids_of_a_request_follow_each_other_and_another_request_is_far() {
        let ids = IdGenerator::default();
        let at = Timestamp::from_unix_seconds(1_700_000_000);
        let (mut one, mut other) = (ids.sequence(at), ids.sequence(at));
        let whole = |id: EntryId| u128::from_be_bytes(id.0);
        let first = whole(one.next_id());
        assert_eq!(
            (1..1_000).map(|_| whole(one.next_id()) - first).collect::<Vec<_>>(),
            (1..1_000).collect::<Vec<_>>()
        );
        assert!(whole(other.next_id()) - first > 1 << 32);
    }

    #[test]
    fn an_id_carries_the_millisecond_of_receipt() {
        let at: Timestamp = "2022-02-22T19:22:22.123456Z".parse().unwrap();
        let id = IdGenerator::default().sequence(at).next_id();
        assert_eq!((id.parts().0 >> 16) as i64, at.unix_millis());
    }

    #[test]
    fn two_processes_do_not_make_the_same_ids() {
        let at = Timestamp::from_unix_seconds(1_700_000_000);
        let (one, other) = (IdGenerator::default(), IdGenerator::default());
        let ids: std::collections::HashSet<_> =
            (0..1_000).flat_map(|_| [one.sequence(at).next_id(), other.sequence(at).next_id()]).collect();
        assert_eq!(ids.len(), 2_000);
    }
}
