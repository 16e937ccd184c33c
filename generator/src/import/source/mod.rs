//! Log servers, each read in an order in which reading can be resumed.

pub(super) mod client;
mod elasticsearch;
mod loki;
mod object;
mod timeline;
mod victorialogs;

use logpipeline_model::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::args::Kind;
use super::document::Document;

use client::{SourceClient, SourceError};
use elasticsearch::Elasticsearch;
use loki::Loki;
use timeline::Timeline;
use victorialogs::VictoriaLogs;

/// What there is to read, fixed when an import begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Plan {
    /// Indices of Elasticsearch, selectors of Loki, a query of VictoriaLogs; read one after the other.
    pub(super) parts: Vec<Part>,
    /// Nanoseconds since 1970; milliseconds for Elasticsearch. `None` = from the first, and to the last.
    pub(super) since: Option<i64>,
    pub(super) until: Option<i64>,
    /// Whether the numbers of entries are only about right.
    pub(super) is_estimate: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) entries: Option<u64>,
    /// Of these, those without a time that can be searched.
    #[serde(default)]
    pub(super) without_time: u64,
    /// How the index of Elasticsearch holds times.
    #[serde(default)]
    pub(super) times: Times,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Times {
    /// The field is no date.
    #[default]
    None,
    Millis,
    Nanos,
}

impl Plan {
    /// How many entries there are, where the source knows.
    pub(super) fn total(&self) -> Option<u64> {
        self.parts.iter().map(|part| part.entries).sum()
    }
}

/// Where reading stands: what comes before it was read and delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Position {
    /// Index of the part in the plan.
    pub(super) part: usize,
    /// Whether the part's entries with a time are done.
    pub(super) untimed: bool,
    /// The time to go on from, in the plan's unit; of untimed ones their sequence number.
    pub(super) at: Option<i64>,
}

impl Position {
    fn of_part(part: usize) -> Self {
        Self { part, untimed: false, at: None }
    }
}

/// Entries that were read at once.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) documents: Vec<Document>,
    pub(super) without_time: u64,
    /// Entries that the source has and cannot give, with the reasons.
    pub(super) refused: Vec<String>,
    /// What could not be read, such as an index that was deleted.
    pub(super) problems: Vec<String>,
    /// Where to go on once these are delivered.
    pub(super) next: Position,
}

/// What to read.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) kind: Kind,
    /// The indices of Elasticsearch.
    pub(super) pattern: String,
    pub(super) query: Option<String>,
    pub(super) tenant: Option<String>,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) now: Timestamp,
    /// Entries to ask for at once.
    pub(super) page: usize,
}

#[derive(Debug)]
pub(super) enum Source {
    Elasticsearch(Box<Elasticsearch>),
    Loki(Timeline<Loki>),
    VictoriaLogs(Timeline<VictoriaLogs>),
}

impl Source {
    /// Reads nothing yet, but asks the server what it is.
    pub(super) async fn open(client: SourceClient, selection: Selection) -> Result<Self, SourceError> {
        Ok(match selection.kind {
            Kind::Elasticsearch => {
                Self::Elasticsearch(Box::new(Elasticsearch::open(client, selection).await?))
            }
            Kind::Loki => {
                Self::Loki(Timeline::new(selection.page, client.clone(), Loki::new(client, selection)))
            }
            Kind::VictoriaLogs => {
                let page = selection.page;
                Self::VictoriaLogs(Timeline::new(page, client.clone(), VictoriaLogs::new(client, selection)))
            }
        })
    }

    pub(super) async fn plan(&mut self) -> Result<Plan, SourceError> {
        match self {
            Self::Elasticsearch(source) => source.plan().await,
            Self::Loki(source) => source.rows().plan().await,
            Self::VictoriaLogs(source) => source.rows().plan().await,
        }
    }

    /// The entries from `position` on; `None` where there are no more.
    pub(super) async fn next(
        &mut self,
        plan: &Plan,
        position: Position,
    ) -> Result<Option<Page>, SourceError> {
        match self {
            Self::Elasticsearch(source) => source.next(plan, position).await,
            Self::Loki(source) => source.next(plan, position).await,
            Self::VictoriaLogs(source) => source.next(plan, position).await,
        }
    }

    /// Gives back what the server keeps for the reader.
    pub(super) async fn close(self) {
        if let Self::Elasticsearch(mut source) = self {
            source.close().await;
        }
    }
}

/// Splits an address of Elasticsearch from the indices in its path.
pub(super) fn split_address(kind: Kind, text: &str) -> Result<(Url, String), String> {
    let mut url: Url = text.parse().map_err(|error| format!("{text} is no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(format!("{text} is no address: it looks like https://logs.example:9200"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "the address holds credentials, which others on this machine can read; use --source-user and \
             --source-password-file, or --source-token-file"
                .to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{text} has more than an address: nothing may follow its path"));
    }
    if kind != Kind::Elasticsearch {
        return Ok((url, String::new()));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let (base, pattern) = path.rsplit_once('/').unwrap_or_default();
    if pattern.is_empty() {
        return Err(format!(
            "{text} names no indices: add them, such as {}/logs-*",
            text.trim_end_matches('/')
        ));
    }
    // The path as the parser escaped it.
    let pattern = pattern.to_owned();
    url.set_path(base);
    Ok((url, pattern))
}

/// Nanoseconds since 1970, as far as they go.
fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.unix_nanos()).unwrap_or(if time.unix_nanos() < 0 { i64::MIN } else { i64::MAX })
}

/// Reads bytes as each server's answers.
#[cfg(test)]
pub(super) fn read_any(bytes: &[u8]) -> Vec<Vec<Document>> {
    let text = String::from_utf8_lossy(bytes);
    let _ = loki::selector::split(&text);
    vec![
        elasticsearch::read_any(bytes),
        timeline::named("loki", loki::answer::rows(bytes, "").unwrap_or_default()),
        { timeline::named("victorialogs", victorialogs::read_any(bytes)) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_elasticsearch_ends_with_the_indices() {
        for (text, base, pattern) in [
            ("https://es:9200/logs-*", "https://es:9200/", "logs-*"),
            ("http://es:9200/a,b-*,-c/", "http://es:9200/", "a,b-*,-c"),
            ("https://es/proxy/es/logs", "https://es/proxy/es", "logs"),
        ] {
            let (url, found) = split_address(Kind::Elasticsearch, text).unwrap();
            assert_eq!((url.as_str(), found.as_str()), (base, pattern));
        }
        let (url, pattern) = split_address(Kind::Loki, "http://loki:3100/prefix").unwrap();
        assert_eq!((url.as_str(), pattern.as_str()), ("http://loki:3100/prefix", ""));
    }

    #[test]
    fn an_address_that_will_not_do_is_refused_with_what_to_write() {
        for (text, hint) in [
            ("https://es:9200", "names no indices"),
            ("https://es:9200/", "names no indices"),
            ("es:9200/logs", "it looks like https://"),
            ("logs.log", "is no address"),
            ("https://elastic:secret@es/logs", "--source-password-file"),
            ("https://es/logs?size=1", "nothing may follow"),
        ] {
            let error = split_address(Kind::Elasticsearch, text).unwrap_err();
            assert!(error.contains(hint) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
