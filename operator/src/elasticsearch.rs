//! What Elasticsearch or OpenSearch holds for a pipeline, as the model defines it, put and kept so.

use std::collections::BTreeSet;

use logpipeline_cluster::{ClusterError, Connection, Engine, Method, RequestError, UNKNOWN};
use logpipeline_model::elasticsearch::{Classes, Lifecycle};
use serde_json::{Value, json};

use crate::crd::DeletionPolicy;
use crate::status::Verdict;
use crate::validate::Cluster;

/// What putting everything came to.
#[derive(Debug, Clone)]
pub struct Settled {
    pub storage: Verdict,
    pub templates: Verdict,
    pub retention: Verdict,
    /// Paths of what was put because it was missing or differed.
    pub changed: Vec<String>,
}

impl Settled {
    pub fn is_well(&self) -> bool {
        [&self.storage, &self.templates, &self.retention].iter().all(|verdict| verdict.status == "True")
    }
}

/// Puts templates, data streams and lifecycles where they are missing or differ.
pub async fn settle(cluster: &Cluster) -> Settled {
    let after = |storage: Verdict| Settled {
        storage,
        templates: Verdict::unknown("StorageNotReady", "the cluster must be reached first"),
        retention: Verdict::unknown("StorageNotReady", "the cluster must be reached first"),
        changed: Vec::new(),
    };
    let (connection, engine) = match connect(cluster).await {
        Ok(connected) => connected,
        Err(error) => return after(refusal(&error)),
    };
    let storage = Verdict::yes("Reachable", "the cluster answers");
    let mut layout = cluster.layout.clone();
    layout.lifecycle = match logpipeline_cluster::lifecycle(&connection, &engine, layout.lifecycle).await {
        Ok(lifecycle) => lifecycle,
        Err(error) => {
            let reason =
                if matches!(error, ClusterError::Unsupported { .. }) { "Unsupported" } else { "Failed" };
            let retention = Verdict::no(reason, error.to_string());
            let templates = Verdict::unknown("RetentionFails", "they are put after the lifecycle is settled");
            return Settled { storage, templates, retention, ..after(Verdict::yes("", "")) };
        }
    };
    let applied = logpipeline_cluster::apply(&connection, &engine, &cluster.classes, &layout, false).await;
    let mut changed = match applied {
        Ok(applied) => applied.changed,
        Err(error) => {
            let templates = Verdict::no(reason_of(&error), told(&error));
            return Settled { storage, templates, ..after(Verdict::yes("", "")) };
        }
    };
    match streams(&connection, cluster).await {
        Ok(made) => changed.extend(made),
        Err(error) => {
            let templates = Verdict::no(reason_of(&error), told(&error));
            return Settled { storage, templates, ..after(Verdict::yes("", "")) };
        }
    }
    Settled {
        storage,
        templates: Verdict::yes("Applied", "templates and data streams are as they are defined"),
        retention: retention(layout.lifecycle),
        changed,
    }
}

fn retention(lifecycle: Lifecycle) -> Verdict {
    let who = match lifecycle {
        Lifecycle::DataStream => "the data stream lifecycle",
        Lifecycle::Ilm => "index lifecycle management",
        Lifecycle::Ism => "index state management",
        Lifecycle::Ingestor | Lifecycle::Auto => "the ingestor",
    };
    Verdict::yes("Applied", format!("{who} removes what is older than asked for"))
}

async fn connect(cluster: &Cluster) -> Result<(Connection, Engine), ClusterError> {
    let connection = Connection::new(&cluster.access())?;
    let engine = Engine::detect(&connection).await?;
    match engine.unsupported() {
        Some(reason) => Err(ClusterError::Unsupported { reason }),
        None => Ok((connection, engine)),
    }
}

fn refusal(error: &ClusterError) -> Verdict {
    match error {
        ClusterError::Unsupported { reason } => Verdict::no("Unsupported", reason.clone()),
        ClusterError::Request(error) => Verdict::no(reason_of(error), told(error)),
    }
}

/// What may stand in a status: whoever writes a LogPipeline chooses the address, and must not read by way of the operator what
/// other servers answer.
fn told(error: &RequestError) -> String {
    match error {
        RequestError::Refused { url, status, kind, .. } if kind == UNKNOWN => {
            format!("{url} answers with status {status}, and not as Elasticsearch or OpenSearch does")
        }
        error => error.to_string(),
    }
}

fn reason_of(error: &RequestError) -> &'static str {
    match error.status() {
        Some(401) => "Unauthorized",
        Some(403) => "Forbidden",
        Some(_) => "Refused",
        None => "Unreachable",
    }
}

