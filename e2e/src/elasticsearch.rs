//! The Elasticsearch that is there already, and what ECK would have made for it in a namespace.

use serde_json::{Value, json};

use crate::cluster::{Cluster, curl};
use crate::places::MARK;
use crate::site::file;

/// The definition that ECK brings along; the suite makes one of that name, which knows no fields.
pub const ECK: &str = "elasticsearches.elasticsearch.k8s.elastic.co";

pub struct Elasticsearch {
    /// By which pods reach it.
    pub address: String,
    pub port: u16,
    /// A PEM file.
    pub authority: String,
    /// Of the superuser `admin`.
    pub password: String,
}

impl Elasticsearch {
    /// Its answer to a request, whatever the status.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let url = format!("https://{}:{}{path}", self.address, self.port);
        let user = format!("admin:{}", self.password);
        let mut args = vec![
            "--cacert",
            &self.authority,
            "-u",
            &user,
            "-X",
            method,
            "-H",
            "Content-Type: application/json",
            &url,
        ];
        let body = body.map(Value::to_string).unwrap_or_default();
        if !body.is_empty() {
            args.extend(["--data-binary", &body]);
        }
        let (status, answer) = curl(&args);
        (status, serde_json::from_str(&answer).unwrap_or(Value::String(answer)))
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask("GET", path, None);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Backing indices of a data stream, with the number of entries in each.
    pub fn indices(&self, stream: &str) -> Vec<(String, u64)> {
        let path =
            format!("/_cat/indices/.ds-{stream}-*?format=json&expand_wildcards=all&h=index,docs.count");
        let found = self.get(&path);
        let count =
            |one: &Value| one["docs.count"].as_str().and_then(|count| count.parse().ok()).unwrap_or(0);
        let name = |one: &Value| one["index"].as_str().unwrap().to_owned();
        found.as_array().unwrap().iter().map(|one| (name(one), count(one))).collect()
    }

    /// How many entries of a data stream a query finds.
    pub fn count(&self, stream: &str, query: &Value) -> u64 {
        let _ = self.ask("POST", &format!("/{stream}/_refresh"), None);
        let (status, answer) =
            self.ask("POST", &format!("/{stream}/_count"), Some(&json!({ "query": query })));
        assert_eq!(status, 200, "{stream}: {answer}");
        answer["count"].as_u64().unwrap()
    }

    /// A user who may do what docs/elasticsearch.md asks for the ingestor of a pipeline.
    pub fn user(&self, name: &str, password: &str, pipeline: &str) {
        let docs = std::fs::read_to_string(file("docs/elasticsearch.md")).unwrap();
        let (_, role) = docs.split_once("POST _security/role/logpipeline-ingestor\n").unwrap();
        let role = role.split_once("```").unwrap().0.replace("shop", pipeline);
        let role: Value = serde_json::from_str(&role).unwrap();
        for (path, body) in [
            (format!("/_security/role/{name}"), role),
            (format!("/_security/user/{name}"), json!({ "password": password, "roles": [name] })),
        ] {
            let (status, answer) = self.ask("PUT", &path, Some(&body));
            assert_eq!(status, 200, "{path}: {answer}");
        }
    }

    /// What ECK makes for an Elasticsearch named `logs`: the resource, a Service, the authority, and the user's password.
    pub fn as_eck(&self, cluster: &Cluster, namespace: &str) {
        let version = json!({
            "name": "v1", "served": true, "storage": true,
            "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
        });
        cluster.apply(namespace, &json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": ECK, "labels": { MARK: "true" } },
            "spec": {
                "group": "elasticsearch.k8s.elastic.co", "scope": "Namespaced", "versions": [version],
                "names": { "kind": "Elasticsearch", "listKind": "ElasticsearchList", "plural": "elasticsearches", "singular": "elasticsearch" },
            },
        }));
        cluster.established(ECK);
        cluster.apply(namespace, &json!({
            "apiVersion": "elasticsearch.k8s.elastic.co/v1", "kind": "Elasticsearch", "metadata": { "name": "logs" }, "spec": { "version": "9.4.3" },
        }));
        cluster.service_of(namespace, "logs-es-http", &self.address, self.port);
        let authority = std::fs::read_to_string(&self.authority).unwrap();
        cluster.secret(
            namespace,
            "logs-es-http-certs-public",
            &json!({ "ca.crt": authority, "tls.crt": authority }),
        );
        let password = "what-eck-would-have-made-up";
        let (status, answer) =
            self.ask("POST", "/_security/user/elastic/_password", Some(&json!({ "password": password })));
        assert_eq!(status, 200, "{answer}");
        cluster.secret(namespace, "logs-es-elastic-user", &json!({ "elastic": password }));
    }
}
