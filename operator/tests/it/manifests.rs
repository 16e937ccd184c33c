//! Spec in, all manifests out: whole snapshots, and each taken by the API server.

use std::collections::BTreeMap;
use std::path::Path;

use expect_test::expect_file;
use k8s_openapi::api::core::v1::{Secret, Service};
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use logpipeline_operator::build::{Operand, build};
use logpipeline_operator::capabilities::Capabilities;
use logpipeline_operator::crd::LogPipeline;
use logpipeline_operator::fetch::{Eck, Fetched, SecretData, secrets_of};
use logpipeline_operator::settings::Settings;
use logpipeline_operator::validate::validate;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::support::Site;
use crate::support::yaml::{elasticsearch, embedded};

/// The LogPipeline among the documents of a file.
fn pipeline_of(text: &str) -> LogPipeline {
    let documents = serde_yaml::Deserializer::from_str(text).map(|one| Value::deserialize(one).unwrap());
    let found = documents.filter(|one| one["kind"] == "LogPipeline").last().unwrap();
    let mut pipeline: LogPipeline = serde_json::from_value(found).unwrap();
    pipeline.metadata.namespace = Some("shop".to_owned());
    pipeline.metadata.uid = Some("0192-uid".to_owned());
    pipeline.metadata.generation = Some(1);
    pipeline
}

/// Secrets with every key that any of them needs.
fn fetched(pipeline: &LogPipeline, capabilities: Capabilities) -> Fetched {
    let secret = || {
        let keys = [
            "tokens",
            "users",
            "tls.crt",
            "tls.key",
            "ca.crt",
            "username",
            "password",
            "elastic",
            "sharedKey",
        ];
        let value = |key: &&str| ((*key).to_owned(), format!("the {key}").into_bytes());
        SecretData(keys.iter().map(value).collect::<BTreeMap<_, _>>())
    };
    Fetched {
        secrets: secrets_of(&pipeline.spec).into_iter().map(|name| (name, Some(secret()))).collect(),
        eck: Some(Eck::Found { tls: true }),
        capabilities,
    }
}

