//! How long dead letters are kept.

use std::time::Duration;

use clap::Args;
use logpipeline_service::units::{parse_bytes, parse_duration};
use logpipeline_store::RetentionPolicy;

use crate::Engine;

/// What the dead letters of an embedded store may take, unless a flag says otherwise: they share a disk with the entries.
const EMBEDDED_BYTES: u64 = 1 << 30;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Store")]
pub struct DeadLetterArgs {
    /// Remove dead letters this long after they were given up; 0 keeps them
    #[arg(long, env = "LOGPIPELINE_DEAD_LETTERS_MAX_AGE", value_name = "DURATION", default_value = "30d", value_parser = parse_duration)]
    pub dead_letters_max_age: Duration,

    /// Remove the oldest dead letters while they take more bytes; 0 sets no limit [default: 1GiB where the store is embedded, else 0]
    #[arg(long, env = "LOGPIPELINE_DEAD_LETTERS_MAX_BYTES", value_name = "BYTES", value_parser = parse_bytes)]
    pub dead_letters_max_bytes: Option<u64>,
}

impl DeadLetterArgs {
    pub(crate) fn policy(&self, engine: Engine) -> RetentionPolicy {
        let bytes = self.dead_letters_max_bytes.unwrap_or(match engine {
            Engine::Embedded => EMBEDDED_BYTES,
            Engine::Elasticsearch => 0,
        });
        RetentionPolicy {
            max_age: Some(self.dead_letters_max_age).filter(|age| !age.is_zero()),
            max_bytes: Some(bytes).filter(|bytes| *bytes > 0),
        }
    }
}
