//! What blocks cost: entries encoded and decoded a second by one thread, and bytes an entry.
//!
//! `measure [--rows N] FILE…` takes lines as they are sent or in the stored form; `measure [--rows N] k8s` makes access
//! logs of a few hundred pods.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

#[path = "measure/access_log.rs"]
mod access_log;

use std::sync::Arc;
use std::time::Duration;

use logpipeline_blocks::{Block, Builder, Cache, Entry};
use logpipeline_model::entry::{Limits, Stamp, accept};
use logpipeline_model::{Document, EntryId, Timestamp};

/// Entries of a request.
const BATCH: u64 = 1_000;

struct Stored {
    line: Vec<u8>,
    id: EntryId,
    timestamp: Timestamp,
    received_at: Timestamp,
}

fn main() {
    let mut rows = 65_536;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rows" => rows = arguments.next().unwrap().parse().unwrap(),
            "k8s" => measure("k8s", &stored(access_log::lines(300_000)), rows),
            file => measure(file, &stored(std::fs::read(file).unwrap()), rows),
        }
    }
}

/// The lines in their stored form, with ids as an ingestor makes them: a random beginning for each request, then one
/// after the other.
fn stored(text: Vec<u8>) -> Vec<Stored> {
    let mut stored = Vec::new();
    let mut random = 1u64;
    let mut low = 0;
    for (number, line) in (0..).zip(text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())) {
        if let Ok(document) = Document::parse(line) {
            let (id, timestamp, received_at) = (document.id, document.timestamp, document.received_at);
            stored.push(Stored { line: line.to_vec(), id, timestamp, received_at });
            continue;
        }
        if number % BATCH == 0 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            low = random ^ random >> 29;
        }
        let received_at = Timestamp::from_unix_nanos(
            1_764_547_200_000_000_000 + i128::from(number / BATCH) * 6_000_000 + i128::from(random >> 44),
        );
        let stamp = Stamp { id: EntryId::v7(received_at, 0, low + number % BATCH), received_at };
        let mut out = Vec::new();
        if accept(line, stamp, &Limits::default(), &mut out).is_ok() {
            let timestamp = Document::parse(&out).unwrap().timestamp;
            stored.push(Stored { line: out, id: stamp.id, timestamp, received_at });
        }
    }
    stored
}

/// The time that this thread has run.
fn processor_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(statistics.split(' ').next().unwrap().parse().unwrap())
}

fn measure(name: &str, entries: &[Stored], rows: usize) {
    let begun = processor_time();
    let mut blocks = Vec::new();
    let mut builder = Builder::new();
    let mut pushing = 0.0;
    for chunk in entries.chunks(rows) {
        let begun = processor_time();
        for entry in chunk {
            let Stored { line, id, timestamp, received_at } = entry;
            let entry = Entry { stored: line, id: *id, timestamp: *timestamp, received_at: *received_at };
            if builder.push(entry).is_err() {
                blocks.push(std::mem::take(&mut builder).finish().unwrap());
                builder.push(entry).unwrap();
            }
        }
        pushing += (processor_time() - begun).as_secs_f64();
        blocks.push(std::mem::take(&mut builder).finish().unwrap());
    }
    let encoding = (processor_time() - begun).as_secs_f64();
    let raw: usize = entries.iter().map(|entry| entry.line.len()).sum();
    let bytes: usize = blocks.iter().map(Vec::len).sum();
    let count = entries.len() as f64;

    let cache = Arc::new(Cache::new(64 << 20));
    let mut out = Vec::new();
    let mut decoding = 0.0;
    let mut first = 0;
    for bytes in &blocks {
        let begun = processor_time();
        let block = Block::open(bytes.clone(), Arc::clone(&cache)).unwrap();
        let reader = block.reader();
        let mut ends = vec![0..0; block.len()];
        out.clear();
        for (row, arrival) in (0..).zip(reader.arrivals().unwrap()) {
            let start = out.len();
            reader.write(row, &mut out).unwrap();
            ends[*arrival as usize] = start..out.len();
        }
        decoding += (processor_time() - begun).as_secs_f64();
        for (entry, range) in entries[first..].iter().zip(ends) {
            assert!(entry.line == out[range], "an entry came back otherwise");
        }
        first += block.len();
    }
    println!(
        "{name}: {count} entries of {:.0} B in {} blocks: {:.1} B an entry; encoded {:.0} k/s (split {:.2} us, finished {:.2} us), decoded {:.0} k/s",
        raw as f64 / count,
        blocks.len(),
        bytes as f64 / count,
        count / encoding / 1e3,
        pushing / count * 1e6,
        (encoding - pushing) / count * 1e6,
        count / decoding / 1e3,
    );
}
