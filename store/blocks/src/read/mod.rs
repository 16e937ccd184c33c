//! Entries as they were stored, from the columns of a block.

mod reader;
mod rows;

pub use reader::Reader;
