//! Fields and their values.

use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn fields_are_named_as_queries_name_them() {
    let server = Server::start().await;
    server.ingest(r#"{"message":"m","metadata":{"http":{"status":500},"a b":"x"}}"#);
    let answer = server.get("/fields", &[]).await;
    let fields = answer["fields"].as_array().unwrap();
    for (name, kind) in [
        ("level", "level"),
        ("message", "text"),
        ("timestamp", "time"),
        ("traceId", "keyword"),
        ("metadata.http.status", "number"),
        ("metadata.a b", "keyword"),
    ] {
        assert!(fields.contains(&json!({ "name": name, "kind": kind })), "{name}: {answer}");
    }
    let early = server.get("/fields", &[("to", "2001-01-01")]).await;
    assert!(!early.to_string().contains("metadata."), "{early}");
    assert_eq!(early["partial"], false);
    server.store.slow.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(server.get("/fields", &[]).await["partial"], true);
    assert_eq!(server.metric("logpipeline_query_partial_total"), 1.0);
}

#[tokio::test]
async fn values_come_with_their_counts_most_frequent_first() {
    let server = Server::start().await;
    for (service, level) in [("api", "error"), ("api", "info"), ("auth", "error"), ("db", "error")] {
        server.ingest(&json!({ "message": "m", "resourceId": service, "level": level }).to_string());
    }
    server.ingest(r#"{"message":"m"}"#);
    let answer = server.get("/fields/service/values", &[]).await;
    assert_eq!(
        (&answer["field"], &answer["withField"], &answer["approximate"]),
        (&json!("resourceId"), &json!(4), &json!(false))
    );
    assert_eq!(
        answer["values"],
        json!([{ "value": "api", "count": 2 }, { "value": "auth", "count": 1 }, { "value": "db", "count": 1 }])
    );
    let some = server
        .get("/fields/resourceId/values", &[("q", "level:error"), ("prefix", "A"), ("limit", "1")])
        .await;
    assert_eq!(some["values"], json!([{ "value": "api", "count": 1 }]));
    let nothing = server.get("/fields/metadata.none/values", &[]).await;
    assert_eq!((&nothing["values"], &nothing["withField"]), (&json!([]), &json!(0)));
}
