//! What the tests stand on: entries, stores in temporary directories, and short ways to ask.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use logpipeline_model::query::{Query, TimeRange};
use logpipeline_model::{Document, EntryId, Timestamp};
use logpipeline_store::embedded::{EmbeddedStore, Options};
use logpipeline_store::{LogStore, NewEntry, Order, SearchPage, SearchRequest, WriteOutcome};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const RECEIVED: &str = "2023-09-15T08:00:05Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

/// A version 7 id of that moment, distinct for each `number`.
pub fn id(received_at: Timestamp, number: u64) -> EntryId {
    EntryId::v7(received_at, (number >> 32) as u16, number)
}

/// An entry of the fields given, received at [`RECEIVED`] unless they say when.
pub fn entry(number: u64, fields: Value) -> NewEntry {
    let received_at = at(fields.get("receivedAt").and_then(Value::as_str).unwrap_or(RECEIVED));
    entry_with_id(id(received_at, number), fields)
}

pub fn entry_with_id(id: EntryId, fields: Value) -> NewEntry {
    let mut stored = json!({
        "id": id, "receivedAt": RECEIVED, "timestamp": "2023-09-15T08:00:00Z", "message": "",
    });
    for (name, value) in fields.as_object().unwrap() {
        stored[name] = value.clone();
    }
    NewEntry { id, body: Bytes::from(serde_json::to_vec(&stored).unwrap()) }
}

/// A store that goes with the test.
pub struct TestStore {
    pub store: EmbeddedStore,
    pub directory: TempDir,
}

impl TestStore {
    pub fn new() -> Self {
        Self::with(small())
    }

    pub fn with(options: Options) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open_writer(directory.path(), options).unwrap();
        Self { store, directory }
    }

    pub fn reader(&self) -> EmbeddedStore {
        EmbeddedStore::open_reader(self.directory.path()).unwrap()
    }

    /// Ends the writer as a crash between commits would, and opens the directory again.
    pub fn reopen(self) -> Self {
        let Self { store, directory } = self;
        drop(store);
        Self { store: EmbeddedStore::open_writer(directory.path(), small()).unwrap(), directory }
    }

    pub fn partitions(&self) -> Vec<String> {
        let folder = std::fs::read_dir(self.directory.path().join("partitions")).unwrap();
        let mut names: Vec<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Deref for TestStore {
    type Target = EmbeddedStore;

    fn deref(&self) -> &EmbeddedStore {
        &self.store
    }
}

/// Little memory, so that tests run beside each other.
pub fn small() -> Options {
    Options { memory_bytes: 30_000_000, open_partitions: 2, ..Options::default() }
}

pub async fn store_all(store: &(impl LogStore + ?Sized), entries: Vec<NewEntry>) {
    let count = entries.len();
    assert_eq!(store.write(entries).await.unwrap(), vec![WriteOutcome::Stored; count]);
}

pub fn query(text: &str) -> Arc<Query> {
    Arc::new(Query::parse(text, at("2023-09-15T09:00:00Z")).unwrap_or_else(|error| panic!("{text}: {error}")))
}

pub fn request(text: &str) -> SearchRequest {
    SearchRequest {
        query: query(text),
        range: TimeRange::ALL,
        order: Order::Desc,
        limit: 1000,
        after: None,
        count: true,
        deadline: None,
    }
}

pub fn messages(page: &SearchPage) -> Vec<String> {
    let message = |body: &[u8]| Document::parse(body).unwrap().message.into_owned();
    page.entries.iter().map(|entry| message(&entry.body)).collect()
}

/// The messages of what a query finds, in order, all of it.
pub async fn find(store: &(impl LogStore + ?Sized), text: &str) -> Vec<String> {
    let page = store.search(request(text)).await.unwrap();
    assert_eq!(page.total, Some(page.entries.len() as u64), "{text}");
    assert!(!page.partial && !page.more, "{text}");
    messages(&page)
}
