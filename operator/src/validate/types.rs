//! A pipeline as the later steps take it: nothing in here can be wrong any more.

use std::fmt;
use std::time::Duration;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::api::networking::v1::NetworkPolicyPeer;
use logpipeline_cluster::Access;
use logpipeline_model::elasticsearch::{Classes, Layout};

use crate::crd::{DeletionPolicy, GeneratorSpec, IngressSpec, ListenerProtocol};

#[derive(Debug, Clone)]
pub struct Pipeline {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub generation: i64,
    pub storage: Storage,
    /// How long entries are kept; for ever where absent.
    pub keep: Option<Duration>,
    pub max_bytes: Option<u64>,
    /// How long dead letters are kept; for ever where absent.
    pub keep_dead_letters: Option<Duration>,
    pub ingestor: Ingestor,
    pub query: Query,
    pub generators: Vec<Generator>,
    pub deletion_policy: DeletionPolicy,
}

#[derive(Debug, Clone)]
pub enum Storage {
    Embedded(Volume),
    Elasticsearch(Box<Cluster>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// As it was written.
    pub size: String,
    pub bytes: u64,
    pub storage_class: Option<String>,
}

/// A cluster of Elasticsearch or OpenSearch, and how entries are laid out there.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub urls: Vec<String>,
    pub credentials: Credentials,
    pub authority: Option<SecretKey>,
    pub classes: Classes,
    /// With the lifecycle that was asked for.
    pub layout: Layout,
}

impl Cluster {
    /// How the operator itself reaches it.
    pub fn access(&self) -> Access {
        use logpipeline_cluster::Credentials as Given;
        let mut access = Access::new(self.urls.clone());
        access.timeout = Duration::from_secs(15);
        access.authorities = self.authority.as_ref().map(|key| key.value.reveal().as_bytes().to_vec());
        access.credentials = match &self.credentials {
            Credentials::None => Given::None,
            Credentials::Basic { user, password, .. } => {
                Given::Basic { user: user.clone(), password: password.value.reveal().to_owned() }
            }
            Credentials::ApiKey(key) => Given::ApiKey(key.value.reveal().to_owned()),
            Credentials::Token(key) => Given::Bearer(key.value.reveal().to_owned()),
        };
        access
    }

    /// Everything secret that its clients read at their start, to roll them when it changes.
    pub fn secrets(&self) -> Vec<&str> {
        let mut secrets = Vec::new();
        match &self.credentials {
            Credentials::None => {}
            Credentials::Basic { user, password } => secrets.extend([user.as_str(), password.value.reveal()]),
            Credentials::ApiKey(key) | Credentials::Token(key) => secrets.push(key.value.reveal()),
        }
        secrets.extend(self.authority.as_ref().map(|key| key.value.reveal()));
        secrets
    }
}

#[derive(Debug, Clone)]
pub enum Credentials {
    None,
    Basic { user: String, password: SecretKey },
    ApiKey(SecretKey),
    Token(SecretKey),
}

/// A key of a Secret, and what it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretKey {
    pub name: String,
    pub key: String,
    pub value: Hidden,
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[derive(Debug, Clone)]
pub struct Ingestor {
    pub replicas: Replicas,
    pub resources: Option<ResourceRequirements>,
    pub wal: Wal,
    pub senders: Sender,
    pub tls: Option<Tls>,
    /// In the order of their protocols.
    pub listeners: Vec<Listener>,
    /// `None` where no canaries are sent.
    pub canary_interval: Option<Duration>,
    pub ingress: Option<IngressSpec>,
    pub image: Option<String>,
}

impl Ingestor {
    /// Those that accept entries from anyone, although HTTP asks for a token.
    pub fn anonymous_listeners(&self) -> impl Iterator<Item = ListenerProtocol> {
        let guarded = self.senders != Sender::Anybody;
        self.listeners.iter().filter(move |one| guarded && one.anonymous).map(|one| one.protocol)
    }

    /// The key that senders by Forward must know.
    pub fn shared_key(&self) -> Option<&SecretKey> {
        self.listeners.iter().find_map(|one| one.shared_key.as_ref())
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Listener {
    pub protocol: ListenerProtocol,
    /// Of the Service.
    pub port: i32,
    pub anonymous: bool,
    pub shared_key: Option<SecretKey>,
    /// All pods of the cluster where empty.
    pub from: Vec<NetworkPolicyPeer>,
}

/// A Secret of the type kubernetes.io/tls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    pub secret: String,
    /// The key with the authority of the certificate: `ca.crt` where it is there, as cert-manager puts it; otherwise the certificate is
    /// its own.
    pub authority_key: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replicas {
    Fixed(i32),
    Between { least: i32, most: i32, cpu_percent: i32 },
}

/// Where the write-ahead log is kept when Elasticsearch is the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wal {
    Volume(Volume),
    Pod,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// A Secret with tokens.
    Tokens(String),
    Anybody,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// A Secret with users.
    Users(String),
    Anybody,
}

#[derive(Debug, Clone)]
pub struct Query {
    pub replicas: i32,
    pub resources: Option<ResourceRequirements>,
    pub readers: Reader,
    pub tls: Option<Tls>,
    pub ingress: Option<IngressSpec>,
    pub image: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Generator {
    pub spec: GeneratorSpec,
    pub duration: Duration,
}
