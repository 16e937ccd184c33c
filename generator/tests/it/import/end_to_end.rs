//! From a real source through a real ingestor to what a real query server finds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;

use super::killed::kill_after;
use super::real::{Server, fill, unique};
use crate::process::{command, finish};

/// A binary that the workspace builds beside the generator.
fn binary(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_logpipeline-generator")).with_file_name(name);
    assert!(path.is_file(), "{} is not built: `make test-import` builds it", path.display());
    path
}

struct Platform {
    folder: tempfile::TempDir,
    ports: [u16; 4],
    ingestor: Child,
    query: Child,
}

impl Drop for Platform {
    fn drop(&mut self) {
        for child in [&mut self.ingestor, &mut self.query] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Platform {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listeners = [(); 4].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = listeners.map(|listener| listener.local_addr().unwrap().port());
        let ingestor = Self::spawn("logpipeline-ingestor", folder.path(), [ports[0], ports[1]]);
        let query = Self::spawn("logpipeline-query", folder.path(), [ports[2], ports[3]]);
        let platform = Self { folder, ports, ingestor, query };
        platform.ready(ports[1]).await;
        platform.ready(ports[3]).await;
        platform
    }

    fn spawn(name: &str, folder: &Path, [port, admin]: [u16; 2]) -> Child {
        let log = std::fs::File::create(folder.join(format!("{name}-{admin}.log"))).unwrap();
        Command::new(binary(name))
            .args(["--insecure", "--data-dir", folder.to_str().unwrap()])
            .args(["--listen", &format!("127.0.0.1:{port}"), "--admin-listen", &format!("127.0.0.1:{admin}")])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    async fn ready(&self, admin: u16) {
        let (client, begin) = (Client::builder().no_proxy().build().unwrap(), Instant::now());
        loop {
            let answer = client.get(format!("http://127.0.0.1:{admin}/readyz")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "nothing is ready at {admin}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Kills the ingestor as a crash does, and starts it again.
    async fn crash(&mut self) {
        self.ingestor.kill().unwrap();
        self.ingestor.wait().unwrap();
        self.ingestor =
            Self::spawn("logpipeline-ingestor", self.folder.path(), [self.ports[0], self.ports[1]]);
        self.ready(self.ports[1]).await;
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// All that is found once there are `expected` entries and nothing is on its way.
    async fn found(&self, expected: usize) -> Vec<Value> {
        let (client, begin) = (Client::builder().no_proxy().build().unwrap(), Instant::now());
        let get = async |url: String| client.get(url).send().await.unwrap().text().await.unwrap();
        loop {
            let figures: Value =
                serde_json::from_str(&get(format!("http://127.0.0.1:{}/delivery", self.ports[1])).await)
                    .unwrap();
            let export = get(format!(
                "http://127.0.0.1:{}/api/v1/export?q=*&from=1970-01-01T00:00:00Z",
                self.ports[2]
            ))
            .await;
            let entries: Vec<Value> =
                export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            if entries.len() >= expected && figures["waiting"] == 0 {
                return entries;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "{} of {expected}: {figures}", entries.len());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Runs imports that are killed after a while, each with another batch size, and the ingestor with some; then one
/// to the end, and one more without the state.
async fn import_through_crashes(platform: &mut Platform, source: &[&str]) {
    let state = platform.folder.path().join("state").to_str().unwrap().to_owned();
    let url = platform.url();
    let mut killed = 0;
    for (round, size) in ["7", "13", "9", "20", "11", "16"].iter().enumerate() {
        let arguments =
            [&["replay"], source, &["--target", &url, "--batch-size", size, "--state", &state]].concat();
        let after = Duration::from_millis(60 + std::process::id() as u64 * 7 % 90 + round as u64 * 40);
        killed += usize::from(kill_after(&arguments, after).await);
        if round % 2 == 1 {
            platform.crash().await;
        }
    }
    assert!(killed > 1, "{killed}");
    for last in [&["--state", state.as_str()][..], &["--batch-size", "300"]] {
        let arguments = [&["replay"], source, &["--target", &url], last].concat();
        let ended = finish(command(&arguments).spawn().unwrap()).await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the binaries of ingestor and query server: make test-import builds them"]
async fn what_an_elasticsearch_holds_is_found_once_whatever_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::named("ELASTICSEARCH_URL", folder.path());
    let name = unique("found");
    let expected = fill(&server, &name).await;
    let mut platform = Platform::start().await;
    let address = server.address(&format!("/{name}-*"));
    let source = [vec!["--from", "elasticsearch", &address], server.flags()].concat();
    import_through_crashes(&mut platform, &source).await;

    let mut found: BTreeMap<(String, String), Value> = BTreeMap::new();
    for entry in platform.found(expected.len()).await {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let key = (text(&entry["metadata"]["index"]), text(&entry["message"]));
        assert!(found.insert(key.clone(), entry).is_none(), "{key:?} is there twice");
    }
    assert_eq!(found.len(), expected.len());
    for ((index, id), source) in &expected {
        let message = format!("entry ü {}", id.split_once('/').unwrap().1);
        let entry = &found[&(index.clone(), message)];
        let source: Value = serde_json::from_str(source).unwrap();
        assert_eq!(
            (&entry["metadata"]["n"], &entry["metadata"]["deep"]),
            (&source["n"], &source["deep"]),
            "{entry}"
        );
        if let Some(time) = source["@timestamp"].as_str() {
            let time: logpipeline_model::Timestamp = time.parse().unwrap();
            assert_eq!(entry["timestamp"], time.to_string(), "{entry}");
        }
    }
    server.remove(&name).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a VictoriaLogs and the binaries of ingestor and query server: make test-import has them"]
async fn what_a_victorialogs_holds_is_found_once_whatever_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::named("VICTORIALOGS_URL", folder.path());
    let run = unique("found");
    super::real::push(&server, &run).await;
    let mut platform = Platform::start().await;
    let (address, query) = (server.address("/"), format!("run:=\"{run}\""));
    let source = [vec!["--from", "victorialogs", &address, "--query", &query], server.flags()].concat();
    import_through_crashes(&mut platform, &source).await;

    let entries = platform.found(3_000).await;
    let mut messages: BTreeMap<String, usize> = BTreeMap::new();
    for entry in &entries {
        *messages.entry(entry["message"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    // Of 300 lines each has a hundred equal ones, and the other 2,700 differ.
    assert_eq!((entries.len(), messages.len(), messages["the same"]), (3_000, 2_701, 300));
}
