//! What a request that cannot be served is told.

use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn a_query_error_says_what_where_and_what_to_do() {
    let server = Server::start().await;
    for path in ["/search", "/histogram", "/fields/level/values", "/export", "/tail", "/parse"] {
        let (status, problem) = server.refused(path, &[("q", "level:error message:(")]).await;
        assert_eq!(
            (status, &problem["type"]),
            (400, &json!("urn:logpipeline:problem:invalid-query")),
            "{path}"
        );
        assert!(problem["message"].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        assert!(problem["hint"].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        let (start, end) =
            (problem["span"]["start"].as_u64().unwrap(), problem["span"]["end"].as_u64().unwrap());
        assert!(start <= end && end <= 21 && start >= 12, "{problem}");
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_everywhere_by_its_name() {
    let server = Server::start().await;
    let id = server.ingest(r#"{"message":"m"}"#);
    for path in ["/search", "/histogram", "/fields", "/fields/level/values", "/export", "/tail", "/parse"]
        .map(str::to_owned)
        .into_iter()
        .chain([format!("/logs/{id}"), format!("/logs/{id}/context")])
    {
        let (status, problem) = server.refused(&path, &[("limt", "5")]).await;
        assert_eq!((status, &problem["parameter"]), (400, &json!("limt")), "{path}");
        assert_eq!(problem["type"], "urn:logpipeline:problem:invalid-parameter");
    }
    let (_, problem) = server.refused("/search", &[("limt", "5")]).await;
    assert!(problem["detail"].as_str().unwrap().contains("Did you mean `limit`?"), "{problem}");
}

#[tokio::test]
async fn values_out_of_bounds_are_refused_with_what_is_allowed() {
    let server = Server::start().await;
    for (path, name, value, allowed) in [
        ("/search", "limit", "1001", "from 1 to 1000"),
        ("/search", "limit", "0", "from 1 to 1000"),
        ("/search", "limit", "ten", "from 1 to 1000"),
        ("/search", "order", "up", "desc or asc"),
        ("/search", "from", "yesterday", "is not a time"),
        ("/search", "to", "2023-13-01", "is not a time"),
        ("/search", "timeout", "31s", "at most 30s"),
        ("/search", "timeout", "5", "such as"),
        ("/histogram", "buckets", "0", "from 1 to 1000"),
        ("/histogram", "interval", "0s", "1ms or more"),
        ("/fields/level/values", "limit", "1001", "from 1 to 1000"),
        ("/fields/message/values", "", "", "hardly repeat"),
        ("/fields/timestamp/values", "", "", "histogram"),
        ("/export", "format", "xml", "ndjson or csv"),
        ("/export", "fields", "a,,b", "names of fields"),
        ("/export", "limit", "0", "from 1"),
        ("/logs/abc", "", "", "UUID"),
    ] {
        let params = [(name, value)];
        let (status, problem) = server.refused(path, if name.is_empty() { &[] } else { &params }).await;
        assert_eq!(
            (status, &problem["type"]),
            (400, &json!("urn:logpipeline:problem:invalid-parameter")),
            "{problem}"
        );
        assert!(problem["detail"].as_str().unwrap().contains(allowed), "{path} {name}={value}: {problem}");
        if !name.is_empty() {
            assert_eq!(problem["parameter"], name);
        }
    }
    let (_, problem) = server.refused("/search", &[("from", "2023-09-16"), ("to", "2023-09-15")]).await;
    assert!(problem["detail"].as_str().unwrap().contains("lies before `from`"), "{problem}");
    let plus = reqwest::get(server.url("/api/v1/search?from=2023-09-15T08:00:00+02:00")).await.unwrap();
    assert!(plus.text().await.unwrap().contains("%2B"));
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_as_any_other_mistake() {
    let server = Server::start().await;
    for path in ["/logs/%FF", "/logs/%FF/context", "/fields/%FF/values"] {
        let (status, problem) = server.refused(path, &[]).await;
        assert_eq!(
            (status, &problem["type"], &problem["parameter"]),
            (400, &json!("urn:logpipeline:problem:invalid-parameter"), &json!("path")),
            "{path}"
        );
        assert!(problem["detail"].as_str().unwrap().contains("percent-encoded UTF-8"), "{problem}");
    }
    let (status, problem) = server.refused("/%FF", &[]).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:logpipeline:problem:no-such-path")));
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let server = Server::start().await;
    let (status, problem) = server.refused("/logs/018a97d2-5c00-7000-8000-000000000000", &[]).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:logpipeline:problem:not-found")));
    let (status, problem) = server.refused("/serach", &[]).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:logpipeline:problem:no-such-path")));
    let posted = reqwest::Client::new().post(server.url("/api/v1/search")).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    assert_eq!(posted.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_store_that_fails_is_reported_and_worth_another_try() {
    let server = Server::start().await;
    server.store.fail_after.store(0, std::sync::atomic::Ordering::SeqCst);
    for path in ["/search", "/export", "/fields", "/fields/level/values"] {
        let response = server.send(path, &[]).await;
        assert_eq!(
            (response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()),
            (503, "2"),
            "{path}"
        );
        assert!(response.text().await.unwrap().contains("urn:logpipeline:problem:store-unavailable"));
    }
}
