//! What docs/elasticsearch.md tells operators to send to Elasticsearch does what it says.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{Flags, url, variable};
use crate::support::eventually;
use crate::support::process::Process;
use crate::support::query::Query;

/// The body of a request in the documentation, for another pipeline.
fn documented(request: &str, pipeline: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/elasticsearch.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let body = docs.split_once(&format!("```json\n{request}\n")).expect(request).1;
    let body = body.split("```").next().unwrap().split("\nPOST ").next().unwrap();
    assert!(body.contains("shop") || request.contains("shop"), "{body}");
    body.replace("shop", pipeline)
}

/// Sends a request with curl, which has TLS.
fn ask(credentials: &str, method: &str, url: &str, body: &str) -> Value {
    let mut command = Command::new("curl");
    command.args(["-sS", "-X", method, url]);
    if !body.is_empty() {
        command.args(["-H", "content-type: application/json", "-d", body]);
    }
    if !credentials.is_empty() {
        command.args(["--cacert", &variable("ELASTICSEARCH_TLS_CA"), "-u", credentials]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer.get("error").is_none(), "{method} {url}: {answer}");
    answer
}

async fn post(process: &Process, body: impl Into<reqwest::Body>) {
    let request = reqwest::Client::new().post(format!("http://{}/logs", process.address)).body(body);
    assert_eq!(request.send().await.unwrap().status(), 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_privileges_are_enough_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let server = variable("ELASTICSEARCH_TLS_URL");
    let admin = format!("{}:{}", variable("ELASTICSEARCH_TLS_USER"), variable("ELASTICSEARCH_TLS_PASSWORD"));
    let flags = Flags::new(&server);
    let password = folder.path().join("password");
    std::fs::write(&password, "a secret of 20 chars\n").unwrap();
    let mut secured = Vec::new();
    for component in ["ingestor", "query"] {
        let role = documented(&format!("POST _security/role/logpipeline-{component}"), &flags.pipeline);
        let name = format!("{component}-{}", flags.pipeline);
        ask(&admin, "POST", &format!("{server}/_security/role/{name}"), &role);
        let user = json!({ "password": "a secret of 20 chars", "roles": [name] }).to_string();
        ask(&admin, "POST", &format!("{server}/_security/user/{name}"), &user);
        secured.push([
            format!("--elasticsearch-user={name}"),
            format!("--elasticsearch-password-file={}", password.display()),
            format!("--elasticsearch-ca-file={}", variable("ELASTICSEARCH_TLS_CA")),
        ]);
    }
    let with = |flags: Vec<&str>, component: usize, more: &[&str]| -> Vec<String> {
        let own = secured[component].iter().map(String::as_str);
        flags.into_iter().chain(own).chain(more.iter().copied()).map(str::to_owned).collect()
    };
    let ingestor = with(flags.ingestor(), 0, &["--retention-max-age=30d", "--retention-interval=300ms"]);
    let process = Process::start(folder.path(), &ingestor.iter().map(String::as_str).collect::<Vec<_>>());
    let query = with(flags.both(), 1, &[]);
    let query = Query::start(folder.path(), &query.iter().map(String::as_str).collect::<Vec<_>>()).await;

    post(&process, r#"{"message":"Failed to connect to DB","metadata":{"n":7}}"#).await;
    // Derived ids are looked up before they are written.
    let request = reqwest::Client::new().post(format!("http://{}/logs", process.address));
    let again = request.header("idempotency-key", "key").body(r#"{"message":"paid"}"#).send().await.unwrap();
    assert_eq!(again.status(), 202);
    eventually("both are found", async || query.finds("", 2).await).await;
    // The expression may be tested on entries that are read by a point in time.
    assert_eq!(query.total("metadata.n:7 message:/to D./").await, 1);
    assert_eq!(query.json("/histogram", &[]).await["total"], 2);
    assert_eq!(query.messages().await.len(), 2);
    eventually("the query server is ready", async || query.readiness().await.0 == 200).await;
    // Some rounds of retention after the data stream was made.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let log = process.log.lock().unwrap().join("\n");
    assert!(!log.contains("failed to") && !log.contains("security_exception"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_override_applies_from_the_next_index_on() {
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags::new(&url());
    let process = Process::start(folder.path(), &flags.ingestor());
    let query = Query::start(folder.path(), &flags.both()).await;
    post(&process, r#"{"message":"before"}"#).await;
    eventually("the first is found", async || query.finds("before", 1).await).await;

    let (server, pipeline) = (url(), &flags.pipeline);
    let custom = documented("PUT _component_template/logs-shop@custom", pipeline);
    ask("", "PUT", &format!("{server}/_component_template/logs-{pipeline}@custom"), &custom);
    ask("", "POST", &format!("{server}/logs-{pipeline}.default/_rollover"), "{}");
    post(&process, r#"{"message":"after","metadata":{"orderId":"A-7","other":{"x":1}}}"#).await;
    eventually("the second is found", async || query.finds("metadata.orderId:A-7", 1).await).await;
    assert_eq!(query.total("metadata.other.x:1").await, 1);
    let own = r#"{"query":{"term":{"metadata.orderId":"A-7"}}}"#;
    eventually("the mapped key is searched by others too", async || {
        ask("", "POST", &format!("{server}/logs-{pipeline}.default/_search"), own)["hits"]["total"]["value"]
            == 1
    })
    .await;
    // A restart leaves the override alone.
    process.kill();
    let process = Process::start(folder.path(), &flags.ingestor());
    post(&process, r#"{"message":"later"}"#).await;
    eventually("the third is found", async || query.finds("later", 1).await).await;
    let kept = ask("", "GET", &format!("{server}/_component_template/logs-{pipeline}@custom"), "");
    let template = &kept["component_templates"][0]["component_template"]["template"];
    assert_eq!(template["settings"]["index"]["number_of_shards"], "3", "{kept}");
}
