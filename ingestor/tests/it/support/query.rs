//! The query server as a process of its own, beside the ingestor's binary.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::eventually;

pub struct Query {
    child: Child,
    pub api: SocketAddr,
    pub admin: SocketAddr,
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn binary() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_logpipeline-ingestor")).with_file_name("logpipeline-query");
    assert!(path.exists(), "{} is missing: cargo test --workspace builds it, or cargo build", path.display());
    path
}

impl Query {
    /// Starts the binary and waits until it answers on its admin port, ready or not.
    pub async fn start(folder: &Path, flags: &[&str]) -> Self {
        let (api, admin) = (free_port(), free_port());
        let child = Command::new(binary())
            .args([
                &format!("--listen={api}"),
                &format!("--admin-listen={admin}"),
                "--drain=1ms",
                "--insecure",
            ])
            .arg("--data-dir")
            .arg(folder)
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let query = Self { child, api, admin };
        let health = format!("http://{admin}/healthz");
        eventually("the query server answers", async || {
            reqwest::get(&health).await.is_ok_and(|answer| answer.status() == 200)
        })
        .await;
        query
    }

    /// What `/readyz` answers.
    pub async fn readiness(&self) -> (u16, String) {
        let answer = reqwest::get(format!("http://{}/readyz", self.admin)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// A request of the API.
    pub async fn send(&self, path: &str, parameters: &[(&str, &str)]) -> reqwest::Response {
        let url = format!("http://{}/api/v1{path}", self.api);
        let url = reqwest::Url::parse_with_params(&url, parameters).unwrap();
        reqwest::get(url).await.unwrap()
    }

    /// The answer of a request that succeeds.
    pub async fn json(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let response = self.send(path, parameters).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, 200, "{path} {parameters:?}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// How many entries a query finds.
    pub async fn total(&self, q: &str) -> u64 {
        let page = self.json("/search", &[("q", q), ("limit", "1")]).await;
        assert_eq!(page["partial"], false, "{page}");
        page["total"].as_u64().unwrap()
    }

    /// Whether a query finds so many entries by now. An index that is made at the moment cannot be searched yet.
    pub async fn finds(&self, q: &str, expected: u64) -> bool {
        let response = self.send("/search", &[("q", q), ("limit", "1")]).await;
        if response.status() == 503 {
            return false;
        }
        let page: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        page["partial"] == false && page["total"] == expected
    }

    /// The messages of all entries, as they are exported.
    pub async fn messages(&self) -> Vec<String> {
        let response = self.send("/export", &[("format", "ndjson")]).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, 200, "{text}");
        let message = |line: &str| {
            let entry: Value = serde_json::from_str(line).unwrap();
            entry["message"].as_str().unwrap().to_owned()
        };
        text.lines().map(message).collect()
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