fn built(text: &str, capabilities: Capabilities) -> Vec<Operand> {
    let pipeline = pipeline_of(text);
    let validated = validate(&pipeline, &fetched(&pipeline, capabilities)).unwrap();
    build(&validated, &Settings::default(), capabilities, "a key")
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Whatever a release is called: its images bear its version.
fn shown(operands: &[Operand]) -> String {
    let mut text = String::new();
    for operand in operands {
        let mut object = operand.object.clone();
        // It changes with every change of the rest.
        let annotations = object["metadata"]["annotations"].as_object_mut().unwrap();
        annotations.remove("logpipeline.dev/spec-hash");
        text.push_str("---\n");
        text.push_str(&serde_yaml::to_string(&object).unwrap());
    }
    text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

const EXAMPLES: [&str; 5] = ["minimal", "production", "opensearch", "load-test", "listeners"];
const ALL: Capabilities = Capabilities { service_monitors: true, prometheus_rules: true };

#[test]
fn each_example_becomes_these_manifests() {
    for (name, capabilities, expected) in [
        ("minimal", Capabilities::default(), expect_file!["snapshots/minimal.yaml"]),
        ("production", ALL, expect_file!["snapshots/production.yaml"]),
        ("opensearch", Capabilities::default(), expect_file!["snapshots/opensearch.yaml"]),
        ("load-test", Capabilities::default(), expect_file!["snapshots/load-test.yaml"]),
        ("listeners", Capabilities::default(), expect_file!["snapshots/listeners.yaml"]),
    ] {
        expected.assert_eq(&shown(&built(&example(&format!("{name}.yaml")), capabilities)));
    }
}

/// TLS on both servers, tokens and sign-in over the embedded store.
#[test]
fn a_guarded_pipeline_becomes_these_manifests() {
    let text = include_str!("pipelines/guarded.yaml");
    expect_file!["snapshots/guarded.yaml"].assert_eq(&shown(&built(text, ALL)));
}

/// Every listener that there is, over ingestors with volumes.
#[test]
fn a_pipeline_with_every_listener_becomes_these_manifests() {
    let text = include_str!("pipelines/listeners.yaml");
    let operands = built(text, Capabilities::default());
    expect_file!["snapshots/every-listener.yaml"].assert_eq(&shown(&operands));
}

#[test]
fn nobody_is_missed_where_nobody_is_wanted() {
    let missed = |storage: fn(&str, &str, Value) -> String, ingestors: i32, query_servers: i32| {
        let spec = json!({ "ingestor": { "replicas": ingestors }, "query": { "replicas": query_servers } });
        let operands = built(&storage("logs", "https://es:9200", spec), ALL);
        let rule = operands.iter().find(|one| one.kind() == "PrometheusRule").unwrap().object.to_string();
        ["Ingestors", "Query"].map(|which| rule.contains(&format!("\"Logpipeline{which}Unreachable\"")))
    };
    assert_eq!(missed(elasticsearch, 1, 1), [true, true]);
    assert_eq!(missed(elasticsearch, 0, 2), [false, true]);
    assert_eq!(missed(elasticsearch, 2, 0), [true, false]);
    // One pod holds both.
    let on_a_volume = |name: &str, _: &str, spec| embedded(name, spec);
    assert_eq!(missed(on_a_volume, 1, 1), [true, true]);
    assert_eq!(missed(on_a_volume, 0, 1), [false, false]);
}

#[test]
fn a_generators_job_changes_its_name_with_its_settings_and_with_nothing_else() {
    let job = |text: &str| {
        let operands = built(text, Capabilities::default());
        operands.iter().find(|one| one.kind() == "Job").unwrap().name().to_owned()
    };
    let text = example("load-test.yaml");
    let name = job(&text);
    assert_eq!(job(&text.replace("10Gi", "20Gi")), name);
    assert_ne!(job(&text.replace("rate: 1000", "rate: 1001")), name);
    assert!(name.starts_with("load-test-steady-") && name.len() <= 63, "{name}");
}

#[test]
fn pods_roll_with_what_they_read_at_their_start_and_with_nothing_else() {
    let text = elasticsearch(
        "logs",
        "https://es:9200",
        json!({ "storage": { "elasticsearch": { "credentialsSecretRef": { "name": "es" } } } }),
    );
    let hashes = |text: &str, password: &str| {
        let pipeline = pipeline_of(text);
        let mut fetched = fetched(&pipeline, Capabilities::default());
        for secret in fetched.secrets.values_mut().flatten() {
            secret.0.insert("password".to_owned(), password.as_bytes().to_vec());
        }
        let operands = build(
            &validate(&pipeline, &fetched).unwrap(),
            &Settings::default(),
            Capabilities::default(),
            "a key",
        );
        let of = |one: &Operand| one.object["spec"]["template"]["metadata"]["annotations"].clone();
        operands.iter().filter(|one| one.kind() == "Deployment").map(of).collect::<Vec<_>>()
    };
    let before = hashes(&text, "one");
    assert_eq!(before.len(), 2);
    let rotated = hashes(&text, "two");
    assert!(before.iter().zip(&rotated).all(|(one, other)| one != other));
    // More pods are no reason to replace those that are there.
    let scaled = text.replace("insecure: true\n  query", "insecure: true\n    replicas: 3\n  query");
    assert_ne!(scaled, text);
    assert_eq!(hashes(&scaled, "one"), before);
}

#[test]
fn what_a_prometheus_selects_by_is_on_what_it_looks_at_and_nothing_of_the_operators_is_changed_by_it() {
    let pipeline = pipeline_of(&example("minimal.yaml"));
    let validated = validate(&pipeline, &fetched(&pipeline, ALL)).unwrap();
    let label = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let by = [("release", "monitoring"), ("app.kubernetes.io/instance", "monitoring")];
    let settings = Settings { monitor_labels: by.map(label).into(), ..Settings::default() };
    for operand in build(&validated, &settings, ALL, "a key") {
        let labels = &operand.object["metadata"]["labels"];
        let monitored = ["ServiceMonitor", "PrometheusRule"].contains(&operand.kind());
        assert_eq!(labels["release"] == "monitoring", monitored, "{}: {labels}", operand.kind());
        assert_eq!(labels["app.kubernetes.io/instance"], "logs");
    }
}

#[tokio::test]
async fn every_manifest_is_taken_by_the_api_server_in_a_restricted_namespace() {
    let site = Site::bare("manifests").await;
    let dry = PatchParams {
        field_validation: Some(kube::api::ValidationDirective::Strict),
        ..PatchParams::apply("test").force().dry_run()
    };
    let own = [include_str!("pipelines/guarded.yaml"), include_str!("pipelines/listeners.yaml")];
    let examples = EXAMPLES.map(|name| example(&format!("{name}.yaml")));
    for text in examples.into_iter().chain(own.map(str::to_owned)) {
        // Kinds of the Prometheus operator are not in this cluster.
        for operand in built(&text, Capabilities::default()) {
            let mut object = operand.object.clone();
            object["metadata"]["namespace"] = json!(site.namespace);
            object["metadata"]["ownerReferences"] = Value::Null;
            let api: Api<DynamicObject> =
                Api::namespaced_with(site.client.clone(), &site.namespace, &operand.resource);
            let taken = api.patch(operand.name(), &dry, &Patch::Apply(&object)).await;
            assert!(taken.is_ok(), "{} {}: {taken:?}", operand.kind(), operand.name());
            pods_are_admitted(&site, &operand).await;
        }
    }
}

/// What PodSecurity says of a template it says as a warning only: a pod of it is refused or not.
async fn pods_are_admitted(site: &Site, operand: &Operand) {
    let template = &operand.object["spec"]["template"];
    if template.is_null() {
        return;
    }
    let mut pod = template.clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("admitted");
    // The account is made by the apply that this is no part of.
    pod["spec"]["serviceAccountName"] = json!("default");
    let claims = operand.object["spec"]["volumeClaimTemplates"].as_array().cloned().unwrap_or_default();
    for claim in claims {
        let volume =
            json!({ "name": claim["metadata"]["name"], "persistentVolumeClaim": { "claimName": "x" } });
        match pod["spec"]["volumes"].as_array_mut() {
            Some(volumes) => volumes.push(volume),
            None => pod["spec"]["volumes"] = json!([volume]),
        }
    }
    let pod: k8s_openapi::api::core::v1::Pod = serde_json::from_value(pod).unwrap();
    let api = site.api::<k8s_openapi::api::core::v1::Pod>();
    let made = api.create(&PostParams { dry_run: true, ..Default::default() }, &pod).await;
    assert!(made.is_ok(), "a pod of {} {}: {made:?}", operand.kind(), operand.name());
}

#[tokio::test]
async fn each_example_is_applied() {
    for name in EXAMPLES {
        let site = Site::bare(&format!("example-{name}")).await;
        for document in serde_yaml::Deserializer::from_str(&example(&format!("{name}.yaml"))) {
            let object = Value::deserialize(document).unwrap();
            let kind = match object["kind"].as_str().unwrap() {
                "Secret" => ApiResource::erase::<Secret>(&()),
                "Service" => ApiResource::erase::<Service>(&()),
                _ => ApiResource::erase::<LogPipeline>(&()),
            };
            let api: Api<DynamicObject> = Api::namespaced_with(site.client.clone(), &site.namespace, &kind);
            let object_name = object["metadata"]["name"].as_str().unwrap();
            let strict = PatchParams {
                field_validation: Some(kube::api::ValidationDirective::Strict),
                ..PatchParams::apply("user").force()
            };
            let applied = api.patch(object_name, &strict, &Patch::Apply(&object)).await;
            assert!(applied.is_ok(), "{name}: {applied:?}");
            assert_eq!(applied.unwrap().name_any(), object_name);
        }
    }
}
