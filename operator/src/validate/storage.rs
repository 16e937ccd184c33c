//! Where entries are kept, and for how long.

use std::time::Duration;

use kube::ResourceExt;
use logpipeline_model::elasticsearch::{Classes, Layout, Lifecycle, RetentionClass};
use logpipeline_model::level::Level;
use logpipeline_service::units::parse_duration;

use super::address::in_namespace;
use super::error::Invalid;
use super::secrets::Secrets;
use super::shared::pipeline_name;
use super::types::{Cluster, Credentials, SecretKey, Storage, Volume};
use crate::crd::{ElasticsearchSpec, LifecycleSpec, LogPipeline, RetentionSpec};
use crate::fetch::{Eck, Fetched, eck};
use crate::quantity;

const CREDENTIALS: &str = "storage.elasticsearch.credentialsSecretRef";
const AUTHORITY: &str = "storage.elasticsearch.caSecretRef";
const ECK: &str = "storage.elasticsearch.eckRef";
const SHORTEST_REFRESH: Duration = Duration::from_millis(100);
const SHORTEST_ROLLOVER: Duration = Duration::from_secs(60);
const SMALLEST_ROLLOVER: u64 = 1 << 20;
/// What holds a write-ahead log of the least size, and some entries.
const SMALLEST_VOLUME: u64 = 512 << 20;

pub(super) fn storage(
    resource: &LogPipeline,
    namespace: &str,
    fetched: &Fetched,
    secrets: &mut Secrets<'_>,
) -> Option<Storage> {
    let spec = &resource.spec.storage;
    if let Some(embedded) = &spec.embedded {
        let field = "storage.embedded.size";
        let bytes = quantity::bytes(&embedded.size).ok_or_else(|| Invalid::quantity(field, &embedded.size));
        let bytes = secrets.kept(bytes)?;
        if bytes < SMALLEST_VOLUME {
            return secrets.kept(Err(Invalid::Small { field, least: "512Mi" }));
        }
        let (size, storage_class) = (embedded.size.clone(), embedded.storage_class_name.clone());
        return Some(Storage::Embedded(Volume { size, bytes, storage_class }));
    }
    let Some(elasticsearch) = &spec.elasticsearch else {
        return secrets.kept(Err(Invalid::NoStorage));
    };
    let reached = reach(elasticsearch, namespace, fetched, secrets);
    let classes = classes(resource, namespace, elasticsearch, secrets);
    let layout = layout(elasticsearch, &resource.spec.retention, secrets);
    let (urls, credentials, authority) = reached?;
    let cluster = Cluster { urls, credentials, authority, classes: classes?, layout: layout? };
    Some(Storage::Elasticsearch(Box::new(cluster)))
}

type Reached = (Vec<String>, Credentials, Option<SecretKey>);

fn reach(
    spec: &ElasticsearchSpec,
    namespace: &str,
    fetched: &Fetched,
    secrets: &mut Secrets<'_>,
) -> Option<Reached> {
    let own = spec.credentials_secret_ref.as_ref().map(|reference| credentials(&reference.name, secrets));
    let authority =
        spec.ca_secret_ref.as_ref().map(|reference| secrets.key(AUTHORITY, &reference.name, "ca.crt"));
    let Some(reference) = &spec.eck_ref else {
        let urls = spec.url.as_deref().unwrap_or_default().split(',');
        let urls = urls.map(|url| in_namespace(url, namespace)).collect();
        return Some((urls, own.unwrap_or(Some(Credentials::None))?, transposed(authority)?));
    };
    let name = &reference.name;
    let (namespace, known) = (namespace.to_owned(), fetched.eck);
    let tls = secrets.kept(match known {
        Some(Eck::Found { tls }) => Ok(tls),
        Some(Eck::NotInstalled) => Err(Invalid::EckNotInstalled { name: name.clone() }),
        Some(Eck::Missing) | None => Err(Invalid::NoEck { namespace: namespace.clone(), name: name.clone() }),
    })?;
    let scheme = if tls { "https" } else { "http" };
    let url = format!("{scheme}://{name}-es-http.{namespace}.svc:9200");
    let credentials = own.unwrap_or_else(|| {
        let password = secrets.key(ECK, &eck::user_secret(name), "elastic")?;
        Some(Credentials::Basic { user: "elastic".to_owned(), password })
    });
    let authority = match authority {
        Some(own) => own.map(Some),
        // A certificate of one's own may come from an authority that everybody knows.
        None if tls => secrets.optional_key(ECK, &eck::authority_secret(name), "ca.crt"),
        None => Some(None),
    };
    Some((vec![url], credentials?, authority?))
}

