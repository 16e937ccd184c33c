//! An object of JSON that is written member by member.

use std::fmt::Display;
use std::io::Write;

use super::key::{Key, hash};
use crate::Timestamp;
use crate::json::{Marks, rewrite, size, string};

/// More keys than an object of logs has.
const FEW_KEYS: usize = 64;

/// The members of an object, and of containers inside it. Keys may repeat: the last counts.
#[derive(Debug)]
pub struct Members {
    bytes: Vec<u8>,
    /// Hashes of the keys of the objects that are open, behind each other.
    keys: Vec<u64>,
    /// For each open container, where its hashes begin; `None` for an array.
    open: Vec<Option<usize>>,
    deepest: usize,
    longest: usize,
    key_bytes: usize,
    /// A key may be there twice.
    repeated: bool,
}

impl Default for Members {
    fn default() -> Self {
        Self {
            bytes: b"{".to_vec(),
            keys: Vec::new(),
            open: vec![Some(0)],
            deepest: 1,
            longest: 0,
            key_bytes: 0,
            repeated: false,
        }
    }
}

impl Members {
    pub fn clear(&mut self) {
        self.bytes.truncate(1);
        self.keys.clear();
        self.open.truncate(1);
        (self.deepest, self.longest, self.key_bytes, self.repeated) = (1, 0, 0, false);
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.len() <= 1
    }

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes that are held for it.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// What was written from byte `start` on, see [`Self::len`].
    pub fn written_since(&self, start: usize) -> &str {
        self.bytes.get(start..).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    pub fn string(&mut self, key: &str, text: &str) {
        self.key(key);
        self.push_string(text);
    }

    /// A number that `literal` spells as JSON does; it is written as it is.
    pub fn number(&mut self, key: &str, literal: impl Display) {
        self.key(key);
        self.push_number(literal);
    }

    pub fn integer(&mut self, key: &str, value: i64) {
        self.key(key);
        self.push_integer(value);
    }

    pub fn boolean(&mut self, key: &str, value: bool) {
        self.key(key);
        self.push_boolean(value);
    }

    pub fn null(&mut self, key: &str) {
        self.key(key);
        self.push_null();
    }

    /// Begins an object as a member of the one that is open; [`Self::close`] ends it.
    pub fn open_object(&mut self, key: &str) {
        self.key(key);
        self.push_object();
    }

    /// Begins an array as a member of the object that is open; [`Self::close`] ends it.
    pub fn open_array(&mut self, key: &str) {
        self.key(key);
        self.push_array();
    }

    /// Ends the container opened last.
    pub fn close(&mut self) {
        if self.open.len() > 1 {
            match self.open.pop().flatten() {
                Some(keys) => {
                    self.keys.truncate(keys);
                    self.bytes.push(b'}');
                }
                None => self.bytes.push(b']'),
            }
        }
    }

    /// Writes the key of a member, whose value must follow by one of the `push_…` methods.
    #[inline]
    pub fn key(&mut self, key: &str) {
        self.hashed_key(key, hash(key));
    }

    /// As [`Self::key`], for a key that many objects have.
    #[inline]
    pub(crate) fn known_key(&mut self, key: &Key<'_>) {
        self.begin_member(key.hash());
        self.key_bytes += key.json().len() - 1;
        self.bytes.extend_from_slice(key.json());
    }

    #[inline]
    fn hashed_key(&mut self, key: &str, hash: u64) {
        self.begin_member(hash);
        self.key_bytes += key.len() + 2;
        string::write(key, &mut self.bytes);
        self.bytes.push(b':');
    }

    #[inline]
    fn begin_member(&mut self, hash: u64) {
        self.separate();
        let first = self.open.last().copied().flatten().unwrap_or_default();
        // Whether one of many repeats is looked at once, when it is written.
        let own = self.keys.get(first..).unwrap_or_default();
        self.repeated |= own.len() > FEW_KEYS || own.contains(&hash);
        self.keys.push(hash);
    }

    /// Writes a key of our own beside those of the sender: where the sender has it, with as many underscores behind it as make
    /// it free.
    pub fn free_key(&mut self, key: &str) {
        let first = self.open.last().copied().flatten().unwrap_or_default();
        let own = self.keys.get(first..).unwrap_or_default();
        let first_choice = hash(key);
        if !own.contains(&first_choice) {
            return self.hashed_key(key, first_choice);
        }
        let taken = |key: &str| own.contains(&hash(key));
        let mut longer = format!("{key}_");
        while taken(&longer) {
            longer.push('_');
        }
        self.key(&longer);
    }

    /// Whether the object that is open has this key, as far as that is told fast.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        let first = self.open.last().copied().flatten().unwrap_or_default();
        let own = self.keys.get(first..).unwrap_or_default();
        own.len() <= FEW_KEYS && own.contains(&hash(key))
    }

    /// Of members with equal keys leaves the last, so that copies of the object are no larger than what is kept of them.
    pub fn settle(&mut self) {
        if !self.repeated || self.open.len() > 1 {
            return;
        }
        self.bytes.push(b'}');
        let mut kept = Vec::with_capacity(self.bytes.len());
        let text = str::from_utf8(&self.bytes).unwrap_or("{}");
        if rewrite(text, &mut kept).is_ok() {
            self.bytes = kept;
            self.repeated = false;
            self.keys.sort_unstable();
            self.keys.dedup();
        }
        self.bytes.pop();
    }

