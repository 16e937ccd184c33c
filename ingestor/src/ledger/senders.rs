//! Who sent which of the entries that wait.

use std::collections::VecDeque;

use super::names::Slot;

/// Runs of entries, one behind the other in the log, that came from one sender each.
#[derive(Debug)]
pub(super) struct Senders {
    runs: VecDeque<Run>,
    /// Behind the last entry that is known here.
    end: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Behind its last entry.
    pub(super) end: u64,
    pub(super) protocol: Slot,
    pub(super) token: Slot,
}

/// Runs that are told apart; where senders take turns so often that there are more, new ones are counted as others.
const MOST: usize = 1 << 18;

impl Senders {
    /// Entries before `start` were sent to an earlier process.
    pub(super) fn new(start: u64) -> Self {
        let recovered = Run { end: start, protocol: Slot::RECOVERED, token: Slot::RECOVERED };
        Self { runs: VecDeque::from([recovered]), end: start }
    }

    /// The next entries of the log.
    pub(super) fn push(&mut self, count: u64, protocol: Slot, token: Slot) -> (Slot, Slot) {
        self.end += count;
        let (mut protocol, mut token) = (protocol, token);
        if self.runs.len() >= MOST {
            (protocol, token) = (Slot::OTHERS, Slot::OTHERS);
        }
        match self.runs.back_mut() {
            _ if count == 0 => {}
            Some(run) if run.protocol == protocol && run.token == token => run.end = self.end,
            _ => self.runs.push_back(Run { end: self.end, protocol, token }),
        }
        (protocol, token)
    }

    /// The runs of the entries up to `end`, the last perhaps in part; those that are whole are forgotten.
    pub(super) fn take(&mut self, end: u64) -> Vec<Run> {
        let mut taken = Vec::new();
        while let Some(run) = self.runs.front().copied() {
            taken.push(Run { end: run.end.min(end), ..run });
            if run.end > end {
                break;
            }
            self.runs.pop_front();
            if run.end == end {
                break;
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_taken_in_part_and_forgotten_when_whole() {
        let slots = crate::ledger::names::Names::new(3);
        let (a, b) = (slots.slot(Some("a")), slots.slot(Some("b")));
        let mut senders = Senders::new(7);
        senders.push(10, a, Slot::NONE);
        senders.push(5, a, Slot::NONE);
        senders.push(3, b, Slot::NONE);
        let ends = |runs: Vec<Run>| runs.iter().map(|run| (run.end, run.protocol)).collect::<Vec<_>>();
        assert_eq!(ends(senders.take(5)), [(5, Slot::RECOVERED)]);
        assert_eq!(ends(senders.take(10)), [(7, Slot::RECOVERED), (10, a)]);
        assert_eq!(ends(senders.take(22)), [(22, a)]);
        assert_eq!(ends(senders.take(25)), [(25, b)]);
        assert_eq!(ends(senders.take(25)), []);
    }
}
