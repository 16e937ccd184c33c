//! Plain text on the paths of our own format.

use serde_json::json;

use crate::support::server::Server;

#[tokio::test]
async fn a_line_is_an_entry_where_the_type_says_text() {
    let server = Server::start(&[]).await;
    let text = [("content-type", "text/plain; charset=utf-8")];
    let body = "2023-09-15 08:00:00.250125 ERROR [main] failed\njava.lang.X: y\n\tat a.B\n{\"level\":\"warn\",\"msg\":\"json\"}\nplain";
    for path in ["/logs", "/", "/ingest", "/api/v1/logs"] {
        let answer = server.post_to(path, &text, body).await;
        assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(3)), "{path}");
    }
    server.settled().await;
    let entries = server.store.entries();
    // The line that names a fraction of a millisecond is the same one each time.
    assert_eq!(entries.len(), 9);
    let trace = entries.iter().find(|entry| entry["level"] == "error").unwrap();
    assert_eq!(trace["timestamp"], "2023-09-15T08:00:00.250125Z");
    assert!(trace["message"].as_str().unwrap().ends_with("\tat a.B"));
    assert!(entries.iter().any(|entry| entry["level"] == "warn" && entry["message"] == "json"));
    let answer = server.post_to("/logs", &text, " \n").await;
    assert_eq!((answer.status, answer.kind()), (400, "empty-body"));
    // What curl sends by itself is JSON still.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(server.post_to("/logs", &form, "plain").await.kind(), "nothing-usable");
}
