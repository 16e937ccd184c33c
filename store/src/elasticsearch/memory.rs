//! What is known of entries between one write of a batch and the next.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use logpipeline_model::EntryId;

use super::bulk::Item;
use crate::{NewEntry, WriteOutcome};

/// Entries remembered, at least. Forgetting one that was in doubt costs the look whether it is there, so
/// that several batches' worth is kept.
const MOST: usize = 200_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    Settled(WriteOutcome),
    /// Sent, with no answer: it may be there, in an index that is not written to any more.
    Unsure,
}

#[derive(Debug)]
pub(super) struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    known: HashMap<EntryId, Known>,
    /// Oldest first; may name some that were forgotten since.
    order: VecDeque<EntryId>,
    most: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self::of_size(MOST)
    }
}

impl Memory {
    fn of_size(most: usize) -> Self {
        Self { inner: Mutex::new(Inner { known: HashMap::new(), order: VecDeque::new(), most }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, id: EntryId) -> Option<Known> {
        self.lock().known.get(&id).cloned()
    }

    fn remember(&self, entries: impl Iterator<Item = (EntryId, Known)>) {
        let mut inner = self.lock();
        for (id, known) in entries {
            if inner.known.insert(id, known).is_none() {
                inner.order.push_back(id);
            }
        }
        inner.trim();
    }

    fn forget(&self, ids: impl Iterator<Item = EntryId>) {
        let mut inner = self.lock();
        if inner.known.is_empty() {
            return;
        }
        for id in ids {
            inner.known.remove(&id);
        }
        inner.trim();
    }
}

impl Inner {
    fn trim(&mut self) {
        while self.known.len() > self.most {
            let Some(oldest) = self.order.pop_front() else { return };
            self.known.remove(&oldest);
        }
        if self.order.len() > 2 * self.known.len() {
            let known = &self.known;
            self.order.retain(|id| known.contains_key(id));
        }
    }
}

/// The outcomes of a batch that is being written. What was settled is remembered where the write does
/// not come to its end, whatever the reason.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    memory: &'a Memory,
    batch: &'a [NewEntry],
    outcomes: Mutex<Vec<Option<WriteOutcome>>>,
    /// Which of those that share an id is written.
    first: HashMap<EntryId, usize>,
    finished: bool,
}

impl<'a> Progress<'a> {
    pub(super) fn new(memory: &'a Memory, batch: &'a [NewEntry]) -> Self {
        {
            let mut inner = memory.lock();
            inner.most = inner.most.max(4 * batch.len());
        }
        let outcomes = Mutex::new(vec![None; batch.len()]);
        Self { memory, batch, outcomes, first: HashMap::with_capacity(batch.len()), finished: false }
    }

    pub(super) fn settle(&self, at: usize, outcome: WriteOutcome) {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(outcome);
    }

    /// The entries to be written now: those without an outcome, one of each id. Further ones with the id
    /// are its duplicates, unless the one before was refused.
    pub(super) fn open(&mut self) -> Vec<usize> {
        let outcomes = self.outcomes.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut open = Vec::new();
        for (at, entry) in self.batch.iter().enumerate() {
            if outcomes[at].is_some() {
                continue;
            }
            match self.first.get(&entry.id).map(|&first| (first, &outcomes[first])) {
                None => {
                    self.first.insert(entry.id, at);
                    match self.memory.get(entry.id) {
                        Some(Known::Settled(outcome)) => outcomes[at] = Some(outcome),
                        _ => open.push(at),
                    }
                }
                Some((_, Some(WriteOutcome::Refused { .. }))) => {
                    self.first.insert(entry.id, at);
                    open.push(at);
                }
                Some((_, Some(_))) => outcomes[at] = Some(WriteOutcome::Duplicate),
                Some((first, None)) if first == at => open.push(at),
                Some((_, None)) => {}
            }
        }
        open
    }

    /// All outcomes, once [`Self::open`] has no more.
    pub(super) fn finish(mut self) -> Vec<WriteOutcome> {
        self.finished = true;
        self.memory.forget(self.batch.iter().map(|entry| entry.id));
        let outcomes = mem::take(self.outcomes.get_mut().unwrap_or_else(PoisonError::into_inner));
        outcomes.into_iter().map(|outcome| outcome.unwrap_or(WriteOutcome::Duplicate)).collect()
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let outcomes = self.outcomes.get_mut().unwrap_or_else(PoisonError::into_inner);
        let first = &self.first;
        let settled = self.batch.iter().zip(outcomes.drain(..)).enumerate();
        self.memory.remember(settled.filter_map(|(at, (entry, outcome))| {
            let outcome = outcome.filter(|_| first.get(&entry.id) == Some(&at))?;
            Some((entry.id, Known::Settled(outcome)))
        }));
    }
}

/// Entries of a request that was sent: in doubt until it is answered, and for ever where nobody waits for
/// the answer any more.
#[derive(Debug)]
pub(super) struct InFlight<'a> {
    memory: &'a Memory,
    items: Vec<Item>,
}

