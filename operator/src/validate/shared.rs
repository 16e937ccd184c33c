//! Pipelines that would write into the data streams of one another.

use std::sync::Arc;

use kube::ResourceExt;

use super::address::{authority, in_namespace};
use super::error::Invalid;
use crate::crd::{ElasticsearchSpec, LogPipeline};

/// The first of other pipelines with the same data streams in the same Elasticsearch that was there before.
pub fn shared(resource: &LogPipeline, others: &[Arc<LogPipeline>]) -> Option<Invalid> {
    let (pipeline, addresses) = target(resource)?;
    let age = |one: &LogPipeline| (one.creation_timestamp().map(|time| time.0), one.uid());
    let elder = others.iter().filter(|other| other.uid() != resource.uid() && age(other) < age(resource));
    let elder = elder.filter(|other| {
        target(other).is_some_and(|(name, theirs)| {
            name == pipeline && theirs.iter().any(|address| addresses.contains(address))
        })
    });
    let other = elder.min_by_key(|other| age(other))?;
    let other = format!("{}/{}", other.namespace().unwrap_or_default(), other.name_any());
    Some(Invalid::Shared { other, pipeline })
}

/// What data streams are named by, and at which hosts they are.
fn target(resource: &LogPipeline) -> Option<(String, Vec<String>)> {
    let spec = resource.spec.storage.elasticsearch.as_ref()?;
    let namespace = resource.namespace().unwrap_or_default();
    Some((pipeline_name(spec, &namespace, &resource.name_any()), addresses(spec, &namespace)))
}

pub(super) fn pipeline_name(spec: &ElasticsearchSpec, namespace: &str, name: &str) -> String {
    spec.pipeline_name.clone().unwrap_or_else(|| format!("{namespace}-{name}"))
}

fn addresses(spec: &ElasticsearchSpec, namespace: &str) -> Vec<String> {
    if let Some(reference) = &spec.eck_ref {
        return vec![format!("{}-es-http.{namespace}.svc:9200", reference.name)];
    }
    let urls = spec.url.as_deref().unwrap_or_default().split(',');
    urls.map(|url| authority(&in_namespace(url, namespace))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pipeline(namespace: &str, name: &str, second: u32, elasticsearch: Value) -> Arc<LogPipeline> {
        let object = json!({
            "apiVersion": "logpipeline.dev/v1alpha1", "kind": "LogPipeline",
            "metadata": { "namespace": namespace, "name": name, "uid": format!("{namespace}/{name}"),
                "creationTimestamp": format!("2026-01-01T00:00:{second:02}Z") },
            "spec": { "storage": { "elasticsearch": elasticsearch }, "ingestor": { "insecure": true }, "query": { "insecure": true } },
        });
        Arc::new(serde_json::from_value(object).unwrap())
    }

    #[test]
    fn the_younger_of_two_pipelines_with_the_same_streams_in_one_cluster_is_told_of_the_elder() {
        let url = json!({ "url": "https://es.search:9200" });
        let elder = pipeline("team-a", "logs", 1, url.clone());
        let younger =
            pipeline("team", "a-logs", 2, json!({ "url": "https://other:9200,https://ES.search:9200/" }));
        let all = [Arc::clone(&elder), Arc::clone(&younger)];
        assert_eq!(shared(&elder, &all), None);
        let message = shared(&younger, &all).unwrap().to_string();
        assert!(message.contains("team-a/logs") && message.contains("logs-team-a-logs.*"), "{message}");
        for apart in [
            pipeline("team", "b-logs", 3, url.clone()),
            pipeline("team", "a-logs", 3, json!({ "url": "https://another:9200" })),
            pipeline("team", "a-logs", 3, json!({ "url": "https://es.search:9200", "pipelineName": "own" })),
        ] {
            assert_eq!(shared(&apart, &all), None);
        }
        let eck = pipeline("shop", "one", 4, json!({ "eckRef": { "name": "main" }, "pipelineName": "logs" }));
        let url = json!({ "url": "https://main-es-http.shop.svc:9200", "pipelineName": "logs" });
        assert!(shared(&pipeline("shop", "two", 5, url), &[eck]).is_some());
    }
}
