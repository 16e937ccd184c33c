//! Which of the values that could be an entry's field is it.

use std::borrow::Cow;

use super::field::Field;
use super::fields::{Fields, Member, Value};
use crate::json::Kind;
use crate::vocabulary::{self, When, time};
use crate::{Timestamp, level};

/// Room for the members of an object. What reads many objects passes it from one to the next, so that they allocate it once.
#[derive(Debug, Default)]
pub(crate) struct Room(Vec<Member<'static>>);

impl Room {
    pub(super) fn of(mut members: Vec<Member<'_>>) -> Self {
        members.clear();
        // Collected in place: the memory stays, and with it nothing that was borrowed.
        Self(members.into_iter().map_while(|_| None).collect())
    }

    pub(super) fn take(self) -> Vec<Member<'static>> {
        self.0
    }
}

/// Collects an entry's fields under the names of [`vocabulary`]. Of several names of one field, the one with the lowest rank
/// counts; the others stay in `metadata`.
#[derive(Debug)]
pub(super) struct Slots<'f, 'a> {
    /// Filled where the entry has them: they are too large to be moved from hand to hand.
    fields: &'f mut Fields<'a>,
    claims: [Claim<'a>; Field::COUNT],
    /// The level as it came.
    level: Option<Value<'a>>,
}

/// By what a field has its value.
#[derive(Debug, Default)]
struct Claim<'a> {
    rank: Rank,
    /// The key to keep the value under where a better one comes; `None` where it stays in `metadata` anyway.
    key: Option<Cow<'a, str>>,
}

/// How far a value comes before others; the lowest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(usize);

impl Rank {
    /// There is no value yet.
    const OPEN: Self = Self(usize::MAX);

    /// The place in the list of names that the sender chose.
    fn chosen(place: usize) -> Self {
        Self(place.min(usize::MAX >> 1))
    }

    /// The row of the vocabulary, behind every name that the sender chose.
    fn row(rank: usize) -> Self {
        Self(rank | 1 << (usize::BITS - 1))
    }
}

impl Default for Rank {
    fn default() -> Self {
        Self::OPEN
    }
}

impl<'f, 'a> Slots<'f, 'a> {
    pub(super) fn of(fields: &'f mut Fields<'a>) -> Self {
        Self { fields, claims: Default::default(), level: None }
    }

    /// Offers a member of the entry, which moves to its field where it is one. What is not taken, or is taken no more, goes to
    /// `metadata`.
    #[inline(always)]
    pub(super) fn offer(&mut self, member: Member<'a>) {
        match vocabulary::find(&member.key) {
            Some(found) => self.put(found.row.field, found.row.when, Rank::row(found.rank), member),
            None => self.leave(member),
        }
    }

    /// Offers a member under a name that the sender chose for a field.
    pub(super) fn prefer(&mut self, field: Field, rank: usize, member: Member<'a>) {
        self.put(field, When::Always, Rank::chosen(rank), member);
    }

    /// Sets the time, whatever members say.
    pub(super) fn fix_time(&mut self, time: Timestamp) {
        self.fields.time = Some(time);
        self.fields.known[Field::Timestamp as usize] = Some(Value::plain(""));
        self.claims[Field::Timestamp as usize] = Claim { rank: Rank::chosen(0), key: None };
    }

    /// Sets what the sender keeps as `metadata`.
    pub(super) fn set_metadata(&mut self, value: Value<'a>) {
        self.fields.known[Field::Metadata as usize] = Some(value);
    }

    /// Offers a value that stays in `metadata` in any case.
    pub(super) fn offer_copy(&mut self, name: &str, value: Value<'a>) {
        if let Some(found) = vocabulary::find(name) {
            let (field, rank) = (found.row.field, Rank::row(found.rank));
            if let Some(value) = self.fitting(field, found.row.when, rank, value) {
                self.fill(field, Claim { rank, key: None }, value);
            }
        }
    }

