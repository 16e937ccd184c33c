//! The command line.

use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgGroup, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::SignedDuration;

use crate::access::AccessArgs;
use crate::negation;

const HELP: &str = "\
Examples:
  logq 'level:error \"Failed to connect\"' --since 1h
  logq --follow 'level>=warn resourceId:payments-*'
  logq 'traceId=abc-xyz-123' --order asc --all -o ndjson | jq .message
  logq --values resourceId 'level:error' --since 24h
  logq '-level:info -level:debug'

Exit status:
  0  entries were found
  1  nothing was found
  2  the command line or the query is not valid
  3  the server cannot be reached, failed, or does not know who asks
  4  the result is partial: the time budget cut it, or an export broke off";

/// Search and follow logs
///
/// A query is words and clauses such as level:error, message:"Failed to connect" or metadata.http.status>=500;
/// several arguments are joined by spaces. Without a query, every entry is found. One that begins with "-" and is no
/// -field:value, such as a word to leave out, goes behind "--"; so does one whose first word names a command.
#[derive(Debug, Parser)]
#[command(name = "logq", version, after_help = HELP, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(group = ArgGroup::new("mode").args(["follow", "all", "context", "histogram", "values", "list_fields"]))]
pub(crate) struct Args {
    /// What to find
    #[arg(value_name = "QUERY")]
    words: Vec<String>,

    /// Only entries of the last while, such as 15m, 1h, 7d: short for --from now-1h
    #[arg(long, short, value_name = "AGO", conflicts_with = "from")]
    pub(crate) since: Option<String>,

    /// Only entries from this time on: 2023-09-15T08:00:00Z, 2023-09-15, now-1h
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,

    /// Only entries up to this time, all of the second or day it names included
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    pub(crate) to: Option<String>,

    /// Print entries as they arrive; with --since, --from or --limit, those already there first
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// Print at most this many entries [default: 50]
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,

    /// Print all that is found, however much
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,

    /// Newest first, or oldest first
    #[arg(long, value_enum, default_value = "desc", conflicts_with = "follow")]
    pub(crate) order: Order,

    /// Print these fields, with commas between them: timestamp,level,metadata.http.status
    #[arg(long, value_name = "NAMES")]
    pub(crate) fields: Option<String>,

    /// Print the entry with this id and what came around it; QUERY chooses among its neighbours
    #[arg(long, value_name = "ID", conflicts_with_all = ["since", "from", "to", "order"])]
    pub(crate) context: Option<String>,

    /// Print how many entries there are by time and level
    #[arg(long)]
    pub(crate) histogram: bool,

    /// Print the most frequent values of a field
    #[arg(long, value_name = "FIELD")]
    pub(crate) values: Option<String>,

    /// Print the fields that entries have
    #[arg(long)]
    pub(crate) list_fields: bool,

    /// How to print: json is one array, ndjson an entry a line
    #[arg(long, global = true, short, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) output: Output,

    /// Show times of the table in this machine's time zone instead of UTC
    #[arg(long, global = true)]
    pub(crate) local: bool,

    /// When to use colours; NO_COLOR turns them off too
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: Color,

    /// Where the query server is
    #[arg(
        long,
        global = true,
        env = "LOGQ_SERVER",
        default_value = "http://localhost:8080",
        value_name = "URL"
    )]
    pub(crate) server: String,

    /// How long the server may send nothing before it counts as lost, such as 30s or 1h; no less than its --query-timeout
    #[arg(long, global = true, default_value = "10m", value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Duration,

    #[command(flatten)]
    pub(crate) access: AccessArgs,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Explain where a request or an entry is: accepted, on disk, shipped, searchable, rejected or expired
    Why {
        /// A receipt, as the ingestor's answer has it; an entry's id; or an Idempotency-Key
        #[arg(value_name = "RECEIPT|ID|KEY")]
        what: String,
    },

    /// Send dead letters once more, once what was wrong is corrected; nothing is stored twice
    Replay(ReplayArgs),

    /// Print a script that completes logq's command line in a shell
    Completions { shell: Shell },
}