impl<'a> InFlight<'a> {
    pub(super) fn new(memory: &'a Memory, items: Vec<Item>) -> Self {
        Self { memory, items }
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    /// It is known of each what became of it.
    pub(super) fn answered(mut self) -> Vec<Item> {
        mem::take(&mut self.items)
    }

    /// It is not known of any.
    pub(super) fn unanswered(mut self) -> Vec<Item> {
        self.doubt();
        let mut items = mem::take(&mut self.items);
        for item in &mut items {
            item.doubt();
        }
        items
    }

    fn doubt(&self) {
        self.memory.remember(self.items.iter().map(|item| (item.id, Known::Unsure)));
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.items.is_empty() {
            self.doubt();
        }
    }
}

/// Remembers that it is not known of one item what became of it.
pub(super) fn doubt(memory: &Memory, item: &mut Item) {
    memory.remember(std::iter::once((item.id, Known::Unsure)));
    item.doubt();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64) -> NewEntry {
        NewEntry { id: EntryId::from_parts(0, number), body: bytes::Bytes::new() }
    }

    fn refused() -> WriteOutcome {
        WriteOutcome::Refused { reason: "why".to_owned() }
    }

    #[test]
    fn what_was_settled_is_answered_the_next_time_and_then_forgotten() {
        let memory = Memory::default();
        let batch = [entry(1), entry(2)];
        let mut progress = Progress::new(&memory, &batch);
        assert_eq!(progress.open(), [0, 1]);
        progress.settle(1, WriteOutcome::Stored);
        drop(progress);
        let mut progress = Progress::new(&memory, &batch);
        assert_eq!(progress.open(), [0]);
        progress.settle(0, WriteOutcome::Stored);
        assert_eq!(progress.finish(), [WriteOutcome::Stored, WriteOutcome::Stored]);
        assert_eq!((memory.get(batch[0].id), memory.get(batch[1].id)), (None, None));
    }

    #[test]
    fn a_repeated_id_is_a_duplicate_only_of_one_that_was_stored() {
        let memory = Memory::default();
        let batch = [entry(1), entry(1), entry(1)];
        // Never taken for settled while the first is not.
        let mut progress = Progress::new(&memory, &batch);
        assert_eq!(progress.open(), [0]);
        assert_eq!(progress.open(), [0]);
        drop(progress);
        assert_eq!(memory.get(batch[0].id), None);
        let mut progress = Progress::new(&memory, &batch);
        assert_eq!(progress.open(), [0]);
        progress.settle(0, refused());
        assert_eq!(progress.open(), [1]);
        progress.settle(1, WriteOutcome::Stored);
        assert_eq!(progress.open(), [0; 0]);
        assert_eq!(progress.finish(), [refused(), WriteOutcome::Stored, WriteOutcome::Duplicate]);
    }

    #[test]
    fn a_request_that_nobody_waits_for_leaves_its_entries_in_doubt() {
        let memory = Memory::default();
        let item = |number| Item::new(0, entry(number).id, bytes::Bytes::new());
        drop(InFlight::new(&memory, vec![item(1)]));
        assert_eq!(memory.get(entry(1).id), Some(Known::Unsure));
        InFlight::new(&memory, vec![item(2)]).answered();
        assert_eq!(memory.get(entry(2).id), None);
        assert!(InFlight::new(&memory, vec![item(3)]).unanswered()[0].unsure);
        assert_eq!(memory.get(entry(3).id), Some(Known::Unsure));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_go_first() {
        let memory = Memory::of_size(10);
        for number in 0..1_000 {
            memory.remember(std::iter::once((entry(number).id, Known::Unsure)));
            memory.forget(std::iter::once(entry(number).id).filter(|_| number % 3 == 0));
        }
        let inner = memory.lock();
        assert!((9..=10).contains(&inner.known.len()), "{}", inner.known.len());
        assert!(inner.order.len() <= 20, "{}", inner.order.len());
        assert!(inner.known.contains_key(&entry(998).id) && !inner.known.contains_key(&entry(1).id));
    }
}
