//! Blocks of log entries, compressed by columns and searched in that form.

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
