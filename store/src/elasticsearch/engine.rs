//! Which engine answers, and what it can do.

use std::time::Duration;

use elasticsearch::http::Method;
use logpipeline_model::elasticsearch::{Features, Product, definitions};
use serde::Deserialize;
use serde_json::{Value, json};

use super::compile::{self, Compiler};
use super::connection::{Connection, RequestError};
use super::options::Options;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Engine {
    pub(super) product: Product,
    /// Major and minor.
    pub(super) version: (u32, u32),
}

#[derive(Deserialize)]
struct Root {
    version: Version,
}

#[derive(Deserialize)]
struct Version {
    number: String,
    #[serde(default)]
    distribution: Option<String>,
}

impl Engine {
    pub(super) async fn detect(connection: &Connection) -> Result<Self, RequestError> {
        let Root { version } = connection.ask(Method::Get, "/", None).await?;
        let mut numbers = version.number.split('.').map(|part| part.parse().unwrap_or(0));
        let product = match version.distribution.as_deref() {
            Some("opensearch") => Product::OpenSearch,
            _ => Product::Elasticsearch,
        };
        Ok(Self { product, version: (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) })
    }

    /// Why the engine cannot be used, where it cannot.
    pub(super) fn unsupported(&self) -> Option<String> {
        let (name, oldest) = match self.product {
            Product::Elasticsearch => ("Elasticsearch", 8),
            Product::OpenSearch => ("OpenSearch", 2),
        };
        let (major, minor) = self.version;
        (major < oldest)
            .then(|| format!("{name} {major}.{minor} is too old: {oldest}.0 is the oldest supported"))
    }

    /// The path that opens a point in time on indices.
    pub(super) fn point_in_time_path(&self, indices: &str) -> String {
        match self.product {
            Product::Elasticsearch => format!("/{indices}/_pit?keep_alive=1m&ignore_unavailable=true"),
            Product::OpenSearch => format!("/{indices}/_search/point_in_time?keep_alive=1m"),
        }
    }

    /// The id in the answer to that.
    pub(super) fn point_in_time_id(&self, answer: &Value) -> Option<String> {
        let name = match self.product {
            Product::Elasticsearch => "id",
            Product::OpenSearch => "pit_id",
        };
        answer.get(name)?.as_str().map(str::to_owned)
    }

    /// The request that closes it.
    pub(super) fn close_point_in_time(&self, id: &str) -> (&'static str, Value) {
        match self.product {
            Product::Elasticsearch => ("/_pit", json!({ "id": id })),
            Product::OpenSearch => ("/_search/point_in_time", json!({ "pit_id": [id] })),
        }
    }
}

/// Puts the templates, with the most that the engine takes. Idempotent.
pub(super) async fn apply_templates(
    connection: &Connection,
    engine: &Engine,
    options: &Options,
) -> Result<Features, RequestError> {
    let mut features = Features { product: engine.product, wildcard: true, logsdb: options.logsdb };
    loop {
        match put_all(connection, options, &features).await {
            Ok(()) => return Ok(features),
            // The type belongs to a module that some distributions leave out.
            Err(RequestError::Refused { status: 400, reason, .. })
                if features.wildcard && reason.contains("wildcard") =>
            {
                features.wildcard = false;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn put_all(
    connection: &Connection,
    options: &Options,
    features: &Features,
) -> Result<(), RequestError> {
    for definition in definitions(&options.classes, features, &options.layout) {
        if definition.only_if_absent {
            match connection.ask::<Value>(Method::Get, &definition.path, None).await {
                Ok(_) => continue,
                Err(error) if error.status() == Some(404) => {}
                Err(error) => return Err(error),
            }
        }
        connection.ask::<Value>(Method::Put, &definition.path, Some(&definition.body)).await?;
    }
    Ok(())
}

/// How long what was learnt of the engine is taken for true.
pub(super) const LEARNT_FOR: Duration = Duration::from_secs(60);

/// Learns what entries there are that queries must be compiled for.
pub(super) async fn survey(connection: &Connection, indices: &str) -> Result<Compiler, RequestError> {
    let wildcard = has_wildcard(connection, indices).await?;
    let path = format!("/{indices}/_search?ignore_unavailable=true&allow_no_indices=true");
    let body = json!({ "size": 0, "track_total_hits": false, "aggs": compile::marks() });
    let found: Value = match connection.ask(Method::Post, &path, Some(&body)).await {
        Ok(found) => found,
        Err(error) if error.status() == Some(404) => Value::Null,
        Err(error) => return Err(error),
    };
    let any = |name: &str| found["aggregations"][name]["doc_count"].as_u64().is_some_and(|count| count > 0);
    Ok(Compiler { wildcard, leading_nul: any("leading_nul"), overflow: any("overflow") })
}

async fn has_wildcard(connection: &Connection, indices: &str) -> Result<bool, RequestError> {
    let path =
        format!("/{indices}/_field_caps?fields=message.raw&include_unmapped=true&ignore_unavailable=true");
    let caps: Value = match connection.ask(Method::Get, &path, None).await {
        Ok(caps) => caps,
        Err(error) if error.status() == Some(404) => return Ok(false),
        Err(error) => return Err(error),
    };
    // One kind in every index: one without the field would be among those of the kind "unmapped".
    let kinds = caps["fields"]["message.raw"].as_object();
    Ok(kinds.is_some_and(|kinds| {
        kinds.len() == 1 && (kinds.contains_key("wildcard") || kinds.contains_key("keyword"))
    }))
}
