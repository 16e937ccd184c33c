//! Which engine answers, and what it can do.

use elasticsearch::http::Method;
use logpipeline_model::elasticsearch::Product;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{ClusterError, Connection};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    pub product: Product,
    /// Major and minor.
    pub version: (u32, u32),
}

#[derive(Deserialize)]
struct Root {
    version: Version,
    #[serde(default)]
    tagline: String,
}

#[derive(Deserialize)]
struct Version {
    number: String,
    #[serde(default)]
    distribution: Option<String>,
}

impl Engine {
    pub async fn detect(connection: &Connection) -> Result<Self, ClusterError> {
        let answer: Value = connection.ask(Method::Get, "/", None).await?;
        Self::of(&answer).ok_or_else(|| ClusterError::Unsupported {
            reason: format!("{} is neither Elasticsearch nor OpenSearch", connection.address()),
        })
    }

    fn of(answer: &Value) -> Option<Self> {
        let Root { version, tagline } = Root::deserialize(answer).ok()?;
        let mut numbers = version.number.split('.').map(str::parse);
        let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        if version.distribution.as_deref() == Some("opensearch") || tagline.contains("OpenSearch") {
            // By `compatibility.override_main_response_version` it calls itself 7.10, whatever it is.
            let version = if major == 7 { (2, 0) } else { (major, minor) };
            return Some(Self { product: Product::OpenSearch, version });
        }
        Some(Self { product: Product::Elasticsearch, version: (major, minor) })
    }

    /// Why the engine cannot be used, where it cannot.
    pub fn unsupported(&self) -> Option<String> {
        let (name, oldest) = match self.product {
            Product::Elasticsearch => ("Elasticsearch", 8),
            Product::OpenSearch => ("OpenSearch", 2),
        };
        let (major, minor) = self.version;
        (major < oldest)
            .then(|| format!("{name} {major}.{minor} is too old: {oldest}.0 is the oldest supported"))
    }

    /// Whether bulk requests can say that nothing but a data stream is to be written to.
    pub fn requires_data_streams(&self) -> bool {
        self.product == Product::Elasticsearch && self.version >= (8, 13)
    }

    /// The path that opens a point in time on indices.
    pub fn point_in_time_path(&self, indices: &str) -> String {
        match self.product {
            // Older ones refuse it while a shard is missing.
            Product::Elasticsearch if self.version >= (8, 16) => format!(
                "/{indices}/_pit?keep_alive=1m&ignore_unavailable=true&allow_partial_search_results=true"
            ),
            Product::Elasticsearch => format!("/{indices}/_pit?keep_alive=1m&ignore_unavailable=true"),
            Product::OpenSearch => format!("/{indices}/_search/point_in_time?keep_alive=1m"),
        }
    }

    /// The id in the answer to that.
    pub fn point_in_time_id(&self, answer: &Value) -> Option<String> {
        let name = match self.product {
            Product::Elasticsearch => "id",
            Product::OpenSearch => "pit_id",
        };
        answer.get(name)?.as_str().map(str::to_owned)
    }

    /// The request that closes it.
    pub fn close_point_in_time(&self, id: &str) -> (&'static str, Value) {
        match self.product {
            Product::Elasticsearch => ("/_pit", json!({ "id": id })),
            Product::OpenSearch => ("/_search/point_in_time", json!({ "pit_id": [id] })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: Value, tagline: &str) -> Option<Engine> {
        Engine::of(&json!({ "name": "n", "version": version, "tagline": tagline }))
    }

    #[test]
    fn products_and_versions_are_told_apart() {
        let cases = [
            (json!({"number": "8.19.21"}), "You Know, for Search", Product::Elasticsearch, (8, 19)),
            (json!({"number": "9.0.0-beta1"}), "You Know, for Search", Product::Elasticsearch, (9, 0)),
            (json!({"number": "3.6.0", "distribution": "opensearch"}), "", Product::OpenSearch, (3, 6)),
            (json!({"number": "1.3.0", "distribution": "opensearch"}), "", Product::OpenSearch, (1, 3)),
            (
                json!({"number": "7.10.2"}),
                "The OpenSearch Project: https://opensearch.org/",
                Product::OpenSearch,
                (2, 0),
            ),
        ];
        for (answer, tagline, product, version) in cases {
            assert_eq!(of(answer, tagline), Some(Engine { product, version }), "{version:?}");
        }
        for answer in [json!({}), json!({"number": "latest"}), json!("9")] {
            assert_eq!(of(answer.clone(), ""), None, "{answer}");
        }
        assert_eq!(Engine::of(&json!({"status": "ok"})), None);
    }

    #[test]
    fn too_old_versions_are_named_with_the_oldest_that_will_do() {
        let reason = |product, version| Engine { product, version }.unsupported();
        let text = reason(Product::Elasticsearch, (7, 17)).unwrap();
        assert_eq!(text, "Elasticsearch 7.17 is too old: 8.0 is the oldest supported");
        let text = reason(Product::OpenSearch, (1, 3)).unwrap();
        assert_eq!(text, "OpenSearch 1.3 is too old: 2.0 is the oldest supported");
        assert_eq!(reason(Product::Elasticsearch, (8, 0)), None);
        assert_eq!(reason(Product::OpenSearch, (2, 0)), None);
        let requires = |version| Engine { product: Product::Elasticsearch, version }.requires_data_streams();
        assert_eq!([(8, 12), (8, 13), (9, 0)].map(requires), [false, true, true]);
    }
}
