//! The examples that users copy find something on what the demo sends: the load, and the sample entry.

use std::time::Duration;

use logpipeline_generator::workload::{Workload, WorkloadConfig};
use logpipeline_model::entry::{Limits, Stamp, accept};
use logpipeline_model::query::{Matcher, Query};
use logpipeline_model::{Document, EntryId, Timestamp};

const README: &str = include_str!("../../../README.md");
const LANGUAGE: &str = include_str!("../../../docs/query-language.md");

/// Fifteen seconds of the demo's load.
const ENTRIES: usize = 3_000;

/// The queries of the page's `query` blocks.
fn queries(page: &str) -> Vec<&str> {
    let blocks = page.split("\n```query\n").skip(1);
    blocks.flat_map(|block| block.split("\n```").next().unwrap().lines()).collect()
}

/// The queries that are quoted behind `logq`, and behind curl's `q=`.
fn commands(page: &str) -> Vec<&str> {
    let behind = |start: &'static str, end: char| {
        page.lines()
            .filter(move |line| line.starts_with("logq '") || line.contains("'q="))
            .filter_map(move |line| line.split_once(start)?.1.split(end).next())
    };
    behind("logq '", '\'').chain(behind("'q=", '\'')).collect()
}

fn sample() -> &'static str {
    README.split("curl http://localhost:3000/logs -d '").nth(1).unwrap().split('\'').next().unwrap()
}

#[test]
fn every_example_query_finds_an_entry() {
    // A Tuesday at noon.
    let start: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let now = start + Duration::from_secs(15);
    let config = WorkloadConfig { seed: 42, run: "demo".to_owned(), start, step: Duration::from_millis(5) };
    let mut workload = Workload::new(&config);
    let mut lines = sample().replace('\n', " ").into_bytes();
    lines.push(b'\n');
    for _ in 0..ENTRIES {
        workload.append(&mut lines);
    }
    let stored: Vec<Vec<u8>> = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .enumerate()
        .map(|(number, line)| {
            let stamp = Stamp { id: EntryId::from_parts(0, number as u64), received_at: now };
            let mut stored = Vec::new();
            accept(line, stamp, &Limits::default(), &mut stored).unwrap();
            stored
        })
        .collect();
    let documents: Vec<Document<'_>> = stored.iter().map(|entry| Document::parse(entry).unwrap()).collect();
    let (examples, commands) = (queries(LANGUAGE), commands(README));
    assert!(examples.len() >= 20 && commands.len() >= 4, "{examples:?} {commands:?}");
    let finds_nothing: Vec<&str> = examples
        .into_iter()
        .chain(commands)
        .filter(|text| {
            let matcher = Matcher::new(&Query::parse(text, now).unwrap());
            !documents.iter().any(|document| matcher.matches(document))
        })
        .collect();
    assert!(finds_nothing.is_empty(), "{finds_nothing:#?}");
}