/// `None` where something was to be there and is not.
#[allow(clippy::option_option, reason = "the outer one is whether it failed")]
fn transposed<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    match found {
        None => Some(None),
        Some(found) => found.map(Some),
    }
}

fn credentials(name: &str, secrets: &mut Secrets<'_>) -> Option<Credentials> {
    let has = |key: &str, data: &crate::fetch::SecretData| data.0.contains_key(key);
    let data = secrets.data(CREDENTIALS, name)?;
    if has("apiKey", data) {
        return secrets.key(CREDENTIALS, name, "apiKey").map(Credentials::ApiKey);
    }
    if has("token", data) {
        return secrets.key(CREDENTIALS, name, "token").map(Credentials::Token);
    }
    if !has("username", data) && !has("password", data) {
        return secrets.no_credentials(name);
    }
    let user = secrets.key(CREDENTIALS, name, "username");
    let password = secrets.key(CREDENTIALS, name, "password")?;
    Some(Credentials::Basic { user: user?.value.reveal().to_owned(), password })
}

fn classes(
    resource: &LogPipeline,
    namespace: &str,
    spec: &ElasticsearchSpec,
    secrets: &mut Secrets<'_>,
) -> Option<Classes> {
    let retention = &resource.spec.retention;
    let name = pipeline_name(spec, namespace, &resource.name_any());
    let default = secrets.kept(keep("retention.default", &retention.default));
    let mut others = Vec::new();
    for one in &retention.by_level {
        // In the order of their severity, however they are written.
        let levels: Vec<_> = Level::ALL
            .iter()
            .map(|level| level.as_str().to_owned())
            .filter(|level| one.levels.contains(level))
            .collect();
        let name = one.class.clone().unwrap_or_else(|| levels.join("-"));
        let keep = secrets.kept(duration("retention.byLevel.keep", &one.keep))?;
        others.push(RetentionClass { name, levels, keep: Some(keep) });
    }
    let classes = Classes::new(&name, default?, others);
    secrets.kept(classes.map_err(|source| Invalid::Name { name, source }))
}

fn layout(spec: &ElasticsearchSpec, retention: &RetentionSpec, secrets: &mut Secrets<'_>) -> Option<Layout> {
    let refresh = duration("storage.elasticsearch.refreshInterval", &spec.refresh_interval);
    let refresh_interval = secrets.kept(refresh)?;
    if refresh_interval < SHORTEST_REFRESH {
        let field = "storage.elasticsearch.refreshInterval";
        return secrets.kept(Err(Invalid::Small { field, least: "100ms" }));
    }
    let mut layout = Layout {
        shards: spec.shards,
        replicas: spec.replicas,
        refresh_interval,
        lifecycle: match retention.lifecycle {
            LifecycleSpec::Ingestor => Lifecycle::Ingestor,
            LifecycleSpec::Auto => Lifecycle::Auto,
            LifecycleSpec::DataStream => Lifecycle::DataStream,
            LifecycleSpec::Ilm => Lifecycle::Ilm,
            LifecycleSpec::Ism => Lifecycle::Ism,
        },
        ..Layout::default()
    };
    let rollover = retention.rollover.clone().unwrap_or_default();
    if let Some(text) = &rollover.max_age {
        let age = secrets.kept(duration("retention.rollover.maxAge", text))?;
        if age < SHORTEST_ROLLOVER {
            let field = "retention.rollover.maxAge";
            return secrets.kept(Err(Invalid::Small { field, least: "1m" }));
        }
        layout.rollover_age = Some(age);
    }
    if let Some(text) = &rollover.max_primary_shard_size {
        let field = "retention.rollover.maxPrimaryShardSize";
        let bytes = secrets.kept(quantity::bytes(text).ok_or_else(|| Invalid::quantity(field, text)))?;
        if bytes < SMALLEST_ROLLOVER {
            return secrets.kept(Err(Invalid::Small { field, least: "1Mi" }));
        }
        layout.rollover_shard_bytes = bytes;
    }
    Some(layout)
}

/// How long entries are kept; `None` for ever.
pub(super) fn keep(field: &str, text: &str) -> Result<Option<Duration>, Invalid> {
    if text == "forever" { Ok(None) } else { duration(field, text).map(Some) }
}

pub(super) fn duration(field: &str, text: &str) -> Result<Duration, Invalid> {
    let invalid = || Invalid::Duration { field: field.to_owned(), text: text.to_owned() };
    parse_duration(text).ok().filter(|duration| !duration.is_zero()).ok_or_else(invalid)
}
