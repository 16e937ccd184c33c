//! What was sent is found, by every endpoint.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Flags, url, variable};
use crate::support::eventually;
use crate::support::process::Process;
use crate::support::query::Query;

const SAMPLE: &str = r#"{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234","timestamp":"2023-09-15T08:00:00.123456789Z","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{"parentResourceId":"server-0987","attempt":3}}"#;

async fn post(process: &Process, body: String) {
    let request = reqwest::Client::new().post(format!("http://{}/logs", process.address)).body(body);
    assert_eq!(request.send().await.unwrap().status(), 202);
}

/// The entries of a tail until it gave `count`.
async fn follow(mut tail: reqwest::Response, count: usize) -> Vec<Value> {
    let (mut text, mut entries) = (String::new(), Vec::new());
    while entries.len() < count {
        let chunk = tokio::time::timeout(Duration::from_secs(20), tail.chunk()).await;
        text.push_str(std::str::from_utf8(&chunk.expect("an event").unwrap().expect("more")).unwrap());
        while let Some((event, rest)) = text.split_once("\n\n") {
            if let Some(("event: entry", data)) = event.split_once("\ndata: ") {
                entries.push(serde_json::from_str(data).unwrap());
            }
            text = rest.to_owned();
        }
    }
    entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint_answers_from_elasticsearch() {
    every_endpoint_answers(&url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint_answers_from_opensearch() {
    every_endpoint_answers(&variable("OPENSEARCH_URL")).await;
}

async fn every_endpoint_answers(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags::new(url);
    let query = Query::start(folder.path(), &flags.both()).await;
    eventually("readiness before anything was written", async || query.readiness().await.0 == 200).await;
    assert_eq!(query.total("").await, 0);
    let tail = query.send("/tail", &[("q", "level:error")]).await;
    assert_eq!(tail.status(), 200);

    let process = Process::start(folder.path(), &flags.ingestor());
    let others: String = (0..300)
        .map(|n| {
            let level = if n % 3 == 0 { "warn" } else { "info" };
            format!("{{\"message\":\"order {n} paid\",\"level\":\"{level}\",\"resourceId\":\"shop-{}\",\"metadata\":{{\"n\":{n}}}}}\n", n % 2)
        })
        .collect();
    post(&process, format!("{SAMPLE}\n{others}")).await;
    eventually("everything is found", async || query.finds("", 301).await).await;

    let page = query.json("/search", &[("q", "resourceId:server-1234 \"failed to connect\"")]).await;
    assert_eq!(page["total"], 1);
    let found = &page["entries"][0];
    let sent: Value = serde_json::from_str(SAMPLE).unwrap();
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&found[name], value, "{name}");
    }
    let id = found["id"].as_str().unwrap();
    assert_eq!(&query.json(&format!("/logs/{id}"), &[]).await, found);
    assert_eq!(query.total("metadata.n:[100 TO 199] level:warn").await, 33);

    let histogram = query.json("/histogram", &[("q", ""), ("from", "2000-01-01"), ("to", "now+1h")]).await;
    assert_eq!(histogram["total"], 301, "{histogram}");
    let values = query.json("/fields/resourceId/values", &[]).await;
    assert_eq!(values["values"][0]["count"], 150);
    assert_eq!((&values["withField"], &values["approximate"]), (&json!(301), &json!(false)));
    let fields = query.json("/fields", &[]).await;
    let names: BTreeSet<_> =
        fields["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert!(names.is_superset(&["metadata.n", "metadata.parentResourceId", "level"].into()), "{names:?}");
    let mut messages = query.messages().await;
    assert_eq!(messages.len(), 301);
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), 301, "none twice");
    assert_eq!(&follow(tail, 1).await[0], found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_go_to_the_data_stream_of_their_class_and_are_found_together() {
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags::new(&url());
    let classes = ["--retention-class=short=debug,trace:3d", "--retention-max-age=30d"];
    let process = Process::start(folder.path(), &[&flags.ingestor()[..], &classes].concat());
    let body: String = ["debug", "TRACE", "info", "error", "debug"]
        .map(|level| format!("{{\"message\":\"of {level}\",\"level\":\"{level}\"}}\n"))
        .concat();
    post(&process, body).await;
    let query = Query::start(folder.path(), &flags.both()).await;
    eventually("all are found", async || query.finds("", 5).await).await;
    for (class, expected) in [("short", 3), ("default", 2)] {
        let count = format!("{}/logs-{}.{class}/_count", url(), flags.pipeline);
        let answer = reqwest::get(count).await.unwrap().text().await.unwrap();
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap()["count"], expected, "{class}");
    }
}
