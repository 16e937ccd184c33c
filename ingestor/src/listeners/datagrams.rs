//! UDP: the datagrams of a peer that wait are one batch. There is no back-pressure: what finds no room is dropped and counted.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;

use logpipeline_model::wire::{Datagrams, Full, Sink};
use rustix::net::sockopt;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::pause::Pause;
use crate::budget::Reservation;
use crate::intake::{BatchSink, Ingest, Parsed, Protocol, Source, submit};

/// The largest payload of a datagram, and a byte.
const LARGEST: usize = 65_536;
/// Bytes that the system is asked to keep while a batch is written; it gives as much as it may.
const RECEIVE_BUFFER: usize = 8 << 20;
/// Bytes of datagrams that wait for the log.
const WAITING: usize = 4 << 20;
/// Peers whose datagrams become a batch of their own at a time.
const PEERS: usize = 64;

/// Receives until stopping begins, and what has come by then.
pub(super) async fn serve(
    socket: UdpSocket,
    protocol: Protocol,
    mut datagrams: impl Datagrams,
    ingest: Arc<Ingest>,
) {
    if let Err(error) = sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER) {
        tracing::debug!(%error, "failed to enlarge the receive buffer of UDP");
    }
    let source = Source { protocol, sender: None, peer: None };
    let mut memory = ingest.budget.reservation();
    let mut pause = Pause::default();
    while memory.resize(LARGEST).is_err() {
        if !pause.wait(&ingest.shutdown).await {
            return;
        }
    }
    let mut slot = vec![0; LARGEST];
    let mut waiting = Waiting::new(memory);
    let mut commit = None;
    loop {
        let stopping = tokio::select! {
            received = socket.recv_from(&mut slot) => {
                waiting.receive(received, &slot, &socket, &ingest);
                while waiting.bytes.len() < WAITING
                    && let Ok(received) = socket.try_recv_from(&mut slot)
                {
                    waiting.push(received, &slot, &ingest);
                }
                false
            }
            () = committed(&mut commit) => false,
            () = ingest.shutdown.stopping() => true,
        };
        if stopping {
            while let Ok(received) = socket.try_recv_from(&mut slot) {
                waiting.push(received, &slot, &ingest);
            }
            committed_if_any(&mut commit).await;
            write(&ingest, waiting.parse(&mut datagrams, &source, &ingest)).await;
            return;
        }
        if commit.is_none() {
            let batches = waiting.parse(&mut datagrams, &source, &ingest);
            if !batches.is_empty() {
                let ingest = Arc::clone(&ingest);
                commit = Some(tokio::spawn(async move { write(&ingest, batches).await }));
            }
        }
    }
}

type Commit = Option<tokio::task::JoinHandle<()>>;

/// Completes once the batch under way is on disk; never if no batch is under way.
async fn committed(commit: &mut Commit) {
    match commit {
        Some(task) => {
            let _ = task.await;
            *commit = None;
        }
        None => std::future::pending().await,
    }
}

async fn committed_if_any(commit: &mut Commit) {
    if commit.is_some() {
        committed(commit).await;
    }
}

/// Writes batches together, so that one sync of the disk is for all.
async fn write(ingest: &Arc<Ingest>, batches: Vec<Parsed>) {
    let mut writes = JoinSet::new();
    for parsed in batches {
        let ingest = Arc::clone(ingest);
        writes.spawn(async move {
            let entries = parsed.batch.entries();
            if let Err(error) = submit(&ingest, parsed).await {
                ingest.metrics.udp_dropped.inc_by(entries);
                tracing::debug!(%error, entries, "dropped entries that came by UDP");
            }
        });
    }
    while writes.join_next().await.is_some() {}
}

/// Datagrams that came and were not parsed.
#[derive(Debug)]
struct Waiting {
    bytes: Vec<u8>,
    /// Who sent each, and where it ends.
    ends: Vec<(IpAddr, usize)>,
    memory: Reservation,
}

impl Waiting {
    fn new(memory: Reservation) -> Self {
        Self { bytes: Vec::new(), ends: Vec::new(), memory }
    }

