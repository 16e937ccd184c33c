//! Answers on Elasticsearch's paths, whoever gives them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::Server;

/// An answer's status, headers and body, which are as Elasticsearch's are.
async fn ask(server: &Server, method: &str, path: &str) -> (u16, reqwest::header::HeaderMap, Value) {
    let method: Method = method.parse().unwrap();
    let is_head = method == Method::HEAD;
    let url = format!("http://{}{path}", server.address);
    let response = reqwest::Client::new().request(method, url).body("{}").send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    assert_eq!(headers["x-elastic-product"], "Elasticsearch", "{path}");
    let body = if is_head { Value::Null } else { serde_json::from_str(&text).unwrap_or(json!(text)) };
    if !is_head && status >= 400 {
        assert_eq!(headers["content-type"], "application/json", "{path}");
        assert_eq!((&body["status"], body["error"]["reason"].is_string()), (&json!(status), true), "{body}");
        assert_eq!(body["error"]["root_cause"][0]["type"], body["error"]["type"], "{body}");
    }
    (status, headers, body)
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_answered_as_elasticsearch_would() {
    let server = Server::start(&[]).await;
    for (method, path, status) in [
        ("GET", "/_ilm/policy", 404),
        ("GET", "/_nodes/http", 404),
        ("GET", "/app/_search", 404),
        ("HEAD", "/app", 404),
        ("PUT", "/app", 404),
        ("POST", "/_license", 405),
        ("DELETE", "/_bulk", 405),
        ("GET", "/_cat/indices?format=json&format=text", 200),
    ] {
        assert_eq!(ask(&server, method, path).await.0, status, "{method} {path}");
    }
    let (_, headers, _) = ask(&server, "POST", "/_license").await;
    assert_eq!(headers["allow"], "GET,HEAD");
    let (_, _, body) = ask(&server, "GET", "/_nodes/http").await;
    assert_eq!(body["error"]["type"], "resource_not_found_exception");
    // Our own paths stay as they are.
    let answer = server.get("/nothing", &[]).await;
    assert_eq!(
        (answer.status, answer.kind(), answer.headers.get("x-elastic-product")),
        (404, "no-such-path", None)
    );
    assert_eq!(server.get("/logs", &[]).await.kind(), "method-not-allowed");
}

#[tokio::test]
async fn who_has_no_token_hears_it_in_elasticsearchs_words() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "shop:0123456789abcdef").unwrap();
    let server = Server::start(&["--tokens-file", tokens.to_str().unwrap()]).await;
    for (method, path) in
        [("GET", "/"), ("HEAD", "/"), ("POST", "/_bulk"), ("PUT", "/app/_bulk"), ("GET", "/_license")]
    {
        let (status, headers, body) = ask(&server, method, path).await;
        assert_eq!((status, &headers["www-authenticate"]), (401, &"Bearer".parse().unwrap()), "{path}");
        if method != "HEAD" {
            assert_eq!(body["error"]["type"], "security_exception");
        }
    }
    assert_eq!(server.post("{}").await.kind(), "unauthorized");
}

#[tokio::test]
async fn filters_of_an_answer_may_come_in_several_parameters() {
    let server = Server::start(&[]).await;
    let pair = "{\"create\":{\"_index\":\"app\"}}\n{\"message\":\"m\"}\n";
    let path = "/_bulk?filter_path=items.*.status&filter_path=errors";
    let answer = server.post_to(path, &[], pair).await;
    let expected = json!({"errors": false, "items": [{"create": {"status": 201}}]});
    assert_eq!((answer.status, answer.body), (200, expected));
}
