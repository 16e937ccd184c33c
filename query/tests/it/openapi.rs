//! The API's description.

use std::path::Path;

use serde_json::Value;

use crate::server::Server;

#[test]
fn the_checked_in_description_is_the_current_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == logpipeline_query::api::openapi::document(),
        "docs/openapi.json is out of date: run `make generate`"
    );
}

#[test]
fn the_binary_prints_it() {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_logpipeline-query")).arg("openapi").output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), logpipeline_query::api::openapi::document());
}

#[tokio::test]
async fn every_path_described_is_served() {
    let server = Server::start().await;
    let description: Value = server.get("/openapi.json", &[]).await;
    let paths = description["paths"].as_object().unwrap();
    let id = server.ingest(r#"{"message":"m"}"#).to_string();
    assert_eq!(paths.len(), 15);
    for (path, operations) in paths {
        let path = path.strip_prefix("/api/v1").unwrap().replace("{id}", &id).replace("{name}", "level");
        let path = path.replace("{receipt}", &id);
        // What ingestors know is asked of them, and this server has none.
        let (status, params) = match operations["get"]["tags"][0].as_str() {
            Some("delivery") => (501, &[("idempotencyKey", "key")][..usize::from(path == "/receipts")]),
            Some(_) => (200, &[][..]),
            None => (405, &[][..]),
        };
        assert_eq!(server.send(&path, params).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn answers_have_the_members_that_are_described() {
    let server = Server::start().await;
    server.ingest(crate::server::SAMPLE);
    let description: Value = server.get("/openapi.json", &[]).await;
    for (path, schema) in [
        ("/search", "SearchResponse"),
        ("/histogram", "HistogramResponse"),
        ("/fields", "FieldsResponse"),
        ("/fields/level/values", "ValuesResponse"),
        ("/parse", "ParseResponse"),
        ("/session", "SessionResponse"),
    ] {
        let answer = server.get(path, &[]).await;
        let mut answered: Vec<_> = answer.as_object().unwrap().keys().collect();
        let mut described: Vec<_> =
            description["components"]["schemas"][schema]["properties"].as_object().unwrap().keys().collect();
        answered.sort();
        described.sort();
        assert_eq!(answered, described, "{path}");
        let mut required: Vec<&str> = description["components"]["schemas"][schema]["required"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        required.sort();
        assert_eq!(answered, required, "{path}: every member is always there");
    }
}
