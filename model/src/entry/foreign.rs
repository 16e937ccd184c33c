//! An entry as a JSON object in another vocabulary than ours.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use super::field::Field;
use super::fields::{Fields, Member, Value, members};
use super::slots::{Room, Slots, fitting, says_all};
use super::{Incoming, Limits, Rejection, Stamp, stored};
use crate::Timestamp;
use crate::json::{Kind, Reader};
use crate::line::{self, Open};
use crate::vocabulary::{self, time};

/// Objects are searched for fields by names with dots down to this many keys.
const NAME_DEPTH: usize = 4;

/// So many members are looked through one by one.
const FEW_MEMBERS: usize = 16;

/// A JSON object whose members became an entry's fields by the names of [`vocabulary`]. A member of the object itself moves to
/// its field; a value further inside is copied, and its object stays whole. Everything else goes to `metadata`.
#[derive(Debug, Default)]
pub struct ForeignObject<'a> {
    fields: Fields<'a>,
    /// The unit of a time that the sender gave beside the object.
    unit: Option<Duration>,
    /// The message is a text of the sender's.
    has_text: bool,
    /// What the message says of it, where the sender left it open.
    level: Option<Cow<'static, str>>,
}

/// Where a member of an object belongs.
#[derive(Debug)]
pub enum Place<'a> {
    /// To a field, before any name of the vocabulary; the lowest rank counts. What is not taken goes to `metadata` under the key.
    Field(Field, usize, Cow<'a, str>),
    /// Where the vocabulary has this key, or to `metadata` under it.
    Named(Cow<'a, str>),
    /// Left out.
    Nowhere,
}

/// A member that is added to the entry's `metadata`.
#[derive(Debug, Clone, Copy)]
pub struct Extra<'a> {
    pub key: &'a str,
    pub text: &'a str,
}

/// A member of what stands around an object.
#[derive(Debug, Clone)]
pub struct Around<'a> {
    pub key: Cow<'a, str>,
    pub value: AroundValue<'a>,
}

