//! The keys of records: those of one scope mostly have the same, in the same order.

use crate::entry::Key;
use crate::wire::protobuf;

/// So many keys of a record are remembered.
const REMEMBERED: usize = 32;

/// What was found of the keys of the record before, by their places.
#[derive(Debug, Default)]
pub(super) struct Keys<'a> {
    known: Vec<(&'a [u8], Key<'a>)>,
    next: usize,
}

impl<'a> Keys<'a> {
    /// Begins the next record.
    pub(super) fn begin(&mut self) {
        self.next = 0;
    }

    /// The record's next key.
    #[inline]
    pub(super) fn next(&mut self, bytes: &'a [u8]) -> &Key<'a> {
        let at = self.next.min(REMEMBERED - 1);
        self.next = at + 1;
        match self.known.get_mut(at) {
            Some((known, _)) if *known == bytes => {}
            Some(other) => {
                other.0 = bytes;
                other.1.set(protobuf::text(bytes));
            }
            None => self.known.push((bytes, Key::new(protobuf::text(bytes)))),
        }
        &self.known[at].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_the_record_has_at_its_place_whatever_came_before() {
        let mut keys = Keys::default();
        let many: Vec<String> = (0..2 * REMEMBERED).map(|n| format!("key-{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for record in [&["a", "trace_id"][..], &["a", "b", "c"], &[], &["trace_id"], &many, &many] {
            keys.begin();
            for key in record {
                let known = keys.next(key.as_bytes());
                assert_eq!((known.text().as_ref(), known.found().is_some()), (*key, *key == "trace_id"));
            }
        }
        assert_eq!(keys.known.len(), REMEMBERED);
    }
}