    /// Adds the members of another object to the one that is open.
    pub fn extend(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        self.separate();
        let first = self.open.last().copied().flatten().unwrap_or_default();
        let own = self.keys.get(first..).unwrap_or_default();
        self.repeated |= !own.is_empty();
        self.bytes.extend_from_slice(other.bytes.get(1..).unwrap_or_default());
        self.keys.extend_from_slice(&other.keys);
        self.note(other, 1);
    }

    /// Adds the members of another object to the one that is open, unless one of their keys is there already: then it adds
    /// nothing and says so.
    pub(crate) fn join(&mut self, other: &Self) -> bool {
        let first = self.open.last().copied().flatten().unwrap_or_default();
        let own = self.keys.get(first..).unwrap_or_default();
        let clashing = other.keys.iter().any(|key| own.contains(key));
        if other.is_empty() || clashing {
            return !clashing;
        }
        self.separate();
        self.bytes.extend_from_slice(other.bytes.get(1..).unwrap_or_default());
        self.keys.extend_from_slice(&other.keys);
        self.note(other, 1);
        true
    }

    /// A whole object as the value of a key or as an element of an array.
    pub fn push_members(&mut self, other: &Self) {
        self.separate();
        self.bytes.extend_from_slice(&other.bytes);
        for keys in other.open.iter().rev() {
            self.bytes.push(if keys.is_some() { b'}' } else { b']' });
        }
        self.note(other, 0);
    }

    fn note(&mut self, other: &Self, shared: usize) {
        self.longest = self.longest.max(other.longest);
        self.key_bytes += other.key_bytes;
        self.deepest = self.deepest.max(self.open.len() + other.deepest - shared);
        self.repeated |= other.repeated;
    }

    /// A string as the value of a key or as an element of an array; so are all that follow.
    pub fn push_string(&mut self, text: &str) {
        self.separate();
        let start = self.bytes.len();
        string::write(text, &mut self.bytes);
        self.longest = self.longest.max(self.bytes.len() - start);
    }

    pub fn push_number(&mut self, literal: impl Display) {
        self.separate();
        let start = self.bytes.len();
        let _ = write!(self.bytes, "{literal}");
        self.longest = self.longest.max(self.bytes.len() - start);
    }

    pub fn push_integer(&mut self, value: i64) {
        self.separate();
        let mut digits = [0; 20];
        let (mut at, mut rest) = (digits.len(), value.unsigned_abs());
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            self.bytes.push(b'-');
        }
        self.bytes.extend_from_slice(&digits[at..]);
        self.longest = self.longest.max(digits.len() - at + usize::from(value < 0));
    }

    /// A floating-point number; what JSON has no number for becomes a string: `NaN`, `Infinity`, `-Infinity`.
    pub fn push_float(&mut self, value: f64) {
        if value.is_finite() {
            self.push_number(value);
        } else if value.is_nan() {
            self.push_string("NaN");
        } else {
            self.push_string(if value > 0.0 { "Infinity" } else { "-Infinity" });
        }
    }

    pub fn push_time(&mut self, time: Timestamp) {
        self.separate();
        let start = self.bytes.len();
        self.bytes.push(b'"');
        time.write_rfc3339(&mut self.bytes);
        self.bytes.push(b'"');
        self.longest = self.longest.max(self.bytes.len() - start);
    }

    pub fn push_boolean(&mut self, value: bool) {
        self.separate();
        self.bytes.extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub fn push_null(&mut self) {
        self.separate();
        self.bytes.extend_from_slice(b"null");
    }

    /// Bytes that are no text, in base64 as RFC 4648 has it.
    pub fn push_base64(&mut self, bytes: &[u8]) {
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for chunk in bytes.chunks(3) {
            let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            for place in 0..4 {
                let digit = if place <= chunk.len() {
                    DIGITS[(group >> (18 - 6 * place) & 63) as usize]
                } else {
                    b'='
                };
                text.push(char::from(digit));
            }
        }
        self.push_string(&text);
    }

    /// A value of valid JSON that is written as it is; it has no key twice, no line break, and no half of a surrogate pair.
    pub fn push_json(&mut self, json: &str, levels: usize) {
        self.separate();
        self.bytes.extend_from_slice(json.as_bytes());
        self.longest = self.longest.max(json.len());
        self.key_bytes += json.len();
        self.deepest = self.deepest.max(self.open.len() + levels);
        self.repeated |= levels > 0;
    }

    pub fn push_object(&mut self) {
        self.begin(b'{', Some(self.keys.len()));
    }

    pub fn push_array(&mut self) {
        self.begin(b'[', None);
    }

    fn begin(&mut self, bracket: u8, keys: Option<usize>) {
        self.separate();
        self.bytes.push(bracket);
        self.open.push(keys);
        self.deepest = self.deepest.max(self.open.len());
    }

    /// How many containers are open, this object being the first.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    fn separate(&mut self) {
        if !matches!(self.bytes.last(), Some(b'{' | b'[' | b':') | None) {
            self.bytes.push(b',');
        }
    }

    /// Levels of containers, this object being the first.
    pub(crate) fn deepest(&self) -> usize {
        self.deepest
    }

    pub(super) fn marks(&self) -> Marks {
        Marks { rewrite: self.repeated, longest: size(self.longest), keys: size(self.key_bytes) }
    }

    /// Closes every container, this object too, and returns its text; until it is cleared, nothing may be added.
    pub(super) fn finish(&mut self) -> &[u8] {
        while self.open.len() > 1 {
            self.close();
        }
        self.bytes.push(b'}');
        &self.bytes
    }
}
