//! Partitions: each its own Tantivy index, holding the entries of a day.

mod blocks;
mod bucket;
mod directory;
mod summary;
mod view;

pub(super) use bucket::{Base, Bucket, Name};
pub(super) use summary::{Summary, Times};
pub(super) use view::{Partition, Segment, Stamp};
