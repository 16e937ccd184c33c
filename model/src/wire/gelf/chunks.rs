//! GELF by UDP: a message is one datagram, or the chunks of up to 128.

use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};

use super::{inflate, read_any};
use crate::Timestamp;
use crate::entry::Rejection;
use crate::wire::{Datagrams, Full, Sink, Unreadable};

const MAGIC: [u8; 2] = [0x1e, 0x0f];
const HEADER: usize = 12;
const MOST_CHUNKS: u8 = 128;
/// Chunks wait for the others of their message for five seconds, as the format has it.
const NANOS: i128 = 5_000_000_000;
/// Bytes that chunks take while they wait, about.
const MEMORY: usize = 8 << 20;
/// What a message that waits takes besides its bytes, about.
const OVERHEAD: usize = 256;

type Key = (IpAddr, [u8; 8]);

/// The messages of which chunks have come, by who sent them and what he calls them.
#[derive(Debug, Default)]
pub struct Chunks {
    waiting: BTreeMap<Key, Waiting>,
    /// The oldest first.
    begun: VecDeque<(Timestamp, Key)>,
    bytes: usize,
}

#[derive(Debug)]
struct Waiting {
    count: u8,
    /// Empty once the message is complete: what still comes of it are duplicates.
    parts: Vec<Option<Vec<u8>>>,
    left: u8,
    bytes: usize,
}

impl Datagrams for Chunks {
    fn read(&mut self, datagram: &[u8], peer: IpAddr, first: u64, sink: &mut dyn Sink) -> Result<u64, Full> {
        let mut number = first;
        let now = sink.received_at();
        self.forget(|begun, _| now.unix_nanos() - begun.unix_nanos() > NANOS, &mut number, sink)?;
        let Some(chunk) = datagram.strip_prefix(&MAGIC) else { return read_message(datagram, number, sink) };
        let (Some(id), Some([sequence, count])) = (chunk.first_chunk::<8>(), chunk.get(8..10)) else {
            sink.reject(number, Rejection::whole("a chunk of GELF is shorter than its header of 12 bytes"))?;
            return Ok(number + 1);
        };
        if *count == 0 || *count > MOST_CHUNKS || sequence >= count {
            let reason = format!(
                "chunk {sequence} of {count}: a message of GELF has up to {MOST_CHUNKS} chunks, counted from 0"
            );
            sink.reject(number, Rejection::whole(reason))?;
            return Ok(number + 1);
        }
        let data = datagram.get(HEADER..).unwrap_or_default();
        if *count == 1 {
            return read_message(data, number, sink);
        }
        match self.add((peer, *id), *sequence, *count, data, now) {
            Some(message) => {
                sink.charge(message.len())?;
                number = read_message(&message, number, sink)?;
            }
            None => {
                let mut over = self.bytes.saturating_sub(MEMORY);
                self.forget(
                    |_, bytes| {
                        let forget = over > 0;
                        over = over.saturating_sub(bytes);
                        forget
                    },
                    &mut number,
                    sink,
                )?;
            }
        }
        Ok(number)
    }
}

impl Chunks {
    /// Bytes of chunks that wait for others, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a chunk; the message, if it was the last one missing.
    fn add(&mut self, key: Key, sequence: u8, count: u8, data: &[u8], now: Timestamp) -> Option<Vec<u8>> {
        let waiting = self.waiting.entry(key).or_insert_with(|| {
            self.begun.push_back((now, key));
            let bytes = OVERHEAD + usize::from(count) * size_of::<Option<Vec<u8>>>();
            self.bytes += bytes;
            Waiting { count, parts: vec![None; usize::from(count)], left: count, bytes }
        });
        if waiting.count != count {
            return None;
        }
        let part = waiting.parts.get_mut(usize::from(sequence)).filter(|part| part.is_none())?;
        *part = Some(data.to_vec());
        (waiting.bytes, self.bytes) = (waiting.bytes + data.len(), self.bytes + data.len());
        waiting.left -= 1;
        if waiting.left > 0 {
            return None;
        }
        let parts = std::mem::take(&mut waiting.parts);
        self.bytes -= waiting.bytes - OVERHEAD;
        waiting.bytes = OVERHEAD;
        Some(parts.into_iter().flatten().flatten().collect())
    }

    /// Forgets messages from the oldest on, as long as `which` says so by when they began and what they take.
    fn forget(
        &mut self,
        mut which: impl FnMut(Timestamp, usize) -> bool,
        number: &mut u64,
        sink: &mut dyn Sink,
    ) -> Result<(), Full> {
        while let Some((begun, key)) = self.begun.front() {
            let bytes = self.waiting.get(key).map_or(0, |waiting| waiting.bytes);
            if !which(*begun, bytes) {
                break;
            }
            let waiting = self.waiting.remove(key);
            self.begun.pop_front();
            self.bytes -= bytes;
            if let Some(Waiting { count, left, .. }) = waiting.filter(|waiting| waiting.left > 0) {
                let reason =
                    format!("{left} of the {count} chunks of a message of GELF did not come in time");
                sink.reject(*number, Rejection::whole(reason))?;
                *number += 1;
            }
        }
        Ok(())
    }
}

fn read_message(bytes: &[u8], number: u64, sink: &mut dyn Sink) -> Result<u64, Full> {
    let limit = sink.limits().entry_bytes;
    match inflate::inflate(bytes, limit, sink) {
        Ok(message) => read_any(&message, number, sink),
        Err(Unreadable::Full) => Err(Full),
        Err(Unreadable::TooLarge) => {
            let reason = format!("a message of GELF inflates to more than the limit of {limit} bytes");
            sink.reject(number, Rejection::limit(reason))?;
            Ok(number + 1)
        }
        Err(Unreadable::Malformed(reason)) => {
            sink.reject(number, Rejection::whole(format!("a message of GELF cannot be inflated: {reason}")))?;
            Ok(number + 1)
        }
    }
}
