//! A server on a port of its own, and entries for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use logpipeline_model::entry::{Limits as EntryLimits, Stamp, accept};
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_query::access::Access;
use logpipeline_query::config::Limits;
use logpipeline_query::delivery::AdminUrl;
use logpipeline_query::{App, router};
use logpipeline_service::{Shutdown, admin, http_server};
use logpipeline_store::{LogStore, NewEntry, Stores, WriteOutcome};
use prometheus::Registry;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::memory_store::MemoryStore;

pub const SAMPLE: &str = r#"{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234","timestamp":"2023-09-15T08:00:00Z","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{"parentResourceId":"server-0987"}}"#;

pub struct Server {
    pub address: SocketAddr,
    pub store: Arc<MemoryStore>,
    pub dead_letters: Arc<MemoryStore>,
    pub shutdown: Shutdown,
    pub registry: Registry,
    client: reqwest::Client,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

impl Server {
    pub async fn start() -> Self {
        Self::with(Limits { tail_interval: Duration::from_millis(20), ..Limits::default() }).await
    }

    pub async fn with(limits: Limits) -> Self {
        Self::guarded(limits, Access::Anybody).await
    }

    /// For those alone who may search.
    pub async fn guarded(limits: Limits, access: Access) -> Self {
        Self::asking(limits, access, |app| app).await
    }

    /// With ingestors that tell of deliveries.
    pub async fn of_ingestors(ingestors: &[String]) -> Self {
        let urls: Vec<AdminUrl> = ingestors.iter().map(|url| url.parse().unwrap()).collect();
        Self::asking(Limits::default(), Access::Anybody, move |app| app.with_ingestors(urls)).await
    }

    /// Whose searches leave canaries out.
    pub async fn without_canaries() -> Self {
        Self::asking(Limits::default(), Access::Anybody, App::without_canaries).await
    }

    async fn asking(limits: Limits, access: Access, change: impl FnOnce(App) -> App) -> Self {
        let store = Arc::new(MemoryStore::new());
        let dead_letters = Arc::new(MemoryStore::new());
        let stores = Stores { logs: Arc::clone(&store) as _, dead_letters: Arc::clone(&dead_letters) as _ };
        let (address, shutdown, registry) = serve_with(stores, limits, access, change).await;
        Self { address, store, dead_letters, shutdown, registry, client: client() }
    }

    /// Accepts an entry now; its id.
    pub fn ingest(&self, json: &str) -> EntryId {
        self.ingest_at(json, clock())
    }

    pub fn ingest_at(&self, json: &str, received_at: Timestamp) -> EntryId {
        let entry = stored(json, received_at);
        let id = entry.id;
        assert_eq!(self.store.add(id, entry.body), WriteOutcome::Stored);
        id
    }

    /// Keeps a dead letter; its id.
    pub fn bury(&self, json: &str, received_at: Timestamp) -> EntryId {
        let letter = stored(json, received_at);
        assert_eq!(self.dead_letters.add(letter.id, letter.body), WriteOutcome::Stored);
        letter.id
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request below `/api/v1`, its parameters encoded.
    pub async fn send(&self, path: &str, params: &[(&str, &str)]) -> Response {
        let url = reqwest::Url::parse_with_params(&self.url(&format!("/api/v1{path}")), params).unwrap();
        self.client.get(url).send().await.unwrap()
    }

    pub async fn get(&self, path: &str, params: &[(&str, &str)]) -> Value {
        let response = self.send(path, params).await;
        let status = response.status();
        let body = response.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path} {params:?}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// A request that is refused: status, and the problem.
    pub async fn refused(&self, path: &str, params: &[(&str, &str)]) -> (u16, Value) {
        let response = self.send(path, params).await;
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path} {params:?}");
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    /// The messages that a search finds, in its order.
    pub async fn messages(&self, params: &[(&str, &str)]) -> Vec<String> {
        messages(&self.get("/search", params).await["entries"])
    }

    pub fn metric(&self, name: &str) -> f64 {
        let family = self.registry.gather().into_iter().find(|family| family.name() == name).unwrap();
        let figures = family.get_metric().iter();
        figures.map(|figure| figure.get_counter().get_value() + figure.get_gauge().get_value()).sum()
    }
}

/// A client that asks for nothing by itself: other crates make reqwest ask for gzip.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_gzip().build().unwrap()
}

pub fn messages(entries: &Value) -> Vec<String> {
    entries.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
}

pub async fn serve(store: Arc<dyn LogStore>, limits: Limits) -> (SocketAddr, Shutdown, Registry) {
    let stores = Stores { logs: store, dead_letters: Arc::new(MemoryStore::new()) };
    serve_to(stores, limits, Access::Anybody).await
}

async fn serve_to(stores: Stores, limits: Limits, access: Access) -> (SocketAddr, Shutdown, Registry) {
    serve_with(stores, limits, access, |app| app).await
}

async fn serve_with(
    stores: Stores,
    limits: Limits,
    access: Access,
    change: impl FnOnce(App) -> App,
) -> (SocketAddr, Shutdown, Registry) {
    let (shutdown, registry) = (Shutdown::default(), admin::registry());
    access.spawn(&shutdown);
    let app = App::new(stores, limits, access, &registry, shutdown.clone()).unwrap();
    let app = change(app);
    let listener = http_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    shutdown.spawn(http_server::serve(listener, router(app), Default::default(), shutdown.clone()));
    (address, shutdown, registry)
}

pub fn clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix_nanos(since.as_nanos() as i128)
}

/// An entry as the ingestor hands it to the store.
pub fn stored(json: &str, received_at: Timestamp) -> NewEntry {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let id = EntryId::v7(received_at, (count >> 48) as u16, count);
    let mut body = Vec::new();
    accept(json.as_bytes(), Stamp { id, received_at }, &EntryLimits::default(), &mut body).unwrap();
    NewEntry { id, body: Bytes::from(body) }
}

/// Waits until something holds, at most five seconds.
pub async fn eventually(mut holds: impl AsyncFnMut() -> bool, what: &str) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not within 5 s");
}
