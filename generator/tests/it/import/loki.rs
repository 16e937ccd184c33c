//! A Loki as its documentation describes it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::target::serve;

pub(crate) type Labels = BTreeMap<String, String>;

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) labels: Labels,
    pub(crate) time: i64,
    pub(crate) line: String,
    pub(crate) metadata: Labels,
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[derive(Clone)]
pub(crate) struct Limits {
    /// max_entries_limit_per_query
    pub(crate) entries: usize,
    /// max_query_length in nanoseconds
    pub(crate) length: i64,
    pub(crate) tenant: Option<&'static str>,
    pub(crate) authorization: Option<&'static str>,
    /// Whether it is too old for index/stats and for categories of labels.
    pub(crate) is_old: bool,
    /// Requests, by their numbers, that it answers with this status instead.
    pub(crate) failing: fn(usize) -> Option<u16>,
}

impl Default for Limits {
    fn default() -> Self {
        let length = 721 * 3_600_000_000_000;
        Self { entries: 5_000, length, tenant: None, authorization: None, is_old: false, failing: |_| None }
    }
}

#[derive(Clone)]
struct Inner {
    entries: Arc<Vec<Entry>>,
    limits: Limits,
    requests: Arc<Mutex<Vec<String>>>,
}

pub(crate) struct Loki {
    pub(crate) url: String,
    inner: Inner,
}

impl Loki {
    pub(crate) async fn start(entries: Vec<Entry>, limits: Limits) -> Self {
        let inner = Inner { entries: Arc::new(entries), limits, requests: Arc::default() };
        let router = Router::new()
            .route("/loki/api/v1/labels", get(ask))
            .route("/loki/api/v1/series", get(ask))
            .route("/loki/api/v1/index/stats", get(ask))
            .route("/loki/api/v1/query_range", get(ask))
            .with_state(inner.clone());
        Self { url: serve(router).await, inner }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.inner.requests.lock().unwrap().clone()
    }
}

async fn ask(
    State(inner): State<Inner>,
    headers: HeaderMap,
    uri: axum::http::Uri,
    RawQuery(query): RawQuery,
) -> Response {
    let number = {
        let mut requests = inner.requests.lock().unwrap();
        requests.push(uri.to_string());
        requests.len() - 1
    };
    let limits = &inner.limits;
    if let Some(status) = (limits.failing)(number) {
        return (StatusCode::from_u16(status).unwrap(), [("retry-after", "0")], "failing").into_response();
    }
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    if header("x-scope-orgid") != limits.tenant {
        return (StatusCode::UNAUTHORIZED, "no org id\n").into_response();
    }
    if header("authorization") != limits.authorization {
        return (StatusCode::UNAUTHORIZED, "who is it?\n").into_response();
    }
    let url = reqwest::Url::parse(&format!("http://x/?{}", query.unwrap_or_default())).unwrap();
    let pairs: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let time = |name: &str| pairs[name].parse::<i64>().unwrap();
    let (start, end) = (time("start"), time("end"));
    if end - start > limits.length {
        let detail = "the query time range exceeds the limit (query length: 1000h, limit: 721h)";
        return (StatusCode::BAD_REQUEST, detail).into_response();
    }
    let found = |selector: &str| {
        let matchers = matchers(selector);
        let within = inner.entries.iter().filter(|entry| (start..end).contains(&entry.time));
        within
            .filter(|entry| matchers.iter().all(|matcher| matcher.matches(&entry.labels)))
            .collect::<Vec<_>>()
    };
    match uri.path().rsplit('/').next().unwrap() {
        "labels" => {
            let mut names: Vec<_> = inner.entries.iter().flat_map(|entry| entry.labels.keys()).collect();
            names.sort();
            names.dedup();
            json!({ "status": "success", "data": names }).to_string().into_response()
        }
        "series" => {
            let mut streams: Vec<_> = found(&pairs["match[]"]).iter().map(|entry| &entry.labels).collect();
            streams.sort();
            streams.dedup();
            json!({ "status": "success", "data": streams }).to_string().into_response()
        }
        "stats" if limits.is_old => (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
        "stats" => {
            let entries = found(&pairs["query"]).len();
            json!({ "streams": 1, "chunks": 1, "entries": entries, "bytes": 1 }).to_string().into_response()
        }
        _ => {
            assert_eq!(pairs["direction"], "forward");
            let limit: usize = pairs["limit"].parse().unwrap();
            if limit > limits.entries {
                let detail = format!(
                    "max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {})",
                    limits.entries
                );
                return (StatusCode::BAD_REQUEST, detail).into_response();
            }
            let categorize = header("x-loki-response-encoding-flags") == Some("categorize-labels");
            let mut entries = found(&pairs["query"]);
            entries.sort_by_key(|entry| entry.time);
            entries.truncate(limit);
            answer(&entries, categorize && !limits.is_old)
        }
    }
}

/// Streams with their entries; metadata are labels of the stream unless they are asked for apart.
fn answer(entries: &[&Entry], categorize: bool) -> Response {
    let mut streams: BTreeMap<Labels, Vec<Value>> = BTreeMap::new();
    for entry in entries {
        let mut labels = entry.labels.clone();
        let mut value = json!([entry.time.to_string(), entry.line]);
        if categorize && !entry.metadata.is_empty() {
            value.as_array_mut().unwrap().push(json!({ "structuredMetadata": entry.metadata }));
        } else if categorize {
            value.as_array_mut().unwrap().push(json!({}));
        } else {
            labels.extend(entry.metadata.clone());
        }
        streams.entry(labels).or_default().push(value);
    }
    let result: Vec<Value> =
        streams.into_iter().map(|(stream, values)| json!({ "stream": stream, "values": values })).collect();
    let data = json!({ "resultType": "streams", "result": result, "stats": {} });
    json!({ "status": "success", "data": data }).to_string().into_response()
}

enum Matcher {
    Is(String, String),
    Has(String),
}

impl Matcher {
    fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::Is(label, value) => labels.get(label).map_or("", String::as_str) == value,
            Self::Has(label) => labels.get(label).is_some_and(|value| !value.is_empty()),
        }
    }
}

/// Of `{a="b", c=~".+"}`. One that matches nothing is refused, as Loki does.
fn matchers(selector: &str) -> Vec<Matcher> {
    let inside = selector.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    let matchers: Vec<Matcher> = inside
        .split(", ")
        .map(|matcher| match matcher.split_once("=~") {
            Some((label, "\".+\"")) => Matcher::Has(label.to_owned()),
            _ => {
                let (label, value) = matcher.split_once('=').unwrap();
                Matcher::Is(label.to_owned(), serde_json::from_str(value).unwrap())
            }
        })
        .collect();
    let is_empty = |matcher: &Matcher| matches!(matcher, Matcher::Is(_, value) if value.is_empty());
    assert!(!matchers.iter().all(is_empty), "{selector} has no matcher that needs a value");
    matchers
}
