//! An entry and its neighbours.

use serde_json::json;

use crate::server::{Server, messages};

#[tokio::test]
async fn neighbours_stand_around_the_entry_oldest_first() {
    let server = Server::start().await;
    let ids: Vec<_> = (0..30)
        .map(|index| {
            let resource = if index % 2 == 0 { "even" } else { "odd" };
            let second = index / 3;
            server.ingest(&json!({ "message": index.to_string(), "resourceId": resource, "timestamp": format!("2023-09-15T08:00:{second:02}Z") }).to_string())
        })
        .collect();
    let path = format!("/logs/{}/context", ids[15]);
    let context = server.get(&path, &[]).await;
    assert_eq!(messages(&context["before"]), (5..15).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(context["entry"]["message"], "15");
    assert_eq!(messages(&context["after"]), (16..26).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(context["partial"], false);

    let context = server.get(&path, &[("before", "2"), ("after", "0"), ("q", "resourceId:even")]).await;
    assert_eq!(messages(&context["before"]), ["12", "14"]);
    assert_eq!(context["entry"]["message"], "15", "whatever the query says");
    assert_eq!(context["after"], json!([]));

    let first = server.get(&format!("/logs/{}/context", ids[0]), &[("after", "1")]).await;
    assert_eq!((messages(&first["before"]).len(), messages(&first["after"])), (0, vec!["1".to_owned()]));
}
