//! What the store refuses and what cannot be read: kept, found, and sent once more.

mod bodies;
mod found;
mod kills;
mod refused;
mod replay;

use std::path::Path;
use std::sync::Arc;

use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::Value;

use crate::support::eventually;
use crate::support::server::Server;
use crate::support::store::FakeStore;

async fn start(folder: &Path, store: &Arc<FakeStore>) -> Server {
    Server::start_on(folder, &["--grace=300ms"], Arc::new(LocalDisk), Arc::clone(store)).await
}

/// The dead letters, once there are so many.
async fn letters(server: &Server, count: usize) -> Vec<Value> {
    let letters = server.store.letters();
    eventually(&format!("there are {count} dead letters"), async || letters.len() >= count).await;
    assert_eq!(letters.len(), count, "{:?}", letters.entries());
    letters.entries()
}
