//! Which entries the tail has seen, near the end of what it has read.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use logpipeline_model::{EntryId, Timestamp};
use logpipeline_store::Position;

/// How much later than its neighbours in time of receipt an entry may become visible and still be seen at once:
/// requests that run side by side are stamped and stored in slightly different orders.
const OVERLAP: Duration = Duration::from_secs(2);
/// How far back every so many looks go, for what became visible later still; at least.
const FAR_BACK: Duration = Duration::from_secs(10);
/// Beyond the time in which the store lets entries be found.
const FAR_BEYOND: Duration = Duration::from_secs(5);
const LOOKS_PER_FAR: u32 = 20;
/// Entries remembered, at most, beyond those within the overlap.
const REMEMBERED: usize = 200_000;

/// The newest stretch of what was read; each look at the store begins within it again.
#[derive(Debug)]
pub(super) struct Window {
    start: Timestamp,
    newest: Timestamp,
    looks: u32,
    far_back: Duration,
    ordered: BTreeSet<Position>,
    ids: HashSet<EntryId>,
}

impl Window {
    pub(super) fn starting(at: Timestamp) -> Self {
        Self {
            start: at,
            newest: at,
            looks: 0,
            far_back: FAR_BACK,
            ordered: BTreeSet::new(),
            ids: HashSet::new(),
        }
    }

    /// Looks as far back as a store needs that lets entries be found within `time` of their writing.
    pub(super) fn visible_within(&mut self, time: Duration) {
        self.far_back = FAR_BACK.max(time.saturating_add(FAR_BEYOND));
    }

    /// Where the next look at the store begins: before anything that may still come.
    pub(super) fn begin(&mut self) -> Position {
        self.looks = (self.looks + 1) % LOOKS_PER_FAR;
        match self.looks {
            0 => before(self.start),
            _ => before(self.start.max(self.newest - OVERLAP)),
        }
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
        let surplus = self.ordered.len().saturating_sub(REMEMBERED);
        let fitting = self.ordered.iter().nth(surplus).filter(|_| surplus > 0).map(|position| position.time);
        let start = fitting.map_or(self.newest - self.far_back, |time| time.min(self.newest - OVERLAP));
        self.start = self.start.max(self.newest - self.far_back).max(start);
        let kept = self.ordered.split_off(&before(self.start));
        for position in std::mem::replace(&mut self.ordered, kept) {
            self.ids.remove(&position.id);
        }
    }
}

/// Just before the entries of an instant: no id is smaller.
fn before(time: Timestamp) -> Position {
    Position { time, id: EntryId::from_parts(0, 0) }
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
        assert!(window.admit(at(20_000, 1_002)));
        window.advance();
        assert_eq!((window.ids.len(), window.ordered.len()), (101, 101));
        assert!(!window.admit(at(9_999, 1_003)), "more than 10 s late");
    }

    #[test]
    fn looks_go_far_back_now_and_then() {
        let mut window = Window::starting(at(0, 0).time);
        assert!(window.admit(at(15_000, 1)));
        window.advance();
        let begins: Vec<_> = (0..2 * LOOKS_PER_FAR).map(|_| window.begin().time).collect();
        let far = begins.iter().filter(|begin| **begin == at(5_000, 0).time).count();
        let near = begins.iter().filter(|begin| **begin == at(13_000, 0).time).count();
        assert_eq!((far, near), (2, 38));
        assert!(window.admit(at(6_000, 2)), "9 s late");
        assert!(!window.admit(at(6_000, 2)));
    }

    #[test]
    fn a_store_that_shows_entries_late_is_looked_back_at_further() {
        let mut window = Window::starting(at(0, 0).time);
        window.visible_within(Duration::from_secs(30));
        assert!(window.admit(at(40_000, 1)));
        window.advance();
        assert!((0..LOOKS_PER_FAR).any(|_| window.begin().time == at(5_000, 0).time));
        assert!(window.admit(at(6_000, 2)), "34 s late");
        window.visible_within(Duration::from_secs(1));
        window.advance();
        assert!(!window.admit(at(29_000, 3)), "more than 10 s late");
    }

    #[test]
    fn what_is_remembered_is_bounded_beyond_the_overlap() {
        let mut window = Window::starting(at(0, 0).time);
        let last = REMEMBERED as u64 + 50_000;
        (0..=last).for_each(|index| assert!(window.admit(at(index * 9_000 / last, index + 1))));
        window.advance();
        assert!(window.ids.len() <= REMEMBERED + 100, "{}", window.ids.len());
        assert!(window.start > at(0, 0).time && window.start <= at(7_000, 0).time);
    }
}
