//! Which entries the tail has seen, near the end of what it has read.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use logpipeline_model::{EntryId, Timestamp};
use logpipeline_store::Position;

/// How much later than its neighbours in time of receipt an entry may become visible and still be seen:
/// requests that run side by side are stamped and stored in slightly different orders.
const OVERLAP: Duration = Duration::from_secs(2);

/// The newest stretch of what was read; each look at the store begins at its start again.
#[derive(Debug)]
pub(super) struct Window {
    start: Timestamp,
    newest: Timestamp,
    ordered: BTreeSet<Position>,
    ids: HashSet<EntryId>,
}

impl Window {
    pub(super) fn starting(at: Timestamp) -> Self {
        Self { start: at, newest: at, ordered: BTreeSet::new(), ids: HashSet::new() }
    }

    /// Where to begin reading: before anything that may still come.
    pub(super) fn begin(&self) -> Position {
        // The smallest id: entries of this very instant lie behind it.
        Position { time: self.start, id: EntryId::from_parts(0, 0) }
    }

    /// Whether the entry is new; it is not the next time.
    pub(super) fn admit(&mut self, position: Position) -> bool {
        if position.time < self.start || !self.ids.insert(position.id) {
            return false;
        }
        self.ordered.insert(position);
        self.newest = self.newest.max(position.time);
        true
    }

    /// Forgets what lies too far back to be read again.
    pub(super) fn advance(&mut self) {
        self.start = self.start.max(self.newest - OVERLAP);
        let kept = self.ordered.split_off(&self.begin());
        for position in std::mem::replace(&mut self.ordered, kept) {
            self.ids.remove(&position.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64, id: u64) -> Position {
        let start = Timestamp::from_unix_seconds(1_694_764_800);
        Position { time: start + Duration::from_millis(millis), id: EntryId::from_parts(id, id) }
    }

    #[test]
    fn each_entry_is_new_once_though_it_comes_late() {
        let mut window = Window::starting(at(0, 0).time);
        assert!(window.admit(at(0, 1)) && window.admit(at(5_000, 2)));
        window.advance();
        assert!(window.admit(at(3_500, 3)), "1.5 s late");
        assert!(!window.admit(at(3_500, 3)) && !window.admit(at(5_000, 2)));
    }

    #[test]
    fn what_lies_before_the_window_is_neither_new_nor_kept() {
        let mut window = Window::starting(at(1_000, 0).time);
        assert!(!window.admit(at(999, 1)), "before the start");
        for index in 0..1_000 {
            assert!(window.admit(at(1_000 + index * 10, index + 2)));
            window.advance();
        }
        assert_eq!(window.ids.len(), 201);
        assert_eq!(window.ordered.len(), 201);
        assert_eq!(window.begin().time, at(10_990 - 2_000, 0).time);
    }
}