    /// Leaves a member in `metadata`.
    #[inline]
    pub(super) fn leave(&mut self, member: Member<'a>) {
        if self.fields.unknown.capacity() == 0 {
            self.fields.unknown.reserve(12);
        }
        self.fields.unknown.push(member);
    }

    #[inline(always)]
    fn put(&mut self, field: Field, when: When, rank: Rank, member: Member<'a>) {
        match self.fitting(field, when, rank, member.value) {
            Some(value) if field == Field::Level => self.put_level(rank, value, member),
            Some(value) => self.fill(field, Claim { rank, key: Some(member.key) }, value),
            None => self.leave(member),
        }
    }

    /// Takes `value`, by its usual name, as the level.
    #[inline]
    fn put_level(&mut self, rank: Rank, value: Value<'a>, member: Member<'a>) {
        if says_all(Field::Level, &value, &member.value) {
            self.fill(Field::Level, Claim { rank, key: Some(member.key) }, value);
            self.level = Some(member.value);
        } else {
            self.fill(Field::Level, Claim { rank, key: None }, value);
            self.leave(member);
        }
    }

    /// The value as the field's, unless a better one is known or this one cannot be it.
    #[inline(always)]
    fn fitting(&mut self, field: Field, when: When, rank: Rank, value: Value<'a>) -> Option<Value<'a>> {
        if rank >= self.claims[field as usize].rank {
            return None;
        }
        fitting(field, when, value, &mut self.fields.time)
    }

    #[inline(always)]
    fn fill(&mut self, field: Field, claim: Claim<'a>, value: Value<'a>) {
        if self.has(field) {
            self.give_way(field);
        }
        self.claims[field as usize] = claim;
        self.fields.known[field as usize] = Some(value);
    }

    /// Leaves the value of a field in `metadata`, since a better one has come.
    #[cold]
    fn give_way(&mut self, field: Field) {
        let key = self.claims[field as usize].key.take();
        let value = if field == Field::Level { self.level } else { self.fields.known[field as usize] };
        if let (Some(key), Some(value)) = (key, value) {
            self.leave(Member { key, value, written: "" });
        }
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.claims[field as usize].rank != Rank::OPEN
    }
}

/// The value as a field's, where it can be; a time is set besides.
#[inline]
pub(super) fn fitting<'a>(
    field: Field,
    when: When,
    value: Value<'a>,
    time: &mut Option<Timestamp>,
) -> Option<Value<'a>> {
    match (field, value.kind) {
        (Field::Message, Kind::String) => Some(value),
        (Field::Timestamp, Kind::String | Kind::Number) => {
            *time = Some(time::read(&value.decoded())?);
            Some(value)
        }
        (Field::Level, Kind::String | Kind::Number) => {
            let text = value.decoded();
            let number = || text.trim().bytes().all(|byte| byte.is_ascii_digit());
            match (when, vocabulary::level(&text)) {
                (When::LevelName, level) if level.is_none() || number() => None,
                (_, Some(level)) => Some(Value::plain(level.as_str())),
                (_, None) => Some(value).filter(|_| !text.trim().is_empty()),
            }
        }
        (Field::Timestamp | Field::Level | Field::Message | Field::Metadata, _) => None,
        (_, Kind::String) => Some(value).filter(|value| !value.inner().is_empty()),
        (_, Kind::Number | Kind::True | Kind::False) => Some(value),
        _ => None,
    }
}

/// Whether a field's value says all that the value did which it was made of.
pub(super) fn says_all(field: Field, value: &Value<'_>, sent: &Value<'_>) -> bool {
    field != Field::Level || level::is_usual(sent.inner(), value.inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_the_memory_that_the_members_took() {
        let mut members = Vec::with_capacity(12);
        let key = String::from("key");
        members.push(Member { key: Cow::Borrowed(&key), value: Value::plain("text"), written: "" });
        let memory = members.as_ptr() as usize;
        let room = Room::of(members);
        drop(key);
        assert_eq!((room.0.len(), room.0.capacity(), room.0.as_ptr() as usize), (0, 12, memory));
    }
}
