use super::resource::Resource;
use crate::entry::Members;

/// What the records of one scope have in common.
#[derive(Debug, Default)]
pub(super) struct Shared<'a> {
    pub(super) resource: Resource<'a>,
    pub(super) scope: Members,
    /// Both as members of `metadata`, written once for all records.
    both: Members,
}

impl Shared<'_> {
    /// To be called once resource and scope are known.
    pub(super) fn settle(&mut self) {
        let mut both = std::mem::take(&mut self.both);
        both.clear();
        for (key, members) in self.parts().into_iter().filter(|(_, members)| !members.is_empty()) {
            both.key(key);
            both.push_members(members);
        }
        self.both = both;
    }

    fn parts(&self) -> [(&'static str, &Members); 2] {
        [("scope", &self.scope), ("resource", &self.resource.members)]
    }

    pub(super) fn bytes(&self) -> usize {
        self.scope.len() + self.resource.members.len()
    }

    /// Levels of containers of an entry that has it.
    pub(super) fn depth(&self) -> usize {
        1 + self.scope.deepest().max(self.resource.members.deepest())
    }

    /// Bytes that are held for it.
    pub(super) fn capacity(&self) -> usize {
        self.scope.capacity() + self.resource.members.capacity() + self.both.capacity()
    }

    /// Adds it to an entry's `metadata`, under other keys where the record has these.
    pub(super) fn add(&self, metadata: &mut Members) {
        if metadata.join(&self.both) {
            return;
        }
        for (key, members) in self.parts().into_iter().filter(|(_, members)| !members.is_empty()) {
            metadata.free_key(key);
            metadata.push_members(members);
        }
    }
}
