//! What a sender of any protocol does: it sends a batch, and waits until it is acknowledged.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use logpipeline_ingestor::intake::Protocol;

use super::{requests, rpc, sessions};

/// How long a sender waits for an answer.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Messages that are sent together.
#[derive(Debug)]
pub struct Batch {
    pub number: u64,
    pub messages: Vec<String>,
    /// How many of them, from the first, are acknowledged.
    pub acknowledged: usize,
}

impl Batch {
    pub const SIZE: u64 = 20;

    pub fn new(number: u64) -> Self {
        let messages =
            (0..Self::SIZE).map(|line| format!("batch {number} line {line} {}", "x".repeat(200))).collect();
        Self { number, messages, acknowledged: 0 }
    }

    pub fn is_acknowledged(&self) -> bool {
        self.acknowledged == self.messages.len()
    }

    /// Times that only this entry has, in microseconds since 1970, which end in no zeros: the texts of times here leave those out.
    pub fn micros(&self, line: usize) -> u64 {
        1_796_000_000_000_001 + self.number * 1_000_000 + line as u64 * 10
    }
}

#[async_trait]
pub trait Sender: Send {
    /// Sends what is not acknowledged of a batch, and says how much of it is then. Where the answer is missing, the next call
    /// sends the same bytes over a new connection.
    async fn send(&mut self, to: SocketAddr, batch: &Batch) -> usize;
}

/// A protocol as real senders speak it.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    /// The listener, where it is not the port of HTTP.
    pub listener: Option<Protocol>,
    pub sender: fn() -> Box<dyn Sender>,
}

impl Kind {
    /// Every protocol whose entries are acknowledged.
    pub fn all() -> Vec<Self> {
        [&requests::ALL[..], &sessions::ALL, &[rpc::OTLP]].concat()
    }

    pub fn named(name: &str) -> Self {
        Self::all().into_iter().find(|kind| kind.name == name).unwrap()
    }

    /// Few small segments, so that faults strike while one ends or is used again.
    pub fn flags(self) -> Vec<&'static str> {
        let mut flags = vec![
            "--max-entry=64KiB",
            "--wal-segment-size=256KiB",
            "--wal-size=1MiB",
            "--drain=100ms",
            "--linger=50ms",
            "--grace=300ms",
        ];
        flags.extend(self.listener.map(|listener| match listener {
            Protocol::Relp => "--relp-listen=127.0.0.1:0",
            Protocol::Forward => "--forward-listen=127.0.0.1:0",
            Protocol::Lumberjack => "--lumberjack-listen=127.0.0.1:0",
            Protocol::OtlpGrpc => "--otlp-grpc-listen=127.0.0.1:0",
            other => panic!("{other:?} has no listener with acknowledgements"),
        }));
        flags
    }
}
