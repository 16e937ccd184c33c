//! Flags, each of which can also be set by an environment variable.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use logpipeline_service::units::parse_duration;
use reqwest::Url;

use crate::import::ImportArgs;
use crate::load::{Compression, Pace};
use crate::replay::Offset;
use crate::report::Destination;
use crate::run_id;

const EXIT_CODES: &str = "\
Exit codes:
  0  every entry was acknowledged and, with --verify, found exactly once as it was sent
  1  entries were lost, duplicated, corrupted, rejected, not sent in time or not acknowledged, or not verified in time;
     an import ended before its end
  2  the command line is wrong, or a file cannot be read or written
  3  the target, the source of an import, or with --verify the query server, cannot be reached

SIGINT and SIGTERM end the load early; what was sent is still verified and reported. A second signal ends that too.";

const REPLAYED_AGAIN: &str = "\
Replaying a file again:
  Requests of a file carry an Idempotency-Key made of its lines and their place in it, so
  what an earlier replay stored is not stored again, whatever the file is called by now.
  Of a file that has grown since, the new lines are stored, and those of the earlier
  replay's last request, fewer than --batch-size, once more. Lines that moved, because
  something was cut off above them, are new; so is everything with another --batch-size,
  --resource-id, --timezone, or --rate below the batch size. Standard input and pipes are
  always new. With --again, files are too.";

const IMPORTED_AGAIN: &str = "\
Importing from a log server:
  replay --from elasticsearch https://es.example:9200/logs-* --since 30d --state logs.state
  Each entry's id is made of what the source says of it, so an import that is repeated or
  resumed stores nothing twice, whatever its --batch-size. With --state, an import that
  was broken off goes on where it stopped. docs/import.md tells more.";

/// Sends realistic logs to a LogPipeline ingestor, and proves that all of them arrived.
#[derive(Debug, Parser)]
#[command(name = "logpipeline-generator", version, after_help = EXIT_CODES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send simulated logs; this is what happens without a subcommand
    #[command(after_help = EXIT_CODES)]
    Run(Box<RunArgs>),
    /// Send real logs: files in many formats, or what Elasticsearch, OpenSearch, Loki or VictoriaLogs holds
    #[command(after_help = format!("{REPLAYED_AGAIN}\n\n{IMPORTED_AGAIN}\n\n{EXIT_CODES}"))]
    Replay(Box<ReplayArgs>),
}

#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// Entries a second, sent at their intended times whether or not the target keeps up; 0 = as fast as it answers
    #[arg(long, value_name = "N", env = "LOGPIPELINE_RATE", allow_hyphen_values = true, default_value = "200", value_parser = parse_rate)]
    pub rate: Pace,
    /// How long to send, 0 = without end [default: 30s, or without end where --count is given]
    #[arg(long, value_name = "DURATION", env = "LOGPIPELINE_DURATION", value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// Send so many entries at most [default: no limit]
    #[arg(long, value_name = "N", env = "LOGPIPELINE_COUNT")]
    pub count: Option<u64>,
    /// Seed of the simulation; the same seed gives the same entries, dated from the start
    #[arg(long, value_name = "N", env = "LOGPIPELINE_SEED", default_value_t = 42)]
    pub seed: u64,
    /// Date the entries over this time before now instead of from now on; needs --count
    #[arg(long, value_name = "DURATION", env = "LOGPIPELINE_BACKFILL", value_parser = parse_duration, requires = "count")]
    pub backfill: Option<Duration>,
}

#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// Logs to send, in this order, gzip or not; `-` = standard input; with --from, the address of a log server
    #[arg(value_name = "FILE", required = true, env = "LOGPIPELINE_FILES", value_delimiter = ',')]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub import: ImportArgs,
    #[command(flatten)]
    pub common: CommonArgs,
    /// Entries a second, sent at their intended times; 0 = as fast as the target answers
    #[arg(long, value_name = "N", env = "LOGPIPELINE_RATE", allow_hyphen_values = true, default_value = "0", value_parser = parse_rate)]
    pub rate: Pace,
    /// resourceId of every entry [default: the host a line names, or else the file's name]
    #[arg(long, value_name = "ID", env = "LOGPIPELINE_RESOURCE_ID")]
    pub resource_id: Option<String>,
    /// The offset of times that name none: `UTC`, `+02:00`, `-0730`
    #[arg(
        long,
        value_name = "OFFSET",
        env = "LOGPIPELINE_TIMEZONE",
        default_value = "UTC",
        allow_hyphen_values = true
    )]
    pub timezone: Offset,
    /// Store again what an earlier replay of a file has stored
    #[arg(
        long, env = "LOGPIPELINE_AGAIN", num_args = 0..=1, default_missing_value = "true", default_value = "false",
        hide_default_value = true, hide_possible_values = true, require_equals = true, action = clap::ArgAction::Set, value_name = "BOOL", value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub again: bool,
}

