//! The embedded store and the one in memory, under the same server, give the same answers.

use std::sync::Arc;

use logpipeline_query::config::Limits;
use logpipeline_store::embedded::{EmbeddedStore, Options};
use logpipeline_store::{LogStore, NewEntry};
use serde_json::{Value, json};

use crate::memory_store::MemoryStore;
use crate::server::{SAMPLE, clock, serve, stored};

fn entries() -> Vec<NewEntry> {
    let levels = ["ERROR", "warning", "info", "debug", "AUDIT"];
    let words = ["timeout after 30ms", "Failed to connect", "connection refused by peer", "panic: OOM", "ok"];
    let made = (0..400u64).map(|n| {
        let pick = |salt: u64, count: u64| (n.wrapping_mul(2_654_435_761).wrapping_add(salt) >> 7) % count;
        let mut entry = json!({
            "message": format!("{} {}", words[pick(1, 5) as usize], pick(2, 40)),
            "timestamp": format!("2023-09-{:02}T{:02}:{:02}:00.{:03}Z", 10 + pick(3, 6), pick(4, 24), pick(5, 60), pick(6, 1_000)),
            "metadata": { "http": { "status": ([200, 404, 500][pick(7, 3) as usize]), "route": format!("/r{}", pick(8, 4)) } },
        });
        if n % 7 != 0 {
            entry["level"] = levels[pick(9, 5) as usize].into();
        }
        if n % 3 != 0 {
            entry["resourceId"] = format!("server-{}", pick(10, 5)).into();
        }
        stored(&entry.to_string(), clock())
    });
    made.chain([stored(SAMPLE, clock())]).collect()
}

const QUERIES: [&str; 14] = [
    "",
    "level:error",
    "message:\"Failed to connect\"",
    "resourceId:server-1234",
    "timestamp:[2023-09-10T00:00:00Z TO 2023-09-15T23:59:59Z]",
    "level:(error OR warn) resourceId:server-*",
    "-level:info -level:debug",
    "failed connect",
    "message:\"connection refused\"*",
    "/timeout after \\d+ms/",
    "metadata.http.status:[500 TO 599]",
    "NOT resourceId:* level>=warn",
    "metadata.http.route:/r1 OR metadata.parentResourceId:server-0987",
    "nowhere",
];

#[tokio::test]
async fn both_stores_answer_alike() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = Arc::new(EmbeddedStore::open_writer(folder.path(), Options::default()).unwrap());
    let memory = Arc::new(MemoryStore::new());
    let entries = entries();
    embedded.write(entries.clone()).await.unwrap();
    memory.write(entries.clone()).await.unwrap();
    let (left, _left, _) = serve(embedded, Limits::default()).await;
    let (right, _right, _) = serve(memory, Limits::default()).await;

    let middle = &entries[200].id.to_string();
    for q in QUERIES {
        for (path, params) in [
            ("search".to_owned(), vec![("limit", "37")]),
            ("search".to_owned(), vec![("order", "asc"), ("from", "2023-09-11"), ("to", "2023-09-13T12:00")]),
            ("histogram".to_owned(), vec![]),
            ("histogram".to_owned(), vec![("from", "2023-09-12"), ("interval", "1h")]),
            ("fields/level/values".to_owned(), vec![]),
            ("fields/metadata.http.status/values".to_owned(), vec![("from", "2023-09-12"), ("limit", "2")]),
            ("fields/resourceId/values".to_owned(), vec![("prefix", "SERVER-1")]),
            (format!("logs/{middle}/context"), vec![]),
            ("export".to_owned(), vec![]),
        ] {
            let mut params = params;
            params.push(("q", q));
            let answer = async |address| {
                let url = format!("http://{address}/api/v1/{path}");
                let url = reqwest::Url::parse_with_params(&url, &params).unwrap();
                let body = reqwest::get(url).await.unwrap().text().await.unwrap();
                match serde_json::from_str::<Value>(&body) {
                    Ok(mut answer) => {
                        answer
                            .as_object_mut()
                            .unwrap()
                            .retain(|name, _| name != "tookMs" && name != "cursor");
                        answer.to_string()
                    }
                    Err(_) => body,
                }
            };
            assert_eq!(answer(left).await, answer(right).await, "{path} {params:?}");
        }
    }
}
