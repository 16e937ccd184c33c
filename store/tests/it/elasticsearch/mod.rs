//! What the distributed engine promises, on real servers.

mod connecting;
mod differences;
mod leaving;
mod proxy;
mod raw;
mod reading;
mod retaining;
mod servers;
mod templates;
mod tls;
mod writing;

use std::time::Duration;

use logpipeline_model::{EntryId, Timestamp};
use logpipeline_store::elasticsearch::{ElasticsearchStore, Options};
use serde_json::{Value, json};

use self::proxy::{Proxy, call};
use crate::engines::{Engine, unique};

/// A test for each engine.
macro_rules! on_each {
    ($(async fn $name:ident($engine:ident: Engine) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn test($engine: Engine) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn elasticsearch() {
                test(Engine::Elasticsearch).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn opensearch() {
                test(Engine::OpenSearch).await;
            }
        }
    )*};
}
pub(crate) use on_each;

/// A pipeline on a real server, reached through a proxy.
struct Site {
    proxy: Proxy,
    server: String,
    pipeline: String,
    engine: Engine,
}

impl Site {
    async fn new(engine: Engine) -> Self {
        let server = engine.url();
        Self { proxy: Proxy::to(&server).await, server, pipeline: unique(), engine }
    }

    fn options(&self) -> Options {
        let mut options = self.engine.options(&self.pipeline);
        options.access.urls = vec![self.proxy.url()];
        options.access.timeout = Duration::from_secs(20);
        options
    }

    fn store(&self) -> ElasticsearchStore {
        ElasticsearchStore::open_writer(self.options(), Timestamp::MIN).unwrap()
    }

    fn stream(&self) -> String {
        format!("logs-{}.default", self.pipeline)
    }

    fn rollover(&self) -> String {
        format!("/{}/_rollover", self.stream())
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = call(&self.server, method, path, &body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    async fn roll_over(&self) {
        let answer = self.call("POST", &self.rollover(), Value::Null).await;
        assert_eq!(answer["rolled_over"], true, "{answer}");
    }

    async fn set(&self, settings: Value) {
        self.call("PUT", &format!("/{}/_settings", self.stream()), settings).await;
    }

    /// Ids of all that is stored, each as often as it is, with the index that holds it.
    async fn stored(&self) -> Vec<(EntryId, String)> {
        self.call("POST", &format!("/logs-{}.*/_refresh", self.pipeline), Value::Null).await;
        let path = format!("/logs-{}.*/_search", self.pipeline);
        let body = json!({ "size": 10_000, "_source": false, "track_total_hits": true });
        let answer = self.call("POST", &path, body).await;
        let hits = answer["hits"]["hits"].as_array().unwrap();
        assert_eq!(answer["hits"]["total"]["value"], hits.len());
        let mut stored: Vec<_> = hits
            .iter()
            .map(|hit| {
                (hit["_id"].as_str().unwrap().parse().unwrap(), hit["_index"].as_str().unwrap().to_owned())
            })
            .collect();
        stored.sort();
        stored
    }

    /// Every entry is stored, and no one twice.
    async fn assert_once(&self, ids: impl IntoIterator<Item = EntryId>) {
        let mut expected: Vec<_> = ids.into_iter().collect();
        expected.sort();
        let stored: Vec<_> = self.stored().await.into_iter().map(|(id, _)| id).collect();
        assert_eq!(stored.len(), expected.len());
        assert_eq!(stored, expected);
    }
}