#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// Base address of the ingestor; batches go to its /api/v1/logs
    #[arg(long, value_name = "URL", env = "LOGPIPELINE_TARGET", default_value = "http://127.0.0.1:3000", value_parser = parse_url)]
    pub target: Url,
    /// Base address of the query server, for --verify
    #[arg(long, value_name = "URL", env = "LOGPIPELINE_QUERY_URL", default_value = "http://127.0.0.1:8080", value_parser = parse_url)]
    pub query_url: Url,
    #[command(flatten)]
    pub access: AccessArgs,
    /// Requests under way at most
    #[arg(long, value_name = "N", env = "LOGPIPELINE_CONCURRENCY", default_value = "4")]
    pub concurrency: NonZeroU32,
    /// Entries of a request at most; at a rate, a batch never waits longer than a second [default: 10, or 1000 with --from]
    #[arg(long, value_name = "N", env = "LOGPIPELINE_BATCH_SIZE")]
    pub batch_size: Option<NonZeroU64>,
    /// Compression of the requests
    #[arg(long, value_enum, value_name = "KIND", env = "LOGPIPELINE_COMPRESSION", default_value = "none")]
    pub compression: Compression,
    /// How long one request may take
    #[arg(long, value_name = "DURATION", env = "LOGPIPELINE_TIMEOUT", default_value = "30s", value_parser = parse_duration)]
    pub timeout: Duration,
    /// How long to try a request again on connection errors and the answers 408, 429 and 5xx; 0 = never [default: 60s, or 10m with --from]
    #[arg(long, value_name = "DURATION", env = "LOGPIPELINE_RETRY_FOR", value_parser = parse_duration)]
    pub retry_for: Option<Duration>,
    /// How long to wait at the start for the servers to accept connections
    #[arg(long, value_name = "DURATION", env = "LOGPIPELINE_WAIT", default_value = "10s", value_parser = parse_duration)]
    pub wait: Duration,
    /// Read the entries back, and check that each acknowledged one is found exactly once, as it was sent
    #[arg(
        long, env = "LOGPIPELINE_VERIFY", num_args = 0..=1, default_missing_value = "true", default_value = "false",
        hide_default_value = true, hide_possible_values = true, require_equals = true, action = clap::ArgAction::Set, value_name = "BOOL", value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub verify: bool,
    /// How long entries may take to be found after the load
    #[arg(long, value_name = "DURATION", env = "LOGPIPELINE_VERIFY_TIMEOUT", default_value = "60s", value_parser = parse_duration)]
    pub verify_timeout: Duration,
    /// Write a JSON report to this file; `-` = standard output, the summary then goes to standard error
    #[arg(long, value_name = "FILE", env = "LOGPIPELINE_REPORT", value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Destination::parse(text)))]
    pub report: Option<Destination>,
    /// Name of the run, in each entry's metadata.run; must be new [default: a random one]
    #[arg(long, value_name = "NAME", env = "LOGPIPELINE_RUN_ID", value_parser = run_id::parse)]
    pub run_id: Option<String>,
    /// Serve /healthz, /readyz and /metrics here [default: don't]
    #[arg(long, value_name = "ADDR", env = "LOGPIPELINE_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
}

/// As whom to speak to the servers.
#[derive(Debug, Clone, Default, Args)]
pub struct AccessArgs {
    /// Bearer token for both servers; others on this machine can read it here, so rather set the variable or name files
    #[arg(
        long, value_name = "TOKEN", env = "LOGPIPELINE_TOKEN", hide_env_values = true, value_parser = parse_token,
        conflicts_with_all = ["token_file", "query_token_file"]
    )]
    pub token: Option<String>,
    /// File with the bearer token for the ingestor
    #[arg(long, value_name = "FILE", env = "LOGPIPELINE_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// File with the bearer token for the query server, for --verify
    #[arg(long, value_name = "FILE", env = "LOGPIPELINE_QUERY_TOKEN_FILE")]
    pub query_token_file: Option<PathBuf>,
    /// PEM file of authorities that sign the servers' certificates, besides the public ones
    #[arg(long, value_name = "FILE", env = "LOGPIPELINE_CA_FILE")]
    pub ca_file: Option<PathBuf>,
}

impl CommonArgs {
    /// Entries of a request of simulated logs and of files.
    pub fn batch_size(&self) -> NonZeroU64 {
        self.batch_size.unwrap_or(const { NonZeroU64::new(10).unwrap() })
    }

    /// How long a request of simulated logs and of files is tried again.
    pub fn retry_for(&self) -> Duration {
        self.retry_for.unwrap_or(Duration::from_secs(60))
    }
}

