//! The stored form of an entry, one line of JSON, as a skeleton and a value for each of its slots.

mod describe;
mod key;
mod skeleton;
mod split;
mod trie;

pub(crate) use key::{Key, Place, Spelling};
pub(crate) use skeleton::{Skeleton, Slot, append_value};
pub(crate) use split::{MOST_COLUMNS, RAW, Splitter};
