//! What the operator keeps in a real Elasticsearch and a real OpenSearch: `dev/with-search-servers.sh`.

use k8s_openapi::api::core::v1::ConfigMap;
use logpipeline_operator::crd::LogPipeline;
use serde_json::{Value, json};

use crate::support::yaml::elasticsearch;
use crate::support::{Site, eventually};

struct Server(String);

impl Server {
    fn named(variable: &str) -> Self {
        let hint = "there is no server to test against: run dev/with-search-servers.sh dev/with-kubernetes.sh cargo test -p logpipeline-operator";
        Self(std::env::var(variable).expect(hint))
    }

    async fn ask(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.0));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let (status, answer) = self.ask(reqwest::Method::GET, path, None).await;
        (status == 200).then_some(answer)
    }

    async fn put(&self, path: &str, body: Value) {
        let (status, answer) = self.ask(reqwest::Method::PUT, path, Some(body)).await;
        assert!(status < 300, "{path}: {answer}");
    }
}

fn spec(name: &str, url: &str, changes: Value) -> String {
    let mut all = json!({
        "storage": { "elasticsearch": { "pipelineName": name, "replicas": 0 } },
        "retention": { "byLevel": [{ "levels": ["trace", "debug"], "keep": "3d" }] },
    });
    crate::support::yaml::merge(&mut all, changes);
    elasticsearch("logs", url, all)
}

#[tokio::test]
async fn templates_are_put_kept_as_they_are_and_users_own_are_not_touched() {
    let server = Server::named("ELASTICSEARCH_URL");
    let site = Site::new("templates").await;
    let pipeline = site.namespace.clone();
    site.apply(&spec(&pipeline, &server.0, json!({}))).await;
    for condition in ["StorageReady", "TemplatesApplied", "RetentionApplied"] {
        site.until_condition("logs", condition, "True").await;
    }
    for class in ["default", "trace-debug"] {
        let path = format!("/_index_template/logs-{pipeline}.{class}");
        assert!(server.get(&path).await.is_some(), "{path}");
    }
    let settings = format!("/_component_template/logs-{pipeline}@settings");
    let custom = format!("/_component_template/logs-{pipeline}@custom");
    let before = server.get(&settings).await.unwrap();
    let own = json!({ "template": { "settings": { "index": { "priority": 7 } } } });
    server.put(&custom, own).await;
    let by_hand = json!({ "template": { "settings": { "index": { "number_of_shards": 9 } } } });
    server.put(&settings, by_hand).await;
    let shown = |found: &Value| found["component_templates"][0]["component_template"]["template"].clone();
    eventually("what was changed by hand is put back", async || {
        (shown(&server.get(&settings).await?) == shown(&before)).then_some(())
    })
    .await;
    let kept = shown(&server.get(&custom).await.unwrap());
    assert_eq!(kept["settings"]["index"]["priority"], "7");

    // Where nothing differs nothing is put: templates tell when they were.
    let steady = server.get(&settings).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(server.get(&settings).await.unwrap(), steady);
    site.delete("logs").await;
    eventually("it goes", async || site.get::<LogPipeline>("logs").await.is_none().then_some(())).await;
}

#[tokio::test]
async fn wrong_credentials_are_told_in_the_servers_words() {
    let url = std::env::var("ELASTICSEARCH_TLS_URL").expect("run dev/with-search-servers.sh");
    let authority = std::fs::read_to_string(std::env::var("ELASTICSEARCH_TLS_CA").unwrap()).unwrap();
    let user = std::env::var("ELASTICSEARCH_TLS_USER").unwrap();
    let password = std::env::var("ELASTICSEARCH_TLS_PASSWORD").unwrap();
    let site = Site::new("secured").await;
    site.secret("ca", &[("ca.crt", &authority)]).await;
    site.secret("es", &[("username", &user), ("password", "not-the-one")]).await;
    let secured = json!({ "storage": { "elasticsearch": {
        "caSecretRef": { "name": "ca" }, "credentialsSecretRef": { "name": "es" } } } });
    site.apply(&spec(&site.namespace, &url, secured)).await;
    let (reason, message) = site.until_condition("logs", "StorageReady", "False").await;
    assert_eq!(reason, "Unauthorized", "{message}");
    // Rotated, it is used at once.
    site.secret("es", &[("username", &user), ("password", &password)]).await;
    site.until_condition("logs", "TemplatesApplied", "True").await;
    site.delete("logs").await;
    eventually("it goes", async || site.get::<LogPipeline>("logs").await.is_none().then_some(())).await;
}

