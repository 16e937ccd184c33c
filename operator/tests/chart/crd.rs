//! The definition of the resource comes with the chart, is upgraded with it, and stays without it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Global, Namespace, chart, established, find, helm, kubectl, read, render};

#[test]
fn it_is_the_generated_one_and_is_kept() {
    let mut rendered = find(&render("operators", &[]), "CustomResourceDefinition").clone();
    let metadata = rendered["metadata"].as_object_mut().unwrap();
    let annotations = metadata["annotations"].as_object_mut().unwrap();
    assert_eq!(annotations.remove("helm.sh/resource-policy"), Some(json!("keep")));
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
    metadata.remove("labels");
    let mut generated: Value = serde_yaml::from_str(&read("files/crd.yaml")).unwrap();
    [&mut rendered, &mut generated].into_iter().for_each(as_floats);
    assert_eq!(rendered, generated);
}

/// helm writes 100.0 as 100.
fn as_floats(value: &mut Value) {
    match value {
        Value::Number(number) => *value = json!(number.as_f64()),
        Value::Array(list) => list.iter_mut().for_each(as_floats),
        Value::Object(object) => object.values_mut().for_each(as_floats),
        _ => {}
    }
}

#[test]
fn it_can_be_left_out() {
    let objects = render("operators", &["--set=crds.install=false"]);
    assert!(objects.iter().all(|object| object["kind"] != "CustomResourceDefinition"));
}

/// Of a namespace, and uninstalled with the test.
struct Release<'a>(&'a Namespace);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        let _ = helm(&["uninstall", "logpipeline", "--ignore-not-found", "--namespace", &self.0.0]);
    }
}

/// Under another group, so that the tests beside this one keep theirs.
#[test]
fn an_upgrade_upgrades_it_and_an_uninstall_leaves_it_and_all_pipelines() {
    let namespace = Namespace::new("upgrade");
    let group = format!("{}.example.com", namespace.0);
    let crd = Global(format!("crd/logpipelines.{group}"));
    let _release = Release(&namespace);
    let new: Value =
        serde_yaml::from_str(&read("files/crd.yaml").replace("logpipeline.dev", &group)).unwrap();
    let mut old = new.clone();
    let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
    old.pointer_mut(spec).unwrap().as_object_mut().unwrap().remove("paused").unwrap();
    let folder = tempfile::tempdir().unwrap();
    copy(&chart(), folder.path());
    let run = |verb: &str, definition: &Value| {
        fs::write(folder.path().join("files/crd.yaml"), serde_yaml::to_string(definition).unwrap()).unwrap();
        helm(&[verb, "logpipeline", folder.path().to_str().unwrap(), "--namespace", &namespace.0]).unwrap();
    };
    let has_field = || {
        let found: Value =
            serde_json::from_str(&kubectl(&["get", &crd.0, "--output=json"], "").unwrap()).unwrap();
        found.pointer(spec).unwrap().get("paused").is_some()
    };

    run("install", &old);
    assert!(!has_field());
    run("upgrade", &new);
    assert!(has_field());

    established(&crd.0);
    let pipeline = json!({
        "apiVersion": format!("{group}/v1alpha1"),
        "kind": "LogPipeline",
        "metadata": { "name": "trial", "namespace": namespace.0 },
        "spec": {
            "storage": { "embedded": { "size": "1Gi" } },
            "ingestor": { "insecure": true },
            "query": { "insecure": true },
            "paused": true,
        },
    });
    kubectl(&["create", "--validate=strict", "--filename=-"], &pipeline.to_string()).unwrap();
    helm(&["uninstall", "logpipeline", "--namespace", &namespace.0]).unwrap();
    let resource = format!("logpipelines.{group}");
    kubectl(&["get", &resource, "trial", "--namespace", &namespace.0], "").unwrap();
    assert!(kubectl(&["get", "deployment/logpipeline-operator", "--namespace", &namespace.0], "").is_err());

    // What was left is taken up again.
    run("install", &new);
    kubectl(&["get", &resource, "trial", "--namespace", &namespace.0], "").unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
