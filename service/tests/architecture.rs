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

/// An operator, which links the model alone, applies the very templates that the ingestor does.
#[test]
fn what_elasticsearch_holds_is_defined_without_a_client_of_it() {
    assert_absent(
        "logpipeline-model",
        &["elasticsearch", "url", "rustls", "logpipeline-store", "logpipeline-service"],
    );
    let definitions = sources("model/src/elasticsearch");
    for word in ["index_patterns", "composed_of", "data_retention"] {
        assert!(definitions.iter().any(|(_, source)| source.contains(word)), "nothing defines {word}");
        for (path, source) in sources("store/src").iter().chain(&sources("ingestor/src")) {
            assert!(!source.contains(word), "{path} defines {word}, which belongs to the model");
        }
    }
}

/// What proves the whole in a cluster must see it as its users do.
#[test]
fn the_end_to_end_suite_links_nothing_of_the_product() {
    let product: Vec<_> =
        linked("logpipeline-e2e").into_iter().filter(|name| name.starts_with("logpipeline")).collect();
    assert_eq!(product, ["logpipeline-e2e"]);
    assert_absent("logpipeline-e2e", &["kube", "reqwest", "elasticsearch"]);
}

#[test]
fn one_crate_reads_the_flags_of_the_store_and_knows_no_component() {
    assert_absent(
        "logpipeline-store-settings",
        &["logpipeline-ingestor", "logpipeline-query", "logpipeline-generator"],
    );
    for (path, source) in sources("ingestor/src").iter().chain(&sources("query/src")) {
        for engine in ["EmbeddedStore", "ElasticsearchStore"] {
            assert!(!source.contains(engine), "{path} names {engine}");
        }
    }
}

#[test]
fn the_store_knows_no_component_and_no_http_server() {
    assert_absent(
        "logpipeline-store",
        &["axum", "logpipeline-service", "logpipeline-ingestor", "logpipeline-query"],
    );
}

#[test]
fn blocks_are_bytes_without_a_runtime_a_network_or_an_engine() {
    assert_absent(
        "logpipeline-blocks",
        &["tokio", "hyper", "axum", "reqwest", "tantivy", "elasticsearch", "tracing", "logpipeline-store"],
    );
}

#[test]
fn the_shared_service_crate_knows_no_product_logic() {
    assert_absent("logpipeline-service", &["logpipeline-model", "logpipeline-store", "tantivy"]);
}

#[test]
fn who_may_come_in_is_told_apart_without_knowing_to_what() {
    assert_absent(
        "logpipeline-access",
        &["logpipeline-model", "logpipeline-store", "logpipeline-ingestor", "logpipeline-query"],
    );
}

#[test]
fn the_generator_is_a_client_like_any_other() {
    assert_absent(
        "logpipeline-generator",
        &["logpipeline-store", "logpipeline-ingestor", "logpipeline-query", "tantivy", "elasticsearch"],
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
        "elasticsearch",
        "axum",
    ];
    assert_absent("logq", &servers_and_engines);
}

#[test]
fn ingestor_and_query_server_meet_only_in_the_store() {
    assert_absent("logpipeline-ingestor", &["logpipeline-query", "logpipeline-generator"]);
    assert_absent("logpipeline-query", &["logpipeline-ingestor", "logpipeline-generator"]);
}

#[test]
fn the_operator_knows_the_others_as_images_flags_and_ports() {
    assert_absent(
        "logpipeline-operator",
        &[
            "logpipeline-store",
            "logpipeline-store-settings",
            "logpipeline-ingestor",
            "logpipeline-query",
            "logpipeline-generator",
            "tantivy",
        ],
    );
    assert_absent("logpipeline-cluster", &["logpipeline-store", "logpipeline-service", "tantivy", "kube"]);
}

/// What a pipeline becomes depends on nothing but its spec and what that names.
#[test]
fn manifests_are_built_without_a_client_and_without_a_clock() {
    for (path, source) in sources("operator/src/build") {
        for banned in
            ["Client", "Api<", "async ", "SystemTime", "Instant", "Timestamp", "std::env", "Result<"]
        {
            assert!(!source.contains(banned), "{path} uses {banned}");
        }
    }
}

/// The crate reads no clock: time comes in as an argument.
#[test]
fn the_model_reads_no_clock_and_no_files() {
    for (path, source) in sources("model/src") {
        for banned in ["SystemTime", "Instant::now", "std::fs", "std::net", "std::env", "std::thread"] {
            assert!(!source.contains(banned), "{path} uses {banned}");
        }
    }
}

/// The sources below a folder, by path, without their tests.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    let mut found = Vec::new();
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
            found.push((path.display().to_string(), source.to_owned()));
        }
    }
    found
}

/// A variable that nobody reads is a setting that a pipeline silently lacks.
#[test]
fn every_variable_that_the_operator_sets_is_a_flag_of_a_component() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../operator/tests/it/snapshots");
    let mut set = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let manifests = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for (at, _) in manifests.match_indices("LOGPIPELINE_") {
            let end = manifests[at..].find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap();
            set.insert(manifests[at..at + end].to_owned());
        }
    }
    assert!(set.len() > 40, "the snapshots set few variables: {set:?}");

    let rooms = ["ingestor/src", "query/src", "generator/src", "service", "store/settings/src"];
    let flags: String = rooms.iter().flat_map(|room| sources(room)).map(|(_, source)| source).collect();
    let unknown: Vec<_> = set.iter().filter(|name| !flags.contains(&format!("env = \"{name}\""))).collect();
    assert!(unknown.is_empty(), "no component reads {unknown:?}");
}
