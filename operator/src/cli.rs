//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use logpipeline_service::units::parse_duration;

use crate::settings::Settings;

/// Makes LogPipeline resources running log platforms, and keeps them so
#[derive(Debug, Parser)]
#[command(name = "logpipeline-operator", version, max_term_width = 100)]
pub struct Cli {
    /// What is logged: error, warn, info, debug, trace, or directives as RUST_LOG takes them
    #[arg(long, global = true, env = "RUST_LOG", value_name = "LEVEL", default_value = "info")]
    pub log_level: String,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reconcile, until SIGTERM
    Run(Box<RunArgs>),
    /// Print the definition of the resource LogPipeline, as YAML
    Crd,
    /// Print the reference of the resource LogPipeline, as Markdown
    Reference,
    /// Tell what applying a LogPipeline would change. Ends with 0 where nothing, with 1 where something would change
    Diff(Box<DiffArgs>),
}

#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub settings: Settings,

    /// Namespaces to look at; give the flag several times, or separate them by commas [default: all]
    #[arg(long, env = "LOGPIPELINE_NAMESPACES", value_name = "NAME", value_delimiter = ',')]
    pub namespaces: Vec<String>,

    /// How often is looked at what cannot be watched: Elasticsearch, and whether entries are delivered
    #[arg(long, env = "LOGPIPELINE_RESYNC", value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    pub resync: Duration,

    /// How long a deletion waits for an Elasticsearch that cannot be reached, before it lets go
    #[arg(long, env = "LOGPIPELINE_DELETION_TIMEOUT", value_name = "DURATION", default_value = "10m", value_parser = parse_duration)]
    pub deletion_timeout: Duration,

    /// Address of /healthz, /readyz and /metrics
    #[arg(long, env = "LOGPIPELINE_ADMIN_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:9090")]
    pub admin_listen: SocketAddr,

    /// Namespace of the Lease by which one of several operators leads [default: that of the pod, or of the kubeconfig]
    #[arg(long, env = "LOGPIPELINE_LEASE_NAMESPACE", value_name = "NAME")]
    pub lease_namespace: Option<String>,

    /// Name of that Lease
    #[arg(long, env = "LOGPIPELINE_LEASE_NAME", value_name = "NAME", default_value = "logpipeline-operator")]
    pub lease_name: String,

    /// Name of this process among the others [default: the host's name, which is the pod's]
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub identity: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    #[command(flatten)]
    pub settings: Settings,

    /// The LogPipeline, as YAML; `-` = standard input
    #[arg(short, long, value_name = "FILE")]
    pub file: PathBuf,

    /// Namespace, where the file names none [default: that of the kubeconfig]
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
