use std::collections::HashMap;

use foldhash::fast::RandomState;
use logpipeline_model::json::{Escapes, Kind, Reader, string};

use super::describe::{Described, describe};
use super::trie::{Found, Trie};
use super::{Key, Place, Skeleton, Slot, Spelling};
use crate::span::Span;

/// The skeleton of what is kept as it is: one slot, for the whole entry.
pub(crate) const RAW: u32 = 0;

/// Beyond each of these bounds, entries of a new shape are kept as they are.
const MOST_SKELETONS: usize = 4096;
const MOST_SKELETON_BYTES: usize = 1 << 20;
const MOST_SLOTS: usize = 256;
pub(crate) const MOST_COLUMNS: usize = 2048;

/// Splits entries, and remembers their skeletons and columns.
#[derive(Debug)]
pub(crate) struct Splitter {
    skeletons: Vec<Skeleton>,
    keys: Vec<Key>,
    columns: HashMap<Key, u32, RandomState>,
    /// Skeletons by their text; [`RAW`] for those whose entries are kept as they are.
    by_text: HashMap<Box<[u8]>, u32, RandomState>,
    text_bytes: usize,
    trie: Trie,
    text: Vec<u8>,
    written: Vec<u8>,
}

impl Splitter {
    pub(crate) fn new() -> Self {
        let whole = Key { place: Place::Whole, spelling: Spelling::Bare, occurrence: 0 };
        let raw = Skeleton { text: [Spelling::Bare.mark()].into(), slots: [Slot::Column(0)].into() };
        Self {
            skeletons: vec![raw],
            columns: HashMap::from_iter([(whole.clone(), 0)]),
            keys: vec![whole],
            by_text: HashMap::default(),
            text_bytes: 0,
            trie: Trie::default(),
            text: Vec::new(),
            written: Vec::new(),
        }
    }

    pub(crate) fn skeleton(&self, number: u32) -> &Skeleton {
        &self.skeletons[number as usize]
    }

    pub(crate) fn skeletons(&self) -> &[Skeleton] {
        &self.skeletons
    }

    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Splits the entry at `entry` of the arena: appends the spans of its values to `slots` and returns its skeleton. A
    /// text that stands escaped in the entry is added to the arena as it is read.
    pub(crate) fn split(&mut self, entry: Span, arena: &mut Vec<u8>, slots: &mut Vec<Span>) -> u32 {
        let (first, end) = (slots.len(), arena.len());
        let start = entry.start as usize;
        let skeleton = match str::from_utf8(entry.of(arena)) {
            Ok(_) => self.known(entry, arena, slots).or_else(|| {
                slots.truncate(first);
                arena.truncate(end);
                self.parsed(entry, arena, slots)
            }),
            Err(_) => None,
        };
        if let Some(skeleton) = skeleton.filter(|skeleton| *skeleton != RAW) {
            return skeleton;
        }
        slots.truncate(first);
        arena.truncate(end);
        slots.extend(Span::new(start, entry.end as usize));
        RAW
    }

    fn known(&mut self, entry: Span, arena: &mut Vec<u8>, slots: &mut Vec<Span>) -> Option<u32> {
        let (start, end) = (entry.start as usize, entry.end as usize);
        let mut decoded: Vec<(usize, usize, usize)> = Vec::new();
        let first = slots.len();
        let skeleton = {
            let stored = arena.get(start..end)?;
            self.trie.split(stored, |found| {
                if found.escapes != Escapes::None {
                    decoded.push((slots.len(), found.start, found.end));
                }
                Span::new(start + found.start, start + found.end).map(|span| slots.push(span)).is_some()
            })?
        };
        for (slot, from, to) in decoded {
            slots[slot] = decode(start + from..start + to, arena, &mut self.written)?;
        }
        (slots.len() - first == self.skeletons.get(skeleton as usize)?.slots.len()).then_some(skeleton)
    }

    fn parsed(&mut self, entry: Span, arena: &mut Vec<u8>, slots: &mut Vec<Span>) -> Option<u32> {
        let (start, end) = (entry.start as usize, entry.end as usize);
        let values = values(arena.get(start..end)?)?;
        self.text.clear();
        let mut at = start;
        for (found, bare) in &values {
            let range = start + found.start..start + found.end;
            self.text.extend_from_slice(arena.get(at..range.start)?);
            at = range.end;
            let plain = Span::new(range.start, range.end)?;
            let (span, spelling) = match found.escapes {
                _ if *bare => (plain, Spelling::Bare),
                Escapes::None => (plain, Spelling::Text),
                _ => match decode(range, arena, &mut self.written) {
                    Some(decoded) => (decoded, Spelling::Text),
                    None => (plain, Spelling::Escaped),
                },
            };
            slots.push(span);
            self.text.push(spelling.mark());
        }
        self.text.extend_from_slice(arena.get(at..end)?);
        if let Some(&skeleton) = self.by_text.get(self.text.as_slice()) {
            return Some(skeleton);
        }
        self.learn(str::from_utf8(entry.of(arena)).ok()?)
    }

