//! An ingestor that takes bulk requests, and misbehaves on demand.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::watch;

/// What becomes of the n-th request, from 0, with so many entries.
pub(crate) type Fault = Box<dyn Fn(usize, usize) -> Answer + Send + Sync>;

pub(crate) enum Answer {
    Well,
    /// Nothing of it is taken.
    Status(StatusCode, &'static str),
    /// All of it is taken, and the answer is lost.
    Lost,
    /// Entries whose place in the request has a status here get that.
    Items(Box<dyn Fn(usize) -> Option<u16> + Send + Sync>),
}

#[derive(Default)]
struct Taken {
    /// By index and id, the line as it came.
    documents: BTreeMap<(String, String), String>,
    /// Ids that came with another document.
    clashes: Vec<String>,
    sizes: Vec<usize>,
    headers: Vec<HeaderMap>,
}

#[derive(Clone)]
struct Inner {
    taken: Arc<Mutex<Taken>>,
    fault: Arc<Fault>,
    requests: watch::Sender<usize>,
}

pub(crate) struct Target {
    url: String,
    inner: Inner,
}

impl Target {
    pub(crate) async fn start() -> Self {
        Self::with(Box::new(|_, _| Answer::Well)).await
    }

    pub(crate) async fn with(fault: Fault) -> Self {
        let inner = Inner { taken: Arc::default(), fault: Arc::new(fault), requests: watch::Sender::new(0) };
        let router = Router::new()
            .route("/_bulk", post(bulk))
            .layer(DefaultBodyLimit::max(64 << 20))
            .with_state(inner.clone());
        Self { url: serve(router).await, inner }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The documents by index and id. Fails where an id stood for two.
    pub(crate) fn documents(&self) -> BTreeMap<(String, String), String> {
        let taken = self.inner.taken.lock().unwrap();
        assert_eq!(taken.clashes, [""; 0], "an id names one document");
        taken.documents.clone()
    }

    pub(crate) fn parsed(&self) -> Vec<Value> {
        self.documents().values().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many entries each request had.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.inner.taken.lock().unwrap().sizes.clone()
    }

    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        self.inner.taken.lock().unwrap().headers.clone()
    }

    /// Waits until `count` more requests have come.
    pub(crate) fn after(&self, count: usize) -> impl Future<Output = ()> + use<> {
        let mut requests = self.inner.requests.subscribe();
        let due = *requests.borrow() + count;
        async move { drop(requests.wait_for(|requests| *requests >= due).await.unwrap()) }
    }
}

/// Serves on a free port.
pub(crate) async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

async fn bulk(State(inner): State<Inner>, headers: HeaderMap, body: Bytes) -> Response {
    let body = match headers.get("content-encoding").map(|value| value.to_str().unwrap()) {
        None => body.to_vec(),
        Some("gzip") => {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
            plain
        }
        Some(other) => panic!("unknown encoding {other}"),
    };
    let text = std::str::from_utf8(&body).unwrap();
    assert!(text.ends_with('\n'));
    let lines: Vec<&str> = text.lines().collect();
    let entries: Vec<(Value, &str)> =
        lines.chunks(2).map(|pair| (serde_json::from_str(pair[0]).unwrap(), pair[1])).collect();
    let number = {
        let mut taken = inner.taken.lock().unwrap();
        taken.sizes.push(entries.len());
        taken.headers.push(headers);
        taken.sizes.len() - 1
    };
    let answer = (inner.fault)(number, entries.len());
    let mut items = Vec::new();
    if !matches!(answer, Answer::Status(..)) {
        let mut taken = inner.taken.lock().unwrap();
        for (place, (action, document)) in entries.iter().enumerate() {
            let of = |name: &str| action["create"][name].as_str().unwrap().to_owned();
            let key = (of("_index"), of("_id"));
            let status = match &answer {
                Answer::Items(status) => status(place),
                _ => None,
            };
            let status = status.unwrap_or_else(|| match taken.documents.get(&key).cloned() {
                Some(known) if known != *document => {
                    taken.clashes.push(format!("{key:?}: {known} and {document}"));
                    409
                }
                Some(_) => 409,
                None => {
                    taken.documents.insert(key.clone(), (*document).to_owned());
                    201
                }
            });
            let mut item = json!({ "_index": key.0, "_id": key.1, "status": status });
            if status >= 300 {
                item["error"] =
                    json!({ "type": format!("type_{status}"), "reason": format!("reason {status}") });
            }
            items.push(json!({ "create": item }));
        }
    }
    inner.requests.send_modify(|requests| *requests += 1);
    match answer {
        Answer::Status(status, detail) => {
            (status, [("retry-after", "0")], json!({ "detail": detail }).to_string()).into_response()
        }
        Answer::Lost => StatusCode::BAD_GATEWAY.into_response(),
        _ => json!({ "took": 1, "errors": false, "items": items }).to_string().into_response(),
    }
}
