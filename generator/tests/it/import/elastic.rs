//! An Elasticsearch of a version of one's choice, as its documentation describes it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::target::serve;

#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) index: &'static str,
    pub(crate) id: String,
    pub(crate) routing: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) time: Option<i64>,
    pub(crate) source: String,
}

/// What happens to the n-th search, from 0.
pub(crate) enum Trouble {
    None,
    /// All points in time and scrolls are gone.
    Forgets,
    /// A shard's documents are left out.
    Partial,
    /// The index is deleted.
    Gone,
    Status(u16),
}

pub(crate) struct Options {
    pub(crate) version: &'static str,
    pub(crate) distribution: Option<&'static str>,
    pub(crate) trouble: fn(usize) -> Trouble,
}

#[derive(Default)]
struct Kept {
    next: usize,
    searches: usize,
    /// Points in time by id: their index.
    points: HashMap<String, String>,
    /// Scrolls by id: what is left of them, and their page.
    scrolls: HashMap<String, (Vec<Value>, usize)>,
    paths: Vec<String>,
}

#[derive(Clone)]
struct Inner {
    documents: Arc<Vec<Document>>,
    options: Arc<Options>,
    kept: Arc<Mutex<Kept>>,
}

pub(crate) struct Elastic {
    pub(crate) url: String,
    inner: Inner,
}

impl Elastic {
    pub(crate) async fn start(documents: Vec<Document>, options: Options) -> Self {
        let inner =
            Inner { documents: Arc::new(documents), options: Arc::new(options), kept: Arc::default() };
        let router = Router::new().fallback(ask).with_state(inner.clone());
        Self { url: serve(router).await, inner }
    }

    /// Method and path of each request.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.inner.kept.lock().unwrap().paths.clone()
    }

    /// Points in time and scrolls that were opened and not given back.
    pub(crate) fn open(&self) -> usize {
        let kept = self.inner.kept.lock().unwrap();
        kept.points.len() + kept.scrolls.len()
    }
}

async fn ask(State(inner): State<Inner>, method: Method, uri: Uri, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    inner.kept.lock().unwrap().paths.push(format!("{method} {}", uri.path()));
    let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
    let is_opensearch = inner.options.distribution.is_some();
    match (method.as_str(), parts.as_slice()) {
        ("GET", [""]) => {
            let version =
                json!({ "number": inner.options.version, "distribution": inner.options.distribution });
            json!({ "version": version, "tagline": "You Know" }).to_string().into_response()
        }
        ("GET", [_, "_field_caps"]) => {
            let mut indices: Vec<_> = inner.documents.iter().map(|document| document.index).collect();
            indices.sort_unstable();
            indices.dedup();
            json!({ "indices": indices, "fields": { "@timestamp": { "date": { "type": "date" } } } })
                .to_string()
                .into_response()
        }
        ("POST", [_, "_search"]) if !body["aggs"].is_null() => count(&inner, &body),
        ("POST", [index, "_pit"]) if !is_opensearch => open(&inner, index, "id"),
        ("POST", [index, "_search", "point_in_time"]) if is_opensearch => open(&inner, index, "pit_id"),
        ("DELETE", ["_pit"]) => {
            inner.kept.lock().unwrap().points.remove(body["id"].as_str().unwrap());
            "{}".into_response()
        }
        ("DELETE", ["_search", "point_in_time"]) => {
            inner.kept.lock().unwrap().points.remove(body["pit_id"][0].as_str().unwrap());
            "{}".into_response()
        }
        ("DELETE", ["_search", "scroll"]) => {
            inner.kept.lock().unwrap().scrolls.remove(body["scroll_id"][0].as_str().unwrap());
            "{}".into_response()
        }
        ("POST", path @ (["_search"] | ["_search", "scroll"] | [_, "_search"])) => {
            search(&inner, path, &body)
        }
        _ => (StatusCode::BAD_REQUEST, json!({ "error": format!("no handler found for {uri}") }).to_string())
            .into_response(),
    }
}

fn open(inner: &Inner, index: &str, name: &str) -> Response {
    let mut kept = inner.kept.lock().unwrap();
    kept.next += 1;
    let id = format!("point-{}", kept.next);
    kept.points.insert(id.clone(), index.to_owned());
    json!({ name: id }).to_string().into_response()
}

fn count(inner: &Inner, body: &Value) -> Response {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (seq, document) in
        inner.documents.iter().enumerate().filter(|(seq, document)| matches(&body["query"], document, *seq))
    {
        let _ = seq;
        let count = counts.entry(document.index).or_default();
        count.0 += 1;
        count.1 += u64::from(document.time.is_none());
    }
    let buckets: Vec<Value> = counts
        .iter()
        .map(|(index, (all, untimed))| json!({ "key": index, "doc_count": all, "untimed": { "doc_count": untimed } }))
        .collect();
    json!({ "hits": { "hits": [] }, "aggregations": { "indices": { "sum_other_doc_count": 0, "buckets": buckets } } })
        .to_string()
        .into_response()
}

