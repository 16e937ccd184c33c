//! What the component that writes the store is told besides.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{Layout, Lifecycle, RetentionClass};
use logpipeline_service::units::parse_duration;
use logpipeline_store::elasticsearch::ElasticsearchStore;
use logpipeline_store::embedded::{self, EmbeddedStore};
use logpipeline_store::{LogStore, RetentionPolicy};

use crate::class::parse_class;
use crate::reading::only_elasticsearch;
use crate::{Engine, SettingsError, StoreArgs};

/// Which store to open, how to reach it, and how entries are laid out there.
#[derive(Debug, Clone, Args)]
pub struct WriteArgs {
    #[command(flatten)]
    pub store: StoreArgs,

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
}

impl WriteArgs {
    /// Opens the store to write it. Elasticsearch is not asked for anything yet, and may be down.
    ///
    /// # Errors
    /// Settings that do not go together, files that cannot be read, and what the engine says.
    pub fn open_writer(
        &self,
        data_dir: &Path,
        policy: RetentionPolicy,
        now: Timestamp,
    ) -> Result<Arc<dyn LogStore>, SettingsError> {
        self.check(policy)?;
        if self.store.store == Engine::Embedded {
            let store = EmbeddedStore::open_writer(data_dir.join("store"), embedded::Options::default())
                .map_err(|source| SettingsError::Store { hint: "", source })?;
            return Ok(Arc::new(store));
        }
        let classes = self.store.classes(policy.max_age, self.retention_class.clone())?;
        let mut options = self.store.options(classes)?;
        options.layout = self.layout();
        options.logsdb = self.elasticsearch_logsdb;
        let store = ElasticsearchStore::open_writer(options, now)
            .map_err(|source| SettingsError::Store { hint: "", source })?;
        Ok(Arc::new(store))
    }

    /// Whether [`LogStore::retain`] is to be called from time to time: to apply the policy, and in Elasticsearch to
    /// roll over indices that grew large.
    pub fn retains(&self, policy: RetentionPolicy) -> bool {
        match self.store.store {
            Engine::Embedded => policy != RetentionPolicy::default(),
            Engine::Elasticsearch => self.layout().lifecycle == Lifecycle::Ingestor,
        }
    }

    fn check(&self, policy: RetentionPolicy) -> Result<(), SettingsError> {
        self.store.check()?;
        if self.store.store == Engine::Embedded {
            return only_elasticsearch(&[
                ("--retention-class", !self.retention_class.is_empty()),
                ("--elasticsearch-shards", self.elasticsearch_shards.is_some()),
                ("--elasticsearch-replicas", self.elasticsearch_replicas.is_some()),
                ("--elasticsearch-refresh-interval", self.elasticsearch_refresh_interval.is_some()),
                ("--elasticsearch-lifecycle", self.elasticsearch_lifecycle.is_some()),
                ("--elasticsearch-logsdb", self.elasticsearch_logsdb),
            ]);
        }
        if let Some(class) = self.retention_class.iter().find(|class| class.name == "default") {
            let reason =
                "it is the class of all other levels; --retention-max-age says how long they are kept";
            return Err(SettingsError::Class { name: class.name.clone(), reason: reason.to_owned() });
        }
        if self.elasticsearch_refresh_interval.is_some_and(|interval| interval < Duration::from_millis(100)) {
            return Err(SettingsError::Range {
                flag: "--elasticsearch-refresh-interval",
                how: "short",
                advice: "at least 100ms",
            });
        }
        if self.elasticsearch_lifecycle == Some(LifecycleArg::DataStream) && policy.max_bytes.is_some() {
            return Err(SettingsError::Both {
                one: "--retention-max-bytes",
                other: "--elasticsearch-lifecycle data-stream, which knows no size,",
            });
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
        if self.elasticsearch_lifecycle == Some(LifecycleArg::DataStream) {
            layout.lifecycle = Lifecycle::DataStream;
        }
        layout
    }
}
