//! Equal messages of one session, told apart from a message that a later session sends again.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// How far back equal messages are looked for, once and up to once more.
const REMEMBERED: usize = 512;

type Counts = HashMap<u64, u64, BuildHasherDefault<DefaultHasher>>;

/// How often a session brought the same bytes. What is sent again after a cut comes in a session of its own, in the same order.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats {
    recent: Counts,
    older: Counts,
}

impl Repeats {
    /// The identity of `bytes` within their session: they alone, or with their count where they came before.
    pub(super) fn key<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let hash = hasher.finish();
        let before = self.recent.get(&hash).or_else(|| self.older.get(&hash)).copied().unwrap_or(0);
        if self.recent.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(hash, before + 1);
        match before {
            0 => Cow::Borrowed(bytes),
            _ => Cow::Owned([bytes, &[0], &before.to_be_bytes()].concat()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_messages_differ_and_another_session_names_them_alike() {
        let (mut first, mut second) = (Repeats::default(), Repeats::default());
        let keys: Vec<_> = ["a", "b", "a", "a"].map(|text| first.key(text.as_bytes()).into_owned()).to_vec();
        assert_eq!((&keys[0][..], &keys[1][..]), (&b"a"[..], &b"b"[..]));
        assert!(keys[2] != keys[0] && keys[3] != keys[0] && keys[3] != keys[2]);
        let again: Vec<_> =
            ["a", "b", "a", "a"].map(|text| second.key(text.as_bytes()).into_owned()).to_vec();
        assert_eq!(again, keys);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_reaches_back_far_enough() {
        let mut repeats = Repeats::default();
        repeats.key(b"same");
        for n in 0..REMEMBERED {
            repeats.key(n.to_string().as_bytes());
        }
        assert_ne!(&*repeats.key(b"same"), b"same");
        for n in 0..100_000 {
            repeats.key(n.to_string().as_bytes());
        }
        assert!(repeats.recent.len() + repeats.older.len() <= 2 * REMEMBERED);
    }
}
