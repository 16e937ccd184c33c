//! What is wrong with a spec, in words that a person can act on.

use logpipeline_model::elasticsearch::ClassError;

use super::cidr::NetworkProblem;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("Secret {namespace}/{name}, which {field} names, does not exist")]
    NoSecret { namespace: String, name: String, field: String },
    #[error("Secret {namespace}/{name} has no key {key}")]
    NoKey { namespace: String, name: String, key: String },
    #[error("the key {key} of Secret {namespace}/{name} {problem}")]
    Content { namespace: String, name: String, key: String, problem: &'static str },
    #[error(
        "Secret {namespace}/{name} says not who asks: it needs the keys username and password, or apiKey, or token"
    )]
    NoCredentials { namespace: String, name: String },
    #[error("Elasticsearch {namespace}/{name}, which storage.elasticsearch.eckRef names, does not exist")]
    NoEck { namespace: String, name: String },
    #[error(
        "storage.elasticsearch.eckRef names {name}, but the cluster has no kind Elasticsearch: install ECK, or set storage.elasticsearch.url"
    )]
    EckNotInstalled { name: String },
    #[error("{field} {text:?} is no duration: write a number and a unit, such as 30d, 12h or 250ms")]
    Duration { field: String, text: String },
    #[error("{field} {text:?} is no quantity of bytes: write a number and a unit, such as 20Gi")]
    Quantity { field: &'static str, text: String },
    #[error("{field} {text:?} {problem}")]
    Network { field: String, text: String, problem: NetworkProblem },
    #[error("{field} is too small: at least {least}")]
    Small { field: &'static str, least: &'static str },
    #[error(
        "the name {name:?}, which the data streams would bear, cannot be: {source}; delete the LogPipeline, and make it anew with a storage.elasticsearch.pipelineName that can be"
    )]
    Name { name: String, source: ClassError },
    #[error(
        "LogPipeline {other} writes into the same data streams, logs-{pipeline}.*, of the same Elasticsearch: delete this one, and make it anew with another storage.elasticsearch.pipelineName"
    )]
    Shared { other: String, pipeline: String },
    #[error("neither storage.embedded nor storage.elasticsearch is set")]
    NoStorage,
}

impl Invalid {
    pub(super) fn quantity(field: &'static str, text: &str) -> Self {
        Self::Quantity { field, text: text.to_owned() }
    }

    /// The reason of the condition: stable, for programs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoSecret { .. } => "SecretNotFound",
            Self::NoKey { .. } | Self::NoCredentials { .. } => "SecretKeyMissing",
            Self::Content { .. } => "SecretInvalid",
            Self::NoEck { .. } | Self::EckNotInstalled { .. } => "ElasticsearchNotFound",
            Self::Shared { .. } => "NameTaken",
            Self::Duration { .. }
            | Self::Quantity { .. }
            | Self::Network { .. }
            | Self::Small { .. }
            | Self::Name { .. }
            | Self::NoStorage => "SpecInvalid",
        }
    }
}
