//! Pipelines as users write them.

use serde_json::{Value, json};

/// An embedded pipeline without guards, with `changes` merged into its spec.
pub fn embedded(name: &str, changes: Value) -> String {
    pipeline(name, json!({ "storage": { "embedded": { "size": "1Gi" } } }), changes)
}

/// One on Elasticsearch at an address.
pub fn elasticsearch(name: &str, url: &str, changes: Value) -> String {
    pipeline(name, json!({ "storage": { "elasticsearch": { "url": url } } }), changes)
}

fn pipeline(name: &str, storage: Value, changes: Value) -> String {
    let mut spec = json!({ "ingestor": { "insecure": true }, "query": { "insecure": true } });
    merge(&mut spec, storage);
    merge(&mut spec, changes);
    let object = json!({
        "apiVersion": "logpipeline.dev/v1alpha1", "kind": "LogPipeline",
        "metadata": { "name": name }, "spec": spec,
    });
    serde_yaml::to_string(&object).unwrap()
}

/// A JSON merge patch: `null` removes.
pub fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, patch) in patch {
                if patch.is_null() {
                    target.remove(&name);
                } else {
                    merge(target.entry(name).or_insert(Value::Null), patch);
                }
            }
        }
        (target, patch) => *target = patch,
    }
}