/// Makes the data streams that are missing, where the engine can be asked to; otherwise the first entry makes its own.
async fn streams(connection: &Connection, cluster: &Cluster) -> Result<Vec<String>, RequestError> {
    let known = data_streams(connection, &cluster.classes.pattern()).await?;
    let mut made = Vec::new();
    for class in cluster.classes.iter() {
        let stream = cluster.classes.stream(class);
        if known.contains(&stream) {
            continue;
        }
        let path = format!("/_data_stream/{stream}");
        match connection.ask::<Value>(Method::Put, &path, None).await {
            Ok(_) => made.push(path),
            Err(RequestError::Refused { reason, .. })
                if reason.contains("no handler found") || reason.contains("already exists") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(made)
}

async fn data_streams(connection: &Connection, pattern: &str) -> Result<Vec<String>, RequestError> {
    let path = format!("/_resolve/index/{pattern}");
    let found: Value = match connection.ask(Method::Get, &path, None).await {
        Ok(found) => found,
        Err(error) if error.status() == Some(404) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let names = found["data_streams"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(names.iter().filter_map(|one| one["name"].as_str()).map(str::to_owned).collect())
}

/// Removes what is the pipeline's, its dead letters too: with [`DeletionPolicy::Delete`] everything, otherwise what holds no entry. The data streams
/// that are left.
pub async fn remove(cluster: &Cluster, policy: DeletionPolicy) -> Result<Vec<String>, ClusterError> {
    let (connection, _) = connect(cluster).await?;
    let mut left = Vec::new();
    for classes in [&cluster.classes, &cluster.classes.dead_letters(None)] {
        left.extend(remove_classes(&connection, classes, policy).await?);
    }
    Ok(left)
}

async fn remove_classes(
    connection: &Connection,
    classes: &Classes,
    policy: DeletionPolicy,
) -> Result<Vec<String>, ClusterError> {
    let pattern = classes.pattern();
    let mut left = Vec::new();
    for stream in data_streams(connection, &pattern).await? {
        if policy == DeletionPolicy::Retain && holds_entries(connection, &stream).await? {
            left.push(stream);
        } else {
            delete(connection, &format!("/_data_stream/{stream}")).await?;
        }
    }
    let templates: Value =
        found(connection, &format!("/_index_template/{pattern}"), "index_templates").await?;
    let listed = templates.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut names: BTreeSet<_> =
        listed.iter().filter_map(|one| one["name"].as_str()).map(str::to_owned).collect();
    // One that was interrupted has left their parts.
    names.extend(classes.iter().map(|class| classes.stream(class)));
    for name in &names {
        if left.contains(name) {
            continue;
        }
        delete(connection, &format!("/_index_template/{name}")).await?;
        delete(connection, &format!("/_component_template/{name}@lifecycle")).await?;
        for policies in ["/_ilm/policy", "/_plugins/_ism/policies"] {
            delete_if_allowed(connection, &format!("{policies}/{name}")).await?;
        }
    }
    if left.is_empty() {
        let pipeline = classes.pipeline();
        for part in ["settings", "mappings"] {
            delete(connection, &format!("/_component_template/logs-{pipeline}@{part}")).await?;
        }
        delete_if_allowed(connection, &format!("/logpipeline-{pipeline}-lease")).await?;
    }
    Ok(left)
}

async fn holds_entries(connection: &Connection, stream: &str) -> Result<bool, RequestError> {
    connection.ask::<Value>(Method::Post, &format!("/{stream}/_refresh"), None).await?;
    let body = json!({ "size": 0, "terminate_after": 1, "track_total_hits": true });
    // A shard that does not answer may hold the entries.
    let path = format!("/{stream}/_search?allow_partial_search_results=false");
    let answer: Value = connection.ask(Method::Post, &path, Some(&body)).await?;
    let complete = answer["_shards"]["failed"] == 0 && answer["timed_out"] == false;
    Ok(!complete || answer["hits"]["total"]["value"].as_u64() != Some(0))
}

async fn found(connection: &Connection, path: &str, member: &str) -> Result<Value, RequestError> {
    match connection.ask::<Value>(Method::Get, path, None).await {
        Ok(mut answer) => Ok(answer[member].take()),
        Err(error) if error.status() == Some(404) => Ok(Value::Null),
        Err(error) => Err(error),
    }
}

/// Deletes what may not be there, or be of a kind that the engine does not know.
async fn delete(connection: &Connection, path: &str) -> Result<(), RequestError> {
    match connection.ask::<Value>(Method::Delete, path, None).await {
        Err(RequestError::Refused { reason, .. })
            if reason.contains("no handler found") && !path.starts_with("/_data_stream") =>
        {
            Ok(())
        }
        Err(error) if error.status() == Some(404) => Ok(()),
        other => other.map(drop),
    }
}

/// Deletes what takes a right that the pipeline needs for nothing else, as policies do where another lifecycle was chosen; without it, that stays if it
/// is there.
async fn delete_if_allowed(connection: &Connection, path: &str) -> Result<(), RequestError> {
    match delete(connection, path).await {
        Err(error @ RequestError::Refused { status: 403, .. }) if !error.is_transient() => {
            tracing::info!(path, %error, "not allowed to delete this, which stays if it is there");
            Ok(())
        }
        other => other,
    }
}