#[tokio::test]
async fn edits_of_retention_reach_who_removes_and_a_lifecycle_that_the_server_lacks_is_told() {
    let server = Server::named("ELASTICSEARCH_URL");
    let site = Site::new("edited").await;
    let by_level = |levels: Value, keep: &str, lifecycle: &str| {
        let retention = json!({ "byLevel": [{ "levels": levels, "keep": keep }], "lifecycle": lifecycle });
        spec(&site.namespace, &server.0, json!({ "retention": retention }))
    };
    let kept = async || {
        site.get::<ConfigMap>("logs-ingestor").await?.data?.get("LOGPIPELINE_RETENTION_CLASS").cloned()
    };
    let reached = async |expected: &str| {
        eventually(expected, async || kept().await.filter(|text| text == expected)).await;
        site.until_condition("logs", "RetentionApplied", "True").await;
    };
    site.apply(&by_level(json!(["trace", "debug"]), "3d", "Ingestor")).await;
    reached("trace-debug=trace,debug:259200s").await;
    site.apply(&by_level(json!(["trace", "debug"]), "36h", "Ingestor")).await;
    reached("trace-debug=trace,debug:129600s").await;
    site.apply(&by_level(json!(["trace"]), "1d", "Ingestor")).await;
    reached("trace=trace:86400s").await;
    let class = format!("/_data_stream/logs-{}.trace", site.namespace);
    let template = format!("/_index_template/logs-{}.trace", site.namespace);
    eventually("its data stream has a template", async || server.get(&template).await).await;

    // The server of the tests lacks this module.
    site.apply(&by_level(json!(["trace"]), "1d", "ILM")).await;
    let (reason, message) = site.until_condition("logs", "RetentionApplied", "False").await;
    assert_eq!(reason, "Unsupported");
    assert!(message.contains("built without"), "{message}");
    let (reason, _) = site.until_condition("logs", "Ready", "False").await;
    assert!(!reason.is_empty());
    site.apply(&by_level(json!(["trace"]), "1d", "Ingestor")).await;
    site.until_condition("logs", "RetentionApplied", "True").await;
    site.delete("logs").await;
    eventually("it goes", async || site.get::<LogPipeline>("logs").await.is_none().then_some(())).await;
    assert!(server.get(&class).await.is_none() && server.get(&template).await.is_none());
}

#[tokio::test]
async fn what_holds_entries_stays_unless_it_is_to_be_deleted() {
    let server = Server::named("OPENSEARCH_URL");
    let site = Site::new("kept").await;
    let pipeline = site.namespace.clone();
    site.apply(&spec(&pipeline, &server.0, json!({}))).await;
    site.until_condition("logs", "TemplatesApplied", "True").await;
    let (full, empty) = (format!("logs-{pipeline}.default"), format!("logs-{pipeline}.trace-debug"));
    eventually("both streams are made", async || {
        server.get(&format!("/_data_stream/{full}")).await?;
        server.get(&format!("/_data_stream/{empty}")).await
    })
    .await;
    let entry = json!({ "@timestamp": "2026-01-01T00:00:00Z", "message": "kept", "id": "0192" });
    let (status, _) = server.ask(reqwest::Method::POST, &format!("/{full}/_doc"), Some(entry)).await;
    assert_eq!(status, 201);
    // As an ingestor makes it with the first dead letter.
    let letters = format!("logs-{pipeline}-dead-letters.default");
    let template = json!({ "index_patterns": [letters], "data_stream": {}, "priority": 500 });
    let put = (reqwest::Method::PUT, format!("/_index_template/{letters}"));
    assert_eq!(server.ask(put.0, &put.1, Some(template)).await.0, 200);
    let letter = json!({ "@timestamp": "2026-01-01T00:00:00Z", "message": "a letter", "id": "0193" });
    let (status, _) = server.ask(reqwest::Method::POST, &format!("/{letters}/_doc"), Some(letter)).await;
    assert_eq!(status, 201);
    let gone = async || {
        site.delete("logs").await;
        eventually("it goes", async || site.get::<LogPipeline>("logs").await.is_none().then_some(())).await;
    };
    gone().await;
    assert!(server.get(&format!("/_data_stream/{full}")).await.is_some(), "entries were removed");
    assert!(server.get(&format!("/_data_stream/{letters}")).await.is_some(), "dead letters were removed");
    assert!(server.get(&format!("/_data_stream/{empty}")).await.is_none(), "an empty stream was left");
    assert!(server.get(&format!("/_index_template/{full}")).await.is_some());
    assert!(server.get(&format!("/_index_template/{empty}")).await.is_none());
    assert!(site.events().await.contains(&"EntriesKept".to_owned()));

    site.apply(&spec(&pipeline, &server.0, json!({ "deletionPolicy": "Delete" }))).await;
    site.until_condition("logs", "TemplatesApplied", "True").await;
    gone().await;
    for path in ["_data_stream", "_index_template"] {
        for stream in [&full, &letters] {
            assert!(server.get(&format!("/{path}/{stream}")).await.is_none(), "{path} {stream}");
        }
    }
    assert!(server.get(&format!("/_component_template/logs-{pipeline}@settings")).await.is_none());
    assert!(server.get(&format!("/_component_template/logs-{pipeline}@custom")).await.is_some());
}