/// Which dead letters to send once more.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// Those that this query finds; `logq stream:dead-letters QUERY` shows them
    #[arg(value_name = "QUERY")]
    words: Vec<String>,

    /// Those of the last while, such as 1h, 7d
    #[arg(long = "since", id = "replay_since", value_name = "AGO", conflicts_with = "replay_from")]
    pub(crate) since: Option<String>,

    /// Those from this time on
    #[arg(long = "from", id = "replay_from", value_name = "TIME")]
    pub(crate) from: Option<String>,

    /// Those up to this time
    #[arg(long = "to", id = "replay_to", value_name = "TIME")]
    pub(crate) to: Option<String>,

    /// The one with this id, or of the entry with this id; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) id: Vec<String>,

    /// All of them
    #[arg(long = "all", id = "replay_all")]
    pub(crate) all: bool,
}

impl ReplayArgs {
    pub(crate) fn query(&self) -> String {
        self.words.iter().map(|word| negation::unmark(word)).collect::<Vec<_>>().join(" ")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    Desc,
    Asc,
}

impl Order {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Desc => "desc",
            Self::Asc => "asc",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Table,
    Json,
    Ndjson,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Args {
    /// Reads the command line; ends the process where it is not valid, or asks for help.
    pub(crate) fn read() -> Self {
        Self::try_parse_from(negation::mark(std::env::args_os())).unwrap_or_else(|error| advise(error).exit())
    }

    /// The query's text.
    pub(crate) fn query(&self) -> String {
        self.words.iter().map(|word| negation::unmark(word)).collect::<Vec<_>>().join(" ")
    }

    /// Where the time range begins, as the API spells it.
    pub(crate) fn from(&self) -> Option<String> {
        self.from.clone().or_else(|| self.since.as_ref().map(|ago| format!("now-{ago}")))
    }

    /// The parameters that every search has.
    pub(crate) fn scope(&self) -> Vec<(&'static str, String)> {
        let mut params = vec![("q", self.query())];
        params.extend(self.from().map(|from| ("from", from)));
        params.extend(self.to.clone().map(|to| ("to", to)));
        params
    }

    /// The flag that gave one of the API's parameters.
    pub(crate) fn flag(&self, parameter: &str) -> String {
        match parameter {
            "from" if self.since.is_some() => "--since".to_owned(),
            "id" => "--context".to_owned(),
            "name" => "--values".to_owned(),
            other => format!("--{other}"),
        }
    }
}

/// What looks like an unknown flag may be meant for the query.
fn advise(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg)
        && error.kind() == ErrorKind::UnknownArgument
        && !arg.starts_with("--")
    {
        let tip = "a query that begins with '-' goes behind '--': logq -- '-word'";
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok().filter(SignedDuration::is_positive);
    let parsed = parsed.and_then(|duration| Duration::try_from(duration).ok());
    parsed.ok_or_else(|| "write a number and its unit: 30s, 10m, 1h".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &[&str]) -> Args {
        Args::try_parse_from(std::iter::once(&"logq").chain(line)).unwrap()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn words_make_one_query() {
        assert_eq!(parse(&["level:error", "timeout"]).query(), "level:error timeout");
        assert_eq!(parse(&["--", "-level:info"]).query(), "-level:info");
        assert_eq!(parse(&["--since", "1h"]).scope(), [("q", String::new()), ("from", "now-1h".to_owned())]);
    }

    #[test]
    fn a_timeout_is_a_time_and_long_by_default() {
        assert_eq!(parse(&["x"]).timeout, Duration::from_secs(600));
        assert_eq!(parse(&["--timeout", "1h"]).timeout, Duration::from_secs(3_600));
        assert_eq!(parse(&["--timeout", "200ms"]).timeout, Duration::from_millis(200));
        for text in ["0s", "-5s", "5", "soon"] {
            let line = ["logq", &format!("--timeout={text}")].map(str::to_owned);
            let error = Args::try_parse_from(line).unwrap_err().to_string();
            assert!(error.contains("30s, 10m, 1h"), "{error}");
        }
    }

    #[test]
    fn what_cannot_go_together_is_refused() {
        for line in [
            ["--since=1h", "--from=now"],
            ["--follow", "--to=now"],
            ["--follow", "--all"],
            ["--all", "--limit=5"],
            ["--histogram", "--follow"],
            ["--context=x", "--since=1h"],
            ["--limit=0", "x"],
        ] {
            assert!(Args::try_parse_from(std::iter::once("logq").chain(line)).is_err(), "{line:?}");
        }
    }
}
