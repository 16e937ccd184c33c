//! `senders CLIENT ENTRIES HOST PORT PAUSE_MS [VARIANT]`: sends each entry by the client's own means, a pause after every batch.

mod bulk;
mod gelf;
mod otlp;
mod syslog_lines;

use std::time::Duration;

use serde_json::Value;

const BATCH: usize = 50;

struct Job {
    entries: Vec<Value>,
    host: String,
    port: String,
    pause: Duration,
    variant: String,
}

impl Job {
    /// The entries batch by batch, slowly where the ingestor is to be killed amid them.
    fn batches(&self) -> impl Iterator<Item = &[Value]> {
        self.entries.chunks(BATCH).inspect(|_| std::thread::sleep(self.pause))
    }
}

/// What a client without structured fields sends.
fn text(entry: &Value) -> &str {
    entry["text"].as_str().unwrap_or_default()
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [client, entries, host, port, pause] = &args[..5] else { unreachable!() };
    let job = Job {
        entries: std::fs::read_to_string(entries)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        host: host.clone(),
        port: port.clone(),
        pause: Duration::from_millis(pause.parse().unwrap()),
        variant: args.get(5).cloned().unwrap_or_default(),
    };
    match client.as_str() {
        "otlp" => otlp::send(&job),
        "bulk" => bulk::send(&job),
        "syslog" => syslog_lines::send(&job),
        "gelf" => gelf::send(&job),
        _ => panic!("{client} is no client of this program"),
    }
}
