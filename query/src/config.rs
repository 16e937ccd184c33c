//! The server's flags. Each is also an environment variable, `LOGPIPELINE_` before its name.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use logpipeline_service::units;
use logpipeline_store_settings::StoreArgs;

use crate::access::AccessArgs;
use crate::delivery::AdminUrl;
use crate::text::parse_duration;

const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address of the API and the web UI
    #[arg(long, env = "LOGPIPELINE_LISTEN", default_value_t = SocketAddr::new(ANY, 8080))]
    pub listen: SocketAddr,

    /// Address of /healthz, /readyz and /metrics
    #[arg(long, env = "LOGPIPELINE_ADMIN_LISTEN", default_value_t = SocketAddr::new(ANY, 9090))]
    pub admin_listen: SocketAddr,

    /// Folder that the ingestor writes; the embedded store is its `store`
    #[arg(long, env = "LOGPIPELINE_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,

    /// Address of the admin port of the ingestors, for what became of requests and entries; a name may stand for several
    /// ingestors, and the flag be given several times
    #[arg(long, env = "LOGPIPELINE_INGESTOR_URL", value_name = "URL", value_delimiter = ',')]
    pub ingestor_url: Vec<AdminUrl>,

    /// Leave canaries, which ingestors send with --canary-interval, out of what a query finds, unless it names
    /// resourceId:logpipeline-canary
    #[arg(
        long, env = "LOGPIPELINE_HIDE_CANARIES", num_args = 0..=1, default_missing_value = "true", default_value = "false",
        hide_default_value = true, hide_possible_values = true, require_equals = true, action = clap::ArgAction::Set,
        value_name = "BOOL", value_parser = BoolishValueParser::new()
    )]
    pub hide_canaries: bool,

    #[command(flatten)]
    pub limits: Limits,

    #[command(flatten)]
    pub store: StoreArgs,

    #[command(flatten)]
    pub access: AccessArgs,
}

/// What one request, and all of them together, may take.
#[derive(Debug, Clone, Args)]
pub struct Limits {
    /// Time a query may take; then it answers with what it has, marked as partial
    #[arg(long, env = "LOGPIPELINE_QUERY_TIMEOUT", default_value = "30s", value_parser = parse_duration)]
    pub query_timeout: Duration,

    /// Queries that run at the same time; more wait for a moment and are then refused with 503
    #[arg(long, env = "LOGPIPELINE_MAX_QUERIES", default_value_t = 32)]
    pub max_queries: usize,

    /// Exports that run at the same time; more are refused with 503
    #[arg(long, env = "LOGPIPELINE_MAX_EXPORTS", default_value_t = 8)]
    pub max_exports: usize,

    /// Clients that follow the live tail at the same time; more are refused with 503
    #[arg(long, env = "LOGPIPELINE_MAX_TAILS", default_value_t = 200)]
    pub max_tails: usize,

    /// Entries that wait for one slow reader of the live tail; further ones are dropped, and counted to it
    #[arg(long, env = "LOGPIPELINE_TAIL_QUEUE", default_value_t = 1_000)]
    pub tail_queue: usize,

    /// How often the live tail looks for new entries
    #[arg(long, env = "LOGPIPELINE_TAIL_INTERVAL", default_value = "250ms", value_parser = parse_duration)]
    pub tail_interval: Duration,

    /// Time an export waits for a reader that takes nothing
    #[arg(long, env = "LOGPIPELINE_EXPORT_STALL", default_value = "60s", value_parser = parse_duration)]
    pub export_stall: Duration,

    /// Time between failing readiness and closing the listener at shutdown
    #[arg(long, env = "LOGPIPELINE_DRAIN", default_value = "3s", value_parser = units::parse_duration)]
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            query_timeout: Duration::from_secs(30),
            max_queries: 32,
            max_exports: 8,
            max_tails: 200,
            tail_queue: 1_000,
            tail_interval: Duration::from_millis(250),
            export_stall: Duration::from_secs(60),
            drain: Duration::from_secs(3),
        }
    }
}
