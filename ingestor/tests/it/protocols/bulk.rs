//! Elasticsearch's bulk API, as its clients use it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::server::{Server, gzip};
use crate::support::store::FakeStore;

const PAIR: &str = "{\"create\":{\"_index\":\"app\"}}\n{\"@timestamp\":\"2026-11-30T10:00:00.123456789Z\",\"message\":\"one\",\"log.level\":\"error\",\"service.name\":\"shop\"}\n";

#[tokio::test]
async fn every_client_is_answered_as_it_expects() {
    let server = Server::start(&[]).await;
    let versioned = "application/vnd.elasticsearch+json; compatible-with=8";
    for (number, (path, headers)) in [
        ("/_bulk", vec![("content-type", "application/vnd.elasticsearch+x-ndjson; compatible-with=8"), ("accept", versioned)]),
        ("/app/_bulk", vec![("content-type", "application/json")]),
        ("/_bulk?wait_for_active_shards=1&timeout=1000ms", vec![("content-type", "application/x-www-form-urlencoded")]),
        ("/_bulk?filter_path=items.%2A._index%2Citems.%2A.status%2Citems.%2A.error.type%2Citems.%2A.error.reason&require_data_stream=true", vec![]),
    ]
    .into_iter()
    .enumerate()
    {
        let body = PAIR.replace("one", &format!("message {number}"));
        let answer = server.post_to(path, &headers, body).await;
        assert_eq!((answer.status, answer.headers["x-elastic-product"].to_str().unwrap()), (200, "Elasticsearch"), "{answer:?}");
        assert!(!answer.headers["x-logpipeline-receipt"].is_empty());
        let item = &answer.body["items"][0]["create"];
        assert_eq!((&item["_index"], &item["status"]), (&json!("app"), &json!(201)), "{path}");
        if path.contains("filter_path") {
            assert_eq!(answer.body, json!({"items": [{"create": {"_index": "app", "status": 201}}]}));
        } else {
            assert_eq!((&answer.body["errors"], answer.body["took"].is_u64()), (&json!(false), true));
        }
        let expected = if headers.iter().any(|(name, _)| *name == "accept") { "compatible-with=8" } else { "application/json" };
        assert!(answer.headers["content-type"].to_str().unwrap().contains(expected), "{answer:?}");
    }
    let put = reqwest::Client::new()
        .put(format!("http://{}/_bulk", server.address))
        .header("content-encoding", "gzip");
    let answer = put.body(gzip(PAIR.as_bytes())).send().await.unwrap();
    assert_eq!(answer.status(), 200, "Python's client puts");
    server.settled().await;
    let entries = server.store.entries();
    assert_eq!(entries.len(), 5);
    for entry in entries {
        assert_eq!(
            (&entry["timestamp"], &entry["level"], &entry["resourceId"], &entry["metadata"]),
            (
                &json!("2026-11-30T10:00:00.123456789Z"),
                &json!("error"),
                &json!("shop"),
                &json!({"index": "app"})
            )
        );
    }
}

#[tokio::test]
async fn probes_let_clients_go_on_and_do_not_lie() {
    let server = Server::start(&[]).await;
    for (path, status) in [
        ("/", 200),
        ("/_license?human=false", 200),
        ("/_xpack", 200),
        ("/_cluster/health?timeout=30s&wait_for_status=yellow", 200),
        ("/_cat/health", 200),
        ("/_cat/templates/logs*", 200),
        ("/_template/logs", 404),
        ("/_index_template/template_logs", 404),
        ("/_ilm/policy/filebeat", 404),
        ("/_ingest/pipeline/x", 404),
        ("/_data_stream/logs", 404),
        ("/app/_refresh", 200),
    ] {
        let answer = server.get(path, &[]).await;
        assert_eq!(
            (answer.status, answer.headers["x-elastic-product"].to_str().unwrap()),
            (status, "Elasticsearch"),
            "{path}"
        );
    }
    let client = reqwest::Client::new();
    let url = |path: &str| format!("http://{}{path}", server.address);
    for (path, status) in [("/", 200), ("/_index_template/template_logs", 404)] {
        assert_eq!(client.head(url(path)).send().await.unwrap().status(), status, "HEAD {path}");
    }
    let put = client.put(url("/_index_template/template_logs")).body("{}").send().await.unwrap();
    assert_eq!(put.json::<Value>().await.unwrap(), json!({"acknowledged": true}));
    let version = &server.get("/", &[]).await.body["version"];
    assert!(version["number"].as_str().unwrap().starts_with("9."), "{version}");
}

