//! The count of what became of every entry, always in balance.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// Counts of entries whose way has ended. They go into the checkpoint, so that they outlive the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    pub stored: u64,
    pub duplicates: u64,
    pub dead_lettered: u64,
    pub rejected: u64,
}

/// A reading of the ledger: `received = stored + duplicates + rejected + dead_lettered + waiting`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    pub received: u64,
    pub stored: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub dead_lettered: u64,
    pub waiting: u64,
}

#[derive(Debug, Default)]
pub struct Ledger(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    settled: Settled,
    waiting: u64,
}

impl Ledger {
    /// A ledger that goes on from a checkpoint, with what the log holds behind it.
    pub fn restore(settled: Settled, waiting: u64) -> Self {
        Self(Mutex::new(Counts { settled, waiting }))
    }

    /// A request was committed to the log, or refused because nothing of it was usable.
    pub fn received(&self, accepted: u64, rejected: u64) {
        self.with(|counts| {
            counts.waiting += accepted;
            counts.settled.rejected += rejected;
        });
    }

    /// The store's verdict on entries that waited; `rejected` of `verdict` is not looked at.
    pub fn settle(&self, verdict: Settled) -> Settled {
        self.with(|counts| {
            let Settled { stored, duplicates, dead_lettered, .. } = verdict;
            counts.settled.stored += stored;
            counts.settled.duplicates += duplicates;
            counts.settled.dead_lettered += dead_lettered;
            counts.waiting = counts.waiting.saturating_sub(stored + duplicates + dead_lettered);
            counts.settled
        })
    }

    pub fn settled(&self) -> Settled {
        self.with(|counts| counts.settled)
    }

    pub fn read(&self) -> Figures {
        self.with(|counts| {
            let Settled { stored, duplicates, dead_lettered, rejected } = counts.settled;
            let waiting = counts.waiting;
            let received = stored + duplicates + dead_lettered + rejected + waiting;
            Figures { received, stored, duplicates, rejected, dead_lettered, waiting }
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_in_exactly_one_column() {
        let ledger = Ledger::restore(Settled { stored: 10, duplicates: 1, dead_lettered: 2, rejected: 3 }, 4);
        ledger.received(5, 2);
        ledger.settle(Settled { stored: 3, duplicates: 1, dead_lettered: 1, rejected: 0 });
        assert_eq!(
            ledger.read(),
            Figures { received: 27, stored: 13, duplicates: 2, rejected: 5, dead_lettered: 3, waiting: 4 }
        );
    }
}
