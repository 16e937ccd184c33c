//! Servers that are paused, killed and started again under load.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use logpipeline_store::elasticsearch::ElasticsearchStore;
use logpipeline_store::{LogStore, StoreError, WriteOutcome};
use serde_json::json;

use super::proxy::Proxy;
use super::{Site, on_each};
use crate::engines::{Engine, unique};
use crate::ground::entry;

/// A server that belongs to the test.
struct Server {
    kind: String,
    directory: tempfile::TempDir,
    port: u16,
}

impl Server {
    fn start(engine: Engine) -> Self {
        let (variable, usual) = match engine {
            Engine::OpenSearch => ("SEARCH_OPENSEARCH", "opensearch-3"),
            _ => ("SEARCH_ELASTICSEARCH", "elasticsearch-9"),
        };
        let kind = std::env::var(variable).unwrap_or_else(|_| usual.to_owned());
        let directory = tempfile::tempdir().unwrap();
        // It does not run as root.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(directory.path(), open).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { kind, directory, port };
        server.up();
        server
    }

    fn script(&self, arguments: &[&str]) {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../dev/search-server.sh");
        // What it starts keeps what it is given: no pipes.
        let log = std::fs::File::create(self.directory.path().join("script.log")).unwrap();
        let status = Command::new(script).args(arguments).stdout(Stdio::null()).stderr(log).status().unwrap();
        let log = std::fs::read_to_string(self.directory.path().join("script.log")).unwrap();
        assert!(status.success(), "{arguments:?}: {log}");
    }

    fn up(&self) {
        let directory = self.directory.path().to_str().unwrap();
        self.script(&["up", &self.kind, directory, &self.port.to_string(), "--wait"]);
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.directory.path().join("pid")).unwrap();
        assert!(Command::new("kill").args([signal, pid.trim()]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.script(&["down", self.directory.path().to_str().unwrap()]);
    }
}

/// Writes batches one after the other, each as often as it takes, until told to stop.
async fn load(store: ElasticsearchStore, written: Arc<AtomicU64>, stop: Arc<AtomicBool>) -> u64 {
    let mut failures = 0;
    while !stop.load(Ordering::Relaxed) {
        let first = written.load(Ordering::Relaxed);
        let batch: Vec<_> =
            (first..first + 20).map(|n| entry(n, json!({ "message": format!("m{n}") }))).collect();
        loop {
            match store.write(batch.clone()).await {
                Ok(outcomes) => {
                    let fine = |outcome| matches!(outcome, &WriteOutcome::Stored | &WriteOutcome::Duplicate);
                    assert!(outcomes.iter().all(fine), "{outcomes:?}");
                    break;
                }
                Err(StoreError::Unavailable { .. }) => failures += 1,
                Err(error) => panic!("{error}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        written.fetch_add(20, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    failures
}

on_each! {
    async fn a_server_paused_killed_and_restarted_under_load_loses_and_doubles_nothing(engine: Engine) {
        let server = tokio::task::spawn_blocking(move || Server::start(engine)).await.unwrap();
        let site = Site {
            proxy: Proxy::to(&server.url()).await,
            server: server.url(),
            pipeline: unique(),
            engine,
        };
        let mut options = site.options();
        options.access.urls = vec![server.url()];
        options.access.timeout = Duration::from_secs(1);
        let store = ElasticsearchStore::open_writer(options, logpipeline_model::Timestamp::MIN).unwrap();
        let (written, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let loading = tokio::spawn(load(store, Arc::clone(&written), Arc::clone(&stop)));
        let progress = async |more: u64| {
            let goal = written.load(Ordering::Relaxed) + more;
            let begun = Instant::now();
            while written.load(Ordering::Relaxed) < goal {
                assert!(begun.elapsed() < Duration::from_secs(120), "nothing is written any more");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        progress(200).await;
        // Requests that were given up are executed when it goes on, and it is rolled over at once.
        server.signal("-STOP");
        tokio::time::sleep(Duration::from_secs(5)).await;
        server.signal("-CONT");
        site.roll_over().await;
        progress(200).await;
        server.signal("-KILL");
        let server = tokio::task::spawn_blocking(move || {
            while std::net::TcpStream::connect(("127.0.0.1", server.port)).is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
            server.up();
            server
        }).await.unwrap();
        progress(200).await;
        site.roll_over().await;
        progress(100).await;
        stop.store(true, Ordering::Relaxed);
        let failures = loading.await.unwrap();
        assert!(failures > 0, "the faults were not noticed");
        let count = written.load(Ordering::Relaxed);
        let begun = Instant::now();
        while site.stored().await.len() as u64 > count {
            assert!(begun.elapsed() < Duration::from_secs(30), "second copies stay");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        site.assert_once((0..count).map(|n| entry(n, json!({})).id)).await;
        tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
    }
}
