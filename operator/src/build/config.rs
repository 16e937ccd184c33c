//! Settings of the components, as the variables that they read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use logpipeline_model::elasticsearch::{Classes, Lifecycle};

use super::access::{self, Mounts};
use super::context::{Component, Context, hash};
use super::{ingestor as ingestors, listeners, service};
use crate::validate::{Cluster, Credentials, Storage, Wal};

pub(super) const DATA: &str = "/data";
const GIB: u64 = 1 << 30;
const LEAST_WAL: u64 = 64 << 20;
const LEAST_LETTERS: u64 = 16 << 20;
/// Like the log, the same for every volume of 4 GiB and more: a volume that grows must not replace its pod.
const MOST_LETTERS: u64 = 256 << 20;

pub(super) type Variables = BTreeMap<String, String>;

pub(super) fn ingestor(context: &Context<'_>) -> ConfigMap {
    config_map(context, Component::Ingestor, ingestor_variables(context))
}

pub(super) fn query(context: &Context<'_>) -> ConfigMap {
    config_map(context, Component::Query, query_variables(context))
}

fn config_map(context: &Context<'_>, component: Component, variables: Variables) -> ConfigMap {
    ConfigMap {
        metadata: context.meta(context.name(component), component),
        data: Some(variables),
        ..Default::default()
    }
}

/// Changes when anything changes that pods read at their start only.
pub(super) fn config_hash(context: &Context<'_>, component: Component, variables: &[&Variables]) -> String {
    let mut texts: Vec<&str> = vec![context.key];
    for (name, value) in variables.iter().copied().flatten() {
        texts.extend([name.as_str(), value.as_str()]);
    }
    if let Storage::Elasticsearch(cluster) = &context.pipeline.storage {
        texts.extend(cluster.secrets());
    }
    if component != Component::Query {
        texts.extend(context.pipeline.ingestor.shared_key().map(|key| key.value.reveal()));
    }
    hash(texts)
}

pub(super) fn ingestor_variables(context: &Context<'_>) -> Variables {
    let pipeline = context.pipeline;
    let mut variables = Variables::new();
    let mut set = |name: &str, value: String| variables.insert(format!("LOGPIPELINE_{name}"), value);
    set("DATA_DIR", DATA.to_owned());
    set("RETENTION_MAX_AGE", pipeline.keep.map_or_else(|| "0".to_owned(), seconds));
    if let Some(interval) = pipeline.ingestor.canary_interval {
        set("CANARY_INTERVAL", seconds(interval));
    }
    set("DEAD_LETTERS_MAX_AGE", pipeline.keep_dead_letters.map_or_else(|| "0".to_owned(), seconds));
    if let Storage::Embedded(volume) = &pipeline.storage {
        set("DEAD_LETTERS_MAX_BYTES", (volume.bytes / 16).clamp(LEAST_LETTERS, MOST_LETTERS).to_string());
    }
    if let Some(bytes) = pipeline.max_bytes {
        set("RETENTION_MAX_BYTES", bytes.to_string());
    }
    let wal = match (&pipeline.storage, &pipeline.ingestor.wal) {
        // The store and its merges need the rest.
        (Storage::Embedded(volume), _) => (volume.bytes / 4).clamp(LEAST_WAL, GIB),
        // The ingestor itself leaves a tenth of the disk free.
        (Storage::Elasticsearch(_), Wal::Volume(volume)) => (volume.bytes / 5 * 4).max(LEAST_WAL),
        (Storage::Elasticsearch(_), Wal::Pod) => GIB,
    };
    set("WAL_SIZE", wal.to_string());
    if let Storage::Elasticsearch(cluster) = &pipeline.storage {
        let layout = &cluster.layout;
        set("ELASTICSEARCH_SHARDS", layout.shards.to_string());
        set("ELASTICSEARCH_REPLICAS", layout.replicas.to_string());
        set("ELASTICSEARCH_REFRESH_INTERVAL", format!("{}ms", layout.refresh_interval.as_millis()));
        set("ELASTICSEARCH_ROLLOVER_SIZE", layout.rollover_shard_bytes.to_string());
        set("ELASTICSEARCH_LIFECYCLE", lifecycle(layout.lifecycle).to_owned());
        if let Some(age) = layout.rollover_age {
            set("ELASTICSEARCH_ROLLOVER_AGE", seconds(age));
        }
        let classes = classes(&cluster.classes);
        if !classes.is_empty() {
            set("RETENTION_CLASS", classes);
        }
    }
    variables.extend(store(context));
    variables.extend(access::variables(context, Component::Ingestor));
    variables.extend(listeners::variables(context));
    variables
}