    fn receive(
        &mut self,
        received: io::Result<(usize, SocketAddr)>,
        slot: &[u8],
        socket: &UdpSocket,
        ingest: &Ingest,
    ) {
        match received {
            Ok(received) => self.push(received, slot, ingest),
            Err(error) => tracing::debug!(%error, address = ?socket.local_addr().ok(), "failed to receive"),
        }
    }

    fn push(&mut self, (length, peer): (usize, SocketAddr), slot: &[u8], ingest: &Ingest) {
        let needed = self.bytes.len() + length;
        if needed > self.bytes.capacity() {
            let capacity = needed.next_power_of_two().max(LARGEST);
            // Ends take less than the bytes, but for datagrams that are almost empty.
            if needed > WAITING || self.memory.resize(LARGEST + 2 * capacity).is_err() {
                ingest.metrics.udp_dropped.inc();
                return;
            }
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        if self.ends.len() * size_of::<(IpAddr, usize)>() > 2 * WAITING {
            ingest.metrics.udp_dropped.inc();
            return;
        }
        self.bytes.extend_from_slice(slot.get(..length).unwrap_or_default());
        self.ends.push((peer.ip().to_canonical(), self.bytes.len()));
    }

    /// Everything that waits, a batch of each peer; where many send at once, one batch takes those behind the first.
    fn parse(&mut self, datagrams: &mut impl Datagrams, source: &Source, ingest: &Ingest) -> Vec<Parsed> {
        let mut groups: Vec<(Option<IpAddr>, Vec<Datagram>)> = Vec::new();
        let mut start = 0;
        for (peer, end) in self.ends.drain(..) {
            let range = std::mem::replace(&mut start, end)..end;
            let named = groups.iter().position(|(other, _)| *other == Some(peer));
            let group = named.unwrap_or_else(|| {
                let is_own = groups.len() < PEERS;
                match groups.iter().position(|(other, _)| !is_own && other.is_none()) {
                    Some(shared) => shared,
                    None => {
                        groups.push((is_own.then_some(peer), Vec::new()));
                        groups.len() - 1
                    }
                }
            });
            if let Some((_, group)) = groups.get_mut(group) {
                group.push(Datagram { peer, range });
            }
        }
        let batches = groups.into_iter().filter_map(|(peer, group)| {
            let source = Source { peer, ..source.clone() };
            parse_group(&self.bytes, &group, datagrams, &source, ingest)
        });
        let batches = batches.collect();
        self.bytes.clear();
        if self.bytes.capacity() > LARGEST {
            self.bytes = Vec::new();
            let _ = self.memory.resize(LARGEST);
        }
        batches
    }
}

/// Where in the bytes that wait a datagram is.
#[derive(Debug)]
struct Datagram {
    peer: IpAddr,
    range: Range<usize>,
}

/// A batch of some datagrams, or none where they hold no entry. What there is no memory for is dropped.
fn parse_group(
    bytes: &[u8],
    group: &[Datagram],
    datagrams: &mut impl Datagrams,
    source: &Source,
    ingest: &Ingest,
) -> Option<Parsed> {
    let length = group.iter().map(|datagram| datagram.range.len()).sum();
    let mut sink = BatchSink::streamed(ingest, source, length, ingest.budget.reservation());
    let (mut number, mut dropped) = (1, 0);
    for Datagram { peer, range } in group {
        let datagram = bytes.get(range.clone()).unwrap_or_default();
        let before = sink.rejected().0;
        match datagrams.read(datagram, *peer, number, &mut sink as &mut dyn Sink) {
            Ok(next) => number = next,
            Err(Full) => dropped += 1,
        }
        let (rejected, last) = sink.rejected();
        if rejected > before {
            let reason = last.map_or("it cannot be read", |last| &last.reason);
            let source = Source { peer: Some(*peer), ..source.clone() };
            ingest.bodies.offer(&source, reason, datagram, datagram.len() as u64, || None);
        }
    }
    ingest.metrics.udp_dropped.inc_by(dropped);
    Some(sink.finish()).filter(|parsed| parsed.batch.entries() + parsed.rejected > 0)
}
