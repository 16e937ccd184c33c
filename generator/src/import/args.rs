//! Flags of an import.

use std::path::PathBuf;

use clap::Args;
use logpipeline_model::Timestamp;
use logpipeline_service::units::parse_duration;

/// What kind of log server is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Elasticsearch or OpenSearch
    #[value(alias = "opensearch")]
    Elasticsearch,
    Loki,
    #[value(name = "victorialogs")]
    VictoriaLogs,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Elasticsearch => "elasticsearch",
            Self::Loki => "loki",
            Self::VictoriaLogs => "victorialogs",
        }
    }
}

#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// Read a log server instead of files; FILE is then its address: https://host:9200/INDEX-PATTERN for Elasticsearch and OpenSearch
    #[arg(
        long, value_enum, value_name = "KIND", env = "LOGPIPELINE_FROM",
        conflicts_with_all = ["verify", "again", "resource_id", "timezone", "run_id"]
    )]
    pub from: Option<Kind>,
    /// Import only what this finds: LogQL for Loki, LogsQL for VictoriaLogs [default: everything]
    #[arg(long, value_name = "QUERY", env = "LOGPIPELINE_SOURCE_QUERY", requires = "from")]
    pub query: Option<String>,
    /// Import entries from this time on: a duration before now such as 30d, or RFC 3339 [default: from the first entry; Loki needs it]
    #[arg(long, value_name = "TIME", env = "LOGPIPELINE_SINCE", requires = "from", value_parser = parse_moment)]
    pub since: Option<Moment>,
    /// Import entries before this time: a duration before now, or RFC 3339 [default: to the last entry]
    #[arg(long, value_name = "TIME", env = "LOGPIPELINE_UNTIL", requires = "from", value_parser = parse_moment)]
    pub until: Option<Moment>,
    /// File that keeps how far the import is; a second run with it goes on there
    #[arg(long, value_name = "FILE", env = "LOGPIPELINE_STATE", requires = "from")]
    pub state: Option<PathBuf>,
    /// File with the source's token: an API key of Elasticsearch, or else a bearer token; `ApiKey …` and `Bearer …` say which
    #[arg(
        long,
        value_name = "FILE",
        env = "LOGPIPELINE_SOURCE_TOKEN_FILE",
        requires = "from",
        conflicts_with = "source_user"
    )]
    pub source_token_file: Option<PathBuf>,
    /// User of the source
    #[arg(
        long, value_name = "NAME", env = "LOGPIPELINE_SOURCE_USER", requires_all = ["from", "source_password_file"]
    )]
    pub source_user: Option<String>,
    /// File with the password of the source's user
    #[arg(long, value_name = "FILE", env = "LOGPIPELINE_SOURCE_PASSWORD_FILE", requires_all = ["from", "source_user"])]
    pub source_password_file: Option<PathBuf>,
    /// PEM file of authorities that sign the source's certificate, besides the public ones
    #[arg(long, value_name = "FILE", env = "LOGPIPELINE_SOURCE_CA_FILE", requires = "from")]
    pub source_ca_file: Option<PathBuf>,
    /// Tenant of the source: X-Scope-OrgID of Loki, ACCOUNT:PROJECT of VictoriaLogs
    #[arg(long, value_name = "TENANT", env = "LOGPIPELINE_SOURCE_TENANT", requires = "from")]
    pub source_tenant: Option<String>,
}

/// A time as a flag says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// As it was written.
    pub text: String,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Ago(std::time::Duration),
    At(Timestamp),
}

impl Moment {
    pub fn at(&self, now: Timestamp) -> Timestamp {
        match self.value {
            Value::Ago(duration) => now - duration,
            Value::At(time) => time,
        }
    }
}

fn parse_moment(text: &str) -> Result<Moment, String> {
    let text = text.trim().to_owned();
    let value = match text.parse() {
        Ok(time) => Value::At(time),
        Err(_) => Value::Ago(parse_duration(&text).map_err(|_| {
            "a time is a duration before now, such as 90m or 30d, or RFC 3339, such as 2026-11-01T00:00:00Z".to_owned()
        })?),
    };
    Ok(Moment { text, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_duration_before_now_or_rfc_3339() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("30d", "2026-10-31T12:00:00Z"),
            ("1h30m", "2026-11-30T10:30:00Z"),
            ("0", "2026-11-30T12:00:00Z"),
            ("2026-11-01T00:00:00+02:00", "2026-10-31T22:00:00Z"),
            (" 2026-11-01T00:00:00.000000001Z ", "2026-11-01T00:00:00.000000001Z"),
        ] {
            assert_eq!(parse_moment(text).unwrap().at(now).to_string(), expected, "{text}");
        }
        for text in ["", "yesterday", "30", "2026-11-01"] {
            assert!(parse_moment(text).unwrap_err().contains("such as 90m or 30d"), "{text}");
        }
    }
}
