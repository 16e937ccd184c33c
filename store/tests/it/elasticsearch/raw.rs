//! A server, asked without the store.

use std::collections::BTreeSet;

use elasticsearch::http::Method;
use serde_json::Value;

use super::proxy::call;

pub struct Raw(String);

impl Raw {
    pub fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// The answer, whatever it is.
    pub async fn try_ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = format!("{method:?}").to_uppercase();
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        call(&self.0, &method, path, &body).await
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.try_ask(method, path, body).await;
        assert!(status < 300, "{method:?} {path}: {status} {answer}");
        answer
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask(Method::Get, path, None).await
    }

    pub async fn post(&self, path: &str) -> Value {
        self.ask(Method::Post, path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Value {
        self.ask(Method::Put, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Value {
        self.ask(Method::Delete, path, None).await
    }

    /// The indices of a data stream, the one that is written to last.
    pub async fn indices(&self, stream: &str) -> Vec<String> {
        let found = self.get(&format!("/_resolve/index/{stream}?expand_wildcards=all")).await;
        let names = found["data_streams"][0]["backing_indices"].as_array().unwrap();
        names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    }

    /// Lets a new index follow the one that is written to, whose name is given back.
    pub async fn roll_over(&self, stream: &str) -> String {
        self.post(&format!("/{stream}/_rollover")).await["old_index"].as_str().unwrap().to_owned()
    }

    /// The settings of the index of a data stream that is written to.
    pub async fn settings(&self, stream: &str) -> Value {
        let index = self.indices(stream).await.pop().unwrap();
        self.get(&format!("/{index}/_settings")).await[&index]["settings"]["index"].take()
    }

    /// The names of all mapped fields.
    pub async fn fields(&self, stream: &str) -> BTreeSet<String> {
        let caps = self.get(&format!("/{stream}/_field_caps?fields=*")).await;
        caps["fields"].as_object().unwrap().keys().cloned().collect()
    }
}

/// Each of some functions as a test on both engines.
macro_rules! on_both {
    ($($test:ident)*) => {
        mod on_elasticsearch {
            use crate::engines::Engine;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(Engine::Elasticsearch).await; })*
        }
        mod on_opensearch {
            use crate::engines::Engine;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(Engine::OpenSearch).await; })*
        }
    };
}
pub(crate) use on_both;