    /// Takes up the skeleton in `self.text`, which the entry is the first to have.
    fn learn(&mut self, stored: &str) -> Option<u32> {
        let text: Box<[u8]> = self.text.as_slice().into();
        self.text_bytes += text.len();
        if self.by_text.len() >= MOST_SKELETONS || self.text_bytes > MOST_SKELETON_BYTES {
            return None;
        }
        let described = describe(stored).filter(|slots| slots.len() <= MOST_SLOTS);
        let slots = described.and_then(|described| self.slots(&described, &text));
        let number = match slots {
            None => RAW,
            Some(slots) => {
                let number = self.skeletons.len() as u32;
                let skeleton = Skeleton { text: text.clone(), slots: slots.into() };
                if skeleton.gaps().all(|(_, spelling)| spelling != Some(Spelling::Escaped)) {
                    let gaps = skeleton.gaps();
                    self.trie
                        .add(gaps.map(|(gap, kind)| (gap, kind.map(|kind| kind == Spelling::Text))), number);
                }
                self.skeletons.push(skeleton);
                number
            }
        };
        self.by_text.insert(text, number);
        Some(number)
    }

    fn slots(&mut self, described: &[Described], text: &[u8]) -> Option<Vec<Slot>> {
        let marks = text.iter().filter_map(|byte| Spelling::ALL.get(usize::from(*byte)));
        let mut slots = Vec::with_capacity(described.len());
        let mut seen: Vec<(&Place, u32)> = Vec::new();
        for (described, spelling) in described.iter().zip(marks) {
            let place = match (described, spelling) {
                (Described::Id, Spelling::Text) => {
                    slots.push(Slot::Id);
                    continue;
                }
                (Described::ReceivedAt, Spelling::Text) => {
                    slots.push(Slot::ReceivedAt);
                    continue;
                }
                (Described::Timestamp, Spelling::Text) => {
                    slots.push(Slot::Timestamp);
                    continue;
                }
                (Described::Message, Spelling::Text) => {
                    slots.push(Slot::Message);
                    continue;
                }
                (Described::Message, _) => &Place::Field(logpipeline_model::query::Field::Message),
                (Described::At(place), _) => place,
                _ => return None,
            };
            let occurrence = match seen.iter_mut().find(|(one, _)| *one == place) {
                Some((_, count)) => {
                    *count += 1;
                    *count
                }
                None => {
                    if let Described::At(place) = described {
                        seen.push((place, 0));
                    }
                    0
                }
            };
            let key = Key { place: place.clone(), spelling: *spelling, occurrence };
            slots.push(Slot::Column(self.column(key)?));
        }
        Some(slots)
    }

    fn column(&mut self, key: Key) -> Option<u32> {
        if let Some(&column) = self.columns.get(&key) {
            return Some(column);
        }
        let column = self.keys.len();
        if column >= MOST_COLUMNS {
            return None;
        }
        self.keys.push(key.clone());
        self.columns.insert(key, column as u32);
        Some(column as u32)
    }
}

/// The values of an entry, each with whether it is no string; `None` where it is no JSON.
fn values(stored: &[u8]) -> Option<Vec<(Found, bool)>> {
    let mut reader = Reader::new(stored, usize::MAX);
    let mut values = Vec::new();
    while let Some(token) = reader.token().ok()? {
        let (start, end, escapes) = (token.start, token.end, token.escapes);
        match token.kind {
            Kind::String => values.push((Found { start: start + 1, end: end - 1, escapes }, false)),
            Kind::Number | Kind::True | Kind::False => values.push((Found { start, end, escapes }, true)),
            _ => {}
        }
    }
    reader.finish().ok()?;
    Some(values)
}

/// Adds the text that an escaped string stands for to the arena, where writing it gives the same string again.
fn decode(raw: std::ops::Range<usize>, arena: &mut Vec<u8>, written: &mut Vec<u8>) -> Option<Span> {
    let text = string::unescape(str::from_utf8(arena.get(raw.clone())?).ok()?).into_owned();
    written.clear();
    string::write(&text, written);
    if written.get(1..written.len() - 1)? != arena.get(raw)? {
        return None;
    }
    let start = arena.len();
    arena.extend_from_slice(text.as_bytes());
    Span::new(start, arena.len())
}
