//! Which store a component opens: flags of the ingestor and the query server, each an environment variable too.

mod class;
mod credentials;
mod dead_letters;
mod error;
mod reading;
mod writing;

use clap::ValueEnum;

pub use class::parse_class;
pub use dead_letters::DeadLetterArgs;
pub use error::SettingsError;
pub use reading::StoreArgs;
pub use writing::{LifecycleArg, WriteArgs};

/// The password of `--elasticsearch-user`. It has no flag: command lines are seen by everyone on the machine.
pub const PASSWORD_VARIABLE: &str = "LOGPIPELINE_ELASTICSEARCH_PASSWORD";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Engine {
    /// A folder on this machine
    #[default]
    Embedded,
    /// Elasticsearch 8 and 9, or OpenSearch 2 and 3
    Elasticsearch,
}
