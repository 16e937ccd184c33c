//! What Elasticsearch or OpenSearch holds for a pipeline, as plain data: the data streams' names, their
//! templates and their lifecycle. Whoever applies them applies the same bytes.

mod class;
mod leaving;
mod lifecycle;
mod mapping;
mod templates;

pub use class::{ClassError, Classes, RetentionClass};
pub use leaving::{Left, Undo, untied};
pub use lifecycle::{Lifecycle, LifecycleError, Rollover};
pub use mapping::RAW_LIMIT;
pub use templates::{Definition, Features, Layout, Product, Put, definitions};

use templates::meta;

/// Grows whenever entries of an earlier version would be searched otherwise. It stands under `_meta` in
/// every template.
pub const SCHEMA_VERSION: u32 = 2;

/// Names of the fields that the templates map beside those of the entry.
pub mod field {
    /// `timestamp`, kept within what `date_nanos` can hold.
    pub const TIMESTAMP: &str = "@timestamp";
    pub const RECEIVED_AT: &str = "receivedAt";
    pub const ID: &str = "id";
    pub const LEVEL: &str = "level";
    pub const MESSAGE: &str = "message";
    /// The message as one value, where the engine has the type `wildcard`.
    pub const MESSAGE_RAW: &str = "message.raw";
    /// What tells apart entries whose timestamp lies outside of `date_nanos`: [`crate::elasticsearch::ERA_WITHIN`] for all others.
    pub const ERA: &str = "search.era";
    /// Paths below `metadata`.
    pub const PATHS: &str = "search.paths";
    /// Values below `metadata`, each behind its path.
    pub const VALUES: &str = "search.values";
    /// The stored form as a string, on entries that are indexed in another form than they are stored.
    pub const ORIGINAL: &str = "original";
}

/// The era of entries whose timestamp `date_nanos` holds as it is. Earlier eras sort before it, later
/// ones behind.
pub const ERA_WITHIN: &str = "5";

/// The longest regular expression, in characters, that the templates let a query hold.
pub const REGEX_LIMIT: usize = 20_000;
