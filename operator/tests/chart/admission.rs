//! A real API server takes what the chart makes.

use serde_json::{Value, json};

use crate::monitoring::MonitoringKinds;
use crate::support::{
    Namespace, apply, chart, find, helm, install_crd, kubectl, objects, render, template, values,
};

const DRY: [&str; 6] =
    ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "--filename=-"];

#[test]
fn every_manifest_is_accepted() {
    let namespace = Namespace::new("default");
    kubectl(&DRY, &template(&namespace.0, &[]).unwrap()).unwrap();
}

#[test]
fn every_manifest_is_accepted_of_an_operator_of_some_namespaces() {
    let own = Namespace::new("own");
    let (one, other) = (Namespace::new("one"), Namespace::new("other"));
    let namespaces = format!("namespaces={{{},{}}}", one.0, other.0);
    kubectl(&DRY, &template(&own.0, &["--set", &namespaces]).unwrap()).unwrap();
}

#[test]
fn every_manifest_is_accepted_with_everything_on() {
    let namespace = Namespace::new("everything");
    let _kinds = MonitoringKinds::present();
    let text = template(&namespace.0, &[&values("everything")]).unwrap();
    kubectl(&DRY, &text).unwrap();
    let error = kubectl(&DRY, &text.replace("for: 5m", "during: 5m"));
    assert!(error.is_err_and(|error| error.contains("during")), "the validation is not strict");
}

#[test]
fn a_restricted_namespace_accepts_the_operators_pods() {
    let namespace = Namespace::restricted("restricted");
    for args in [vec![], vec![values("everything")]] {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let objects = render(&namespace.0, &args);
        apply(find(&objects, "ServiceAccount"));
        let mut pod = pod(find(&objects, "Deployment"));
        kubectl(&DRY, &pod.to_string()).unwrap();
        pod["spec"]["containers"][0].as_object_mut().unwrap().remove("securityContext");
        let error = kubectl(&DRY, &pod.to_string()).unwrap_err();
        assert!(error.contains("violates PodSecurity"), "{error}");
    }
}

#[test]
fn the_pipeline_of_the_notes_is_accepted() {
    let namespace = Namespace::new("notes");
    install_crd();
    let (chart, set) = (chart(), format!("--set=crds.install=false,namespaces={{{}}}", namespace.0));
    let install = ["install", "notes", chart.to_str().unwrap(), "--namespace", &namespace.0];
    let text = helm(&[&install[..], &["--dry-run=client", &set]].concat()).unwrap();
    let (_, pipeline) = text.split_once("<<'YAML'\n").unwrap();
    let (pipeline, _) = pipeline.split_once("\nYAML\n").unwrap();
    assert_eq!(objects(pipeline)[0]["metadata"]["namespace"], namespace.0);
    kubectl(&DRY, pipeline).unwrap();
}

fn pod(deployment: &Value) -> Value {
    let template = &deployment["spec"]["template"];
    let mut metadata = template["metadata"].clone();
    metadata["name"] = json!("operator");
    metadata["namespace"] = deployment["metadata"]["namespace"].clone();
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"] })
}
