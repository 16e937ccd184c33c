//! A key that many entries have.

use std::borrow::Cow;

use crate::json::string;
use crate::vocabulary::{self, Match};

/// A key as a member of `metadata`, and what the vocabulary knows of it: found once for all entries that have it.
#[derive(Debug, Clone)]
pub(crate) struct Key<'a> {
    text: Cow<'a, str>,
    found: Option<Match>,
    hash: u64,
    /// With its quotes, and a colon behind them.
    json: Vec<u8>,
}

impl<'a> Key<'a> {
    pub(crate) fn new(text: Cow<'a, str>) -> Self {
        let mut key = Self { text: Cow::Borrowed(""), found: None, hash: 0, json: Vec::new() };
        key.set(text);
        key
    }

    /// Makes another key of it, in the same memory.
    pub(crate) fn set(&mut self, text: Cow<'a, str>) {
        self.json.clear();
        string::write(&text, &mut self.json);
        self.json.push(b':');
        self.found = vocabulary::find(&text);
        self.hash = hash(&text);
        self.text = text;
    }

    pub(crate) fn text(&self) -> &Cow<'a, str> {
        &self.text
    }

    pub(crate) fn found(&self) -> Option<Match> {
        self.found
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn json(&self) -> &[u8] {
        &self.json
    }
}

/// Like FNV-1a, eight bytes at a time. Keys of one hash only cost a second look.
pub(super) fn hash(key: &str) -> u64 {
    let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let (words, rest) = key.as_bytes().as_chunks::<8>();
    let hash = words.iter().fold(key.len() as u64, |hash, word| step(hash, u64::from_le_bytes(*word)));
    step(hash, rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)))
}
