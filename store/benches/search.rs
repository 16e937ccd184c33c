//! Appending and searching on 100,000 entries: `cargo bench -p logpipeline-store`.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod entries;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use logpipeline_model::Timestamp;
use logpipeline_model::query::{Query, TimeRange};
use logpipeline_store::embedded::{EmbeddedStore, Options};
use logpipeline_store::{HistogramRequest, LogStore, Order, SearchRequest};

const ENTRIES: u64 = 100_000;

fn append(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("append");
    group.sample_size(20).measurement_time(Duration::from_secs(10));
    for size in [100_u64, 10_000] {
        let directory = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open_writer(directory.path(), Options::default()).unwrap();
        let mut next = 0;
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            let batch = || {
                next += size;
                (next - size..next).map(entries::entry).collect::<Vec<_>>()
            };
            bencher.iter_batched(
                batch,
                |batch| runtime.block_on(store.write(batch)).unwrap(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn search(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open_writer(directory.path(), Options::default()).unwrap();
    for from in (0..ENTRIES).step_by(10_000) {
        runtime.block_on(store.write((from..from + 10_000).map(entries::entry).collect())).unwrap();
    }
    let mut group = criterion.benchmark_group("search");
    for (name, text) in [
        ("everything", ""),
        ("level", "level:error"),
        ("word", "timeout"),
        ("phrase", "\"Failed to connect\""),
        ("service and level", "service:payments-* level>=warn"),
        ("trace", "traceId=0000000000000000"),
        ("number range", "metadata.http.status:[500 TO 599]"),
        ("regex", "/after timeout for user \\d{5} /"),
    ] {
        let request = SearchRequest {
            query: parse(text),
            range: TimeRange::ALL,
            order: Order::Desc,
            limit: 50,
            after: None,
            count: true,
            deadline: None,
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(runtime.block_on(store.search(request.clone())).unwrap()));
        });
    }
    let request = HistogramRequest {
        query: parse(""),
        range: TimeRange::ALL,
        interval: Duration::from_secs(1),
        deadline: None,
    };
    group.bench_function("histogram", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(store.histogram(request.clone())).unwrap()));
    });
    group.finish();
}

fn parse(text: &str) -> Arc<Query> {
    Arc::new(Query::parse(text, Timestamp::from_unix_seconds(1_694_768_400)).unwrap())
}

criterion_group!(benches, append, search);
criterion_main!(benches);
