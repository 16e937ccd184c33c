//! How many requests may write at once, found out by how the servers fare.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Slower than this many times the usual, a request says that the servers are busy.
const SLOW: f64 = 2.0;

/// Bodies below this size take as long as one of it.
const SMALL: usize = 1 << 20;

/// One more request at once for every round without trouble, one fewer where they become slow, half as
/// many after a refusal.
#[derive(Debug)]
pub(super) struct Pace {
    permits: Semaphore,
    state: Mutex<State>,
    most: usize,
}

#[derive(Debug)]
struct State {
    allowed: usize,
    /// Permits to take away once they come back.
    surplus: usize,
    good: usize,
    /// Seconds that a request takes for each mebibyte while they are few; follows slowly, so that servers
    /// that become slower for good are taken as they are.
    usual: f64,
}

impl Pace {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        let state = State { allowed: 1, surplus: 0, good: 0, usual: 0.0 };
        Self { permits: Semaphore::new(1), state: Mutex::new(state), most }
    }

    pub(super) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }

    #[cfg(test)]
    fn allowed(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).allowed
    }

    /// Takes a permit back after a request of so many bytes that went well.
    pub(super) fn well(&self, permit: SemaphorePermit<'_>, took: Duration, bytes: usize) {
        let cost = took.as_secs_f64() * SMALL as f64 / bytes.max(SMALL) as f64;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let slow = state.usual > 0.0 && cost > SLOW * state.usual;
        state.usual = match state.usual {
            0.0 => cost,
            usual if cost < usual => 0.5 * usual + 0.5 * cost,
            usual => 0.98 * usual + 0.02 * cost,
        };
        state.good += 1;
        if slow {
            state.good = 0;
            if state.allowed > 1 {
                state.allowed -= 1;
                state.surplus += 1;
            }
        } else if state.good >= state.allowed && state.allowed < self.most {
            state.good = 0;
            state.allowed += 1;
            match state.surplus.checked_sub(1) {
                Some(left) => state.surplus = left,
                None => self.permits.add_permits(1),
            }
        }
        Self::back(&mut state, permit);
    }

    /// Takes a permit back after one that the servers were too busy for.
    pub(super) fn badly(&self, permit: SemaphorePermit<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let fewer = (state.allowed / 2).max(1);
        state.surplus += state.allowed - fewer;
        state.allowed = fewer;
        state.good = 0;
        Self::back(&mut state, permit);
    }

    fn back(state: &mut State, permit: SemaphorePermit<'_>) {
        match state.surplus.checked_sub(1) {
            Some(left) => {
                state.surplus = left;
                permit.forget();
            }
            None => drop(permit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(10);

    async fn round(pace: &Pace, well: bool) {
        let permit = pace.permit().await.unwrap();
        if well { pace.well(permit, QUICK, 1) } else { pace.badly(permit) }
    }

    #[tokio::test]
    async fn requests_at_once_grow_one_by_one_and_halve_on_trouble() {
        let pace = Pace::new(4);
        assert_eq!((pace.allowed(), pace.permits.available_permits()), (1, 1));
        for _ in 0..20 {
            round(&pace, true).await;
        }
        assert_eq!((pace.allowed(), pace.permits.available_permits()), (4, 4));
        round(&pace, false).await;
        assert_eq!(pace.allowed(), 2);
        for _ in 0..3 {
            round(&pace, false).await;
        }
        assert_eq!((pace.allowed(), pace.permits.available_permits()), (1, 1));
        for _ in 0..20 {
            round(&pace, true).await;
        }
        assert_eq!((pace.allowed(), pace.permits.available_permits()), (4, 4));
    }

    #[tokio::test]
    async fn slower_answers_than_usual_make_them_fewer_until_they_are_the_usual() {
        let pace = Pace::new(4);
        for _ in 0..20 {
            round(&pace, true).await;
        }
        assert_eq!(pace.allowed(), 4);
        let slow = async || {
            let permit = pace.permit().await.unwrap();
            pace.well(permit, 10 * QUICK, 1);
        };
        for expected in [3, 2, 1, 1] {
            slow().await;
            assert_eq!((pace.allowed(), pace.permits.available_permits()), (expected, expected));
        }
        for _ in 0..200 {
            slow().await;
        }
        assert_eq!((pace.allowed(), pace.permits.available_permits()), (4, 4));
    }

    #[tokio::test]
    async fn larger_requests_may_take_longer() {
        let pace = Pace::new(4);
        round(&pace, true).await;
        for _ in 0..20 {
            let permit = pace.permit().await.unwrap();
            pace.well(permit, 8 * QUICK, 8 * SMALL);
        }
        assert_eq!(pace.allowed(), 4);
    }
}
