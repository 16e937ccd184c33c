//! What taking entries costs, by protocol: entries per second of the server's processor time, acknowledged on disk, with a store
//! that costs nothing. Each protocol is measured in turn with our own JSON, and the median of the ratios is printed.
//!
//! `cargo run --release -p logpipeline-ingestor --example measure_protocols -- --help`
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../../model/benches/protocols/bodies.rs"]
mod bodies;
#[path = "../../../model/benches/protocols/entries.rs"]
mod entries;
mod http;
mod null_store;
#[path = "../../../model/benches/protocols/protobuf.rs"]
mod protobuf;
mod server;
mod streams;

use std::path::PathBuf;

use clap::Parser;

use http::Request;
use server::Server;
use streams::Stream;

/// Measures what taking entries costs, by protocol.
#[derive(Debug, Parser)]
struct Args {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How often each protocol is measured in turn with our own JSON.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// An OpenTelemetry Collector with the receiver "otlp" and the exporter "nop", measured like a protocol.
    #[arg(long, value_name = "PROGRAM")]
    collector: Option<PathBuf>,
    /// The protocols to measure; all where none is named.
    protocols: Vec<String>,
}

/// What is measured: entries are sent by requests, or by connections that stay open.
enum Load {
    Requests(Request),
    Stream(Stream),
}

#[derive(Debug, Clone, Copy)]
struct Figures {
    /// Entries a second of wall time.
    wall: f64,
    /// Entries a second of the server's processor time.
    cpu: f64,
}

fn main() {
    if let Some(flags) = server::asked_to_serve() {
        return server::serve(&flags);
    }
    let args = Args::parse();
    let mut requests: Vec<Request> = bodies::all().iter().map(Request::post).collect();
    let json = requests.remove(0);
    let loads =
        requests.iter().cloned().map(Load::Requests).chain(streams::all().into_iter().map(Load::Stream));
    println!(
        "{:<22} {:>11} {:>11} {:>11} {:>8}",
        "protocol", "bytes/entry", "entries/s", "per cpu-s", "to JSON"
    );
    let wanted = |name: &str| args.protocols.is_empty() || args.protocols.iter().any(|wanted| wanted == name);
    let mut of_json: Vec<Figures> = Vec::new();
    let mut compare = |name: &str, bytes: f64, measure: &dyn Fn() -> Figures| {
        let mut figures = Vec::new();
        let mut ratios = Vec::new();
        for _ in 0..args.rounds {
            let own = http::measure(&mut Server::start(&[]), &json, args.seconds);
            let other = measure();
            ratios.push(other.cpu / own.cpu);
            of_json.push(own);
            figures.push(other);
        }
        print(name, bytes, &figures, Some(median(ratios.into_iter())));
    };
    for load in loads.filter(|load| wanted(load.name())) {
        compare(load.name(), load.bytes_an_entry(), &|| load.measure(args.seconds));
    }
    if let Some(program) = &args.collector {
        for request in requests.iter().filter(|request| request.name.starts_with("otlp")) {
            let name = format!("Collector, {}", request.name);
            compare(&name, request.bytes_an_entry(), &|| {
                http::measure(&mut Server::collector(program), request, args.seconds)
            });
        }
    }
    print(json.name, json.bytes_an_entry(), &of_json, None);
}

fn print(name: &str, bytes: f64, figures: &[Figures], ratio: Option<f64>) {
    let wall = median(figures.iter().map(|figures| figures.wall));
    let cpu = median(figures.iter().map(|figures| figures.cpu));
    let ratio = ratio.map_or(String::new(), |ratio| format!("{:.0} %", 100.0 * ratio));
    println!("{name:<22} {bytes:>11.0} {wall:>11.0} {cpu:>11.0} {ratio:>8}");
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl Load {
    fn name(&self) -> &'static str {
        match self {
            Self::Requests(request) => request.name,
            Self::Stream(stream) => stream.name,
        }
    }

    fn bytes_an_entry(&self) -> f64 {
        match self {
            Self::Requests(request) => request.bytes_an_entry(),
            Self::Stream(stream) => stream.bytes_an_entry(),
        }
    }

    fn measure(&self, seconds: f64) -> Figures {
        match self {
            Self::Requests(request) => http::measure(&mut Server::start(&[]), request, seconds),
            Self::Stream(stream) => streams::measure(&mut Server::start(&stream.flags), stream, seconds),
        }
    }
}
