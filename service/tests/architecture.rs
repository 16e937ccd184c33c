//! The absences of ARCHITECTURE.md, checked against what cargo would link.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The names of every package that a package links, itself included, without those of its tests.
fn linked(package: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--package",
            package,
        ])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: BTreeSet<_> =
        tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(names.contains(package), "cargo tree does not list {package} itself");
    names
}

fn assert_absent(package: &str, absent: &[&str]) {
    let linked = linked(package);
    for name in absent {
        assert!(!linked.contains(*name), "{package} links {name}");
    }
}

#[test]
fn the_model_links_no_runtime_no_network_and_no_engine() {
    assert_absent(
        "logpipeline-model",
        &["tokio", "hyper", "axum", "reqwest", "tantivy", "elasticsearch", "prometheus", "tracing"],
    );
}

#[test]
fn the_store_knows_no_component_and_no_http_server() {
    assert_absent(
        "logpipeline-store",
        &["axum", "logpipeline-service", "logpipeline-ingestor", "logpipeline-query"],
    );
}

#[test]
fn the_shared_service_crate_knows_no_product_logic() {
    assert_absent("logpipeline-service", &["logpipeline-model", "logpipeline-store", "tantivy"]);
}

#[test]
fn the_generator_is_a_client_like_any_other() {
    assert_absent(
        "logpipeline-generator",
        &["logpipeline-store", "logpipeline-ingestor", "logpipeline-query", "tantivy"],
    );
}

#[test]
fn the_command_line_knows_nothing_but_the_api() {
    let servers_and_engines = [
        "logpipeline-store",
        "logpipeline-query",
        "logpipeline-ingestor",
        "logpipeline-service",
        "tantivy",
        "axum",
    ];
    assert_absent("logq", &servers_and_engines);
}

#[test]
fn ingestor_and_query_server_meet_only_in_the_store() {
    assert_absent("logpipeline-ingestor", &["logpipeline-query", "logpipeline-generator"]);
    assert_absent("logpipeline-query", &["logpipeline-ingestor", "logpipeline-generator"]);
}

/// The crate reads no clock: time comes in as an argument.
#[test]
fn the_model_reads_no_clock_and_no_files() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_stem().is_some_and(|name| name == "tests") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let source = source.split("#[cfg(test)]").next().unwrap();
            for banned in ["SystemTime", "Instant::now", "std::fs", "std::net", "std::env", "std::thread"] {
                assert!(!source.contains(banned), "{} uses {banned}", path.display());
            }
        }
    }
}
