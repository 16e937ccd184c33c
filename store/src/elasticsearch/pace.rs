//! How many requests may write at once, found out by how the servers fare.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Slower than this many times the usual, a request says that the servers are busy.
const SLOW: f64 = 3.0;

/// One more request at once for every round without trouble; half as many after a refusal.
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
    /// Seconds that a request takes, over the last few.
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

    /// Takes a permit back after a request that went well.
    pub(super) fn well(&self, permit: SemaphorePermit<'_>, took: Duration) {
        let seconds = took.as_secs_f64();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let slow = state.usual > 0.0 && seconds > SLOW * state.usual;
        state.usual = if state.usual == 0.0 { seconds } else { 0.8 * state.usual + 0.2 * seconds };
        state.good += 1;
        if slow {
            state.good = 0;
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
        if well { pace.well(permit, QUICK) } else { pace.badly(permit) }
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
    async fn slower_answers_than_usual_stop_the_growth() {
        let pace = Pace::new(4);
        round(&pace, true).await;
        let permit = pace.permit().await.unwrap();
        pace.well(permit, 10 * QUICK);
        assert_eq!(pace.allowed(), 2);
    }
}
