//! Fills a store and prints what it costs and how fast it answers:
//! `cargo run --release -p logpipeline-store --example measure [ENTRIES] [BATCH]`.
#![allow(unreachable_pub)]

#[path = "../benches/entries.rs"]
mod entries;

use std::error::Error;
use std::fs;
use std::io::{Write, stdout};
use std::sync::Arc;
use std::time::{Duration, Instant};

use logpipeline_model::Timestamp;
use logpipeline_model::query::{Field, Query, TimeRange};
use logpipeline_store::embedded::{EmbeddedStore, Options};
use logpipeline_store::{HistogramRequest, LogStore, Order, SearchRequest, ValuesRequest};

const QUERIES: [&str; 13] = [
    "",
    "level:error",
    "timeout",
    "request",
    "Failed connect",
    "\"Failed to connect\"",
    "\"for user 12\"*",
    "service:payments-* level>=warn",
    "service:payments-7",
    "metadata.http.status:[500 TO 599]",
    "-level:info -level:debug",
    "/after timeout for user \\d{5} /",
    "*connect*",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let batch: u64 = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let mut out = stdout();
    let directory = tempfile::tempdir()?;
    let store = EmbeddedStore::open_writer(directory.path(), Options::default())?;

    let (started, cpu) = (Instant::now(), cpu_seconds()?);
    let (mut raw, mut slowest) = (0, Duration::ZERO);
    for from in (0..count).step_by(batch as usize) {
        let entries: Vec<_> = (from..count.min(from + batch)).map(entries::entry).collect();
        raw += entries.iter().map(|entry| entry.body.len() as u64).sum::<u64>();
        let one = Instant::now();
        store.write(entries).await?;
        slowest = slowest.max(one.elapsed());
    }
    let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    let bytes = store.health().await?.bytes;
    writeln!(
        out,
        "write: {count} entries of {} bytes in batches of {batch}: {:.0}/s, {:.0} per cpu-second, slowest batch {slowest:.1?}",
        raw / count,
        count as f64 / wall,
        count as f64 / cpu,
    )?;
    writeln!(
        out,
        "disk: {:.0} bytes per entry ({:.2} of the stored form)",
        bytes as f64 / count as f64,
        bytes as f64 / raw as f64
    )?;

    for text in QUERIES {
        let query = Arc::new(Query::parse(text, Timestamp::from_unix_seconds(1_694_768_400))?);
        let request = SearchRequest {
            query,
            range: TimeRange::ALL,
            order: Order::Desc,
            limit: 50,
            after: None,
            count: true,
            deadline: None,
        };
        let found = store.search(request.clone()).await?.total.unwrap_or_default();
        let mut times = Vec::new();
        for _ in 0..20 {
            let one = Instant::now();
            store.search(request.clone()).await?;
            times.push(one.elapsed());
        }
        times.sort();
        writeln!(out, "search: p50 {:>9.1?}  p95 {:>9.1?}  {found:>8} found  {text}", times[10], times[18])?;
    }
    let query = Arc::new(Query::parse("", Timestamp::from_unix_seconds(1_694_768_400))?);
    let one = Instant::now();
    let interval = Duration::from_secs(30);
    let request =
        HistogramRequest { query: Arc::clone(&query), range: TimeRange::ALL, interval, deadline: None };
    store.histogram(request).await?;
    writeln!(out, "histogram of everything: {:.1?}", one.elapsed())?;
    for field in ["level", "service", "traceId"] {
        let one = Instant::now();
        let request = ValuesRequest {
            query: Arc::clone(&query),
            range: TimeRange::ALL,
            field: Field::resolve(field),
            prefix: String::new(),
            limit: 10,
            deadline: None,
        };
        let values = store.values(request).await?;
        writeln!(out, "values of {field}: {:.1?}, the first {:?}", one.elapsed(), values.values.first())?;
    }
    writeln!(out, "peak memory: {} MiB", peak_memory()? >> 20)?;
    Ok(())
}

/// User and system time of this process so far; its clock ticks a hundred times a second.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}

fn peak_memory() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    Ok(line.split_whitespace().next().unwrap_or("0").parse::<u64>()? << 10)
}
