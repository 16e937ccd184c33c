//! The log entry, its wire formats, and the query language with its plain matcher.
//!
//! Pure: nothing here does I/O, reads a clock, spawns a task or knows an engine. Times and random
//! bytes come in as arguments.

pub mod dead_letter;
pub mod document;
pub mod elasticsearch;
pub mod entry;
mod hex;
pub mod id;
pub mod json;
pub mod level;
pub mod line;
pub mod number;
pub mod query;
pub mod timestamp;
pub mod vocabulary;
pub mod wire;

pub use document::Document;
pub use id::{EntryId, IdSeed};
pub use level::Level;
pub use number::Number;
pub use timestamp::Timestamp;

/// The `resourceId` of the entries by which a pipeline tests itself.
pub const CANARY_RESOURCE: &str = "logpipeline-canary";
