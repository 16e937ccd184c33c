//! An entry put together by the parser of a format that is not JSON.

use std::borrow::Cow;
use std::time::Duration;

use super::field::Field;
use super::fields::{Fields, Value};
use super::members::Members;
use super::{Incoming, Key, Limits, Rejection, Stamp, metadata, stored};
use crate::line::{self, Open};
use crate::vocabulary::{self, Match, When, time};
use crate::{Level, Timestamp, hex, level};

/// Fields and metadata of one entry. Cleared and filled again, it allocates nothing further.
#[derive(Debug, Default)]
pub struct Draft<'a> {
    time: Option<Timestamp>,
    /// The finest unit that the notation of the time can write; `None` where only its digits tell.
    unit: Option<Duration>,
    /// When the sender saw the entry: its time, if nothing names a better one.
    observed: Option<Timestamp>,
    texts: [Option<Text<'a>>; Field::COUNT],
    /// Texts of [`IDS`] that came as bytes.
    ids: [Option<Hex>; IDS.len()],
    metadata: Members,
}

/// The fields that may come as bytes.
const IDS: [Field; 2] = [Field::TraceId, Field::SpanId];

fn id_of(field: Field) -> Option<usize> {
    IDS.iter().position(|id| *id == field)
}

/// Bytes in hexadecimal digits, with the quotes of a string of JSON.
#[derive(Debug, Clone, Copy)]
struct Hex {
    quoted: [u8; 2 * ID_BYTES + 2],
    length: usize,
}

/// The longest id that is kept without a string of its own: a trace's.
const ID_BYTES: usize = 16;

#[derive(Debug)]
struct Text<'a> {
    text: Cow<'a, str>,
    /// The rank of the name it came by, and that name, to keep it in `metadata` where a better one comes.
    named: Option<(usize, Cow<'a, str>)>,
    /// It is in `metadata` besides.
    copied: bool,
}

impl<'a> Draft<'a> {
    pub fn clear(&mut self) {
        (self.time, self.observed, self.unit) = (None, None, None);
        self.texts = Default::default();
        self.ids = Default::default();
        self.metadata.clear();
    }

    /// Sets the time, whatever attributes say.
    pub fn set_time(&mut self, time: Timestamp) {
        self.set_time_in(time, None);
    }

    /// Sets a time from a notation that tells a time to this unit at least, whatever attributes say.
    pub fn set_time_in(&mut self, time: Timestamp, unit: Option<Duration>) {
        (self.time, self.unit) = (Some(time), unit);
        self.clear_field(Field::Timestamp);
    }

    /// The unit that the time was set in.
    pub(crate) fn time_unit(&self) -> Option<Duration> {
        self.unit
    }

    /// Sets when the sender saw the entry: its time, unless the message says a better one.
    pub fn set_observed(&mut self, time: Timestamp, unit: Option<Duration>) {
        (self.observed, self.unit) = (Some(time), unit);
    }

    /// The time that is stored.
    pub fn stored_time(&self) -> Option<Timestamp> {
        self.time.or(self.observed)
    }

    /// Fills level and time from the message, which is text, where the sender left them open.
    #[inline]
    pub fn read_message(&mut self, now: Timestamp) {
        let open = Open { level: !self.has(Field::Level), time: self.time.is_none() };
        if open.any() {
            self.fill_open(open, now);
        }
    }

    fn fill_open(&mut self, open: Open, now: Timestamp) {
        if let Some(message) = &self.texts[Field::Message as usize] {
            let said = line::said(&message.text, open, now);
            self.time = self.time.or(said.time);
            if let Some(level) = said.level {
                self.set(Field::Level, level);
            }
        }
    }

    /// Sets the time, unless it is set already.
    pub fn set_open_time(&mut self, time: Timestamp) {
        self.time.get_or_insert(time);
    }

    /// Sets a field, whatever attributes say. Not for `Timestamp` and `Metadata`, which have their own ways.
    pub fn set(&mut self, field: Field, text: impl Into<Cow<'a, str>>) {
        if let Some(id) = id_of(field) {
            self.ids[id] = None;
        }
        self.clear_field(field);
        self.texts[field as usize] = Some(Text { text: text.into(), named: None, copied: false });
    }

    #[inline(always)]
    fn clear_field(&mut self, field: Field) {
        if self.texts[field as usize].is_some() {
            self.give_way(field);
        }
    }

    /// Keeps in `metadata` what was a field by its name, since a better one has come.
    #[cold]
    fn give_way(&mut self, field: Field) {
        if let Some(Text { text, named: Some((_, name)), copied: false }) = self.texts[field as usize].take()
        {
            self.metadata.string(&name, &text);
        }
    }

