use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::cluster::{curl, get_json, text};
use crate::places::{RELEASE, SHOP};
use crate::sender::Sender;
use crate::site::{Site, file};

pub const PREVIOUS: &str = "0.0.9";

pub fn run(site: &Site) -> String {
    let cluster = &site.cluster;
    let chart = site.state.join("previous-chart");
    previous(&chart);
    cluster.namespace(RELEASE);
    let begun = Instant::now();
    let registry = format!("image.registry={}", site.registry);
    cluster.helm(&[
        "install",
        RELEASE,
        chart.to_str().unwrap(),
        "--namespace",
        RELEASE,
        "--create-namespace",
        "--set",
        &registry,
    ]);
    cluster.until_operator_ready();
    let operator = begun.elapsed().as_secs_f64();
    cluster.namespace(SHOP);
    cluster.kubectl(&["apply", "-n", SHOP, "-f", &file("examples/minimal.yaml")]);
    let report = Sender::with(site, "first", SHOP, &["--count", "1"]).report();
    assert_eq!(report.count("verified"), 1);
    let found = begun.elapsed().as_secs_f64();
    cluster.until_ready(SHOP);
    let ready = begun.elapsed().as_secs_f64();

    let many =
        Sender::with(site, "greeting", SHOP, &["--rate", "50", "--duration", "5s"]).report().in_words();
    let forward = cluster.forward(SHOP, "logs-query", 8080);
    let search = format!("/api/v1/search?limit=1&q=metadata.run:{}", site.run("greeting"));
    assert_eq!(get_json(&forward.url(&search), None)["total"], 250);
    let (status, page) = curl(&[&forward.url("/")]);
    assert!(status == 200 && page.contains("<div id=\"root\">"), "{status}: {page}");
    format!(
        "after `helm install`: operator ready {operator:.0} s, first entry found {found:.0} s, pipeline Ready {ready:.0} s; then {many}"
    )
}

/// The chart as a version before might have been: its definition lacks a field.
fn previous(to: &Path) {
    let _ = fs::remove_dir_all(to);
    text(
        Command::new("cp").args(["-r", &file("charts/logpipeline"), to.to_str().unwrap()]).output().unwrap(),
        &["cp"],
    );
    let chart = fs::read_to_string(to.join("Chart.yaml")).unwrap();
    let version = format!("version: {}", env!("CARGO_PKG_VERSION"));
    assert!(chart.contains(&version));
    fs::write(to.join("Chart.yaml"), chart.replacen(&version, &format!("version: {PREVIOUS}"), 1)).unwrap();
    let definition = fs::read_to_string(to.join("files/crd.yaml")).unwrap();
    let mut definition: serde_json::Value = serde_yaml::from_str(&definition).unwrap();
    let spec = &mut definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let retention = spec["properties"]["retention"]["properties"].as_object_mut().unwrap();
    assert!(retention.remove("maxSize").is_some());
    fs::write(to.join("files/crd.yaml"), serde_yaml::to_string(&definition).unwrap()).unwrap();
}
