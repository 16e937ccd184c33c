//! Receipts outlive the process that gave them.

use std::time::Duration;

use serde_json::Value;

use crate::support::eventually;
use crate::support::process::Process;
use crate::support::server::ndjson;

async fn receipt_of(process: &Process, receipt: &str) -> (u16, Value) {
    let url = format!("http://{}/api/v1/receipts/{receipt}", process.address);
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_receipt_is_known_after_kills_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let mut given = Vec::new();
    for round in 0..5u64 {
        let process = Process::start(folder.path(), &["--linger=20ms"]);
        let url = format!("http://{}/logs", process.address);
        let senders: Vec<_> = (0..3)
            .map(|sender| {
                let url = url.clone();
                tokio::spawn(async move {
                    let client = reqwest::Client::new();
                    let mut given = Vec::new();
                    for number in 0.. {
                        let body = ndjson(&format!("{round}-{sender}-{number}"), 7);
                        let Ok(answer) = client.post(&url).body(body).send().await else { break };
                        let Ok(text) = answer.text().await else { break };
                        let answer: Value = serde_json::from_str(&text).unwrap();
                        given.push(answer["receipt"].as_str().unwrap().to_owned());
                    }
                    given
                })
            })
            .collect();
        // From before the first batch is shipped to some way through shipping.
        tokio::time::sleep(Duration::from_millis(60 + 90 * round)).await;
        process.kill();
        for sender in senders {
            given.extend(sender.await.unwrap());
        }
    }
    assert!(given.len() > 50, "{} receipts", given.len());
    let process = Process::start(folder.path(), &["--linger=20ms"]);
    for receipt in &given {
        let (status, answer) = receipt_of(&process, receipt).await;
        assert_eq!((status, &answer["accepted"]), (200, &Value::from(7)), "{answer}");
    }
    eventually("everything is shipped", async || process.delivery().await["waiting"] == 0).await;
    for receipt in &given {
        let (_, answer) = receipt_of(&process, receipt).await;
        assert_eq!(
            (&answer["state"], &answer["counts"]["stored"]),
            (&"delivered".into(), &Value::from(7)),
            "{answer}"
        );
    }
}
