//! The command line, and the environment behind it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use logpipeline_model::entry::Limits;
use logpipeline_service::units::{format_bytes, parse_bytes, parse_duration};
use logpipeline_store::RetentionPolicy;
use logpipeline_store_settings::WriteArgs;

use crate::access::{AccessArgs, InvalidAccess};
use crate::listeners::args::{InvalidListeners, ListenerArgs};
use crate::receipts::Rules;
use crate::wal::{self, record, segment};

/// Accepts log entries over HTTP, makes them durable, and ships them to the store.
///
/// An entry that was answered with 202 is on disk, in the write-ahead log, and reaches the store exactly once
/// whatever happens to this process.
#[derive(Debug, Clone, Parser)]
#[command(name = "logpipeline-ingestor", version, args_override_self = true)]
pub struct Config {
    /// Address to accept entries on.
    #[arg(long, env = "LOGPIPELINE_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:3000")]
    pub listen: SocketAddr,

    /// Address to accept OTLP by gRPC on, such as 0.0.0.0:4317; not accepted unless given.
    #[arg(long, env = "LOGPIPELINE_OTLP_GRPC_LISTEN", value_name = "ADDRESS")]
    pub otlp_grpc_listen: Option<SocketAddr>,

    /// Address of /healthz, /readyz, /metrics, /delivery, /receipts and /logs/{id}/delivery, which ask for no token: don't
    /// publish it.
    #[arg(long, env = "LOGPIPELINE_ADMIN_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:9090")]
    pub admin_listen: SocketAddr,

    /// Folder of the write-ahead log (wal/), the embedded store (store/), the dead letters (dead-letters/) and the receipts
    /// (receipts/).
    #[arg(long, env = "LOGPIPELINE_DATA_DIR", value_name = "FOLDER", default_value = "./data")]
    pub data_dir: PathBuf,

    /// Most disk the write-ahead log may take; when it is full, requests are answered with 429.
    #[arg(long, env = "LOGPIPELINE_WAL_SIZE", value_name = "BYTES", default_value = "1GiB", value_parser = parse_bytes)]
    pub wal_size: u64,

    /// Size of one file of the write-ahead log.
    #[arg(long, env = "LOGPIPELINE_WAL_SEGMENT_SIZE", value_name = "BYTES", default_value = "16MiB", value_parser = parse_bytes)]
    pub wal_segment_size: u64,

    /// Most disk that the files of receipts may take, by which the ingestor tells what became of a request; the oldest go first.
    #[arg(long, env = "LOGPIPELINE_RECEIPTS_SIZE", value_name = "BYTES", default_value = "256MiB", value_parser = parse_bytes)]
    pub receipts_size: u64,

    /// Largest body, after decompression, and also as it was sent.
    #[arg(long, env = "LOGPIPELINE_MAX_BODY", value_name = "BYTES", default_value = "32MiB", value_parser = parse_bytes)]
    pub max_body: u64,

    /// Largest single entry.
    #[arg(long, env = "LOGPIPELINE_MAX_ENTRY", value_name = "BYTES", default_value = "1MiB", value_parser = parse_bytes)]
    pub max_entry: u64,

    /// Levels of nesting an entry may have, itself included.
    #[arg(long, env = "LOGPIPELINE_MAX_DEPTH", value_name = "LEVELS", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub max_depth: u32,

    /// Most memory that requests under way may take together; beyond it, requests are answered with 429.
    #[arg(long, env = "LOGPIPELINE_MAX_IN_FLIGHT", value_name = "BYTES", default_value = "256MiB", value_parser = parse_bytes)]
    pub max_in_flight: u64,

    /// Connections served at once; more wait until one ends.
    #[arg(long, env = "LOGPIPELINE_MAX_CONNECTIONS", value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// How long a request's head may take, and a connection may idle between requests.
    #[arg(long, env = "LOGPIPELINE_HEADER_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub header_timeout: Duration,

    /// How long a body may pause; a request is answered with 408 then.
    #[arg(long, env = "LOGPIPELINE_BODY_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub body_timeout: Duration,

    /// How long a whole body may take.
    #[arg(long, env = "LOGPIPELINE_BODY_DEADLINE", value_name = "DURATION", default_value = "60s", value_parser = parse_duration)]
    pub body_deadline: Duration,

    /// How long entries are collected before they are written to the store. More makes the store's work
    /// cheaper, less makes entries searchable sooner.
    #[arg(long, env = "LOGPIPELINE_LINGER", value_name = "DURATION", default_value = "200ms", value_parser = parse_duration)]
    pub linger: Duration,

    /// How often to send a canary: an entry that is searched for, to tell how soon entries are found, and whether they are;
    /// 0 sends none.
    #[arg(long, env = "LOGPIPELINE_CANARY_INTERVAL", value_name = "DURATION", default_value = "0", value_parser = parse_duration)]
    pub canary_interval: Duration,

    /// How long after the store took a canary a search may take to find it; then it counts as lost.
    #[arg(long, env = "LOGPIPELINE_CANARY_TIMEOUT", value_name = "DURATION", default_value = "60s", value_parser = parse_duration)]
    pub canary_timeout: Duration,

    /// Remove entries this long after the later of their timestamp and receipt; 0 keeps them.
    #[arg(long, env = "LOGPIPELINE_RETENTION_MAX_AGE", value_name = "DURATION", default_value = "0", value_parser = parse_duration)]
    pub retention_max_age: Duration,

    /// Remove the oldest entries while the store takes more bytes; 0 sets no limit.
    #[arg(long, env = "LOGPIPELINE_RETENTION_MAX_BYTES", value_name = "BYTES", default_value = "0", value_parser = parse_bytes)]
    pub retention_max_bytes: u64,

