//! A query server over an embedded store, and logq with it.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use logpipeline_model::entry::{Limits as EntryLimits, Stamp, accept};
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_query::access::Access;
use logpipeline_query::config::Limits;
use logpipeline_query::{App, router};
use logpipeline_service::http_server::{Listener, Tls};
use logpipeline_service::{Shutdown, admin, http_server};
use logpipeline_store::embedded::{EmbeddedStore, Options};
use logpipeline_store::{LogStore, NewEntry, Stores, WriteOutcome};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

pub const SAMPLE: &str = r#"{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234","timestamp":"2023-09-15T08:00:00Z","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{"parentResourceId":"server-0987"}}"#;

pub struct Server {
    runtime: Runtime,
    pub address: SocketAddr,
    writer: EmbeddedStore,
    folder: TempDir,
    shutdown: Shutdown,
    /// Keeps the port from other sockets while a restart lasts.
    _port: TcpSocket,
    /// Whom it lets in from the next restart on.
    pub access: Access,
}

impl Server {
    pub fn start() -> Self {
        Self::guarded(Access::Anybody)
    }

    /// For those alone who may search.
    pub fn guarded(access: Access) -> Self {
        Self::over(access, None)
    }

    pub fn over(access: Access, tls: Option<Tls>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let writer = EmbeddedStore::open_writer(folder.path(), Options::default()).unwrap();
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = port.local_addr().unwrap();
        let shutdown = runtime.block_on(async { serve(&folder, address, access.clone(), tls) });
        Self { runtime, address, writer, folder, shutdown, _port: port, access }
    }

    /// With the sample entry.
    pub fn with_sample() -> Self {
        let server = Self::start();
        server.ingest(&[SAMPLE.to_owned()]);
        server
    }

    /// Stores entries, received now.
    pub fn ingest(&self, entries: &[String]) -> Vec<EntryId> {
        self.ingest_received(entries, Duration::ZERO)
    }

    /// Stores entries, received some time ago.
    pub fn ingest_received(&self, entries: &[String], ago: Duration) -> Vec<EntryId> {
        let batch: Vec<NewEntry> = entries.iter().map(|json| stored(json, ago)).collect();
        let ids = batch.iter().map(|entry| entry.id).collect();
        let outcomes = self.runtime.block_on(self.writer.write(batch)).unwrap();
        assert!(outcomes.iter().all(|outcome| *outcome == WriteOutcome::Stored));
        std::thread::sleep(Duration::from_millis(300));
        ids
    }

    /// Ends the server and starts another at the same address, `meanwhile` in between.
    pub fn restart(&mut self, meanwhile: impl FnOnce(&Self)) {
        self.shutdown.trigger();
        assert!(self.runtime.block_on(self.shutdown.finished(Duration::from_secs(5))));
        meanwhile(self);
        let access = self.access.clone();
        self.shutdown = self.runtime.block_on(async { serve(&self.folder, self.address, access, None) });
    }

    pub fn logq(&self) -> Command {
        let mut command = logq();
        command.env("LOGQ_SERVER", format!("http://{}", self.address));
        command
    }

    /// Runs logq: exit code, stdout, stderr.
    pub fn run(&self, args: &[&str]) -> (i32, String, String) {
        finish(self.logq().args(args))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// logq without a server, and without what the environment says.
pub fn logq() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logq"));
    let variables = [
        "LOGQ_SERVER",
        "LOGQ_TOKEN",
        "LOGQ_TOKEN_FILE",
        "LOGQ_USER",
        "LOGQ_PASSWORD",
        "LOGQ_PASSWORD_FILE",
        "LOGQ_CA_FILE",
    ];
    variables.into_iter().for_each(|variable| _ = command.env_remove(variable));
    command.env_remove("NO_COLOR").env("TZ", "UTC").stdin(Stdio::null());
    command
}

pub fn finish(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn serve(folder: &TempDir, address: SocketAddr, access: Access, tls: Option<Tls>) -> Shutdown {
    let open = |path| Arc::new(EmbeddedStore::open_reader(path).unwrap());
    let stores = Stores {
        logs: open(folder.path().to_owned()),
        dead_letters: open(folder.path().join("dead-letters")),
    };
    let shutdown = Shutdown::default();
    let limits = Limits { tail_interval: Duration::from_millis(20), ..Limits::default() };
    let app = App::new(stores, limits, access, &admin::registry(), shutdown.clone()).unwrap();
    let tcp = http_server::bind(address).unwrap();
    let listener = Listener { tcp, tls };
    shutdown.spawn(http_server::serve(listener, router(app), Default::default(), shutdown.clone()));
    shutdown
}

fn stored(json: &str, ago: Duration) -> NewEntry {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let nanos = (SystemTime::now() - ago).duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let received_at = Timestamp::from_unix_nanos(nanos as i128);
    let id = EntryId::v7(received_at, 0, COUNTER.fetch_add(1, Ordering::Relaxed));
    let mut body = Vec::new();
    accept(json.as_bytes(), Stamp { id, received_at }, &EntryLimits::default(), &mut body).unwrap();
    NewEntry { id, body: Bytes::from(body) }
}
