//! What the component that writes the store is told besides.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{Layout, Lifecycle, RetentionClass};
use logpipeline_service::units::{parse_bytes, parse_duration};
use logpipeline_store::elasticsearch::ElasticsearchStore;
use logpipeline_store::embedded::{self, EmbeddedStore};
use logpipeline_store::{RetentionPolicy, Stores};

use crate::class::parse_class;
use crate::dead_letters::DeadLetterArgs;
use crate::reading::{DEAD_LETTERS, LOGS, only_elasticsearch};
use crate::{Engine, SettingsError, StoreArgs};

/// Times that the process which applies retention may fail to, before another one takes over.
const LEASE_INTERVALS: u32 = 5;
const SHORTEST_LEASE: Duration = Duration::from_secs(30);

/// Which store to open, how to reach it, and how entries are laid out there.
#[derive(Debug, Clone, Args)]
pub struct WriteArgs {
    #[command(flatten)]
    pub store: StoreArgs,

    #[command(flatten)]
    pub dead_letters: DeadLetterArgs,

    /// Keep entries of some levels for a time of their own, in a data stream of their own; give the flag several times,
    /// or separate classes by semicolons. Others are kept as --retention-max-age says
    #[arg(
        long, env = "LOGPIPELINE_RETENTION_CLASS", value_name = "NAME=LEVEL,LEVEL:KEEP", value_delimiter = ';',
        value_parser = parse_class, help_heading = "Store"
    )]
    pub retention_class: Vec<RetentionClass>,

    /// Primary shards of each index in Elasticsearch [default: 1]
    #[arg(
        long, env = "LOGPIPELINE_ELASTICSEARCH_SHARDS", value_name = "COUNT", help_heading = "Store",
        value_parser = clap::value_parser!(u32).range(1..=1024)
    )]
    pub elasticsearch_shards: Option<u32>,

    /// Copies of each shard in Elasticsearch besides the primary; 0 where there is a single node [default: 1]
    #[arg(
        long, env = "LOGPIPELINE_ELASTICSEARCH_REPLICAS", value_name = "COUNT", help_heading = "Store",
        value_parser = clap::value_parser!(u32).range(0..=100)
    )]
    pub elasticsearch_replicas: Option<u32>,

    /// How long an entry may take to be found in Elasticsearch; more makes writing cheaper [default: 1s]
    #[arg(
        long, env = "LOGPIPELINE_ELASTICSEARCH_REFRESH_INTERVAL", value_name = "DURATION", help_heading = "Store",
        value_parser = parse_duration
    )]
    pub elasticsearch_refresh_interval: Option<Duration>,

    /// Who removes old indices from Elasticsearch [default: ingestor]
    #[arg(
        long,
        env = "LOGPIPELINE_ELASTICSEARCH_LIFECYCLE",
        value_enum,
        value_name = "WHO",
        help_heading = "Store"
    )]
    pub elasticsearch_lifecycle: Option<LifecycleArg>,

    /// Begin a new index in Elasticsearch once one is this old [default: a tenth of the time its entries are kept, an hour
    /// to a week; 30d where they are kept for ever]
    #[arg(
        long, env = "LOGPIPELINE_ELASTICSEARCH_ROLLOVER_AGE", value_name = "DURATION", help_heading = "Store",
        value_parser = parse_duration
    )]
    pub elasticsearch_rollover_age: Option<Duration>,

    /// Begin a new index in Elasticsearch once a primary shard is this large [default: 50GiB]
    #[arg(
        long, env = "LOGPIPELINE_ELASTICSEARCH_ROLLOVER_SIZE", value_name = "BYTES", help_heading = "Store",
        value_parser = parse_bytes
    )]
    pub elasticsearch_rollover_size: Option<u64>,

    /// Make new indices in the mode logsdb, on Elasticsearch 8.17 and newer
    #[arg(
        long, env = "LOGPIPELINE_ELASTICSEARCH_LOGSDB", num_args = 0..=1, default_missing_value = "true",
        default_value = "false", hide_default_value = true, hide_possible_values = true, require_equals = true,
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = BoolishValueParser::new(), help_heading = "Store"
    )]
    pub elasticsearch_logsdb: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LifecycleArg {
    /// The ingestor, by the entries' own times; works everywhere
    Ingestor,
    /// Elasticsearch 8.14 and newer, by the age of an index since it was rolled over
    DataStream,
    /// Elasticsearch's index lifecycle management, by the same
    Ilm,
    /// OpenSearch's index state management, by the same
    Ism,
    /// Whichever of the last three the server has; the ingestor where it has none
    Auto,
}

impl From<LifecycleArg> for Lifecycle {
    fn from(arg: LifecycleArg) -> Self {
        match arg {
            LifecycleArg::Ingestor => Self::Ingestor,
            LifecycleArg::DataStream => Self::DataStream,
            LifecycleArg::Ilm => Self::Ilm,
            LifecycleArg::Ism => Self::Ism,
            LifecycleArg::Auto => Self::Auto,
        }
    }
}

