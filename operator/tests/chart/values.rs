//! What the chart takes, what it refuses, and what it says of that.

use serde_json::Value;

use crate::support::{chart, helm, read, template, values};

#[test]
fn helm_has_nothing_to_complain_of() {
    let chart = chart();
    for values in [None, Some(values("namespaced")), Some(values("everything"))] {
        let mut args = vec!["lint", "--strict", chart.to_str().unwrap()];
        args.extend(values.as_deref());
        helm(&args).unwrap();
    }
}

#[test]
fn wrong_values_are_refused() {
    for (value, named) in [
        ("replicas=-1", "replicas"),
        ("replicas=two", "replicas"),
        ("replica=2", "replica"),
        ("image.registry=https://registry.example.com", "registry"),
        ("image.repository=", "repository"),
        ("image.repository=Operator", "repository"),
        ("image.tag=one two", "tag"),
        ("image.digest=sha256:abc", "digest"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("components.ingestor.tag=1", "ingestor"),
        ("components.query.image.digest=latest", "digest"),
        ("components.store.image.tag=1", "store"),
        ("imagePullSecrets={registry}", "imagePullSecrets"),
        ("namespaces=shop", "namespaces"),
        ("namespaces={Shop}", "namespaces"),
        ("namespaces={shop,shop}", "namespaces"),
        ("crds.install=maybe", "install"),
        ("crds.keep=false", "crds"),
        ("rbac.create=1", "create"),
        ("serviceAccount.name=A", "name"),
        ("logLevel=", "logLevel"),
        ("resync=0s", "resync"),
        ("deletionTimeout=soon", "deletionTimeout"),
        ("clusterDomain=.local", "clusterDomain"),
        ("extraArgs={run}", "extraArgs"),
        ("extraEnv[0].value=x", "extraEnv"),
        ("resources.cpu=1", "resources"),
        ("nodeSelector.disk=1", "disk"),
        ("affinity.pods=x", "affinity"),
        ("tolerations={x}", "tolerations"),
        ("podLabels.team=true", "team"),
        ("metrics.serviceMonitor.interval=1", "interval"),
        ("metrics.prometheusRule.enabled=yes", "enabled"),
        ("metrics.dashboards.enabled=true", "metrics"),
    ] {
        let error = template("operators", &["--set", value]).err();
        let error = error.unwrap_or_else(|| panic!("{value} is taken"));
        assert!(error.contains("schema") && error.contains(named), "{value}: {error}");
    }
}

#[test]
fn every_value_is_in_the_readme() {
    let readme = read("README.md");
    fn walk(path: &str, value: &Value, readme: &str, missing: &mut Vec<String>) {
        if readme.contains(&format!("`{path}`")) {
            return;
        }
        match value.as_object().filter(|object| !object.is_empty()) {
            Some(object) => {
                object
                    .iter()
                    .for_each(|(name, value)| walk(&format!("{path}.{name}"), value, readme, missing));
            }
            None => missing.push(path.to_owned()),
        }
    }
    let values: Value = serde_yaml::from_str(&read("values.yaml")).unwrap();
    let mut missing = Vec::new();
    values.as_object().unwrap().iter().for_each(|(name, value)| walk(name, value, &readme, &mut missing));
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_chart_has_the_version_of_the_operator() {
    let chart: Value = serde_yaml::from_str(&read("Chart.yaml")).unwrap();
    assert_eq!(chart["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
}
