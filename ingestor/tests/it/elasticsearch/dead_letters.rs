//! Entries that a mapping refuses: found as dead letters, and stored once the mapping takes them.

use serde_json::{Value, json};

use super::{Flags, url, variable};
use crate::support::eventually;
use crate::support::process::Process;
use crate::support::query::Query;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_entries_are_found_and_replayed_on_elasticsearch() {
    refused_entries_are_found_and_replayed(&url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_entries_are_found_and_replayed_on_opensearch() {
    refused_entries_are_found_and_replayed(&variable("OPENSEARCH_URL")).await;
}

/// Maps a key of `metadata` in new indices.
async fn map(server: &str, pipeline: &str, kind: &str) {
    let properties = json!({ "orderId": { "type": kind } });
    let metadata = json!({ "enabled": true, "dynamic": false, "properties": properties });
    let body = json!({ "template": { "mappings": { "properties": { "metadata": metadata } } } });
    let request = reqwest::Client::new().put(format!("{server}/_component_template/logs-{pipeline}@custom"));
    let answer =
        request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

async fn replay(process: &Process, asked: &Value) -> Value {
    let request =
        reqwest::Client::new().post(format!("http://{}/api/v1/dead-letters/replay", process.address));
    let answer = request.body(asked.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn refused_entries_are_found_and_replayed(server: &str) {
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags::new(server);
    map(server, &flags.pipeline, "integer").await;
    let process = Process::start(folder.path(), &flags.ingestor());
    let query = Query::start(folder.path(), &flags.both()).await;
    assert_eq!(query.total("stream:dead-letters").await, 0, "none yet");
    let body: String = ["7", "\"A-7\"", "8", "\"A-8\""]
        .map(|id| format!("{{\"message\":\"order\",\"level\":\"warn\",\"metadata\":{{\"orderId\":{id}}}}}\n"))
        .concat();
    let url = format!("http://{}/logs", process.address);
    let answer = reqwest::Client::new().post(&url).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    assert_eq!(reqwest::Client::new().post(&url).body("<xml/>").send().await.unwrap().status(), 400);
    eventually("two are found", async || query.finds("", 2).await).await;
    eventually("so are the letters", async || query.finds("stream:dead-letters", 3).await).await;
    assert_eq!(query.total("A-7").await, 0, "a search of the entries finds no letter");
    let q = "stream:dead-letters \"A-7\" level:warn reason:*pars* entryId:*";
    assert_eq!(query.total(q).await, 1);
    let page = query.json("/search", &[("q", "stream:dead-letters request.path:\"/logs\"")]).await;
    assert_eq!(page["entries"][0]["message"], "<xml/>");

    // Still refused: the letters are those that they were.
    let said = replay(&process, &json!({ "q": "entryId:*" })).await;
    assert_eq!((&said["found"], &said["replayed"], &said["failedCount"]), (&json!(2), &json!(2), &json!(0)));
    eventually("both are refused once more", async || process.delivery().await["deadLettered"] == 4).await;
    eventually("the letters are found", async || query.finds("stream:dead-letters", 3).await).await;

    map(server, &flags.pipeline, "keyword").await;
    let stream = format!("{server}/logs-{}.default", flags.pipeline);
    let rollover = reqwest::Client::new().post(format!("{stream}/_rollover")).send().await.unwrap();
    assert_eq!(rollover.status(), 200);
    for round in 0..2 {
        let said = replay(&process, &json!({ "q": "entryId:*" })).await;
        assert_eq!((&said["found"], &said["failedCount"]), (&json!(2), &json!(0)), "{round}: {said}");
    }
    eventually("all are found", async || query.finds("message:order", 4).await).await;
    let said = replay(&process, &json!({ "q": "entryId:*" })).await;
    assert_eq!(said, json!({"found": 2, "replayed": 0, "alreadyStored": 2, "failedCount": 0, "failed": []}));
    // By another process, and behind another rollover: once all the same.
    process.kill();
    let rollover = reqwest::Client::new().post(format!("{stream}/_rollover")).send().await.unwrap();
    assert_eq!(rollover.status(), 200);
    let process = Process::start(folder.path(), &flags.ingestor());
    assert_eq!(replay(&process, &json!({ "all": true })).await["alreadyStored"], 2);
    eventually("nothing waits", async || process.delivery().await["waiting"] == 0).await;
    assert_eq!(query.total("").await, 4);
    let mut messages = query.messages().await;
    messages.sort();
    assert_eq!(messages, ["order"; 4]);
}
