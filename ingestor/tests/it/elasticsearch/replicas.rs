//! A request that is sent again to another ingestor stores nothing twice, nor after a restart.

use serde_json::Value;

use super::{Flags, url, variable};
use crate::support::eventually;
use crate::support::process::Process;
use crate::support::query::Query;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_at_another_ingestor_stores_nothing_twice_in_elasticsearch() {
    a_retry_stores_nothing_twice(&url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_at_another_ingestor_stores_nothing_twice_in_opensearch() {
    a_retry_stores_nothing_twice(&variable("OPENSEARCH_URL")).await;
}

/// A request, its path and its headers: what makes its retry known.
type Sent = (&'static str, [(&'static str, &'static str); 2], &'static str, u64);

/// A key of its own; the sender's identity of each document; and times finer than a millisecond.
const REQUESTS: [Sent; 3] = [
    (
        "/logs",
        [("idempotency-key", "order-17"), ("x-none", "")],
        "{\"message\":\"key\"}\n{\"message\":\"key\"}\n",
        2,
    ),
    (
        "/_bulk",
        [("content-type", "application/x-ndjson"), ("x-none", "")],
        "{\"index\":{\"_id\":\"a\"}}\n{\"message\":\"bulk\"}\n{\"index\":{\"_id\":\"b\"}}\n{\"message\":\"bulk\"}\n",
        2,
    ),
    (
        "/insert/jsonline",
        [("content-type", "application/stream+json"), ("x-none", "")],
        "{\"_msg\":\"fine\",\"_time\":\"2026-11-30T08:00:00.000001Z\"}\n",
        1,
    ),
];

async fn send(process: &Process, (path, headers, body, _): Sent) {
    let mut request = reqwest::Client::new().post(format!("http://{}{path}", process.address)).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
}

async fn settled(process: &Process) -> Value {
    let figures = async || -> Value {
        let answer = reqwest::get(format!("http://{}/api/v1/delivery", process.address)).await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    eventually("everything is shipped", async || figures().await["waiting"] == 0).await;
    figures().await
}

async fn a_retry_stores_nothing_twice(url: &str) {
    let flags = Flags::new(url);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = [0, 1].map(|index: usize| Process::start(folders[index].path(), &flags.ingestor()));
    let entries: u64 = REQUESTS.iter().map(|(.., entries)| entries).sum();
    for sent in REQUESTS {
        send(&one, sent).await;
    }
    assert_eq!(settled(&one).await["stored"], entries);
    for sent in REQUESTS {
        send(&other, sent).await;
    }
    let figures = settled(&other).await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&0.into(), &entries.into()), "{figures}");

    // The first one starts again with an empty folder: all that it knew of is in the store.
    drop(one);
    let fresh = tempfile::tempdir().unwrap();
    let one = Process::start(fresh.path(), &flags.ingestor());
    for sent in REQUESTS {
        send(&one, sent).await;
    }
    let figures = settled(&one).await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&0.into(), &entries.into()), "{figures}");

    let query = Query::start(fresh.path(), &flags.both()).await;
    eventually("each entry is found once", async || query.finds("", entries).await).await;
}
