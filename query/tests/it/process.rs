//! The server as a process over the embedded store that another process writes.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use logpipeline_store::LogStore;
use logpipeline_store::embedded::{EmbeddedStore, Options};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{SAMPLE, clock, eventually, stored};

pub struct Process {
    pub child: Child,
    pub api: SocketAddr,
    admin: SocketAddr,
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

pub fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn command(data: &Path, api: SocketAddr, admin: SocketAddr) -> Command {
    let mut command = command_as_given(data, api, admin);
    command.arg("--insecure");
    command
}

/// Without leave for anybody to search.
pub fn command_as_given(data: &Path, api: SocketAddr, admin: SocketAddr) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logpipeline-query"));
    command.args(["--listen", &api.to_string(), "--admin-listen", &admin.to_string(), "--drain", "1ms"]);
    command.arg("--data-dir").arg(data).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

impl Process {
    async fn start(data: &Path) -> Self {
        Self::spawn(command, data).await
    }

    pub async fn spawn(command: impl Fn(&Path, SocketAddr, SocketAddr) -> Command, data: &Path) -> Self {
        let (api, admin) = (free_port(), free_port());
        let process = Self { child: command(data, api, admin).spawn().unwrap(), api, admin };
        let ready = format!("http://{admin}/readyz");
        eventually(
            async || reqwest::get(&ready).await.is_ok_and(|answer| answer.status() == 200),
            "readiness",
        )
        .await;
        process
    }

    async fn total(&self, q: &str) -> Value {
        let url = reqwest::Url::parse_with_params(&format!("http://{}/api/v1/search", self.api), [("q", q)])
            .unwrap();
        let answer: Value =
            serde_json::from_str(&reqwest::get(url).await.unwrap().text().await.unwrap()).unwrap();
        answer["total"].clone()
    }

    pub fn terminate(&self) {
        let script = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    }
}

fn writer(data: &TempDir) -> EmbeddedStore {
    EmbeddedStore::open_writer(data.path().join("store"), Options::default()).unwrap()
}

#[tokio::test]
async fn a_folder_without_a_store_is_ready_and_an_entry_is_found_once_it_is_there() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(&data.path().join("not-yet")).await;
    assert_eq!(process.total("").await, 0);
    drop(process);

    let process = Process::start(data.path()).await;
    let writer = writer(&data);
    writer.write(vec![stored(SAMPLE, clock())]).await.unwrap();
    let written = std::time::Instant::now();
    eventually(async || process.total("level:error \"Failed to connect\"").await == 1, "the entry").await;
    assert!(written.elapsed() < Duration::from_secs(1), "{:?}", written.elapsed());
    let metrics =
        reqwest::get(format!("http://{}/metrics", process.admin)).await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains(r#"logpipeline_query_requests_total{route="/api/v1/search",status="200"}"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn the_process_ends_cleanly_though_a_client_follows() {
    let data = tempfile::tempdir().unwrap();
    let mut process = Process::start(data.path()).await;
    let mut tail = reqwest::get(format!("http://{}/api/v1/tail", process.api)).await.unwrap();
    assert!(tail.chunk().await.unwrap().is_some());
    process.terminate();
    let end = tokio::time::timeout(Duration::from_secs(5), tail.chunk()).await.unwrap();
    assert_eq!(end.unwrap(), None, "the stream ends as a whole");
    let code = tokio::task::spawn_blocking(move || process.child.wait().unwrap().code());
    let code = tokio::time::timeout(Duration::from_secs(10), code).await.unwrap().unwrap();
    assert_eq!(code, Some(0));
}

/// Runs a server that cannot start; the one line it logs.
fn refusal(data: &Path, api: SocketAddr, admin: SocketAddr) -> String {
    let mut command = command(data, api, admin);
    let output = command.env("RUST_BACKTRACE", "1").stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    let [line] = log.lines().collect::<Vec<_>>()[..] else { panic!("{log}") };
    let event: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&event["level"], &event["message"]),
        (&json!("ERROR"), &json!("the query server ended with an error"))
    );
    event["error"].as_str().unwrap().to_owned()
}

#[test]
fn what_keeps_it_from_starting_is_said_once_in_one_line() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for (flag, error) in [
        ("--listen", refusal(data.path(), address, free_port())),
        ("--admin-listen", refusal(data.path(), free_port(), address)),
    ] {
        assert!(
            error.starts_with(&format!("failed to listen on {address}: another process listens there")),
            "{error}"
        );
        assert!(error.ends_with(&format!("the flag is {flag}")), "{error}");
        assert_eq!(error.matches("os error").count(), 1, "{error}");
    }

    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = refusal(&file, free_port(), free_port());
    assert!(error.starts_with("failed to open the store; --data-dir names"), "{error}");
    for once in [file.to_str().unwrap(), "os error"] {
        assert_eq!(error.matches(once).count(), 1, "{error}");
    }
}

/// The process's own memory, in bytes, without files it has mapped.
fn own_memory(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1_024
}

#[tokio::test]
async fn an_export_of_a_hundred_thousand_entries_takes_little_memory() {
    let data = tempfile::tempdir().unwrap();
    let writer = writer(&data);
    let filler = "lorem ipsum dolor sit amet ".repeat(30);
    let size =
        stored(&json!({ "message": filler, "metadata": { "n": 10_000 } }).to_string(), clock()).body.len();
    for batch in 0..20 {
        let entries = (0..5_000).map(|index| {
            let timestamp = format!("2023-09-15T08:{:02}:{:02}Z", batch, index % 60);
            let n = batch * 5_000 + index;
            stored(
                &json!({ "message": filler, "timestamp": timestamp, "metadata": { "n": n } }).to_string(),
                clock(),
            )
        });
        writer.write(entries.collect()).await.unwrap();
    }
    let process = Process::start(data.path()).await;
    assert_eq!(process.total("").await, 100_000);
    let before = own_memory(&process);

    let mut export = reqwest::get(format!("http://{}/api/v1/export?order=asc", process.api)).await.unwrap();
    assert_eq!(export.headers()["x-total"], "100000");
    let (mut bytes, mut lines, mut most) = (0, 0, 0);
    while let Some(chunk) = export.chunk().await.unwrap() {
        bytes += chunk.len();
        lines += chunk.iter().filter(|byte| **byte == b'\n').count();
        most = most.max(own_memory(&process).saturating_sub(before));
    }
    assert_eq!(lines, 100_000);
    assert!(bytes > 90_000 * size, "{bytes} bytes");
    assert!(most < 48 << 20, "{most} bytes more for an export of {bytes}");
}
