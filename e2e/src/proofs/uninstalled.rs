use std::collections::BTreeSet;

use serde_json::json;

use super::production_on_elasticsearch::{SHORT, STREAM};
use super::two_pipelines_one_elasticsearch::OTHER;
use crate::places::{AUDIT, PIPELINE, PROD, RELEASE, SEARCH, SHOP};
use crate::site::Site;

/// What the suite made itself, or Kubernetes makes in each namespace.
const OTHERS: &[&str] = &[
    "configmap/kube-root-ca.crt",
    "serviceaccount/default",
    "service/logs-es-http",
    "endpoints/logs-es-http",
    "endpointslice.discovery.k8s.io/logs-es-http-1",
    "elasticsearch.elasticsearch.k8s.elastic.co/logs",
    "secret/logs-es-elastic-user",
    "secret/logs-es-http-certs-public",
    "secret/es-writer",
    "secret/es-user",
    "secret/es-ca",
    "secret/logs-users",
    "secret/logs-tokens",
    "secret/shop-tls",
    "secret/logs-example-com-tls",
    "service/opensearch-cluster-master",
    "endpoints/opensearch-cluster-master",
    "endpointslice.discovery.k8s.io/opensearch-cluster-master-1",
    "secret/opensearch-credentials",
];

pub fn run(site: &Site) -> String {
    let cluster = &site.cluster;
    let entries =
        || [STREAM, SHORT, OTHER].map(|stream| site.elasticsearch.count(stream, &json!({ "match_all": {} })));
    let before = entries();
    assert!(before.iter().all(|count| *count > 0), "{before:?}");
    for namespace in [SHOP, PROD, AUDIT] {
        let args = ["delete", "-n", namespace, "logpipeline", PIPELINE, "--wait=true", "--timeout=180s"];
        cluster.kubectl(&args);
    }
    cluster.helm(&["uninstall", RELEASE, "--namespace", RELEASE, "--wait"]);

    let volumes = ["persistentvolumeclaim/data-logs-store-0"];
    until_left(site, SHOP, &volumes);
    let volumes = ["0", "1", "2"].map(|number| format!("persistentvolumeclaim/data-logs-ingestor-{number}"));
    until_left(site, PROD, &volumes.each_ref().map(String::as_str));
    until_left(site, AUDIT, &[]);
    until_left(site, SEARCH, &[]);
    until_left(site, RELEASE, &["lease.coordination.k8s.io/logpipeline-operator"]);
    let kinds = "clusterroles,clusterrolebindings,customresourcedefinitions";
    let left = cluster.kubectl(&["get", kinds, "-l", "app.kubernetes.io/instance=logpipeline", "-o", "name"]);
    assert_eq!(left.trim(), "customresourcedefinition.apiextensions.k8s.io/logpipelines.logpipeline.dev");

    let of = |pipeline: &str, classes: &[&str]| {
        let mut names: BTreeSet<_> =
            ["settings", "mappings", "custom"].map(|part| format!("logs-{pipeline}@{part}")).into();
        for class in classes {
            names.extend([format!("logs-{pipeline}.{class}"), format!("logs-{pipeline}.{class}@lifecycle")]);
        }
        names
    };
    let mut kept = of("prod-logs", &["default", "trace-debug"]);
    kept.extend(of("audit-logs", &["default"]));
    assert_eq!(templates(site), kept);
    assert_eq!(entries(), before);
    format!(
        "left, as `deletionPolicy: Retain` says: the embedded store's volume, 3 volumes of ingestors, 3 data streams with all of their {} entries, and their templates; and the definition, which the chart keeps, and the operator's Lease",
        before.iter().sum::<u64>()
    )
}

/// Waits until nothing but this is in a namespace; what goes with its owner goes a little later.
fn until_left(site: &Site, namespace: &str, wanted: &[&str]) {
    let wanted: BTreeSet<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
    let kinds = site.cluster.kubectl(&["api-resources", "--namespaced", "--verbs=list,get", "-o", "name"]);
    let kinds: Vec<_> = kinds.lines().filter(|kind| !kind.starts_with("events")).collect();
    let mut left = BTreeSet::new();
    let gone = |left: &mut BTreeSet<String>| {
        let found = site.cluster.kubectl(&["get", "-n", namespace, &kinds.join(","), "-o", "name"]);
        *left = found.lines().filter(|name| !OTHERS.contains(name)).map(str::to_owned).collect();
        (*left == wanted).then_some(())
    };
    for _ in 0..60 {
        if gone(&mut left).is_some() {
            return;
        }
        crate::waiting::pause(2);
    }
    panic!("in {namespace} there is {left:?}, and {wanted:?} should be");
}

/// All index and component templates of pipelines in Elasticsearch.
fn templates(site: &Site) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (path, list) in
        [("/_index_template", "index_templates"), ("/_component_template", "component_templates")]
    {
        let found = site.elasticsearch.get(path);
        let found =
            found[list].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
        names.extend(found.filter(|name| name.starts_with("logs-prod-") || name.starts_with("logs-audit-")));
    }
    names
}
