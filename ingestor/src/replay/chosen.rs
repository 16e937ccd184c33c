//! Dead letters that are named, page by page.

use std::collections::HashSet;
use std::vec::IntoIter;

use logpipeline_model::EntryId;
use logpipeline_model::dead_letter::id_of;
use logpipeline_store::{FoundEntry, LogStore, StoreError};

use super::lookup::by_ids;
use super::pages::Size;

pub(super) struct Chosen<'a> {
    store: &'a dyn LogStore,
    ids: IntoIter<EntryId>,
    size: Size,
}

pub(super) struct Page {
    pub(super) letters: Vec<FoundEntry>,
    /// Ids that no letter has, and no entry in one.
    pub(super) missing: Vec<EntryId>,
}

impl<'a> Chosen<'a> {
    /// Each id once, in their order.
    pub(super) fn new(store: &'a dyn LogStore, mut ids: Vec<EntryId>) -> Self {
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(*id));
        Self { store, ids: ids.into_iter(), size: Size::default() }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Page>, StoreError> {
        let ids: Vec<_> = self.ids.by_ref().take(self.size.letters()).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let mut letters = by_ids(self.store, &ids).await?;
        let found: HashSet<_> = letters.iter().map(|letter| letter.position.id).collect();
        // An id may also be that of the entry in a letter.
        let others: Vec<_> = ids.into_iter().filter(|id| !found.contains(id)).collect();
        let named: Vec<_> = others.iter().map(|id| id_of(*id)).collect();
        let more = by_ids(self.store, &named).await?;
        let of_entries: HashSet<_> = more.iter().map(|letter| letter.position.id).collect();
        let missing = others.into_iter().filter(|id| !of_entries.contains(&id_of(*id))).collect();
        letters.extend(more.into_iter().filter(|letter| !found.contains(&letter.position.id)));
        self.size.learn(&letters);
        Ok(Some(Page { letters, missing }))
    }

    /// The ids of the pages that are to come.
    pub(super) fn rest(&self) -> &[EntryId] {
        self.ids.as_slice()
    }
}
