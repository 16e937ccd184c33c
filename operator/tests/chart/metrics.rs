//! Alerts and the dashboard ask for metrics that there are.

use std::collections::BTreeSet;

use logpipeline_operator::metrics::Metrics;
use prometheus::Registry;
use serde_json::Value;

use crate::support::{find, read, render, values};

/// Names of metrics in a text, as a component exposes them.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '_');
    let of_a_component = |word: &&str| {
        ["ingestor", "query", "operator"].iter().any(|one| word.starts_with(&format!("logpipeline_{one}_")))
    };
    words.filter(of_a_component).map(|word| word.trim_end_matches("_bucket").to_owned()).collect()
}

fn of_the_operator() -> BTreeSet<String> {
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    for counter in [&metrics.reconciles, &metrics.errors, &metrics.changes] {
        counter.with_label_values(&["x"]).inc();
    }
    metrics.duration.with_label_values(&["x"]).observe(1.0);
    registry.gather().iter().map(|family| family.name().to_owned()).collect()
}

/// Whether a component's source names a metric, with or without its prefix.
fn is_of(component: &str, name: &str) -> bool {
    let path = format!("{}/../{component}/src/metrics.rs", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(path).unwrap();
    let short = name.trim_start_matches(&format!("logpipeline_{component}_"));
    source.contains(&format!("\"{name}\"")) || source.contains(&format!("\"{short}\""))
}

#[test]
fn there_is_every_metric_that_is_asked_for() {
    let rule = find(&render("operators", &[&values("everything")]), "PrometheusRule").to_string();
    let asked = &names(&read("files/dashboard.json")) | &names(&rule);
    let operator = of_the_operator();
    let missing: Vec<_> = asked
        .iter()
        .filter(|name| !operator.contains(*name) && !is_of("ingestor", name) && !is_of("query", name))
        .collect();
    assert_eq!(missing, Vec::<&String>::new());
    let unseen: Vec<_> = operator.difference(&asked).collect();
    assert_eq!(unseen, Vec::<&String>::new(), "the dashboard leaves out");
}

#[test]
fn the_dashboard_arrives_as_it_is() {
    let objects = render("operators", &[&values("everything")]);
    let map = objects.iter().find(|one| one["data"]["logpipeline.json"].is_string()).unwrap();
    let text = map["data"]["logpipeline.json"].as_str().unwrap();
    assert_eq!(text.trim(), read("files/dashboard.json").trim());
    let dashboard: Value = serde_json::from_str(text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
}