impl WriteArgs {
    /// Opens the stores to write them, and to apply `policy` to that of the entries, and that of dead letters to theirs, every `interval`. Elasticsearch is not asked for anything
    /// yet, and may be down.
    ///
    /// # Errors
    /// Settings that do not go together, files that cannot be read, and what the engine says.
    pub fn open_writer(
        &self,
        data_dir: &Path,
        policy: RetentionPolicy,
        interval: Duration,
        now: Timestamp,
    ) -> Result<Stores, SettingsError> {
        self.check()?;
        if self.store.store == Engine::Embedded {
            let open = |folder: &str, options| {
                let store = EmbeddedStore::open_writer(data_dir.join(folder), options);
                store.map(Arc::new).map_err(|source| SettingsError::Store { hint: "", source })
            };
            let few =
                embedded::Options { memory_bytes: 0, open_partitions: 1, ..embedded::Options::default() };
            return Ok(Stores {
                logs: open(LOGS, embedded::Options::default())?,
                dead_letters: open(DEAD_LETTERS, few)?,
            });
        }
        let classes = self.store.classes(policy.max_age, self.retention_class.clone())?;
        let open = |classes| {
            let mut options = self.store.options(classes)?;
            options.layout = self.layout();
            options.logsdb = self.elasticsearch_logsdb;
            options.retention_lease = (interval * LEASE_INTERVALS).max(SHORTEST_LEASE);
            let store = ElasticsearchStore::open_writer(options, now);
            store.map(Arc::new).map_err(|source| SettingsError::Store { hint: "", source })
        };
        let letters = classes.dead_letters(self.dead_letter_policy().max_age);
        Ok(Stores { logs: open(classes)?, dead_letters: open(letters)? })
    }

    /// How long dead letters are kept.
    pub fn dead_letter_policy(&self) -> RetentionPolicy {
        self.dead_letters.policy(self.store.store)
    }

    /// Whether [`LogStore::retain`] is to be called from time to time: to apply the policy, and in Elasticsearch to
    /// roll over indices that grew large, or to see that its own lifecycle removes nothing too early.
    pub fn retains(&self, policy: RetentionPolicy) -> bool {
        match self.store.store {
            Engine::Embedded => policy != RetentionPolicy::default(),
            Engine::Elasticsearch => true,
        }
    }

    fn check(&self) -> Result<(), SettingsError> {
        self.store.check()?;
        if self.store.store == Engine::Embedded {
            return only_elasticsearch(&[
                ("--retention-class", !self.retention_class.is_empty()),
                ("--elasticsearch-shards", self.elasticsearch_shards.is_some()),
                ("--elasticsearch-replicas", self.elasticsearch_replicas.is_some()),
                ("--elasticsearch-refresh-interval", self.elasticsearch_refresh_interval.is_some()),
                ("--elasticsearch-rollover-age", self.elasticsearch_rollover_age.is_some()),
                ("--elasticsearch-rollover-size", self.elasticsearch_rollover_size.is_some()),
                ("--elasticsearch-lifecycle", self.elasticsearch_lifecycle.is_some()),
                ("--elasticsearch-logsdb", self.elasticsearch_logsdb),
            ]);
        }
        if let Some(class) = self.retention_class.iter().find(|class| class.name == "default") {
            let reason =
                "it is the class of all other levels; --retention-max-age says how long they are kept";
            return Err(SettingsError::Class { name: class.name.clone(), reason: reason.to_owned() });
        }
        let short = |flag, advice| Err(SettingsError::Range { flag, how: "short", advice });
        if self.elasticsearch_refresh_interval.is_some_and(|interval| interval < Duration::from_millis(100)) {
            return short("--elasticsearch-refresh-interval", "at least 100ms");
        }
        if self.elasticsearch_rollover_age.is_some_and(|age| age < Duration::from_secs(60)) {
            return short("--elasticsearch-rollover-age", "at least 1m");
        }
        if self.elasticsearch_rollover_size.is_some_and(|bytes| bytes < 1 << 20) {
            let advice = "at least 1MiB";
            return Err(SettingsError::Range { flag: "--elasticsearch-rollover-size", how: "small", advice });
        }
        Ok(())
    }

    fn layout(&self) -> Layout {
        let mut layout = Layout::default();
        if let Some(shards) = self.elasticsearch_shards {
            layout.shards = shards;
        }
        if let Some(replicas) = self.elasticsearch_replicas {
            layout.replicas = replicas;
        }
        if let Some(interval) = self.elasticsearch_refresh_interval {
            layout.refresh_interval = interval;
        }
        layout.rollover_age = self.elasticsearch_rollover_age;
        if let Some(bytes) = self.elasticsearch_rollover_size {
            layout.rollover_shard_bytes = bytes;
        }
        if let Some(lifecycle) = self.elasticsearch_lifecycle {
            layout.lifecycle = lifecycle.into();
        }
        layout
    }
}
