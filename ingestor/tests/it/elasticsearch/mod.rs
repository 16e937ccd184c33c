//! Both components as processes over a real Elasticsearch.

mod dead_letters;
mod down;
mod finding;
mod kills;
mod replicas;
mod secured;

use std::sync::atomic::{AtomicU32, Ordering};

/// The server to test against.
fn url() -> String {
    variable("ELASTICSEARCH_URL")
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: `make test` starts the servers, or set it to what belongs to your own")
    })
}

/// A pipeline's name that no other test has, in this run or another.
fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("e2e-{}-{}-{}", std::process::id(), now.as_millis(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The flags of both components, and those that the ingestor has besides.
struct Flags {
    pipeline: String,
    both: Vec<String>,
    ingestor: Vec<String>,
}

impl Flags {
    fn new(url: &str) -> Self {
        let pipeline = unique();
        let both = vec![
            "--store=elasticsearch".to_owned(),
            format!("--elasticsearch-url={url}"),
            format!("--pipeline={pipeline}"),
        ];
        let ingestor = [&both[..], &["--elasticsearch-replicas=0".to_owned()]].concat();
        Self { pipeline, both, ingestor }
    }

    fn both(&self) -> Vec<&str> {
        self.both.iter().map(String::as_str).collect()
    }

    fn ingestor(&self) -> Vec<&str> {
        self.ingestor.iter().map(String::as_str).collect()
    }
}
