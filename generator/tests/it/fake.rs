//! A server that stands for ingestor and query server, and misbehaves on demand.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use logpipeline_model::EntryId;
use logpipeline_service::Shutdown;
use logpipeline_service::http_server::{self, Listener, ServerOptions, Tls};
use serde_json::{Value, json};

/// What the server does with the n-th attempt (from 0) at a batch.
pub(crate) type Fault = Box<dyn Fn(&Attempt) -> Option<Response> + Send + Sync>;
/// Changes the entries before they are returned.
pub(crate) type Sabotage = Box<dyn Fn(&mut Vec<Value>) + Send + Sync>;

pub(crate) struct Attempt {
    /// From 0, for this batch.
    pub(crate) number: u32,
    /// Position of the batch among all that came.
    pub(crate) batch: usize,
    pub(crate) store: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Stored {
    keys: HashSet<String>,
    entries: Vec<Value>,
    /// Of the entries, in their order.
    ids: Vec<String>,
    /// By run and number: the parsed metadata and its text.
    metadata: HashMap<(String, u64), (Value, String)>,
    attempts: HashMap<String, (u32, usize)>,
    arrivals: Vec<(Instant, usize)>,
    body_bytes: usize,
    headers: Vec<HeaderMap>,
}

#[derive(Clone)]
struct Inner {
    stored: Arc<Mutex<Stored>>,
    fault: Arc<Fault>,
    sabotage: Arc<Sabotage>,
    stall: Option<(Duration, Duration)>,
    visible_after: Duration,
    started: Instant,
}

pub(crate) struct Server {
    address: std::net::SocketAddr,
    is_https: bool,
    inner: Inner,
}

#[derive(Default)]
pub(crate) struct Behaviour {
    pub(crate) fault: Option<Fault>,
    pub(crate) sabotage: Option<Sabotage>,
    /// From when after the first request, and for how long, every request waits.
    pub(crate) stall: Option<(Duration, Duration)>,
    /// How long after the start nothing is found.
    pub(crate) visible_after: Duration,
    /// The tokens that it wants as an ingestor, and as a query server.
    pub(crate) ingest_token: Option<&'static str>,
    pub(crate) query_token: Option<&'static str>,
    pub(crate) tls: Option<Tls>,
}

impl Server {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let inner = Inner {
            stored: Arc::default(),
            fault: Arc::new(behaviour.fault.unwrap_or_else(|| Box::new(|_| None))),
            sabotage: Arc::new(behaviour.sabotage.unwrap_or_else(|| Box::new(|_| {}))),
            stall: behaviour.stall,
            visible_after: behaviour.visible_after,
            started: Instant::now(),
        };
        let router = Router::new()
            .route("/api/v1/logs", post(ingest).layer(from_fn_with_state(behaviour.ingest_token, guard)))
            .route("/api/v1/search", get(search).layer(from_fn_with_state(behaviour.query_token, guard)))
            .route("/api/v1/export", get(export).layer(from_fn_with_state(behaviour.query_token, guard)))
            .route("/v1/traces", post(async || ""))
            .layer(DefaultBodyLimit::max(64 << 20))
            .with_state(inner.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_https = behaviour.tls.is_some();
        tokio::spawn(async move {
            if !is_https {
                return axum::serve(listener, router).await.unwrap();
            }
            let listener = Listener { tcp: listener, tls: behaviour.tls };
            http_server::serve(listener, router, ServerOptions::default(), Shutdown::default()).await;
        });
        Self { address, is_https, inner }
    }

    pub(crate) fn url(&self) -> String {
        match self.is_https {
            false => format!("http://{}", self.address),
            // By name, for certificates have it.
            true => format!("https://localhost:{}", self.address.port()),
        }
    }

    /// The entries as they were sent, by their number.
    pub(crate) fn entries(&self) -> Vec<Value> {
        let mut entries = self.inner.stored.lock().unwrap().entries.clone();
        entries.sort_by_key(|entry| entry["metadata"]["seq"].as_u64());
        entries
    }

    /// When each request came, and how many entries it brought.
    pub(crate) fn arrivals(&self) -> Vec<(Instant, usize)> {
        self.inner.stored.lock().unwrap().arrivals.clone()
    }

    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        self.inner.stored.lock().unwrap().headers.clone()
    }

    /// Bytes of all bodies, without their compression.
    pub(crate) fn body_bytes(&self) -> usize {
        self.inner.stored.lock().unwrap().body_bytes
    }

    /// Attempts by batch.
    pub(crate) fn attempts(&self) -> Vec<u32> {
        self.inner.stored.lock().unwrap().attempts.values().map(|(count, _)| *count).collect()
    }
}

async fn guard(State(token): State<Option<&'static str>>, request: Request, next: Next) -> Response {
    let expected = token.map(|token| format!("Bearer {token}"));
    let given = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    if expected.is_some() && given != expected {
        return (StatusCode::UNAUTHORIZED, json!({"detail": "A token is needed."}).to_string())
            .into_response();
    }
    next.run(request).await
}

