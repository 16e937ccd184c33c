//! Alerts and dashboards ask for metrics that there are.

use std::collections::BTreeSet;
use std::path::Path;

use kube::runtime::{reflector, watcher};
use logpipeline_operator::crd::LogPipeline;
use logpipeline_operator::metrics::Metrics;
use prometheus::Registry;
use serde_json::Value;

use crate::support::{chart, find, render, values};

/// The dashboards of the chart, by the name of their file.
fn dashboards() -> Vec<(String, String)> {
    let files = std::fs::read_dir(chart().join("files/dashboards")).unwrap();
    let named = files.map(|file| {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    });
    named.collect()
}

/// Names of metrics in a text, as a component exposes them.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '_');
    let of_a_component = |word: &&str| {
        ["ingestor", "query", "operator"].iter().any(|one| word.starts_with(&format!("logpipeline_{one}_")))
    };
    let of_a_histogram = ["_bucket", "_sum", "_count"];
    let family = |word: &str| {
        let of_it = of_a_histogram.iter().find_map(|suffix| word.strip_suffix(suffix));
        of_it.unwrap_or(word).to_owned()
    };
    words.filter(of_a_component).map(family).collect()
}

/// Each is shown once there is something to tell.
fn of_the_operator() -> BTreeSet<String> {
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    for counter in [&metrics.reconciles, &metrics.errors, &metrics.changes] {
        counter.with_label_values(&["x"]).inc();
    }
    metrics.requests.with_label_values(&["x", "y"]).inc();
    metrics.duration.with_label_values(&["x"]).observe(1.0);
    let (reader, mut writer) = reflector::store();
    let _told = metrics.ready.tell(reader);
    let pipeline: LogPipeline = serde_json::from_value(serde_json::json!({
        "apiVersion": "logpipeline.dev/v1alpha1", "kind": "LogPipeline", "metadata": { "name": "logs" },
        "spec": { "storage": { "embedded": { "size": "1Gi" } }, "ingestor": {}, "query": {} },
    }))
    .unwrap();
    writer.apply_watcher_event(&watcher::Event::Apply(pipeline));
    registry.gather().iter().map(|family| family.name().to_owned()).collect()
}

/// Whether a component's source names a metric, with or without its prefix.
fn is_of(component: &str, name: &str) -> bool {
    let short = name.trim_start_matches(&format!("logpipeline_{component}_"));
    let (name, short) = (format!("\"{name}\""), format!("\"{short}\""));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(component).join("src");
    sources(&folder).iter().any(|source| source.contains(&name) || source.contains(&short))
}

/// The files of a folder, and of those in it, that make metrics.
fn sources(folder: &Path) -> Vec<String> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = paths.flat_map(|path| match path.is_dir() {
        true => sources(&path),
        false => vec![std::fs::read_to_string(path).unwrap()],
    });
    texts.filter(|text| text.contains("prometheus::")).collect()
}

#[test]
fn there_is_every_metric_that_is_asked_for() {
    let rule = find(&render("operators", &[&values("everything")]), "PrometheusRule").to_string();
    let asked = dashboards().iter().fold(names(&rule), |asked, (_, text)| &asked | &names(text));
    let operator = of_the_operator();
    let missing: Vec<_> = asked
        .iter()
        .filter(|name| !operator.contains(*name) && !is_of("ingestor", name) && !is_of("query", name))
        .collect();
    assert_eq!(missing, Vec::<&String>::new());
    let unseen: Vec<_> = operator.difference(&asked).collect();
    assert_eq!(unseen, Vec::<&String>::new(), "the dashboards leave out");
}

#[test]
fn dashboards_arrive_as_they_are() {
    let objects = render("operators", &[&values("everything")]);
    let map = objects.iter().find(|one| one["data"]["logpipeline-ingest.json"].is_string()).unwrap();
    assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
    let files = dashboards();
    assert_eq!(map["data"].as_object().unwrap().len(), files.len());
    for (name, text) in files {
        let arrived = map["data"][format!("logpipeline-{name}")].as_str().unwrap();
        assert_eq!(arrived.trim(), text.trim());
        let dashboard: Value = serde_json::from_str(arrived).unwrap();
        assert_eq!(dashboard["uid"], format!("logpipeline-{}", name.trim_end_matches(".json")));
    }
}
