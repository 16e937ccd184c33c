//! Counts of entries by name.

use super::names::Slot;
use super::{Figures, Settled};

/// Counts by a name's slot.
#[derive(Debug, Default)]
pub(super) struct Book(Vec<Counts>);

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    received: u64,
    settled: Settled,
}

impl Book {
    /// Entries were accepted, or rejected.
    pub(super) fn received(&mut self, slot: Slot, accepted: u64, rejected: u64) {
        let counts = self.at(slot);
        counts.received += accepted + rejected;
        counts.settled.rejected += rejected;
    }

    /// Entries came to the end of their way.
    pub(super) fn settle(&mut self, slot: Slot, settled: Settled) {
        self.at(slot).settled.add(settled);
    }

    /// The figures of each slot that has any, with its number.
    pub(super) fn figures(&self) -> impl Iterator<Item = (usize, Figures)> {
        let used = self.0.iter().enumerate().filter(|(_, counts)| counts.received > 0);
        used.map(|(slot, counts)| (slot, counts.figures()))
    }

    pub(super) fn total(&self) -> Figures {
        self.0.iter().fold(Figures::default(), |sum, counts| sum.plus(counts.figures()))
    }

    fn at(&mut self, slot: Slot) -> &mut Counts {
        if self.0.len() <= slot.index() {
            self.0.resize(slot.index() + 1, Counts::default());
        }
        &mut self.0[slot.index()]
    }
}

impl Counts {
    fn figures(&self) -> Figures {
        let Settled { stored, duplicates, dead_lettered, rejected } = self.settled;
        let waiting = self.received.saturating_sub(stored + duplicates + dead_lettered + rejected);
        Figures { received: self.received, stored, duplicates, rejected, dead_lettered, waiting }
    }
}
