//! `kill -9` in the midst of replays, with the real binary and its stores.

use std::path::Path;
use std::time::Duration;

use logpipeline_model::EntryId;
use logpipeline_model::dead_letter::{Content, DeadLetter, Origin, Request};
use logpipeline_model::entry::{Limits, Stamp, accept};
use logpipeline_store::embedded::{EmbeddedStore, Options};
use logpipeline_store::{LogStore, NewEntry};
use serde_json::Value;

use crate::kill::stored;
use crate::support::process::Process;
use crate::support::{eventually, within};

const ENTRIES: u64 = 400;
const BODIES: u64 = 40;

/// Letters as an earlier process left them.
async fn leave(folder: &Path) {
    let at = "2026-11-30T08:00:00Z".parse().unwrap();
    let entry = |number: u64| {
        let id = EntryId::v7(at, 1, number);
        let mut stored = Vec::new();
        let json = format!("{{\"message\":\"entry {number}\"}}");
        accept(json.as_bytes(), Stamp { id, received_at: at }, &Limits::default(), &mut stored).unwrap();
        let content = Content::Entry { id, stored: &stored };
        let letter = DeadLetter { at, reason: "refused", origin: Origin::default(), content };
        NewEntry { id: letter.id(), body: letter.stored().into() }
    };
    let body = |number: u64| {
        let id = EntryId::v7(at, 2, number);
        let bytes = format!("{{\"message\":\"body {number} a\"}}\n{{\"message\":\"body {number} b\"}}");
        let request = Request { method: "POST".to_owned(), path: "/logs".to_owned(), ..Request::default() };
        let content = Content::Body { id, bytes: bytes.as_bytes(), truncated: None, request: Some(request) };
        let letter = DeadLetter { at, reason: "unreadable", origin: Origin::default(), content };
        NewEntry { id, body: letter.stored().into() }
    };
    let letters = (0..ENTRIES).map(entry).chain((0..BODIES).map(body)).collect();
    let store = EmbeddedStore::open_writer(folder.join("dead-letters/store"), Options::default()).unwrap();
    store.write(letters).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_that_are_killed_and_repeated_store_everything_once() {
    let folder = tempfile::tempdir().unwrap();
    leave(folder.path()).await;
    let client = reqwest::Client::new();
    for round in 0..6u64 {
        let process = Process::start(folder.path(), &[]);
        let url = format!("http://{}/api/v1/dead-letters/replay", process.address);
        let replay = tokio::spawn(client.post(url).body("{\"all\":true}").send());
        tokio::time::sleep(Duration::from_millis(3 * round * round)).await;
        process.kill();
        let _ = replay.await;
    }
    let process = Process::start(folder.path(), &[]);
    let url = format!("http://{}/api/v1/dead-letters/replay", process.address);
    for _ in 0..2 {
        let text = client.post(&url).body("{\"all\":true}").send().await.unwrap().text().await.unwrap();
        let said: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&said["found"], &said["failedCount"]), (&(ENTRIES + BODIES).into(), &0.into()), "{said}");
    }
    within(Duration::from_secs(60), "it is shipped", async || process.delivery().await["waiting"] == 0).await;
    let expected = ENTRIES + 2 * BODIES;
    eventually("all is stored", async || stored(folder.path()).await.len() as u64 == expected).await;
    let twice: Vec<_> = stored(folder.path()).await.into_iter().filter(|(_, count)| *count != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