#[derive(Debug, Clone)]
pub enum AroundValue<'a> {
    Text(&'a str),
    /// A value of valid JSON.
    Json(&'a str),
}

impl<'a> ForeignObject<'a> {
    /// Reads the object that is all of `json`. Where no member is a message, the object itself is.
    pub fn read(json: &'a [u8], limits: &Limits) -> Result<Self, Rejection> {
        Self::read_within(Room::default(), json, limits)
    }

    /// As [`Self::read`], with the room of an object before, see [`Self::into_room`].
    pub(crate) fn read_within(room: Room, json: &'a [u8], limits: &Limits) -> Result<Self, Rejection> {
        Self::within(room).filled(json, limits, None, |member, slots| slots.offer(member))
    }

    /// Reads an object whose sender says which members hold the message, the first of `message` that there is, and the time. They
    /// come before any name of the vocabulary.
    pub fn read_named(
        json: &'a [u8],
        limits: &Limits,
        message: &[&str],
        time: &[&str],
    ) -> Result<Self, Rejection> {
        Self::read_named_within(Room::default(), json, limits, message, time)
    }

    /// As [`Self::read_named`], with the room of an object before, see [`Self::into_room`].
    pub(crate) fn read_named_within(
        room: Room,
        json: &'a [u8],
        limits: &Limits,
        message: &[&str],
        time: &[&str],
    ) -> Result<Self, Rejection> {
        Self::within(room).filled(json, limits, None, |member, slots| {
            let named = |names: &[&str]| names.iter().position(|name| *name == member.key);
            if let Some(rank) = named(message) {
                slots.prefer(Field::Message, rank, member);
            } else if let Some(rank) = named(time) {
                slots.prefer(Field::Timestamp, rank, member);
            } else {
                slots.offer(member);
            }
        })
    }

    /// As [`Self::read`], where the sender gave the time beside the object. A time within it stays in `metadata`.
    pub fn read_at(json: &'a [u8], limits: &Limits, time: Timestamp) -> Result<Self, Rejection> {
        Self::default().filled(json, limits, Some(time), |member, slots| slots.offer(member))
    }

    /// An entry whose message is a value of valid JSON: what a string stands for, any other value as it is written.
    pub fn of_message(json: &'a str) -> Self {
        let mut fields = Fields::default();
        let value = Value::read(json).filter(|value| value.kind == Kind::String);
        let has_text = value.is_some();
        fields.known[Field::Message as usize] = Some(value.unwrap_or_else(|| Value::plain(json)));
        Self { fields, unit: None, has_text, level: None }
    }

    /// Reads an object of a format that has its own names for fields: `place` tells by the key and the value as it is
    /// written where a member belongs.
    pub fn read_placed(
        json: &'a [u8],
        limits: &Limits,
        mut place: impl FnMut(Cow<'a, str>, &'a str) -> Place<'a>,
    ) -> Result<Self, Rejection> {
        Self::default().filled(json, limits, None, |Member { key, value, .. }, slots| {
            let member = |key| Member { key, value, written: "" };
            match place(key, value.text) {
                Place::Field(field, rank, key) => slots.prefer(field, rank, member(key)),
                Place::Named(key) => slots.offer(member(key)),
                Place::Nowhere => {}
            }
        })
    }

    fn within(room: Room) -> Self {
        let mut object = Self::default();
        object.fields.unknown = room.take();
        object
    }

    #[inline]
    fn filled(
        mut self,
        json: &'a [u8],
        limits: &Limits,
        time: Option<Timestamp>,
        mut offer: impl FnMut(Member<'a>, &mut Slots<'_, 'a>),
    ) -> Result<Self, Rejection> {
        let mut slots = Slots::of(&mut self.fields);
        if let Some(time) = time {
            slots.fix_time(time);
        }
        members(json, limits, |member| match member.value.kind {
            Kind::Object if member.key == Field::Metadata.name() => slots.set_metadata(member.value),
            Kind::Object if vocabulary::is_prefix(&member.key) => {
                copy_named(&member.key, member.value.text, &mut slots);
                slots.leave(member);
            }
            _ => offer(member, &mut slots),
        })?;
        self.has_text = slots.has(Field::Message);
        if !self.has_text {
            let text = str::from_utf8(json).unwrap_or_default().trim_ascii();
            self.fields.known[Field::Message as usize] = Some(Value::plain(text));
        }
        Ok(self)
    }

    /// Fills level and time from the message, where it is text and the sender left them open.
    #[inline]
    pub fn read_message(&mut self, now: Timestamp) {
        let open = Open { level: self.fields.get(Field::Level).is_none(), time: self.fields.time.is_none() };
        if open.any() && self.has_text {
            self.fill_open(open, now);
        }
    }

    fn fill_open(&mut self, open: Open, now: Timestamp) {
        let fields = &mut self.fields;
        if let Some(message) = fields.known[Field::Message as usize] {
            let said = line::said(&message.decoded(), open, now);
            fields.time = fields.time.or(said.time);
            self.level = said.level;
        }
    }

    /// Adds to `metadata`; where the entry has such a key already, under the key with `_` behind it.
    pub fn add(&mut self, extra: Extra<'a>) {
        let mut key = Cow::Borrowed(extra.key);
        while self.fields.unknown.iter().any(|other| other.key == key) {
            key.to_mut().push('_');
        }
        self.fields.unknown.push(Member { key, value: Value::plain(extra.text), written: "" });
    }

    /// Adds members of what stands around the object: as fields that [`vocabulary`] knows under their names, where the object
    /// leaves those open, or to `metadata`, under the key with `_` behind it where the object has such a key.
    pub fn surround(&mut self, members: impl IntoIterator<Item = Around<'a>>) {
        let mut taken = None;
        for Around { mut key, value } in members {
            let value = match value {
                AroundValue::Text(text) => Value::plain(text),
                AroundValue::Json(json) => match Value::read(json) {
                    Some(value) => value,
                    None => continue,
                },
            };
            if let Some(found) = vocabulary::find(&key)
                && self.set_open(found.row, value)
            {
                continue;
            }
            while self.has_member(&key, &mut taken) {
                key.to_mut().push('_');
            }
            if let Some(taken) = &mut taken {
                taken.insert(key.clone());
            }
            self.fields.unknown.push(Member { key, value, written: "" });
        }
    }

    /// Whether `metadata` has this key; of many members, `taken` holds the keys.
    fn has_member(&self, key: &str, taken: &mut Option<BTreeSet<Cow<'a, str>>>) -> bool {
        let members = &self.fields.unknown;
        if taken.is_none() && members.len() <= FEW_MEMBERS {
            return members.iter().any(|member| member.key == key);
        }
        taken.get_or_insert_with(|| members.iter().map(|member| member.key.clone()).collect()).contains(key)
    }

    /// Fills fields that are open with the values in an object that stands around this one and is kept besides: those that
    /// [`vocabulary`] knows by their keys.
    pub fn fill_from(&mut self, json: &'a str) {
        let _ = members(json.as_bytes(), &Limits { entry_bytes: usize::MAX, depth: usize::MAX }, |member| {
            if let Some(found) = vocabulary::find(&member.key) {
                self.set_open(found.row, member.value);
            }
        });
    }

    /// Whether the field says all that the value does.
    fn set_open(&mut self, row: &vocabulary::Row, value: Value<'a>) -> bool {
        let known = &mut self.fields.known[row.field as usize];
        let timed = row.field == Field::Timestamp && self.fields.time.is_some();
        if known.is_some() || timed {
            return false;
        }
        *known = fitting(row.field, row.when, value, &mut self.fields.time);
        known.is_some_and(|known| says_all(row.field, &known, &value))
    }

    /// Leaves members out of `metadata`.
    pub fn remove(&mut self, names: &[String]) {
        if !names.is_empty() {
            self.fields.unknown.retain(|member| !names.iter().any(|name| *name == member.key));
        }
    }

    /// Copies a member to a field that is open still.
    pub fn copy_to(&mut self, field: Field, name: &str) {
        let known = &mut self.fields.known[field as usize];
        if known.is_none()
            && let Some(Member { value, .. }) = self.fields.unknown.iter().find(|member| member.key == name)
            && matches!(value.kind, Kind::String | Kind::Number)
            && !value.inner().is_empty()
        {
            *known = Some(*value);
        }
    }

    /// The room that its members took, for the next object.
    pub(crate) fn into_room(self) -> Room {
        Room::of(self.fields.unknown)
    }

    /// Sets the time that the sender gave beside the object, as a text of this unit.
    pub fn set_time_in(&mut self, time: Timestamp, unit: Option<Duration>) {
        self.fields.time = Some(time);
        self.unit = unit;
        self.fields.known[Field::Timestamp as usize] = None;
    }
}

impl Incoming for ForeignObject<'_> {
    fn time(&self) -> Option<Timestamp> {
        self.fields.time
    }

    fn is_finer_than(&self, unit: Duration) -> bool {
        let field = || self.fields.get(Field::Timestamp).and_then(|value| time::unit(&value.decoded()));
        let written = || self.unit.or_else(field);
        self.fields
            .time
            .is_some_and(|time| time.is_finer_than(unit) || written().is_some_and(|own| own < unit))
    }

    fn write(&mut self, stamp: Stamp, _: &Limits, out: &mut Vec<u8>) -> Result<(), Rejection> {
        let Some(level) = &self.level else { return stored::append(&self.fields, stamp, out) };
        let mut fields = std::mem::take(&mut self.fields);
        fields.known[Field::Level as usize] = Some(Value::plain(level));
        stored::append(&fields, stamp, out)
    }
}

/// Offers the scalars inside an object under their names with dots.
fn copy_named<'a>(key: &str, object: &'a str, slots: &mut Slots<'_, 'a>) {
    let mut reader = Reader::new(object.as_bytes(), usize::MAX);
    let mut name = key.to_owned();
    // Lengths of the name at which each open container began.
    let mut open: Vec<usize> = Vec::new();
    while let Ok(Some(token)) = reader.token() {
        match token.kind {
            Kind::Object | Kind::Array => open.push(name.len()),
            Kind::ObjectEnd | Kind::ArrayEnd => {
                let length = open.pop().unwrap_or_default();
                name.truncate(length);
                if let Some(outer) = open.last() {
                    name.truncate(*outer);
                }
            }
            Kind::Key if open.len() <= NAME_DEPTH => {
                name.truncate(open.last().copied().unwrap_or_default());
                name.push('.');
                name.push_str(token.inner(object));
            }
            Kind::String | Kind::Number if reader.depth() <= NAME_DEPTH => {
                let text = object.get(token.start..token.end).unwrap_or_default();
                slots.offer_copy(&name, Value::scalar(&token, text));
            }
            _ => {}
        }
    }
}