#[tokio::test]
async fn a_retry_by_id_or_of_the_same_bytes_stores_nothing_twice() {
    let server = Server::start(&[]).await;
    let by_id = "{\"index\":{\"_index\":\"a\",\"_id\":\"7\"}}\n{\"message\":\"by id\"}\n{\"index\":{\"_index\":\"b\",\"_id\":\"7\"}}\n{\"message\":\"another index\"}\n";
    let pair = |time: &str, message: &str| {
        format!("{{\"create\":{{}}}}\n{{\"@timestamp\":\"{time}\",\"message\":\"{message}\"}}\n")
    };
    let equal_lines = pair("2026-11-30T10:00:00.123456Z", "equal").repeat(3);
    let long = pair("2026-11-30T10:00:00.123Z", &"a long request ".repeat(300));
    // A loop may well log one line twice in a millisecond.
    let coarse = pair("2026-11-30T10:00:00.123Z", "may be equal");
    for _ in 0..2 {
        for body in [by_id, &equal_lines, &long, &coarse] {
            assert_eq!(server.post_to("/_bulk", &[], body.to_owned()).await.status, 200);
        }
    }
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(2 + 3 + 1 + 2), &json!(2 + 3 + 1)));
    let mut messages = server.store.messages();
    messages.sort();
    messages.retain(|message| message.len() < 100);
    assert_eq!(
        messages,
        ["another index", "by id", "equal", "equal", "equal", "may be equal", "may be equal"]
    );
}

#[tokio::test]
async fn bad_items_fail_alone_and_a_broken_action_refuses_the_request() {
    let server = Server::start(&["--max-entry=64KiB"]).await;
    let large = "x".repeat(70 << 10);
    let body = format!(
        "{{\"create\":{{}}}}\n{{\"message\":\"good\"}}\n{{\"create\":{{}}}}\n{{\"message\":\"{large}\"}}\n{{\"delete\":{{\"_id\":\"1\"}}}}\n"
    );
    let answer = server.post_to("/_bulk", &[], body).await;
    assert_eq!((answer.status, &answer.body["errors"]), (200, &json!(true)));
    let statuses: Vec<_> = answer.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let (name, item) = item.as_object().unwrap().iter().next().unwrap();
            (name.clone(), item["status"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        statuses,
        [("create".to_owned(), 201), ("create".to_owned(), 400), ("delete".to_owned(), 400)]
    );

    let answer = server.post_to("/_bulk", &[], "{\"create\":{}}\n{\"message\":\"m\"}\nnonsense\n{}\n").await;
    assert_eq!((answer.status, &answer.body["status"]), (400, &json!(400)));
    let reason = answer.body["error"]["reason"].as_str().unwrap();
    assert!(reason.contains("line 3") && reason.contains("Nothing of it was kept"), "{reason}");
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["rejected"]), (&json!(1), &json!(2)));
    let counted = async |outcome: &str| {
        let name =
            format!("logpipeline_ingestor_protocol_entries_total{{outcome=\"{outcome}\",protocol=\"bulk\"}}");
        server.metric(&name).await
    };
    assert_eq!((counted("accepted").await, counted("rejected").await), (1.0, 2.0));
}

#[tokio::test]
async fn a_full_log_is_one_429_and_nothing_of_the_batch_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let small = ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=8MiB"];
    let server = Server::start_on(folder.path(), &small, Arc::new(LocalDisk), FakeStore::down()).await;
    let batch = format!("{{\"create\":{{}}}}\n{{\"message\":\"{}\"}}\n", "x".repeat(300)).repeat(50);
    let mut accepted = 0;
    let refused = loop {
        let answer = server.post_to("/_bulk", &[], batch.clone()).await;
        if answer.status != 200 {
            break answer;
        }
        accepted += 50;
    };
    assert_eq!(
        (refused.status, &refused.body["error"]["type"]),
        (429, &json!("es_rejected_execution_exception"))
    );
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(refused.headers["x-elastic-product"], "Elasticsearch");
    assert_eq!(server.get("/_cluster/health", &[]).await.body["status"], "yellow");
    server.store.down.store(false, Ordering::SeqCst);
    eventually("the store has taken everything", async || server.delivery().await["waiting"] == 0).await;
    assert_eq!(server.delivery().await["stored"], accepted);
}

#[tokio::test]
async fn single_documents_are_taken() {
    let server = Server::start(&[]).await;
    let answer = server.post_to("/app/_doc", &[], "{\"message\":\"one\"}").await;
    assert_eq!((answer.status, &answer.body["result"]), (201, &json!("created")));
    for _ in 0..2 {
        let answer = server.post_to("/app/_create/7", &[], "{\"message\":\"two\"}").await;
        assert_eq!((answer.status, &answer.body["_id"]), (201, &json!("7")));
    }
    let answer = server.post_to("/app/_doc", &[], "nonsense").await;
    assert_eq!((answer.status, &answer.body["error"]["type"]), (400, &json!("document_parsing_exception")));
    let figures = server.settled().await;
    assert_eq!(
        (&figures["stored"], &figures["duplicates"], &figures["rejected"]),
        (&json!(2), &json!(1), &json!(1))
    );
}
