//! logq is a client of the API: it links no engine and no server.

use std::process::Command;

#[test]
fn logq_links_no_store_and_no_server() {
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
            "logq",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let linked = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = linked.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"logq") && names.contains(&"reqwest"), "{linked}");
    for absent in ["logpipeline-store", "logpipeline-query", "logpipeline-service", "tantivy", "axum"] {
        assert!(!names.contains(&absent), "logq links {absent}");
    }
}
