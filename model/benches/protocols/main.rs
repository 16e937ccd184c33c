//! What 1,000 entries of one request cost in each protocol, from the bytes to their stored forms.

mod bodies;
mod entries;
mod protobuf;

use bodies::Body;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logpipeline_model::entry::{Incoming, Limits, Rejection, Stamp};
use logpipeline_model::wire::{Full, Sink, Verdict, bulk, datadog, json, jsonline, loki, otlp, text};
use logpipeline_model::{EntryId, Timestamp};

/// Writes entries behind each other, as the ingestor does.
struct Buffer {
    limits: Limits,
    received_at: Timestamp,
    out: Vec<u8>,
    taken: u64,
}

impl Sink for Buffer {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn take(&mut self, number: u64, _: Option<&[u8]>, entry: &mut dyn Incoming) -> Result<Verdict, Full> {
        let id = EntryId::v7(self.received_at, 0, number);
        let stamp = Stamp { id, received_at: self.received_at };
        self.taken += 1;
        Ok(entry.write(stamp, &self.limits, &mut self.out).map(|()| id))
    }

    fn reject(&mut self, _: u64, _: Rejection) -> Result<(), Full> {
        Err(Full)
    }

    fn charge(&mut self, _: usize) -> Result<(), Full> {
        Ok(())
    }

    fn received_at(&self) -> Timestamp {
        self.received_at
    }
}

/// Reads a request as the ingestor does; whether all of it could be read.
fn read(body: &Body, sink: &mut Buffer) -> bool {
    let bytes = &body.bytes;
    let plain = body.content_type == "text/plain";
    let protobuf = body.content_type == "application/x-protobuf";
    match body.path {
        "/logs" if plain => text::read(bytes, &text::Beside::nothing(sink.received_at), sink).is_ok(),
        "/logs" => json::read(bytes, sink).is_ok(),
        path if path.starts_with("/_bulk") => {
            let answer = bulk::read(bytes, None, &bulk::Filter::parse(""), sink);
            answer.is_ok_and(|answer| !answer.errors && !answer.finish(7).0.is_empty())
        }
        "/insert/jsonline" => jsonline::read(bytes, &jsonline::Parameters::default(), sink).is_ok(),
        "/v1/logs" if protobuf => otlp::read_protobuf(bytes, sink).is_ok(),
        "/v1/logs" => otlp::read_json(bytes, sink).is_ok(),
        "/loki/api/v1/push" if protobuf => loki::read_protobuf(bytes, None, 1 << 20, sink).is_ok(),
        "/loki/api/v1/push" => loki::read_json(bytes, None, sink).is_ok(),
        "/api/v2/logs" => datadog::read(bytes, &[], sink).is_ok(),
        _ => false,
    }
}

fn benches(criterion: &mut Criterion) {
    let mut buffer = Buffer {
        limits: Limits::default(),
        received_at: Timestamp::from_unix_nanos(1_767_323_045_678_901_234),
        out: Vec::with_capacity(1 << 20),
        taken: 0,
    };
    let mut group = criterion.benchmark_group("protocols");
    group.throughput(Throughput::Elements(entries::ENTRIES));
    for body in bodies::all().iter().filter(|body| !matches!(body.name, "bulk, filtered answer" | "hec")) {
        group.bench_function(body.name, |bencher| {
            bencher.iter(|| {
                buffer.out.clear();
                buffer.taken = 0;
                let good = read(body, &mut buffer);
                assert!(good && buffer.taken == entries::ENTRIES, "{} after {}", body.name, buffer.taken);
            });
        });
    }
    group.finish();
}

criterion_group!(protocols, benches);
criterion_main!(protocols);
