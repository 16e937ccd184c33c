//! Appending to the write-ahead log: write, sync, answer. The disk under the temporary folder decides.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use logpipeline_ingestor::Metrics;
use logpipeline_ingestor::intake::Protocol;
use logpipeline_ingestor::ledger::Account;
use logpipeline_ingestor::wal::disk::LocalDisk;
use logpipeline_ingestor::wal::{Batch, Checkpoint, Options, Wal};
use logpipeline_model::EntryId;

const ENTRY: usize = 310;

fn batch(entries: u64) -> Batch {
    let body = vec![b'x'; ENTRY];
    let mut batch = Batch::default();
    for number in 0..entries {
        let written: Result<(), ()> = batch.push(EntryId::from_parts(0, number), 1, |out| {
            out.extend_from_slice(&body);
            Ok(())
        });
        assert!(written.is_ok());
    }
    batch
}

#[expect(clippy::unwrap_used, reason = "a bench that cannot run says so")]
fn append(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
    let mut opened = Wal::open(folder.path(), Options::default(), Arc::new(LocalDisk), metrics).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let mut settled = opened.wal.head();
    let mut group = criterion.benchmark_group("append");
    for (entries, at_once) in [(1u64, 1u64), (1, 64), (100, 1), (1_000, 1)] {
        group.throughput(Throughput::Elements(entries * at_once));
        group.bench_function(format!("{entries} entries, {at_once} requests at once"), |bencher| {
            bencher.iter_batched(
                || {
                    let head = opened.wal.head();
                    // What has been appended counts as shipped, so that segments are used again.
                    if head.segment > settled.segment + 8 {
                        let checkpoint = Checkpoint { position: head, ..Checkpoint::default() };
                        opened.checkpoints.write(&checkpoint).unwrap();
                        opened.wal.release(&checkpoint).unwrap();
                        settled = head;
                    }
                    (0..at_once).map(|_| batch(entries)).collect::<Vec<_>>()
                },
                |batches| {
                    runtime.block_on(async {
                        let appends: Vec<_> = batches
                            .into_iter()
                            .map(|batch| {
                                let wal = opened.wal.clone();
                                tokio::spawn(async move {
                                    wal.append(batch, 0, Account::anonymous(Protocol::Json), None, None).await
                                })
                            })
                            .collect();
                        for append in appends {
                            append.await.unwrap().unwrap();
                        }
                    });
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, append);
criterion_main!(benches);
