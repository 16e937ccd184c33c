//! How fast entries are made: a batch of 1,000 entries by one thread.

#![allow(missing_docs)]

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logpipeline_generator::workload::{Workload, WorkloadConfig};
use logpipeline_model::Timestamp;

fn workload(c: &mut Criterion) {
    let mut group = c.benchmark_group("workload");
    group.throughput(Throughput::Elements(1_000));
    for (name, step) in
        [("200 entries/s", Duration::from_millis(5)), ("100k entries/s", Duration::from_micros(10))]
    {
        let mut workload = Workload::new(&WorkloadConfig {
            seed: 42,
            run: "k3f9a2".to_owned(),
            start: Timestamp::from_unix_seconds(1_790_000_000),
            step,
        });
        let mut body = Vec::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                body.clear();
                for _ in 0..1_000 {
                    workload.append(&mut body);
                }
                body.len()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, workload);
criterion_main!(benches);
