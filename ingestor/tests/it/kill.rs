//! `kill -9` at any moment: every acknowledged entry is found exactly once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::Duration;

use logpipeline_model::query::{Expr, Query, TimeRange};
use logpipeline_store::embedded::EmbeddedStore;
use logpipeline_store::{LogStore, Order, SearchRequest};
use serde_json::Value;

use crate::support::log::segments;
use crate::support::process::Process;
use crate::support::{eventually, within};

const KILLS: u64 = 20;
const SENDERS: u64 = 4;
const BATCH: u64 = 20;
/// Few small segments, so that kills strike while one ends or is used again.
const FLAGS: [&str; 4] =
    ["--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--drain=100ms"];

/// How often each message is in the store.
pub async fn stored(folder: &Path) -> HashMap<String, u64> {
    let store = EmbeddedStore::open_reader(folder.join("store")).unwrap();
    let mut found = HashMap::new();
    let mut after = None;
    loop {
        let request = SearchRequest {
            query: Arc::new(Query { expr: Expr::All }),
            range: TimeRange::ALL,
            order: Order::Asc,
            limit: 1_000,
            after,
            count: false,
            deadline: None,
        };
        let page = store.search(request).await.unwrap();
        for entry in &page.entries {
            let entry: Value = serde_json::from_slice(&entry.body).unwrap();
            *found.entry(entry["message"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        after = page.entries.last().map(|entry| entry.position);
        if !page.more {
            return found;
        }
    }
}

#[derive(Default)]
pub struct Load {
    pub target: RwLock<String>,
    pub stop: AtomicBool,
    next: AtomicU64,
    pub acknowledged: Mutex<Vec<String>>,
    sent: Mutex<Vec<String>>,
}

impl Load {
    /// Sends batches until told to stop. With `retry`, a batch that got no answer is sent again under its
    /// idempotency key until it got one; otherwise it is given up.
    pub async fn send(self: Arc<Self>, retry: bool) {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        let padding = "x".repeat(300);
        while !self.stop.load(Ordering::SeqCst) {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let messages: Vec<_> = (0..BATCH).map(|line| format!("entry {number} {line}")).collect();
            let body: String = messages
                .iter()
                .map(|message| format!("{{\"message\":\"{message}\",\"padding\":\"{padding}\"}}\n"))
                .collect();
            self.sent.lock().unwrap().extend(messages.clone());
            loop {
                let target = self.target.read().unwrap().clone();
                let mut request = client.post(target).body(body.clone());
                if retry {
                    request = request.header("idempotency-key", format!("batch-{number}"));
                }
                if let Ok(response) = request.send().await
                    && response.status() == 202
                {
                    self.acknowledged.lock().unwrap().extend(messages);
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
                if !retry {
                    break;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_under_load_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let load = Arc::new(Load::default());
    let mut process = Process::start(folder.path(), &FLAGS);
    *load.target.write().unwrap() = format!("http://{}/logs", process.address);
    let senders: Vec<_> =
        (0..SENDERS).map(|sender| tokio::spawn(Arc::clone(&load).send(sender % 2 == 0))).collect();
    for round in 0..KILLS {
        // From before the first batch is shipped to some way through shipping.
        tokio::time::sleep(Duration::from_millis(40 + round * 97 % 450)).await;
        if round % 4 == 3 {
            // While it drains, finishes requests, or ships the rest.
            process.signal("TERM");
            tokio::time::sleep(Duration::from_millis(round * 61 % 250)).await;
        }
        let start = process.started_in;
        process.kill();
        if round % 4 == 1 {
            // While it opens the store, recovers the log, or has just begun to listen.
            for tenths in [round % 10, (round + 5) % 10 + 1] {
                Process::kill_within(start * u32::try_from(tenths).unwrap() / 10, folder.path(), &FLAGS);
            }
        }
        process = Process::start(folder.path(), &FLAGS);
        assert!(process.started_in < Duration::from_secs(5), "restart took {:?}", process.started_in);
        *load.target.write().unwrap() = format!("http://{}/logs", process.address);
    }
    // Segments are filled and used again all along, for there are only four; a busy machine takes longer to.
    let sequence = || {
        let newest = segments(&folder.path().join("wal")).pop().unwrap();
        let newest = newest.file_stem().unwrap().to_str().unwrap().strip_prefix("segment-").unwrap();
        newest.parse::<u64>().unwrap()
    };
    let again = async || sequence() > 2 * KILLS;
    within(Duration::from_secs(60), "each segment was used again ten times", again).await;
    load.stop.store(true, Ordering::SeqCst);
    for sender in senders {
        sender.await.unwrap();
    }
    eventually("everything is shipped", async || process.delivery().await["waiting"] == 0).await;
    let figures = process.delivery().await;

    let found = stored(folder.path()).await;
    let acknowledged = load.acknowledged.lock().unwrap();
    assert!(acknowledged.len() as u64 > KILLS * BATCH, "{} acknowledged", acknowledged.len());
    let lost: Vec<_> = acknowledged.iter().filter(|message| !found.contains_key(*message)).collect();
    let doubled: Vec<_> = found.iter().filter(|(_, count)| **count != 1).collect();
    assert!(
        lost.is_empty(),
        "{} of {} lost: {:?}",
        lost.len(),
        acknowledged.len(),
        &lost[..lost.len().min(5)]
    );
    assert!(doubled.is_empty(), "{} doubled: {:?}", doubled.len(), &doubled[..doubled.len().min(5)]);
    let sent: std::collections::HashSet<_> = load.sent.lock().unwrap().iter().cloned().collect();
    assert!(found.keys().all(|message| sent.contains(message)), "something was found that was never sent");
    let figure = |name: &str| figures[name].as_u64().unwrap();
    assert_eq!(figure("received"), figure("stored") + figure("duplicates"), "{figures}");
    process.signal("TERM");
    assert!(process.wait().success());
}
