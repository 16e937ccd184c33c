//! Fills an Elasticsearch or OpenSearch as a plain bulk client would and as this program does, and prints what each
//! costs both processes and the disk:
//! `cargo run --release -p logpipeline-store --example measure_elasticsearch URL PID [ENTRIES] [ROUNDS] [keep]`, where PID is the server's. With
//! `keep`, the last entries that this program stored stay there, as the pipeline `measure-metadata`: dev/measure-metadata.mjs reads them.
//!
//! The plain client sends the entries as they are, with ids of the server's own, into an index that maps each field as it comes.
#![allow(unreachable_pub)]

#[path = "../benches/entries.rs"]
mod entries;

use std::error::Error;
use std::fs;
use std::io::{Write, stdout};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use elasticsearch::Elasticsearch;
use elasticsearch::http::Method;
use elasticsearch::http::headers::HeaderMap;
use elasticsearch::http::transport::Transport;
use futures::StreamExt;
use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{Classes, Layout};
use logpipeline_model::query::{Query, TimeRange};
use logpipeline_store::elasticsearch::{ElasticsearchStore, Options};
use logpipeline_store::{LogStore, NewEntry, Order, SearchRequest};
use serde_json::Value;

/// Entries of a write: what the ingestor ships at once.
const BATCH: u64 = 40_000;
const BODY_BYTES: usize = 8 << 20;
const IN_FLIGHT: usize = 2;

const QUERIES: [&str; 9] = [
    "",
    "level:error",
    "timeout",
    "\"Failed to connect\"",
    "\"for user 12\"*",
    "service:payments-* level>=warn",
    "metadata.http.status:[500 TO 599]",
    "-level:info -level:debug",
    "/after timeout for user \\d{5} /",
];

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(pid)) = (arguments.next(), arguments.next()) else {
        return Err("give the server's address and its process id".into());
    };
    let count: u64 = arguments.next().map_or(Ok(400_000), |text| text.parse())?;
    let rounds: u64 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let keep = arguments.next().is_some_and(|text| text == "keep");
    let server = Server { client: Elasticsearch::new(Transport::single_node(&url)?), url, pid };
    let run = std::process::id();
    writeln!(
        stdout(),
        "kind            entries/s   client cpu-s   server cpu-s   entries per cpu-s of both   bytes on disk an entry"
    )?;
    // The first round warms the server up.
    for round in 0..=rounds {
        for kind in ["plain", "logpipeline", "logsdb"] {
            let kept = keep && kind == "logpipeline" && round == rounds;
            let name =
                if kept { "measure-metadata".to_owned() } else { format!("measure-{run}-{round}-{kind}") };
            let (own, theirs, started) = (cpu_seconds("self")?, cpu_seconds(&server.pid)?, Instant::now());
            let pattern = match kind {
                "plain" => server.fill_plain(&name, count).await?,
                kind => server.fill_store(&name, kind == "logsdb", count).await?,
            };
            let wall = started.elapsed().as_secs_f64();
            let (own, theirs) = (cpu_seconds("self")? - own, cpu_seconds(&server.pid)? - theirs);
            let bytes = server.merged_bytes(&pattern).await?;
            if round > 0 {
                writeln!(
                    stdout(),
                    "{kind:<12} {:>12.0} {own:>14.1} {theirs:>14.1} {:>27.0} {:>24.0}",
                    count as f64 / wall,
                    count as f64 / (own + theirs),
                    bytes / count as f64,
                )?;
            }
            if kind == "logpipeline" && round == rounds {
                server.search(&name).await?;
            }
            if kept {
                continue;
            }
            server.ask(Method::Delete, &format!("/_data_stream/{pattern}")).await.ok();
            server.ask(Method::Delete, &format!("/{pattern}")).await.ok();
        }
    }
    Ok(())
}

struct Server {
    client: Elasticsearch,
    url: String,
    pid: String,
}

