//! Step two: a spec and what it refers to, parsed once into types that need no further checks.

mod address;
mod cidr;
mod error;
mod listeners;
mod secrets;
mod shared;
mod storage;
mod types;

use std::time::Duration;

use kube::ResourceExt;
use logpipeline_service::units::parse_duration;

use crate::crd::{GeneratorSpec, LogPipeline, WalDurability};
use crate::fetch::Fetched;
use crate::quantity;

pub(crate) use address::port_of;
pub use cidr::NetworkProblem;
pub use error::Invalid;
pub use shared::shared;
pub use types::{
    Cluster, Credentials, Generator, Ingestor, Listener, Pipeline, Query, Reader, Replicas, SecretKey,
    Sender, Storage, Tls, Volume, Wal,
};

use secrets::Secrets;

/// Everything that is wrong, not only the first.
pub fn validate(resource: &LogPipeline, fetched: &Fetched) -> Result<Pipeline, Vec<Invalid>> {
    let namespace = resource.namespace().unwrap_or_default();
    let mut problems = Vec::new();
    let mut secrets = Secrets::new(&namespace, fetched, &mut problems);
    let storage = storage::storage(resource, &namespace, fetched, &mut secrets);
    let ingestor = ingestor(resource, &mut secrets);
    let query = query(resource, &mut secrets);
    let spec = &resource.spec;
    let max_bytes = spec.retention.max_size.as_deref().and_then(|text| {
        secrets.kept(quantity::bytes(text).ok_or_else(|| Invalid::quantity("retention.maxSize", text)))
    });
    let keep = secrets.kept(storage::keep("retention.default", &spec.retention.default)).flatten();
    let keep_dead_letters =
        secrets.kept(storage::keep("retention.deadLetters", &spec.retention.dead_letters)).flatten();
    let generators: Vec<_> = spec.generators.iter().filter_map(|one| secrets.kept(generator(one))).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let (Some(storage), Some(ingestor), Some(query)) = (storage, ingestor, query) else {
        return Err(problems);
    };
    Ok(Pipeline {
        name: resource.name_any(),
        namespace,
        uid: resource.uid().unwrap_or_default(),
        generation: resource.metadata.generation.unwrap_or_default(),
        storage,
        keep,
        max_bytes,
        keep_dead_letters,
        ingestor,
        query,
        generators,
        deletion_policy: spec.deletion_policy,
    })
}

/// Where entries are kept, whatever else may be wrong.
pub fn storage_of(resource: &LogPipeline, fetched: &Fetched) -> Result<Storage, Vec<Invalid>> {
    let namespace = resource.namespace().unwrap_or_default();
    let mut problems = Vec::new();
    let mut secrets = Secrets::new(&namespace, fetched, &mut problems);
    match storage::storage(resource, &namespace, fetched, &mut secrets) {
        Some(storage) if problems.is_empty() => Ok(storage),
        _ => Err(problems),
    }
}

fn ingestor(resource: &LogPipeline, secrets: &mut Secrets<'_>) -> Option<Ingestor> {
    let spec = &resource.spec.ingestor;
    let senders = match &spec.tokens_secret_ref {
        Some(reference) => {
            Sender::Tokens(secrets.key("ingestor.tokensSecretRef", &reference.name, "tokens")?.name)
        }
        None => Sender::Anybody,
    };
    let tls = match &spec.tls_secret_ref {
        Some(reference) => Some(secrets.tls("ingestor.tlsSecretRef", &reference.name)?),
        None => None,
    };
    let listeners = listeners::listeners(spec, secrets)?;
    let wal = match spec.wal.as_ref() {
        Some(wal) if wal.durability == WalDurability::Volume => {
            let text = wal.size.as_deref().unwrap_or_default();
            let bytes = secrets
                .kept(quantity::bytes(text).ok_or_else(|| Invalid::quantity("ingestor.wal.size", text)))?;
            let volume =
                Volume { size: text.to_owned(), bytes, storage_class: wal.storage_class_name.clone() };
            Wal::Volume(volume)
        }
        _ => Wal::Pod,
    };
    let canary_interval = secrets.kept(canary_interval(&spec.canary_interval))?;
    let replicas = match &spec.autoscaling {
        Some(auto) => Replicas::Between {
            least: auto.min_replicas,
            most: auto.max_replicas,
            cpu_percent: auto.target_cpu_utilization_percentage,
        },
        None => Replicas::Fixed(spec.replicas),
    };
    Some(Ingestor {
        replicas,
        resources: spec.resources.clone(),
        wal,
        senders,
        tls,
        listeners,
        canary_interval,
        ingress: spec.ingress.clone(),
        image: spec.image.clone(),
    })
}

/// At least a second, or none.
fn canary_interval(text: &str) -> Result<Option<Duration>, Invalid> {
    let field = "ingestor.canaryInterval";
    let invalid = || Invalid::Duration { field: field.to_owned(), text: text.to_owned() };
    match parse_duration(text).map_err(|_| invalid())? {
        Duration::ZERO => Ok(None),
        short if short < Duration::from_secs(1) => Err(Invalid::Small { field, least: "1s, or 0s for none" }),
        interval => Ok(Some(interval)),
    }
}

fn query(resource: &LogPipeline, secrets: &mut Secrets<'_>) -> Option<Query> {
    let spec = &resource.spec.query;
    let readers = match spec.auth.as_ref().and_then(|auth| auth.users_secret_ref.as_ref()) {
        Some(reference) => {
            Reader::Users(secrets.key("query.auth.usersSecretRef", &reference.name, "users")?.name)
        }
        None => Reader::Anybody,
    };
    let tls = match &spec.tls_secret_ref {
        Some(reference) => Some(secrets.tls("query.tlsSecretRef", &reference.name)?),
        None => None,
    };
    Some(Query {
        replicas: spec.replicas,
        resources: spec.resources.clone(),
        readers,
        tls,
        ingress: spec.ingress.clone(),
        image: spec.image.clone(),
    })
}

fn generator(spec: &GeneratorSpec) -> Result<Generator, Invalid> {
    let duration = storage::duration(&format!("generators[{}].duration", spec.name), &spec.duration)?;
    Ok(Generator { spec: spec.clone(), duration })
}