fn search(inner: &Inner, path: &[&str], body: &Value) -> Response {
    let mut kept = inner.kept.lock().unwrap();
    let number = kept.searches;
    kept.searches += 1;
    let trouble = (inner.options.trouble)(number);
    if let Trouble::Status(status) = trouble {
        return (StatusCode::from_u16(status).unwrap(), [("retry-after", "0")], "{}").into_response();
    }
    if matches!(trouble, Trouble::Gone) {
        let reason = json!({ "type": "index_not_found_exception", "reason": "no such index [logs-a]" });
        let error = json!({ "error": { "root_cause": [reason], "type": "x", "reason": "y" } });
        return (StatusCode::NOT_FOUND, error.to_string()).into_response();
    }
    if matches!(trouble, Trouble::Forgets) {
        kept.points.clear();
        kept.scrolls.clear();
    }
    let failed = u64::from(matches!(trouble, Trouble::Partial));
    let lost = || {
        let reason = json!({ "type": "search_context_missing_exception", "reason": "No search context found for id [7]" });
        (
            StatusCode::NOT_FOUND,
            json!({ "error": { "root_cause": [reason], "type": "x", "reason": "y" } }).to_string(),
        )
            .into_response()
    };
    let shards = json!({ "total": 2, "failed": failed, "failures": [{ "reason": "broken" }] });
    if path == ["_search", "scroll"] {
        let id = body["scroll_id"].as_str().unwrap().to_owned();
        let Some((left, page)) = kept.scrolls.get_mut(&id) else { return lost() };
        let page: Vec<Value> = left.drain(..(*page).min(left.len())).collect();
        return json!({ "_scroll_id": id, "_shards": shards, "hits": { "hits": page } })
            .to_string()
            .into_response();
    }
    let pit = body["pit"]["id"].as_str();
    let index = match pit {
        Some(id) => match kept.points.get(id) {
            Some(index) => index.clone(),
            None => return lost(),
        },
        None => path[0].to_owned(),
    };
    let size = usize::try_from(body["size"].as_u64().unwrap()).unwrap();
    let mut hits = hits(inner, &index, body);
    if let Some(after) = body["search_after"].as_array() {
        hits.retain(|hit| keys(hit["sort"].as_array().unwrap()) > keys(after));
    }
    if pit.is_none() {
        kept.next += 1;
        let id = format!("scroll-{}", kept.next);
        let rest = hits.split_off(size.min(hits.len()));
        kept.scrolls.insert(id.clone(), (rest, size));
        return json!({ "_scroll_id": id, "_shards": shards, "hits": { "hits": hits } })
            .to_string()
            .into_response();
    }
    hits.truncate(size - usize::try_from(failed).unwrap());
    json!({ "pit_id": pit, "_shards": shards, "hits": { "hits": hits } }).to_string().into_response()
}

fn keys(values: &[Value]) -> Vec<i64> {
    values.iter().map(|value| value.as_i64().unwrap()).collect()
}

/// The documents that a query finds, in the order of its sort. Of two shards, one after the other has each
/// sequence number.
fn hits(inner: &Inner, index: &str, body: &Value) -> Vec<Value> {
    let fields: Vec<String> = body["sort"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| {
            field
                .as_str()
                .map_or_else(|| field.as_object().unwrap().keys().next().unwrap().clone(), str::to_owned)
        })
        .collect();
    let found = inner.documents.iter().enumerate().filter(|(_, document)| document.index == index);
    let mut hits: Vec<Value> = found
        .filter(|(place, document)| matches(&body["query"], document, *place))
        .map(|(place, document)| {
            let sort: Vec<i64> = fields
                .iter()
                .map(|field| match field.as_str() {
                    "@timestamp" => document.time.unwrap(),
                    "_seq_no" => seq(place),
                    _ => i64::try_from(place).unwrap(),
                })
                .collect();
            let source: Box<serde_json::value::RawValue> = serde_json::from_str(&document.source).unwrap();
            let mut hit = json!({ "_index": index, "_id": document.id, "_source": source, "sort": sort });
            if let Some(routing) = &document.routing {
                hit["_routing"] = routing.as_str().into();
            }
            hit
        })
        .collect();
    hits.sort_by_key(|hit| keys(hit["sort"].as_array().unwrap()));
    hits
}

fn seq(place: usize) -> i64 {
    i64::try_from(place / 2).unwrap()
}

fn matches(query: &Value, document: &Document, place: usize) -> bool {
    let (kind, of) = query.as_object().unwrap().iter().next().unwrap();
    let all = |name: &str| of[name].as_array().into_iter().flatten();
    match kind.as_str() {
        "match_all" => true,
        "exists" => document.time.is_some(),
        "terms" => false,
        "range" => {
            let (field, bounds) = of.as_object().unwrap().iter().next().unwrap();
            let value = if field == "_seq_no" { Some(seq(place)) } else { document.time };
            let from = bounds["gte"].as_i64().unwrap_or(i64::MIN);
            let until = bounds["lt"].as_i64().unwrap_or(i64::MAX);
            value.is_some_and(|value| value >= from && value < until)
        }
        "bool" => {
            all("filter").all(|query| matches(query, document, place))
                && !all("must_not").any(|query| matches(query, document, place))
                && (of["should"].is_null() || all("should").any(|query| matches(query, document, place)))
        }
        _ => panic!("unknown query {query}"),
    }
}