impl RunArgs {
    /// How long to send; `None` where that has no end.
    pub fn sending_time(&self) -> Option<Duration> {
        match (self.duration, self.count) {
            (None, None) => Some(Duration::from_secs(30)),
            (duration, _) => duration.filter(|duration| !duration.is_zero()),
        }
    }
}

fn parse_rate(text: &str) -> Result<Pace, String> {
    match text.trim().parse::<f64>() {
        Ok(0.0) => Ok(Pace::Closed),
        Ok(rate) if rate.is_finite() && (0.001..=100_000_000.0).contains(&rate) => Ok(Pace::Open { rate }),
        _ => Err(
            "a rate is a number of entries a second from 0.001 to 100000000, or 0 for as many as possible"
                .to_owned(),
        ),
    }
}

fn parse_url(text: &str) -> Result<Url, String> {
    let url: Url =
        text.parse().map_err(|error| format!("{error}; an address looks like http://127.0.0.1:3000"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err("an address looks like http://127.0.0.1:3000".to_owned()),
    }
}

pub(crate) fn parse_token(text: &str) -> Result<String, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a token has one or more visible ASCII characters".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("logpipeline-generator").chain(arguments.iter().copied()))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_is_the_default_and_can_be_named() {
        let bare = parse(&["--rate", "50", "--verify"]).unwrap();
        assert!(bare.command.is_none() && bare.run.common.verify);
        assert_eq!(bare.run.rate, Pace::Open { rate: 50.0 });
        let named = parse(&["run", "--rate", "0", "--duration", "2m"]).unwrap();
        let Some(Command::Run(run)) = named.command else { panic!("{named:?}") };
        assert_eq!((run.rate, run.sending_time()), (Pace::Closed, Some(Duration::from_secs(120))));
        let time = |arguments: &[&str]| parse(arguments).unwrap().run.sending_time();
        assert_eq!(time(&[]), Some(Duration::from_secs(30)));
        assert_eq!((time(&["--duration", "0"]), time(&["--count", "5"])), (None, None));
        assert_eq!(time(&["--count", "5", "--duration", "1s"]), Some(Duration::from_secs(1)));
    }

    #[test]
    fn replay_takes_files_and_an_offset_with_a_sign() {
        let cli = parse(&["replay", "a.log", "-", "--timezone", "-07:30", "--verify"]).unwrap();
        let Some(Command::Replay(replay)) = cli.command else { panic!("{cli:?}") };
        assert_eq!(replay.files, [PathBuf::from("a.log"), PathBuf::from("-")]);
        assert_eq!(replay.timezone.seconds(), -27_000);
        assert!(parse(&["replay"]).is_err());
    }

    #[test]
    fn what_belongs_to_files_and_what_belongs_to_a_log_server_exclude_each_other() {
        let import = ["replay", "--from", "loki", "http://loki:3100", "--since", "30d"];
        assert!(parse(&import).is_ok());
        for flag in ["--verify", "--again", "--resource-id=a", "--timezone=UTC", "--run-id=a"] {
            let error = parse(&[&import[..], &[flag]].concat()).unwrap_err().to_string();
            assert!(error.contains("cannot be used with"), "{flag}: {error}");
        }
        for flag in ["--since=1d", "--query={}", "--state=f", "--source-token-file=f", "--source-tenant=t"] {
            let error = parse(&["replay", "a.log", flag]).unwrap_err().to_string();
            assert!(error.contains("--from"), "{flag}: {error}");
        }
    }

    #[test]
    fn wrong_values_are_refused_with_what_to_write_instead() {
        for (arguments, hint) in [
            (["--rate", "-1"], "number of entries a second"),
            (["--rate", "NaN"], "number of entries a second"),
            (["--duration", "10"], "such as 250ms"),
            (["--target", "localhost:3000"], "looks like http://"),
            (["--target", "ftp://logs.example"], "looks like http://"),
            (["--batch-size", "0"], "0"),
            (["--run-id", "a b"], "letters, digits"),
            (["--backfill", "1d"], "--count"),
            (["--token", "a\nb"], "visible ASCII"),
        ] {
            let error = parse(&[arguments[0], arguments[1]].map(|text| text)).unwrap_err().to_string();
            assert!(error.contains(hint), "{arguments:?}: {error}");
        }
    }

    #[test]
    fn every_flag_has_an_environment_variable() {
        let command = Cli::command();
        for command in std::iter::once(&command).chain(command.get_subcommands()) {
            for argument in command
                .get_arguments()
                .filter(|argument| !["help", "version"].contains(&argument.get_id().as_str()))
            {
                let env = argument.get_env().and_then(|env| env.to_str()).unwrap_or_default();
                assert!(env.starts_with("LOGPIPELINE_"), "{}", argument.get_id());
                assert!(argument.get_help().is_some(), "{}", argument.get_id());
            }
        }
    }
}
