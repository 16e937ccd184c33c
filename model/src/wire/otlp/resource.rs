use std::borrow::Cow;

use super::any::{Any, Container};
use crate::entry::{Draft, Field, Limits, Members, Rejection};
use crate::vocabulary::{self, Match};

/// What a resource says of all its records, read once.
#[derive(Debug, Default)]
pub(super) struct Resource<'a> {
    /// The attributes that are fields of the entry: whose log it is, and of which commit.
    fields: [Option<Named<'a>>; 2],
    /// All the others.
    pub(super) members: Members,
    /// Why none of its records can be taken.
    pub(super) fault: Option<Rejection>,
}

/// An attribute under a name of the vocabulary.
#[derive(Debug)]
struct Named<'a> {
    found: Match,
    name: Cow<'a, str>,
    text: Cow<'a, str>,
}

impl<'a> Resource<'a> {
    pub(super) fn clear(&mut self) {
        self.fields = Default::default();
        self.members.clear();
        self.fault = None;
    }

    pub(super) fn attribute<C: Container>(
        &mut self,
        key: Cow<'a, str>,
        value: Any<'a, C>,
        limits: &Limits,
    ) -> Result<(), Rejection> {
        let Any::Text(text) = value else {
            self.members.key(&key);
            return value.write(&mut self.members, limits);
        };
        let found = vocabulary::find(&key).filter(|_| !text.is_empty());
        let slot = found.and_then(|found| match found.row.field {
            Field::ResourceId => Some((found, 0)),
            Field::Commit => Some((found, 1)),
            _ => None,
        });
        let Some((found, slot)) = slot else {
            self.members.string(&key, &text);
            return Ok(());
        };
        let slot = &mut self.fields[slot];
        let named = Named { found, name: key, text };
        let loser = match slot {
            Some(best) if best.found.rank <= found.rank => Some(named),
            _ => slot.replace(named),
        };
        if let Some(Named { name, text, .. }) = loser {
            self.members.string(&name, &text);
        }
        Ok(())
    }

    /// Adds the attributes that are fields to an entry that has its own.
    pub(super) fn name(&self, draft: &mut Draft<'a>) {
        for Named { found, name, text } in self.fields.iter().flatten() {
            draft.named(*found, name.clone(), text.clone());
        }
    }
}
