//! What it costs to take an entry in, and to open a stored one.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logpipeline_model::entry::{Limits, Stamp, accept, skim};
use logpipeline_model::wire::json::lines;
use logpipeline_model::{Document, EntryId, Timestamp};

const ENTRIES: u64 = 1_000;

/// An entry of about 310 bytes: the eight fields, and a metadata object of four.
fn entry(n: u64) -> String {
    let levels = ["info", "info", "warn", "error", "debug"];
    let level = levels[(n % 5) as usize];
    let trace = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        r#"{{"level":"{level}","message":"Failed to connect to DB at 10.0.{}.{}:5432 after {} ms","resourceId":"server-{:04}","timestamp":"2023-09-15T08:{:02}:{:02}.{:03}Z","traceId":"{trace:016x}","spanId":"span-{:03}","commit":"5e5342f","metadata":{{"parentResourceId":"server-{:04}","region":"eu-west-1","http.status":{},"retry":false}}}}"#,
        n % 256,
        n % 7,
        n % 5_000,
        n % 10_000,
        n / 60 % 60,
        n % 60,
        n % 1_000,
        n % 1_000,
        n % 9_999,
        200 + n % 400,
    )
}

fn stamp(n: u64) -> Stamp {
    let received_at = Timestamp::from_unix_nanos(1_767_323_045_678_901_234 + i128::from(n));
    Stamp { id: EntryId::v7(received_at, 0, n), received_at }
}

fn accept_all<'a>(entries: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    out.clear();
    let limits = Limits::default();
    for (n, json) in (0..).zip(entries) {
        let accepted = accept(json, stamp(n), &limits, out);
        assert!(accepted.is_ok(), "{accepted:?}");
    }
}

fn benches(criterion: &mut Criterion) {
    let entries: Vec<String> = (0..ENTRIES).map(entry).collect();
    let bytes = entries.iter().map(String::len).sum::<usize>() as u64;
    let ndjson = entries.join("\n").into_bytes();
    let array = format!("[{}]", entries.join(",")).into_bytes();
    let foreign: Vec<String> = entries
        .iter()
        .map(|entry| entry.replace(r#","metadata":{"#, r#","host":"a","pid":7,"metadata":{"#))
        .collect();
    let stored: Vec<Vec<u8>> = (0..)
        .zip(&entries)
        .map(|(n, json)| {
            let mut out = Vec::new();
            accept(json.as_bytes(), stamp(n), &Limits::default(), &mut out).unwrap_or_default();
            out
        })
        .collect();

    let mut out = Vec::with_capacity(1 << 20);

    for throughput in [Throughput::Elements(ENTRIES), Throughput::Bytes(bytes)] {
        let unit = if matches!(throughput, Throughput::Bytes(_)) { "bytes" } else { "entries" };
        let mut group = criterion.benchmark_group(format!("parse/{unit}"));
        group.throughput(throughput);
        group.bench_function("accept", |bencher| {
            bencher.iter(|| accept_all(entries.iter().map(String::as_bytes), &mut out));
        });
        if unit == "entries" {
            group.bench_function("accept with unknown keys", |bencher| {
                bencher.iter(|| accept_all(foreign.iter().map(String::as_bytes), &mut out));
            });
            for (name, body) in [("NDJSON", &ndjson), ("array", &array)] {
                group.bench_function(format!("split and accept {name}"), |bencher| {
                    bencher.iter(|| {
                        accept_all(
                            lines(body, &Limits::default()).filter_map(|line| line.json.ok()),
                            &mut out,
                        );
                    });
                });
            }
            group.bench_function("open a stored entry", |bencher| {
                bencher
                    .iter(|| stored.iter().filter(|entry| Document::parse(black_box(entry)).is_ok()).count());
            });
            group.bench_function("skim a stored entry", |bencher| {
                bencher.iter(|| stored.iter().filter(|entry| skim(black_box(entry)).is_some()).count());
            });
        }
        group.finish();
    }
}

criterion_group!(parse, benches);
criterion_main!(parse);
