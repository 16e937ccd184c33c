//! Names that entries are counted by, so many at most.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// Entries without a name: no token, no resource.
pub const NONE: &str = "(none)";
/// All names that came when there were enough, and those that are too long, together.
pub const OTHERS: &str = "(others)";
/// Entries of an earlier process, which left only what it had logged.
pub const RECOVERED: &str = "(recovered)";

/// Bytes of a name.
const LONGEST: usize = 256;

/// The place of a name. It never changes, so that an entry is settled under the name under which it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(u16);

impl Slot {
    pub const NONE: Self = Self(0);
    pub const OTHERS: Self = Self(1);
    pub const RECOVERED: Self = Self(2);

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The name that was looked up last, and its slot: entries that follow each other mostly have the same.
#[derive(Debug)]
pub struct Latest {
    name: String,
    slot: Slot,
}

impl Default for Latest {
    fn default() -> Self {
        Self { name: String::new(), slot: Slot::NONE }
    }
}

impl Latest {
    /// The slot of a name; an empty one is none.
    pub fn slot(&mut self, names: &Names, name: &str) -> Slot {
        if self.name != name {
            name.clone_into(&mut self.name);
            self.slot = names.slot(Some(name));
        }
        self.slot
    }
}

#[derive(Debug)]
pub struct Names {
    slots: RwLock<HashMap<Box<str>, Slot>>,
    limit: u16,
}

impl Names {
    /// For `limit` names besides [`NONE`], [`OTHERS`] and [`RECOVERED`].
    pub(super) fn new(limit: u16) -> Self {
        let reserved = [(NONE, Slot::NONE), (OTHERS, Slot::OTHERS), (RECOVERED, Slot::RECOVERED)]
            .map(|(name, slot)| (name.into(), slot));
        Self { slots: RwLock::new(HashMap::from(reserved)), limit: limit + 3 }
    }

    pub fn slot(&self, name: Option<&str>) -> Slot {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Slot::NONE };
        if name.len() > LONGEST {
            return Slot::OTHERS;
        }
        let known = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let (slot, full) = (known.get(name).copied(), known.len() >= usize::from(self.limit));
        drop(known);
        match slot {
            Some(slot) => slot,
            None if full => Slot::OTHERS,
            None => self.add(name),
        }
    }

    fn add(&self, name: &str) -> Slot {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let next = match u16::try_from(slots.len()) {
            Ok(next) if next < self.limit => Slot(next),
            _ => return slots.get(name).copied().unwrap_or(Slot::OTHERS),
        };
        *slots.entry(name.into()).or_insert(next)
    }

    /// The names in the order of their slots.
    pub(super) fn list(&self) -> Vec<Box<str>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<_> = slots.iter().map(|(name, slot)| (*slot, name.clone())).collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_slot_and_names_beyond_the_limit_share_one() {
        let names = Names::new(2);
        let (a, b) = (names.slot(Some("a")), names.slot(Some("b")));
        assert_ne!(a, b);
        assert_eq!(names.slot(Some("c")), Slot::OTHERS);
        assert_eq!((names.slot(Some("a")), names.slot(Some("b"))), (a, b));
        assert_eq!((names.slot(None), names.slot(Some(""))), (Slot::NONE, Slot::NONE));
        assert_eq!(names.list(), [NONE, OTHERS, RECOVERED, "a", "b"].map(Box::from));
    }

    #[test]
    fn the_latest_name_is_not_looked_up_again_until_another_comes() {
        let (names, mut latest) = (Names::new(2), Latest::default());
        assert_eq!(latest.slot(&names, ""), Slot::NONE);
        for name in ["a", "a", "b", "a", "", "b"] {
            assert_eq!(latest.slot(&names, name), names.slot(Some(name)), "{name}");
        }
    }

    #[test]
    fn long_names_share_a_line() {
        let names = Names::new(2);
        assert_eq!(names.slot(Some(&"x".repeat(257))), Slot::OTHERS);
        assert_ne!(names.slot(Some(&"x".repeat(256))), Slot::OTHERS);
    }
}