impl Server {
    async fn ask(&self, method: Method, path: &str) -> Outcome<Value> {
        let sent = self.client.send(method, path, HeaderMap::new(), None::<&()>, None::<&str>, None);
        Ok(sent.await?.error_for_status_code()?.json().await?)
    }

    async fn fill_plain(&self, name: &str, count: u64) -> Outcome<String> {
        let mut bodies = futures::stream::iter(Bodies { name: name.to_owned(), next: 0, count })
            .map(|body| async move {
                let sent =
                    self.client.send(Method::Post, "/_bulk", HeaderMap::new(), None::<&()>, Some(body), None);
                let answer: Value = sent.await?.json().await?;
                if answer["errors"] == false { Ok(()) } else { Err(format!("{answer:.300}").into()) }
            })
            .buffer_unordered(IN_FLIGHT);
        while let Some(sent) = bodies.next().await {
            let sent: Outcome<()> = sent;
            sent?;
        }
        Ok(name.to_owned())
    }

    async fn fill_store(&self, name: &str, logsdb: bool, count: u64) -> Outcome<String> {
        let store = self.store(name, logsdb)?;
        for from in (0..count).step_by(BATCH as usize) {
            let batch: Vec<NewEntry> = (from..count.min(from + BATCH)).map(entries::entry).collect();
            store.write(batch).await?;
        }
        Ok(format!("logs-{name}.default"))
    }

    fn store(&self, name: &str, logsdb: bool) -> Outcome<ElasticsearchStore> {
        let mut options = Options::new(vec![self.url.clone()], Classes::new(name, None, Vec::new())?);
        options.layout = Layout { replicas: 0, ..Layout::default() };
        options.logsdb = logsdb;
        options.most_writes = IN_FLIGHT;
        // No entry is of an earlier process.
        Ok(ElasticsearchStore::open_writer(options, Timestamp::MIN)?)
    }

    async fn merged_bytes(&self, pattern: &str) -> Outcome<f64> {
        self.ask(Method::Post, &format!("/{pattern}/_forcemerge?max_num_segments=1&flush=true")).await?;
        self.ask(Method::Post, &format!("/{pattern}/_refresh")).await?;
        let stats = self.ask(Method::Get, &format!("/{pattern}/_stats/store")).await?;
        stats["_all"]["total"]["store"]["size_in_bytes"].as_f64().ok_or_else(|| "no size".into())
    }

    async fn search(&self, name: &str) -> Outcome<()> {
        let store = self.store(name, false)?;
        for text in QUERIES {
            let request = SearchRequest {
                query: Arc::new(Query::parse(text, Timestamp::from_unix_seconds(1_694_768_400))?),
                range: TimeRange::ALL,
                order: Order::Desc,
                limit: 50,
                after: None,
                count: true,
                deadline: Some(Instant::now() + Duration::from_secs(60)),
            };
            let found = store.search(request.clone()).await?.total.unwrap_or_default();
            let mut times = Vec::new();
            for _ in 0..20 {
                let one = Instant::now();
                store.search(request.clone()).await?;
                times.push(one.elapsed());
            }
            times.sort();
            writeln!(
                stdout(),
                "search: p50 {:>9.1?}  p95 {:>9.1?}  {found:>8} found  {text}",
                times[10],
                times[18]
            )?;
        }
        Ok(())
    }
}

/// Bulk bodies of the entries as they are.
struct Bodies {
    name: String,
    next: u64,
    count: u64,
}

impl Iterator for Bodies {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut body = Vec::with_capacity(BODY_BYTES + 4096);
        while self.next < self.count && body.len() < BODY_BYTES {
            body.extend_from_slice(format!("{{\"index\":{{\"_index\":\"{}\"}}}}\n", self.name).as_bytes());
            body.extend_from_slice(&entries::entry(self.next).body);
            body.push(b'\n');
            self.next += 1;
        }
        (!body.is_empty()).then(|| body.into())
    }
}

/// User and system time of a process so far; its clock ticks a hundred times a second.
fn cpu_seconds(pid: &str) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}
