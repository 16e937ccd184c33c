//! Where the entries of a request come from.

use super::Settled;
use super::names::Slot;
use crate::intake::Protocol;

/// Who sent a request's entries, by which protocol, and of which resources they are.
#[derive(Debug, Clone)]
pub struct Account {
    pub protocol: Protocol,
    pub token: Slot,
    /// How many entries were accepted of each resource.
    pub resources: Tally<u64>,
}

impl Account {
    /// Entries of a protocol, from anybody.
    pub fn anonymous(protocol: Protocol) -> Self {
        Self { protocol, token: Slot::NONE, resources: Tally::default() }
    }
}

/// Counts by slot, for the few names that the entries of a request have.
#[derive(Debug, Clone, Default)]
pub struct Tally<T>(Vec<(Slot, T)>);

impl<T: Default> Tally<T> {
    /// The count of a slot. Entries of one name mostly come together, so that the last one is looked at first.
    pub fn of(&mut self, slot: Slot) -> &mut T {
        let at = match self.0.iter().rposition(|(known, _)| *known == slot) {
            Some(at) => at,
            None => {
                self.0.push((slot, T::default()));
                self.0.len() - 1
            }
        };
        &mut self.0[at].1
    }

    pub fn iter(&self) -> impl Iterator<Item = &(Slot, T)> {
        self.0.iter()
    }
}

/// What became of the entries from one number of the log up to another.
#[derive(Debug, Default)]
pub struct Settlement {
    pub from: u64,
    end: u64,
    /// Outcomes in the order of the log: so many entries each.
    stretches: Vec<(u64, Outcome)>,
    pub resources: Tally<Settled>,
    pub total: Settled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Stored,
    Duplicate,
    DeadLettered,
}

impl Settlement {
    pub fn new(from: u64) -> Self {
        Self { from, end: from, ..Self::default() }
    }

    /// The next entries of the log, all of one resource.
    pub fn push(&mut self, count: u64, outcome: Outcome, resource: Slot) {
        let settled = outcome.counted(count);
        self.end += count;
        self.total.add(settled);
        self.resources.of(resource).add(settled);
        match self.stretches.last_mut() {
            Some((so_far, last)) if *last == outcome => *so_far += count,
            _ => self.stretches.push((count, outcome)),
        }
    }

    /// The next entries of the log are lost to damage: what they were of is lost with them.
    pub fn lose(&mut self, count: u64) {
        if count > 0 {
            self.push(count, Outcome::DeadLettered, Slot::NONE);
        }
    }

    /// Behind the last entry.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The outcomes of the entries from `from` up to `to`.
    pub(super) fn between(&self, from: u64, to: u64) -> Settled {
        let (mut at, mut sum) = (self.from, Settled::default());
        for (count, outcome) in &self.stretches {
            let (first, end) = (at.max(from), (at + count).min(to));
            sum.add(outcome.counted(end.saturating_sub(first)));
            at += count;
        }
        sum
    }
}

impl Outcome {
    fn counted(self, count: u64) -> Settled {
        let none = Settled::default();
        match self {
            Self::Stored => Settled { stored: count, ..none },
            Self::Duplicate => Settled { duplicates: count, ..none },
            Self::DeadLettered => Settled { dead_lettered: count, ..none },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_found_by_the_numbers_of_entries() {
        let mut settlement = Settlement::new(100);
        settlement.push(10, Outcome::Stored, Slot::NONE);
        settlement.push(1, Outcome::Duplicate, Slot::OTHERS);
        settlement.push(5, Outcome::Stored, Slot::NONE);
        assert_eq!(settlement.end(), 116);
        let between = |from, to| {
            let Settled { stored, duplicates, .. } = settlement.between(from, to);
            (stored, duplicates)
        };
        assert_eq!(between(0, 1_000), (15, 1));
        assert_eq!(between(105, 112), (6, 1));
        assert_eq!(between(110, 111), (0, 1));
        assert_eq!(between(116, 120), (0, 0));
        assert_eq!(settlement.total.stored, 15);
        let none: Vec<_> = settlement.resources.iter().map(|(slot, one)| (*slot, one.stored)).collect();
        assert_eq!(none, [(Slot::NONE, 15), (Slot::OTHERS, 0)]);
    }
}
