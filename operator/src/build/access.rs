//! Secrets that components read: where they are mounted, and what names them there.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{KeyToPath, SecretVolumeSource, Volume, VolumeMount};

use super::config::Variables;
use super::context::{Component, Context, internal_secret};
use crate::validate::{Cluster, Credentials, Reader, SecretKey, Sender};

pub(super) struct Mounts;

impl Mounts {
    pub(super) const CREDENTIALS: &'static str = "elasticsearch";
    pub(super) const AUTHORITY: &'static str = "elasticsearch-ca";
    pub(super) const FORWARD: &'static str = "forward";
    const INTERNAL: &'static str = "internal";
    const TOKENS: &'static str = "tokens";
    const USERS: &'static str = "users";
    const INGESTOR_TLS: &'static str = "ingestor-tls";
    const QUERY_TLS: &'static str = "query-tls";

    /// Where a key of a mounted Secret is found.
    pub(super) fn file(mount: &str, key: &str) -> String {
        format!("/etc/logpipeline/{mount}/{key}")
    }
}

/// Who may use a component, and what it shows its clients.
pub(super) fn variables(context: &Context<'_>, component: Component) -> Variables {
    let mut variables = BTreeMap::new();
    let mut set = |name: &str, value: String| variables.insert(format!("LOGPIPELINE_{name}"), value);
    let pipeline = context.pipeline;
    let internal = Mounts::file(Mounts::INTERNAL, "tokens");
    let (open, tls) = match component {
        Component::Query => {
            if let Reader::Users(_) = pipeline.query.readers {
                set("USERS_FILE", Mounts::file(Mounts::USERS, "users"));
                set("TOKENS_FILE", internal);
                set("SESSION_KEY_FILE", Mounts::file(Mounts::INTERNAL, "session-key"));
            }
            (
                pipeline.query.readers == Reader::Anybody,
                pipeline.query.tls.as_ref().map(|_| Mounts::QUERY_TLS),
            )
        }
        _ => {
            if let Sender::Tokens(_) = pipeline.ingestor.senders {
                set("TOKENS_FILE", format!("{},{internal}", Mounts::file(Mounts::TOKENS, "tokens")));
            }
            let tls = pipeline.ingestor.tls.as_ref().map(|_| Mounts::INGESTOR_TLS);
            (pipeline.ingestor.senders == Sender::Anybody, tls)
        }
    };
    if open {
        set("INSECURE", "true".to_owned());
    }
    if let Some(mount) = tls {
        set("TLS_CERTIFICATE_FILE", Mounts::file(mount, "tls.crt"));
        set("TLS_KEY_FILE", Mounts::file(mount, "tls.key"));
    }
    variables
}

/// Some keys of a Secret at a mount.
struct Mounted<'a> {
    mount: &'static str,
    secret: String,
    keys: Vec<&'a str>,
}

