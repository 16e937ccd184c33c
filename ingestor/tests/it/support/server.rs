//! An ingestor in the test's own process.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use clap::Parser;
use logpipeline_ingestor::listeners::Addresses;
use logpipeline_ingestor::wal::disk::{Disk, LocalDisk};
use logpipeline_ingestor::{Config, Ingestor, IngestorError};
use logpipeline_service::Shutdown;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::eventually;
use super::store::FakeStore;

pub struct Server {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub listeners: Addresses,
    pub otlp_grpc: Option<SocketAddr>,
    pub store: Arc<FakeStore>,
    client: reqwest::Client,
    shutdown: Shutdown,
    run: tokio::task::JoinHandle<Result<(), IngestorError>>,
    /// Present where the server made it.
    _folder: Option<tempfile::TempDir>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The problem's kind.
    pub fn kind(&self) -> &str {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], self.status);
        self.body["type"].as_str().unwrap().strip_prefix("urn:logpipeline:problem:").unwrap()
    }
}

impl Server {
    pub async fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::start_on(folder.path(), flags, Arc::new(LocalDisk), FakeStore::new()).await;
        server._folder = Some(folder);
        server
    }

    pub async fn start_on(folder: &Path, flags: &[&str], disk: Arc<dyn Disk>, store: Arc<FakeStore>) -> Self {
        Self::try_start(folder, flags, disk, store).unwrap()
    }

    pub fn try_start(
        folder: &Path,
        flags: &[&str],
        disk: Arc<dyn Disk>,
        store: Arc<FakeStore>,
    ) -> Result<Self, IngestorError> {
        let defaults = [
            "logpipeline-ingestor",
            "--listen=127.0.0.1:0",
            "--admin-listen=127.0.0.1:0",
            "--linger=10ms",
            "--drain=0",
            "--data-dir",
            folder.to_str().unwrap(),
        ];
        // Anybody may send, unless it is said who may.
        let open = !flags.iter().any(|flag| flag.starts_with("--tokens-file"));
        let access = if open { &["--insecure"][..] } else { &[] };
        let config = Config::try_parse_from([&defaults[..], access, flags].concat()).unwrap();
        config.check().unwrap();
        let shutdown = Shutdown::default();
        let ingestor = Ingestor::start(&config, store.stores(), disk, shutdown.clone())?;
        let (address, admin) = (ingestor.address, ingestor.admin_address);
        let listeners = ingestor.listeners.clone();
        let otlp_grpc = ingestor.otlp_grpc_address;
        let run = tokio::spawn(ingestor.run());
        Ok(Self {
            address,
            admin,
            listeners,
            otlp_grpc,
            store,
            client: reqwest::Client::new(),
            shutdown,
            run,
            _folder: None,
        })
    }

    pub async fn post(&self, body: impl Into<reqwest::Body>) -> Answer {
        self.post_to("/logs", &[], body).await
    }

    pub async fn post_to(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        self.send(self.client.post(format!("http://{}{path}", self.address)).body(body), headers).await
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(self.client.get(format!("http://{}{path}", self.address)), headers).await
    }

    async fn send(&self, mut request: reqwest::RequestBuilder, headers: &[(&str, &str)]) -> Answer {
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, headers, body }
    }

    /// The delivery figures, checked to balance.
    pub async fn delivery(&self) -> Value {
        let response =
            self.client.get(format!("http://{}/api/v1/delivery", self.address)).send().await.unwrap();
        let figures: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        let figure = |name: &str| figures[name].as_u64().unwrap();
        let parts = ["stored", "duplicates", "rejected", "deadLettered", "waiting"];
        assert_eq!(figure("received"), parts.into_iter().map(figure).sum::<u64>(), "{figures}");
        figures
    }

    /// The figures once nothing waits any more.
    pub async fn settled(&self) -> Value {
        eventually("everything is shipped", async || self.delivery().await["waiting"] == 0).await;
        self.delivery().await
    }

    pub async fn admin(&self, path: &str) -> (u16, String) {
        let response = self.client.get(format!("http://{}{path}", self.admin)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// The value of one line of `/metrics`, named as it stands there.
    pub async fn metric(&self, name: &str) -> f64 {
        let (_, text) = self.admin("/metrics").await;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no metric {name} in\n{text}")).parse().unwrap()
    }

    /// Sends bytes as they are, and reads until the server closes the connection.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(std::time::Duration::from_secs(20), stream.read_to_end(&mut answer));
        read.await.expect("the connection is closed within 20 s").unwrap();
        String::from_utf8(answer).unwrap()
    }

    pub fn begin_stop(&self) {
        self.shutdown.trigger();
    }

    pub async fn stop(self) -> Result<(), IngestorError> {
        self.shutdown.trigger();
        self.run.await.unwrap()
    }

    /// Waits for an end that comes by itself.
    pub async fn ended(self) -> Result<(), IngestorError> {
        tokio::time::timeout(std::time::Duration::from_secs(20), self.run).await.unwrap().unwrap()
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// NDJSON of `count` entries with messages `<prefix>-<n>`.
pub fn ndjson(prefix: &str, count: usize) -> String {
    (0..count).map(|number| format!("{{\"message\":\"{prefix}-{number}\"}}\n")).collect()
}