/// Elasticsearch asks for more privileges to delete policies of lifecycles than a pipeline without them needs.
#[tokio::test]
async fn the_documented_privileges_are_enough_to_be_deleted_and_what_lacks_one_stays() {
    let url = std::env::var("ELASTICSEARCH_TLS_URL").expect("run dev/with-search-servers.sh");
    let file = std::env::var("ELASTICSEARCH_TLS_CA").unwrap();
    let authority = std::fs::read_to_string(file).unwrap();
    let user = std::env::var("ELASTICSEARCH_TLS_USER").unwrap();
    let password = std::env::var("ELASTICSEARCH_TLS_PASSWORD").unwrap();
    let certificate = reqwest::Certificate::from_pem(authority.as_bytes()).unwrap();
    let client = reqwest::Client::builder().add_root_certificate(certificate).build().unwrap();
    let ask = async |method: reqwest::Method, path: &str, body: Option<Value>| {
        let mut request = client.request(method, format!("{url}{path}")).basic_auth(&user, Some(&password));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request.send().await.unwrap().status().as_u16()
    };
    for (name, may_delete_lease) in [("documented", true), ("less", false)] {
        let site = Site::new(name).await;
        let pipeline = site.namespace.clone();
        let mut role = documented_role(&pipeline);
        let lease = role["indices"][1]["privileges"].as_array_mut().unwrap();
        assert!(lease.contains(&json!("delete_index")));
        lease.retain(|privilege| may_delete_lease || privilege != "delete_index");
        let account = format!("operator-{pipeline}");
        let secret = "a secret of 20 chars";
        let of_account = json!({ "password": secret, "roles": [account] });
        assert_eq!(ask(reqwest::Method::PUT, &format!("/_security/role/{account}"), Some(role)).await, 200);
        assert_eq!(
            ask(reqwest::Method::PUT, &format!("/_security/user/{account}"), Some(of_account)).await,
            200
        );
        site.secret("ca", &[("ca.crt", &authority)]).await;
        site.secret("es", &[("username", &account), ("password", secret)]).await;
        let secured = json!({ "storage": { "elasticsearch": {
            "caSecretRef": { "name": "ca" }, "credentialsSecretRef": { "name": "es" } } } });
        site.apply(&spec(&pipeline, &url, secured)).await;
        site.until_condition("logs", "TemplatesApplied", "True").await;
        let lease = format!("/logpipeline-{pipeline}-lease");
        assert_eq!(ask(reqwest::Method::PUT, &lease, None).await, 200);
        site.delete("logs").await;
        eventually("it goes", async || site.get::<LogPipeline>("logs").await.is_none().then_some(())).await;
        let events = site.events().await;
        assert!(!events.iter().any(|event| event.starts_with("Cleanup")), "{events:?}");
        let template = format!("/_index_template/logs-{pipeline}.default");
        assert_eq!(ask(reqwest::Method::GET, &template, None).await, 404);
        let left = if may_delete_lease { 404 } else { 200 };
        assert_eq!(ask(reqwest::Method::GET, &lease, None).await, left);
    }
}

/// The role of docs/elasticsearch.md, for another pipeline.
fn documented_role(pipeline: &str) -> Value {
    let docs = include_str!("../../../docs/elasticsearch.md");
    let (_, role) = docs.split_once("POST _security/role/logpipeline-ingestor\n").unwrap();
    serde_json::from_str(&role.split_once("```").unwrap().0.replace("shop", pipeline)).unwrap()
}

#[tokio::test]
async fn what_is_to_be_deleted_goes_though_its_secrets_went_first() {
    let url = std::env::var("ELASTICSEARCH_TLS_URL").expect("run dev/with-search-servers.sh");
    let authority = std::fs::read_to_string(std::env::var("ELASTICSEARCH_TLS_CA").unwrap()).unwrap();
    let user = std::env::var("ELASTICSEARCH_TLS_USER").unwrap();
    let password = std::env::var("ELASTICSEARCH_TLS_PASSWORD").unwrap();
    let site = Site::new("bereft").await;
    site.secret("ca", &[("ca.crt", &authority)]).await;
    site.secret("es", &[("username", &user), ("password", &password)]).await;
    site.secret("tokens", &[("tokens", "me:0123456789abcdef")]).await;
    let secured = json!({
        "storage": { "elasticsearch": {
            "caSecretRef": { "name": "ca" }, "credentialsSecretRef": { "name": "es" } } },
        "ingestor": { "insecure": null, "tokensSecretRef": { "name": "tokens" } },
        "deletionPolicy": "Delete",
    });
    site.apply(&spec(&site.namespace, &url, secured)).await;
    site.until_condition("logs", "TemplatesApplied", "True").await;
    // As `kubectl delete -f` does with a file that has all of them.
    for name in ["tokens", "es", "ca"] {
        let secrets = site.api::<k8s_openapi::api::core::v1::Secret>();
        secrets.delete(name, &Default::default()).await.unwrap();
    }
    site.delete("logs").await;
    let begun = std::time::Instant::now();
    eventually("it goes", async || site.get::<LogPipeline>("logs").await.is_none().then_some(())).await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{:?}", begun.elapsed());
    let events = site.events().await;
    assert!(!events.contains(&"CleanupGivenUp".to_owned()), "{events:?}");
}