    /// How often retention is applied.
    #[arg(long, env = "LOGPIPELINE_RETENTION_INTERVAL", value_name = "DURATION", default_value = "1m", value_parser = parse_duration)]
    pub retention_interval: Duration,

    /// How long requests are still served after SIGTERM, while /readyz already fails.
    #[arg(long, env = "LOGPIPELINE_DRAIN", value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub drain: Duration,

    /// How long finishing requests and shipping what is left may take after that.
    #[arg(long, env = "LOGPIPELINE_GRACE", value_name = "DURATION", default_value = "20s", value_parser = parse_duration)]
    pub grace: Duration,

    #[command(flatten)]
    pub access: AccessArgs,

    #[command(flatten)]
    pub listeners: ListenerArgs,

    #[command(flatten)]
    pub store: WriteArgs,
}

/// Settings that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConfig {
    #[error("{flag} is too {how}: {advice}")]
    Range { flag: &'static str, how: &'static str, advice: String },
    #[error(transparent)]
    Access(#[from] InvalidAccess),
    #[error(transparent)]
    Listeners(#[from] InvalidListeners),
}

impl Config {
    /// Checks what the single flags cannot know.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        self.access.check()?;
        self.listeners.check(&self.access)?;
        let invalid = |flag, how, advice: String| Err(InvalidConfig::Range { flag, how, advice });
        // A stored form repeats long metadata paths at most once more.
        let largest =
            record::size(usize::try_from(self.max_entry).unwrap_or(usize::MAX / 4) * 2 + 4096) as u64;
        let least_segment = segment::FIRST_OFFSET + largest;
        if self.wal_segment_size < least_segment {
            let advice =
                format!("an entry of --max-entry must fit: at least {}", format_bytes(least_segment));
            return invalid("--wal-segment-size", "small", advice);
        }
        if self.wal_segment_size > 1 << 30 {
            return invalid("--wal-segment-size", "large", "at most 1GiB".to_owned());
        }
        if self.wal_size < 2 * self.wal_segment_size {
            let advice =
                format!("two segments must fit: at least {}", format_bytes(2 * self.wal_segment_size));
            return invalid("--wal-size", "small", advice);
        }
        if self.receipts_size < 1 << 20 {
            return invalid("--receipts-size", "small", "at least 1MiB".to_owned());
        }
        if self.max_body > 1 << 30 {
            return invalid("--max-body", "large", "at most 1GiB; send several batches instead".to_owned());
        }
        if self.max_in_flight < 2 * self.max_body {
            let advice =
                format!("a body and its entries must fit: at least {}", format_bytes(2 * self.max_body));
            return invalid("--max-in-flight", "small", advice);
        }
        if !self.canary_interval.is_zero() && self.canary_interval < Duration::from_secs(1) {
            return invalid("--canary-interval", "small", "at least 1s, or 0 for none".to_owned());
        }
        for (flag, duration) in [
            ("--header-timeout", self.header_timeout),
            ("--body-timeout", self.body_timeout),
            ("--body-deadline", self.body_deadline),
            ("--retention-interval", self.retention_interval),
        ] {
            if duration.is_zero() {
                return invalid(flag, "small", "it must not be 0".to_owned());
            }
        }
        Ok(())
    }

    pub fn wal(&self) -> wal::Options {
        wal::Options { size: self.wal_size, segment_size: self.wal_segment_size, ..wal::Options::default() }
    }

    pub fn limits(&self) -> Limits {
        Limits {
            entry_bytes: usize::try_from(self.max_entry).unwrap_or(usize::MAX),
            depth: self.max_depth as usize,
        }
    }

    /// By which rules entries may be gone.
    pub fn retention_rules(&self) -> Rules {
        Rules { policy: self.retention(), classes: self.store.retention_class.clone() }
    }

    pub fn retention(&self) -> RetentionPolicy {
        RetentionPolicy {
            max_age: Some(self.retention_max_age).filter(|age| !age.is_zero()),
            max_bytes: Some(self.retention_max_bytes).filter(|bytes| *bytes > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str]) -> Result<(), InvalidConfig> {
        Config::try_parse_from([&["logpipeline-ingestor", "--insecure"], arguments].concat()).unwrap().check()
    }

    #[test]
    fn the_defaults_are_valid_and_keep_everything() {
        assert_eq!(check(&[]), Ok(()));
        let config = Config::try_parse_from(["logpipeline-ingestor"]).unwrap();
        assert_eq!(config.retention(), RetentionPolicy::default());
        assert_eq!(config.wal().max_segments(), 64);
    }

    #[test]
    fn settings_that_do_not_go_together_are_refused_with_advice() {
        for (arguments, expected) in [
            (&["--wal-size", "16MiB"][..], "--wal-size is too small: two segments must fit: at least 32 MiB"),
            (
                &["--wal-segment-size", "1MiB"],
                "--wal-segment-size is too small: an entry of --max-entry must fit",
            ),
            (&["--max-body", "256MiB"], "--max-in-flight is too small: a body and its entries must fit"),
            (&["--receipts-size", "1000"], "--receipts-size is too small: at least 1MiB"),
            (&["--body-timeout", "0"], "--body-timeout is too small"),
            (&["--canary-interval", "10ms"], "--canary-interval is too small: at least 1s, or 0 for none"),
        ] {
            let error = check(arguments).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn retention_is_read_in_humane_units() {
        let arguments = ["x", "--retention-max-age", "30d", "--retention-max-bytes", "10GiB"];
        let policy = Config::try_parse_from(arguments).unwrap().retention();
        assert_eq!(policy.max_age, Some(Duration::from_secs(30 * 86_400)));
        assert_eq!(policy.max_bytes, Some(10 << 30));
    }
}
