//! `kill -9` of the ingestor while it writes to Elasticsearch.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Flags, url};
use crate::kill::Load;
use crate::support::process::Process;
use crate::support::query::Query;
use crate::support::within;

/// Elasticsearch takes entries more slowly than the log does.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_kills_under_load_lose_and_double_nothing_in_elasticsearch() {
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags::new(&url());
    let load = Arc::new(Load::default());
    let mut process = Process::start(folder.path(), &flags.ingestor());
    *load.target.write().unwrap() = format!("http://{}/logs", process.address);
    let senders: Vec<_> = (0..4).map(|n| tokio::spawn(Arc::clone(&load).send(n % 2 == 0))).collect();
    for round in 0..3 {
        tokio::time::sleep(Duration::from_millis(900 + round * 370)).await;
        process.kill();
        process = Process::start(folder.path(), &flags.ingestor());
        *load.target.write().unwrap() = format!("http://{}/logs", process.address);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    load.stop.store(true, Ordering::SeqCst);
    for sender in senders {
        sender.await.unwrap();
    }
    within(PATIENCE, "everything is shipped", async || process.delivery().await["waiting"] == 0).await;
    let figures = process.delivery().await;
    let figure = |name: &str| figures[name].as_u64().unwrap();
    assert_eq!(figure("received"), figure("stored") + figure("duplicates"), "{figures}");

    let query = Query::start(folder.path(), &flags.both()).await;
    let known = load.acknowledged.lock().unwrap().clone();
    let mut found = HashMap::<String, u64>::new();
    within(PATIENCE, "everything acknowledged is found", async || {
        found.clear();
        query.messages().await.into_iter().for_each(|message| *found.entry(message).or_default() += 1);
        known.iter().all(|message| found.contains_key(message))
    })
    .await;
    // Copies that were stored last become visible last.
    tokio::time::sleep(Duration::from_secs(2)).await;
    found.clear();
    query.messages().await.into_iter().for_each(|message| *found.entry(message).or_default() += 1);
    let acknowledged = load.acknowledged.lock().unwrap();
    assert!(acknowledged.len() > 1_000, "{} acknowledged", acknowledged.len());
    let lost: Vec<_> = acknowledged.iter().filter(|message| !found.contains_key(*message)).collect();
    assert!(
        lost.is_empty(),
        "{} of {} lost: {:?}",
        lost.len(),
        acknowledged.len(),
        &lost[..lost.len().min(5)]
    );
    let doubled: Vec<_> = found.iter().filter(|(_, count)| **count != 1).collect();
    assert!(doubled.is_empty(), "{} doubled: {:?}", doubled.len(), &doubled[..doubled.len().min(5)]);
}
