//! OTLP by gRPC.

use std::net::SocketAddr;

use async_trait::async_trait;
use logpipeline_ingestor::intake::Protocol;
use tokio::time::timeout;

use super::sender::{Batch, Kind, PATIENCE, Sender};
use crate::protocols::otlp_grpc::Client;
use crate::support::protobuf::{export, log_record};

pub const OTLP: Kind =
    Kind { name: "otlp by gRPC", listener: Some(Protocol::OtlpGrpc), sender: || Box::new(Calls(None)) };

struct Calls(Option<Client>);

impl Calls {
    async fn call(&mut self, to: SocketAddr, batch: &Batch) -> Option<()> {
        let mut client = match self.0.take() {
            Some(client) => client,
            None => Client::try_connect(to).await.ok()?,
        };
        let messages = batch.messages.iter().enumerate();
        let records = messages.map(|(line, message)| log_record(batch.micros(line) * 1_000, message));
        client.send(export(records)).await.ok()?;
        self.0 = Some(client);
        Some(())
    }
}

#[async_trait]
impl Sender for Calls {
    async fn send(&mut self, to: SocketAddr, batch: &Batch) -> usize {
        let done = timeout(PATIENCE, self.call(to, batch)).await;
        if done.is_ok_and(|done| done.is_some()) { batch.messages.len() } else { 0 }
    }
}