    /// Sets `TraceId` or `SpanId` to bytes, which are stored as hexadecimal digits.
    pub fn set_id(&mut self, field: Field, bytes: &[u8]) {
        match Hex::of(bytes) {
            Some(hex) => {
                self.set(field, "");
                if let Some(id) = id_of(field) {
                    self.ids[id] = Some(hex);
                }
            }
            None => self.set(field, bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        }
    }

    pub fn set_level(&mut self, level: Level) {
        self.set(Field::Level, level.as_str());
    }

    pub fn has(&self, field: Field) -> bool {
        self.texts[field as usize].is_some()
    }

    /// Adds a text under a name that the sender chose: as the field that [`vocabulary`] knows under that name, or as a member
    /// of `metadata`.
    pub fn attribute(&mut self, name: impl Into<Cow<'a, str>>, text: impl Into<Cow<'a, str>>) {
        let (name, text) = (name.into(), text.into());
        match vocabulary::find(&name) {
            Some(found) => self.named(found, name, text),
            None => self.metadata.string(&name, &text),
        }
    }

    /// As [`Self::attribute`], for a name that many entries have.
    #[inline]
    pub(crate) fn known_attribute(&mut self, name: &Key<'a>, text: Cow<'a, str>) {
        match name.found() {
            Some(found) => self.named(found, name.text().clone(), text),
            None => {
                self.metadata.known_key(name);
                self.metadata.push_string(&text);
            }
        }
    }

    /// As [`Self::attribute`], where the name was looked up before.
    pub(crate) fn named(&mut self, found: Match, name: Cow<'a, str>, text: Cow<'a, str>) {
        if let Some((name, text)) = self.offer(found, name, text, false) {
            self.metadata.string(&name, &text);
        }
    }

    /// Offers a text that is in `metadata` in any case, under its keys joined by dots.
    pub fn copy(&mut self, name: impl Into<Cow<'a, str>>, text: impl Into<Cow<'a, str>>) {
        let name = name.into();
        if let Some(found) = vocabulary::find(&name) {
            let _ = self.offer(found, name, text.into(), true);
        }
    }

    /// Takes a text as the field that has its name; returns a text that no field has.
    fn offer(
        &mut self,
        found: Match,
        name: Cow<'a, str>,
        text: Cow<'a, str>,
        copied: bool,
    ) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        let field = found.row.field;
        let better = match &self.texts[field as usize] {
            None => true,
            Some(Text { named: Some((rank, _)), .. }) => found.rank < *rank,
            Some(_) => false,
        };
        let fits = match field {
            Field::Timestamp => self.time.is_none() || self.texts[field as usize].is_some(),
            Field::Level => match vocabulary::level(&text) {
                Some(_) => {
                    found.row.when == When::Always || !text.trim().bytes().all(|byte| byte.is_ascii_digit())
                }
                None => found.row.when == When::Always && !text.trim().is_empty(),
            },
            Field::Message => true,
            _ => !text.is_empty(),
        };
        if !better || !fits {
            return Some((name, text));
        }
        if field == Field::Timestamp {
            let Some(time) = time::read(&text) else { return Some((name, text)) };
            (self.time, self.unit) = (Some(time), time::unit(&text));
        }
        self.clear_field(field);
        let says_more = field == Field::Level
            && vocabulary::level(&text).is_some_and(|known| !level::is_usual(&text, known.as_str()));
        if says_more && !copied {
            self.metadata.string(&name, &text);
        }
        let copied = copied || says_more;
        self.texts[field as usize] = Some(Text { text, named: Some((found.rank, name)), copied });
        None
    }

    /// Bytes of its texts and of `metadata` so far.
    pub fn bytes(&self) -> usize {
        self.texts.iter().flatten().map(|text| text.text.len()).sum::<usize>() + self.metadata.len()
    }

    /// Bytes that are held for it beside what it borrows.
    pub fn capacity(&self) -> usize {
        self.metadata.capacity()
    }

    /// What goes to `metadata`, past the vocabulary.
    pub fn metadata(&mut self) -> &mut Members {
        &mut self.metadata
    }
}

impl Incoming for Draft<'_> {
    fn time(&self) -> Option<Timestamp> {
        self.observed.or(self.time)
    }

    fn is_finer_than(&self, unit: Duration) -> bool {
        self.time().is_some_and(|time| time.is_finer_than(unit) || self.unit.is_some_and(|own| own < unit))
    }

    fn write(&mut self, stamp: Stamp, limits: &Limits, out: &mut Vec<u8>) -> Result<(), Rejection> {
        limits.check_size(self.bytes())?;
        limits.check_depth(self.metadata.deepest())?;
        let mut fields = Fields { time: self.stored_time(), ..Fields::default() };
        for (known, text) in fields.known.iter_mut().zip(&self.texts) {
            *known = text.as_ref().map(|text| Value::plain(&text.text));
        }
        if let Some(Text { text, named: Some(_), .. }) = &self.texts[Field::Level as usize]
            && let Some(level) = vocabulary::level(text)
        {
            fields.known[Field::Level as usize] = Some(Value::plain(level.as_str()));
        }
        for (field, hex) in IDS.into_iter().zip(&self.ids) {
            if let Some(hex) = hex {
                fields.known[field as usize] = Some(Value::string(hex.as_json()));
            }
        }
        fields.known[Field::Message as usize].get_or_insert(Value::plain(""));
        if !self.metadata.is_empty() {
            let marks = self.metadata.marks();
            let written = self.metadata.finish();
            if metadata::is_stored_as(written, &marks) {
                fields.metadata = Some(written);
            } else {
                let text = str::from_utf8(written).unwrap_or("{}");
                fields.known[Field::Metadata as usize] = Some(Value::object(text, marks));
            }
        }
        stored::append(&fields, stamp, out)
    }
}

impl Hex {
    fn of(bytes: &[u8]) -> Option<Self> {
        let mut quoted = [b'"'; 2 * ID_BYTES + 2];
        let length = 2 * bytes.len() + 2;
        for (pair, byte) in quoted.get_mut(1..length - 1)?.chunks_exact_mut(2).zip(bytes) {
            pair.copy_from_slice(&hex::PAIRS[usize::from(*byte)]);
        }
        quoted.get(length - 1).is_some_and(|byte| *byte == b'"').then_some(Self { quoted, length })
    }

    fn as_json(&self) -> &str {
        self.quoted.get(..self.length).and_then(|quoted| str::from_utf8(quoted).ok()).unwrap_or("\"\"")
    }
}