impl Mounted<'_> {
    fn volume(&self) -> Volume {
        let item = |key: &&str| KeyToPath { key: (*key).to_owned(), path: (*key).to_owned(), mode: None };
        let items = Some(self.keys.iter().map(item).collect());
        Volume {
            name: self.mount.to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(self.secret.clone()),
                items,
                default_mode: Some(0o440),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    fn mount(&self) -> VolumeMount {
        VolumeMount {
            name: self.mount.to_owned(),
            mount_path: format!("/etc/logpipeline/{}", self.mount),
            read_only: Some(true),
            ..Default::default()
        }
    }
}

fn split(mounted: &[Mounted<'_>]) -> (Vec<Volume>, Vec<VolumeMount>) {
    (mounted.iter().map(Mounted::volume).collect(), mounted.iter().map(Mounted::mount).collect())
}

pub(super) fn ingestor(context: &Context<'_>) -> (Vec<Volume>, Vec<VolumeMount>) {
    let pipeline = context.pipeline;
    let mut mounted = Vec::new();
    if let Sender::Tokens(secret) = &pipeline.ingestor.senders {
        mounted.push(Mounted { mount: Mounts::TOKENS, secret: secret.clone(), keys: vec!["tokens"] });
        mounted.push(Mounted {
            mount: Mounts::INTERNAL,
            secret: internal_secret(&pipeline.name),
            keys: vec!["tokens", "session-key"],
        });
    }
    if let Some(tls) = &pipeline.ingestor.tls {
        let keys = vec!["tls.crt", "tls.key"];
        mounted.push(Mounted { mount: Mounts::INGESTOR_TLS, secret: tls.secret.clone(), keys });
    }
    if let Some(key) = pipeline.ingestor.shared_key() {
        mounted.push(Mounted { mount: Mounts::FORWARD, secret: key.name.clone(), keys: vec![&key.key] });
    }
    split(&mounted)
}

pub(super) fn query(context: &Context<'_>) -> (Vec<Volume>, Vec<VolumeMount>) {
    let pipeline = context.pipeline;
    let mut mounted = Vec::new();
    if let Reader::Users(secret) = &pipeline.query.readers {
        mounted.push(Mounted { mount: Mounts::USERS, secret: secret.clone(), keys: vec!["users"] });
        mounted.push(Mounted {
            mount: Mounts::INTERNAL,
            secret: internal_secret(&pipeline.name),
            keys: vec!["tokens", "session-key"],
        });
    }
    if let Some(tls) = &pipeline.query.tls {
        let keys = vec!["tls.crt", "tls.key"];
        mounted.push(Mounted { mount: Mounts::QUERY_TLS, secret: tls.secret.clone(), keys });
    }
    split(&mounted)
}

/// What it takes to reach Elasticsearch.
pub(super) fn elasticsearch(cluster: &Cluster) -> (Vec<Volume>, Vec<VolumeMount>) {
    let of = |mount, key: &SecretKey| (mount, key.name.clone(), key.key.clone());
    let credentials = match &cluster.credentials {
        Credentials::None => None,
        Credentials::Basic { password: key, .. } | Credentials::ApiKey(key) | Credentials::Token(key) => {
            Some(of(Mounts::CREDENTIALS, key))
        }
    };
    let authority = cluster.authority.as_ref().map(|key| of(Mounts::AUTHORITY, key));
    let named: Vec<_> = credentials.into_iter().chain(authority).collect();
    let mounted: Vec<_> = named
        .iter()
        .map(|(mount, secret, key)| Mounted { mount, secret: secret.clone(), keys: vec![key] })
        .collect();
    split(&mounted)
}

/// What a generator needs: its token where one is asked for, and the authorities of what it talks to.
pub(super) fn generator(context: &Context<'_>) -> (Variables, Vec<Volume>, Vec<VolumeMount>) {
    let pipeline = context.pipeline;
    let mut variables = BTreeMap::new();
    let mut set = |name: &str, value: String| variables.insert(format!("LOGPIPELINE_{name}"), value);
    let mut mounted = Vec::new();
    let guarded = (pipeline.ingestor.senders != Sender::Anybody, pipeline.query.readers != Reader::Anybody);
    if guarded.0 || guarded.1 {
        let file = Mounts::file(Mounts::INTERNAL, "token");
        if guarded.0 {
            set("TOKEN_FILE", file.clone());
        }
        if guarded.1 {
            set("QUERY_TOKEN_FILE", file);
        }
        mounted.push(Mounted {
            mount: Mounts::INTERNAL,
            secret: internal_secret(&pipeline.name),
            keys: vec!["token"],
        });
    }
    let tls = [
        pipeline.ingestor.tls.as_ref().map(|tls| (Mounts::INGESTOR_TLS, tls)),
        pipeline.query.tls.as_ref().map(|tls| (Mounts::QUERY_TLS, tls)),
    ];
    let mut files = Vec::new();
    for (mount, tls) in tls.into_iter().flatten() {
        mounted.push(Mounted { mount, secret: tls.secret.clone(), keys: vec![tls.authority_key] });
        files.push(Mounts::file(mount, tls.authority_key));
    }
    if !files.is_empty() {
        set("CA_FILE", files.join(","));
    }
    let (volumes, mounts) = split(&mounted);
    (variables, volumes, mounts)
}
