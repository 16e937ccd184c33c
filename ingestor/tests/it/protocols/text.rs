//! Plain text on the paths of our own format.

use serde_json::json;

use crate::support::server::Server;

#[tokio::test]
async fn a_line_is_an_entry_where_the_type_says_text() {
    let server = Server::start(&[]).await;
    let text = [("content-type", "text/plain; charset=utf-8")];
    let body = "2023-09-15 08:00:00.250125 ERROR [main] failed\njava.lang.X: y\n\tat a.B\n{\"level\":\"warn\",\"msg\":\"json\"}\nplain";
    for path in ["/logs", "/", "/ingest", "/api/v1/logs", "/logs"] {
        let answer = server.post_to(path, &text, body).await;
        assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(3)), "{path}");
    }
    server.settled().await;
    let entries = server.store.entries();
    // The line that names a fraction of a millisecond tells which request was sent again.
    assert_eq!(entries.len(), 12);
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

/// `fetch` and `sendBeacon` of browsers call text what they are given as a string.
#[tokio::test]
async fn json_that_is_called_text_is_json_and_what_only_looks_like_it_is_text() {
    let server = Server::start(&[]).await;
    let text = [("content-type", "text/plain;charset=UTF-8")];
    let entry = json!({"level": "error", "message": "failed", "resourceId": 7, "timestamp": "2023-09-15T08:00:00Z",
        "metadata": {"parentResourceId": "server-0987"}});
    let other = json!({"message": "second", "metadata": 5});
    let array = json!([entry, other]);
    for (body, accepted) in [
        (entry.to_string(), 1),
        (array.to_string(), 2),
        (serde_json::to_string_pretty(&entry).unwrap(), 1),
        (serde_json::to_string_pretty(&array).unwrap(), 2),
        (format!("{entry}\n{other}\n"), 2),
        ("[2024-01-01 10:00:00] ERROR failed\n[main] done".to_owned(), 2),
        (
            "{\"level\":30,\"time\":1700000000000,\"msg\":\"of pino\"}\n{\"level\":40,\"msg\":\"b\"}"
                .to_owned(),
            2,
        ),
        ("[\n  {\"msg\": \"of another logger\"},\n  {\"msg\": \"b\"}\n]".to_owned(), 2),
    ] {
        let answer = server.post_to("/logs", &text, body.clone()).await;
        let counts = (answer.status, &answer.body["accepted"], &answer.body["rejectedCount"]);
        assert_eq!(counts, (202, &json!(accepted), &json!(0)), "{body}");
    }
    server.post(array.to_string()).await;
    server.settled().await;
    let mut entries = server.store.entries();
    for entry in &mut entries {
        let entry = entry.as_object_mut().unwrap();
        entry.remove("id");
        if entry.remove("receivedAt") == entry.get("timestamp").cloned() {
            entry.remove("timestamp");
        }
    }
    let of = |message: &str| entries.iter().filter(|entry| entry["message"] == message).collect::<Vec<_>>();
    // As often as they were sent, and each time as in the body that is called JSON.
    for (message, count) in [("failed", 6), ("second", 4)] {
        let same = of(message);
        assert_eq!(same.len(), count, "{entries:?}");
        assert!(same.iter().all(|entry| *entry == same[0]), "{same:?}");
    }
    assert_eq!(of("of pino")[0]["level"], "info");
    assert_eq!((of("b").len(), of("of another logger").len()), (2, 1));
    let line = entries.iter().find(|entry| entry["timestamp"] == "2024-01-01T10:00:00Z").unwrap();
    assert_eq!(line["level"], "error", "{line}");
}