pub(super) fn query_variables(context: &Context<'_>) -> Variables {
    let mut variables = store(context);
    let mut set = |name: &str, value: &str| variables.insert(format!("LOGPIPELINE_{name}"), value.to_owned());
    set("DATA_DIR", DATA);
    let port = ingestors::PORTS.admin.1;
    match context.pipeline.storage {
        Storage::Embedded(_) => {
            // The ingestor beside it has the usual one.
            set("ADMIN_LISTEN", "0.0.0.0:9091");
            set("INGESTOR_URL", &format!("http://127.0.0.1:{port}"));
        }
        Storage::Elasticsearch(_) => {
            let name = service::peers_name(context, Component::Ingestor);
            set("INGESTOR_URL", &format!("http://{name}.{}.svc:{port}", context.pipeline.namespace));
        }
    }
    if context.pipeline.ingestor.canary_interval.is_some() {
        set("HIDE_CANARIES", "true");
    }
    variables.extend(access::variables(context, Component::Query));
    variables
}

/// Which store, and how it is reached: the same for both components.
fn store(context: &Context<'_>) -> Variables {
    let mut variables = Variables::new();
    let mut set = |name: &str, value: &str| variables.insert(format!("LOGPIPELINE_{name}"), value.to_owned());
    let Storage::Elasticsearch(cluster) = &context.pipeline.storage else {
        set("STORE", "embedded");
        return variables;
    };
    set("STORE", "elasticsearch");
    set("ELASTICSEARCH_URL", &cluster.urls.join(","));
    set("PIPELINE", cluster.classes.pipeline());
    if cluster.authority.is_some() {
        set("ELASTICSEARCH_CA_FILE", &Mounts::file(Mounts::AUTHORITY, "ca.crt"));
    }
    credentials(cluster, &mut set);
    variables
}

fn credentials(cluster: &Cluster, set: &mut impl FnMut(&str, &str) -> Option<String>) {
    let file = |key: &str| Mounts::file(Mounts::CREDENTIALS, key);
    match &cluster.credentials {
        Credentials::None => None,
        Credentials::Basic { user, password } => {
            set("ELASTICSEARCH_USER", user);
            set("ELASTICSEARCH_PASSWORD_FILE", &file(&password.key))
        }
        Credentials::ApiKey(key) => set("ELASTICSEARCH_API_KEY_FILE", &file(&key.key)),
        Credentials::Token(key) => set("ELASTICSEARCH_TOKEN_FILE", &file(&key.key)),
    };
}

fn classes(classes: &Classes) -> String {
    let mut text = String::new();
    for class in classes.iter().skip(1) {
        let keep = class.keep.map(seconds).unwrap_or_default();
        let separator = if text.is_empty() { "" } else { ";" };
        let _ = write!(text, "{separator}{}={}:{keep}", class.name, class.levels.join(","));
    }
    text
}

fn lifecycle(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::Ingestor => "ingestor",
        Lifecycle::DataStream => "data-stream",
        Lifecycle::Ilm => "ilm",
        Lifecycle::Ism => "ism",
        Lifecycle::Auto => "auto",
    }
}

pub(super) fn seconds(duration: Duration) -> String {
    // A millisecond is the least that durations are written in.
    if duration.subsec_millis() == 0 {
        format!("{}s", duration.as_secs())
    } else {
        format!("{}ms", duration.as_millis())
    }
}
