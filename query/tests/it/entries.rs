//! One entry by its id.

use crate::server::{SAMPLE, Server, clock, stored};

#[tokio::test]
async fn an_entry_is_returned_byte_for_byte() {
    let server = Server::start().await;
    let entry = stored(SAMPLE, clock());
    server.store.add(entry.id, entry.body.clone());
    let response = server.send(&format!("/logs/{}", entry.id), &[]).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.bytes().await.unwrap(), entry.body);
}
