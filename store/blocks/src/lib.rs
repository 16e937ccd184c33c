//! Blocks of log entries, compressed by columns and searched in that form.
//!
//! A [`Builder`] takes up to 65,536 entries in their stored form and makes the bytes of a block. A [`Block`] opens those
//! bytes, and a [`Reader`] searches them and gives the entries back, byte for byte. Nothing here knows of files in a
//! folder, of threads or of a network; a block is immutable and needs nothing else to be read.
//!
//! # How an entry is kept
//!
//! An entry is a *skeleton*, which is its structure, its keys and its white space, and a value for each of the skeleton's
//! slots. The values of one path in all entries are a *column*. A message is a *template* and its variables: a variable
//! is exactly one token of the query language, so that a template answers for all of its rows whether they have a word.
//! An entry that does not fit (no JSON, too many values, a skeleton beyond the bounds) is kept as it is.
//!
//! Rows are sorted by template, resource and skeleton; rows that agree in all three are a *group*. Columns are in the
//! order of rows. Groups, times and ids are in order of arrival, which says which entry is which row.
//!
//! # Layout
//!
//! ```text
//! "LPBk" | frames | directory, zstd | footer of 32 bytes
//! frames:    three streams (text, planes of numbers, random bytes), each cut every 64 KiB; zstd -3, CRC-32C each
//! directory: rows, times, ids | columns' keys | skeletons | groups | columns | text, templates with their variables
//!            | groups, timestamps, receipts and ids in order of arrival | filter | frames
//! footer:    where the directory is, its lengths, its CRC-32C, version, "LPBend", CRC-32C of the footer
//! ```
//!
//! `docs/store-format.md` describes every byte. All checksums are verified before what they cover is read. Whatever bytes
//! are opened, reading them ends in an error or in entries, within the bounds that [`Block::open_within`] is given.

mod block;
mod column;
mod entry;
mod error;
mod filter;
mod frame;
mod id;
mod json;
mod message;
mod read;
mod search;
mod source;
mod span;
mod wire;

pub use block::{Block, Builder, Entry, FieldSummary, Full, TimeSpan};
pub use error::{Error, Part};
pub use frame::Cache;
pub use read::Reader;
pub use search::{Bitmap, Found};
pub use source::{FilePart, Source};

/// The version of the format that this program writes, and the only one it reads.
pub const VERSION: u16 = 1;
