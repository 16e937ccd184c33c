//! Canaries are found by who names them, and by nobody else.

use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn searches_leave_canaries_out_unless_they_name_them() {
    let server = Server::without_canaries().await;
    server.ingest(r#"{"message":"an entry","resourceId":"shop"}"#);
    server.ingest(r#"{"message":"no resource"}"#);
    let canary = server.ingest(r#"{"message":"canary","resourceId":"logpipeline-canary","level":"trace"}"#);
    let found = async |q: &str| {
        let mut found = server.messages(&[("q", q)]).await;
        found.sort();
        found
    };
    assert_eq!(found("").await, ["an entry", "no resource"]);
    assert_eq!(found("canary OR entry").await, ["an entry"]);
    assert_eq!(found("resourceId:logpipeline-canary").await, ["canary"]);
    assert_eq!(server.get("/histogram", &[]).await["total"], 2);
    let values = server.get("/fields/resourceId/values", &[]).await;
    assert_eq!(values["values"], json!([{ "value": "shop", "count": 1 }]));
    let context = server.get(&format!("/logs/{canary}/context"), &[]).await;
    assert_eq!(context["before"].as_array().unwrap().len(), 2);
    assert_eq!(context["entry"]["message"], "canary");
}

#[tokio::test]
async fn a_server_that_is_not_told_of_canaries_finds_them_as_any_entry() {
    let server = Server::start().await;
    server.ingest(r#"{"message":"canary","resourceId":"logpipeline-canary"}"#);
    assert_eq!(server.messages(&[]).await, ["canary"]);
}
