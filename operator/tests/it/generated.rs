//! Files that are made from code are as the code makes them: `make crds`.

use std::path::Path;

use logpipeline_operator::{crd, reference};

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn assert_file(path: &str, made: &str) {
    let found = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    assert!(found == made, "{path} is not as the code makes it: run make crds");
}

#[test]
fn the_definition_is_checked_in_for_kubectl_and_for_helm() {
    let made = serde_yaml::to_string(&crd::definition()).unwrap();
    assert_file("crds/logpipeline.yaml", &made);
    assert_file("charts/logpipeline/files/crd.yaml", &made);
}

#[test]
fn the_reference_is_checked_in() {
    assert_file("docs/reference/logpipeline.md", &reference::markdown());
}

/// Every field has a description, so that `kubectl explain` and the reference say something of it.
#[test]
fn every_field_is_described() {
    let definition = serde_json::to_value(crd::definition()).unwrap();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    fn walk(path: &str, schema: &serde_json::Value, missing: &mut Vec<String>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            if field["description"].as_str().is_none_or(str::is_empty) {
                missing.push(path.clone());
            }
            if name != "resources" {
                walk(&path, field, missing);
                walk(&path, &field["items"], missing);
            }
        }
    }
    let mut missing = Vec::new();
    walk("spec", &schema["spec"], &mut missing);
    walk("status", &schema["status"], &mut missing);
    assert_eq!(missing, Vec::<String>::new());
}
