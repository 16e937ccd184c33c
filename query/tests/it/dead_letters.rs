//! `stream:dead-letters` leads to the store of dead letters, and nothing else does.

use serde_json::{Value, json};

use crate::server::{Server, clock, messages};

const LETTERS: &str = "stream:dead-letters";

/// Two entries, one of which says that it is of that stream, and three dead letters.
async fn server() -> Server {
    let server = Server::start().await;
    server.ingest(&entry("a log", "info", "08:00:00", json!({ "reason": "none" })));
    server.ingest(&entry("it pretends", "error", "08:00:01", json!({ "stream": "dead-letters" })));
    for (index, level) in ["error", "error", "info"].into_iter().enumerate() {
        let metadata = json!({ "reason": "a mapping", "protocol": "json" });
        server
            .bury(&entry(&format!("letter {index}"), level, &format!("08:00:{index:02}"), metadata), clock());
    }
    server
}

fn entry(message: &str, level: &str, time: &str, metadata: Value) -> String {
    let timestamp = format!("2023-09-15T{time}Z");
    json!({ "message": message, "level": level, "timestamp": timestamp, "metadata": metadata }).to_string()
}

#[tokio::test]
async fn a_search_finds_letters_where_it_asks_for_them_and_only_there() {
    let server = server().await;
    let found = async |q: &str| server.messages(&[("q", q), ("order", "asc")]).await;
    assert_eq!(found(LETTERS).await, ["letter 0", "letter 1", "letter 2"]);
    assert_eq!(found("metadata.stream:dead-letters level:error").await, ["letter 0", "letter 1"]);
    assert_eq!(found("reason:mapping stream:dead-letters -level:error").await, Vec::<String>::new());
    assert_eq!(found("reason:\"a mapping\" stream:dead-letters -level:error").await, ["letter 2"]);
    assert_eq!(found("").await, ["a log", "it pretends"]);
    assert_eq!(found("letter").await, Vec::<String>::new());
    // Within OR and NOT it is a term like any other, of the entries.
    assert_eq!(found("stream:dead-letters OR reason:none").await, ["a log", "it pretends"]);
    assert_eq!(found("-stream:dead-letters").await, ["a log"]);
}

#[tokio::test]
async fn pages_of_letters_go_on_where_they_ended() {
    let server = server().await;
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server.get("/search", &[("q", LETTERS), ("limit", "2"), ("cursor", &cursor)]).await;
        assert_eq!(page["total"], 3);
        found.extend(messages(&page["entries"]));
        let Some(next) = page["cursor"].as_str() else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!(found, ["letter 2", "letter 1", "letter 0"]);
}

#[tokio::test]
async fn figures_fields_values_and_exports_are_of_letters_too() {
    let server = server().await;
    let q = ("q", "stream:dead-letters level:error");
    let histogram = server.get("/histogram", &[q]).await;
    assert_eq!(histogram["total"], 2);
    assert_eq!(histogram["to"], "2023-09-15T08:00:02Z", "the time that the letters span");
    let values = server.get("/fields/reason/values", &[q]).await;
    assert_eq!(values["values"], json!([{ "value": "a mapping", "count": 2 }]));
    let names = async |params: &[(&str, &str)]| {
        let fields = server.get("/fields", params).await;
        let names = fields["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["name"].as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with("metadata.")).collect::<Vec<_>>()
    };
    assert_eq!(names(&[q]).await, ["metadata.protocol", "metadata.reason"]);
    assert_eq!(names(&[]).await, ["metadata.reason", "metadata.stream"]);
    assert_eq!(names(&[("q", "level:error")]).await, ["metadata.reason", "metadata.stream"]);
    let export = server.send("/export", &[q, ("order", "asc"), ("fields", "message")]).await;
    assert_eq!(export.headers()["x-total"], "2");
    assert_eq!(export.text().await.unwrap(), "{\"message\":\"letter 0\"}\n{\"message\":\"letter 1\"}\n");
}

#[tokio::test]
async fn a_letter_is_got_by_its_id_with_its_neighbours() {
    let server = server().await;
    let received_at = clock();
    let id = server.bury(&entry("the letter", "info", "08:00:01", json!({})), received_at);
    let got = server.get(&format!("/logs/{id}"), &[]).await;
    assert_eq!(got["message"], "the letter");
    let path = format!("/logs/{id}/context");
    let around = async |params: &[(&str, &str)]| {
        let context = server.get(&path, params).await;
        (messages(&context["before"]), messages(&context["after"]))
    };
    let letters = (vec!["letter 0".to_owned(), "letter 1".to_owned()], vec!["letter 2".to_owned()]);
    assert_eq!(around(&[]).await, letters);
    assert_eq!(around(&[("q", LETTERS)]).await, letters);
    assert_eq!(around(&[("q", "level:info")]).await, (vec![], vec!["letter 2".to_owned()]));

    // An entry's neighbours are entries, unless the letters of its time are asked for.
    let id = server.ingest(&entry("the entry", "info", "08:00:01", json!({})));
    let path = format!("/logs/{id}/context");
    let context = server.get(&path, &[]).await;
    assert_eq!(messages(&context["before"]), ["a log", "it pretends"]);
    let context = server.get(&path, &[("q", LETTERS)]).await;
    assert_eq!(messages(&context["after"]).last().unwrap(), "letter 2");
}
