//! A block: how it is built, laid out and opened.

mod builder;
mod directory;
mod finish;
mod groups;
mod layout;
mod open;
mod summary;

pub use builder::{Builder, Entry, Full};
pub(crate) use directory::{Group, TEXT};
pub use open::Block;
pub use summary::{FieldSummary, Span as TimeSpan};