async fn ingest(State(inner): State<Inner>, headers: HeaderMap, body: Bytes) -> Response {
    let body = match headers.get("content-encoding").map(|value| value.to_str().unwrap()) {
        None => body.to_vec(),
        Some("gzip") => {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
            plain
        }
        Some("zstd") => zstd::stream::decode_all(&body[..]).unwrap(),
        Some(other) => panic!("unknown encoding {other}"),
    };
    let lines = std::str::from_utf8(&body).unwrap();
    let entries: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (line, entry) in lines.lines().zip(&entries) {
        let literal = line.split_once(",\"metadata\":").unwrap().1.strip_suffix('}').unwrap().to_owned();
        let metadata = entry["metadata"].clone();
        let tag = tag(&metadata).unwrap();
        inner.stored.lock().unwrap().metadata.insert(tag, (metadata, literal));
    }
    let count = entries.len();
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let attempt = {
        let mut stored = inner.stored.lock().unwrap();
        stored.arrivals.push((Instant::now(), count));
        stored.headers.push(headers);
        stored.body_bytes += body.len();
        let batches = stored.attempts.len();
        let attempt = stored.attempts.entry(key.clone()).or_insert((0, batches));
        attempt.0 += 1;
        (attempt.0 - 1, attempt.1)
    };
    let first = inner.stored.lock().unwrap().arrivals[0].0;
    if let Some((from, length)) = inner.stall {
        let now = first.elapsed();
        if now >= from && now < from + length {
            tokio::time::sleep(from + length - now).await;
        }
    }
    let store = {
        let (inner, key) = (inner.clone(), key.clone());
        move || {
            let mut stored = inner.stored.lock().unwrap();
            if stored.keys.insert(key.clone()) {
                let ids = (1..=entries.len() as u64).map(|line| EntryId::derived(&key, line).to_string());
                stored.ids.extend(ids);
                stored.entries.extend(entries.clone());
            }
        }
    };
    let attempt = Attempt { number: attempt.0, batch: attempt.1, store: Box::new(store) };
    if let Some(response) = (inner.fault)(&attempt) {
        return response;
    }
    (attempt.store)();
    let ids = json!({"first": EntryId::derived(&key, 1).to_string()});
    let body = json!({"receipt": "r", "ids": ids, "accepted": count, "rejected": []}).to_string();
    (StatusCode::ACCEPTED, body).into_response()
}

pub(crate) fn accepted(count: usize) -> Response {
    let body = json!({"receipt": "r", "accepted": count, "rejected": []}).to_string();
    (StatusCode::ACCEPTED, body).into_response()
}

fn tag(metadata: &Value) -> Option<(String, u64)> {
    Some((metadata["run"].as_str()?.to_owned(), metadata["seq"].as_u64()?))
}

/// The entries as a query server would return them that finds those of a run, or those with given ids.
fn returned(inner: &Inner, query: &str) -> Vec<Value> {
    if inner.started.elapsed() < inner.visible_after {
        return Vec::new();
    }
    let (mut entries, ids) = {
        let stored = inner.stored.lock().unwrap();
        (stored.entries.clone(), stored.ids.clone())
    };
    for (entry, id) in entries.iter_mut().zip(ids) {
        let entry = entry.as_object_mut().unwrap();
        entry.insert("id".to_owned(), id.into());
        entry.insert("receivedAt".to_owned(), "2026-11-23T22:55:01.5Z".into());
        entry.entry("timestamp").or_insert_with(|| "2026-11-23T22:55:01.5Z".into());
        if let Some(level) = entry.get("level") {
            let level = logpipeline_model::level::normalise(level.as_str().unwrap());
            entry.insert("level".to_owned(), level.into());
        }
    }
    if let Some(ids) = query.strip_prefix("id:(").and_then(|query| query.strip_suffix(')')) {
        let ids: HashSet<&str> = ids.split(", ").collect();
        entries.retain(|entry| ids.contains(entry["id"].as_str().unwrap()));
    } else {
        let run = query.strip_prefix("metadata.run:\"").and_then(|query| query.strip_suffix('"'));
        entries.retain(|entry| entry["metadata"]["run"].as_str() == Some(run.unwrap()));
    }
    (inner.sabotage)(&mut entries);
    entries
}

type Parameters = axum::extract::Query<HashMap<String, String>>;

async fn search(State(inner): State<Inner>, parameters: Parameters) -> Response {
    let total = returned(&inner, &parameters["q"]).len();
    json!({"entries": [], "total": total, "partial": false}).to_string().into_response()
}

async fn export(State(inner): State<Inner>, parameters: Parameters) -> Response {
    let mut lines = String::new();
    let entries = returned(&inner, &parameters["q"]);
    let stored = inner.stored.lock().unwrap();
    for mut entry in entries {
        let metadata = entry.as_object_mut().unwrap().shift_remove("metadata").unwrap();
        let line = entry.to_string();
        // Numbers are returned as the literals they came as, which a parsed value no longer has.
        let literal = tag(&metadata).and_then(|tag| stored.metadata.get(&tag));
        let literal = literal.filter(|(parsed, _)| *parsed == metadata).map(|(_, literal)| literal.clone());
        let metadata = literal.unwrap_or_else(|| metadata.to_string());
        lines.push_str(&format!("{},\"metadata\":{metadata}}}\n", line.strip_suffix('}').unwrap()));
    }
    lines.into_response()
}
