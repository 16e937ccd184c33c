//! Removing what is too old or too much, and nothing else.

mod lease;

use std::collections::BTreeSet;
use std::time::Duration;

use elasticsearch::http::Method;
use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{Classes, Lifecycle, RetentionClass};
use logpipeline_store::elasticsearch::{ElasticsearchStore, Options};
use logpipeline_store::{LogStore, RetentionPolicy, RetentionReport};
use serde_json::{Value, json};

use super::proxy::{Action, Proxy};
use super::raw::{Raw, on_both};
use crate::engines::{Engine, unique};
use crate::ground::{at, entry, find, store_all};

const DAY: Duration = Duration::from_secs(86_400);
const NOTHING: RetentionPolicy = RetentionPolicy { max_age: None, max_bytes: None };

/// A pipeline of its own, and the server that holds it.
struct Ground {
    engine: Engine,
    raw: Raw,
    pipeline: String,
    store: ElasticsearchStore,
}

impl Ground {
    fn new(engine: Engine) -> Self {
        Self::with(engine, |_| {})
    }

    fn with(engine: Engine, change: impl FnOnce(&mut Options)) -> Self {
        let pipeline = unique();
        let mut options = engine.options(&pipeline);
        change(&mut options);
        let store = ElasticsearchStore::open_writer(options, Timestamp::MIN).unwrap();
        Self { engine, raw: Raw::new(&engine.url()), pipeline, store }
    }

    /// Another process of the same pipeline.
    fn another(&self, lease: Duration) -> ElasticsearchStore {
        let mut options = self.engine.options(&self.pipeline);
        options.retention_lease = lease;
        ElasticsearchStore::open_writer(options, Timestamp::MIN).unwrap()
    }

    fn stream(&self, class: &str) -> String {
        format!("logs-{}.{class}", self.pipeline)
    }

    /// An index of one entry, received then, with another time where one is given.
    async fn index(&self, number: u64, received_at: &str, timestamp: Option<&str>) -> String {
        self.entry(number, received_at, timestamp, "info").await;
        self.raw.roll_over(&self.stream("default")).await
    }

    async fn entry(&self, number: u64, received_at: &str, timestamp: Option<&str>, level: &str) {
        let timestamp = timestamp.unwrap_or(received_at);
        let fields = json!({
            "message": format!("{number}"), "timestamp": timestamp, "receivedAt": received_at, "level": level,
        });
        store_all(&self.store, vec![entry(number, fields)]).await;
        self.store.refresh().await.unwrap();
    }

    async fn indices(&self) -> Vec<String> {
        self.raw.indices(&self.stream("default")).await
    }

    async fn retain(&self, policy: RetentionPolicy, now: &str) -> RetentionReport {
        self.store.retain(policy, at(now)).await.unwrap()
    }
}

fn older_than(age: Duration) -> RetentionPolicy {
    RetentionPolicy { max_age: Some(age), max_bytes: None }
}

fn at_most(bytes: u64) -> RetentionPolicy {
    RetentionPolicy { max_age: None, max_bytes: Some(bytes) }
}

on_both! {
    an_index_goes_once_its_newest_entry_is_too_old_and_never_the_one_written_to
    entries_of_the_future_and_late_ones_keep_their_index
    entries_that_cannot_be_searched_yet_keep_their_index
    each_class_is_kept_as_long_as_it_says
    what_was_written_longest_ago_goes_until_the_rest_fits_whatever_its_times
    an_idle_stream_grows_no_indices_and_emptied_ones_go
    a_read_only_index_goes_too_as_when_the_disk_is_full
    numbers_are_those_of_all_streams_and_not_of_their_copies
}

async fn an_index_goes_once_its_newest_entry_is_too_old_and_never_the_one_written_to(engine: Engine) {
    let ground = Ground::new(engine);
    let first = ground.index(1, "2023-09-13T12:00:00Z", None).await;
    let second = ground.index(2, "2023-09-14T12:00:00Z", None).await;
    ground.entry(3, "2023-09-13T12:00:00Z", None, "info").await;
    let nothing = ground.retain(older_than(DAY), "2023-09-14T12:00:00Z").await;
    assert_eq!(nothing, RetentionReport::default());
    let report = ground.retain(older_than(DAY), "2023-09-14T12:00:00.002Z").await;
    assert_eq!((report.entries, report.removed), (1, vec![first]));
    assert!(report.bytes > 0);
    assert_eq!(ground.retain(older_than(DAY), "2023-09-14T12:00:00.002Z").await, RetentionReport::default());
    assert_eq!(find(&ground.store, "").await, ["2", "3"]);
    // Years later too, the index that is written to stays, with what is in it.
    let report = ground.retain(older_than(DAY), "2026-01-01T00:00:00Z").await;
    assert_eq!(report.removed, [second]);
    assert_eq!(find(&ground.store, "").await, ["3"]);
    assert_eq!(ground.indices().await.len(), 1);
    ground.entry(4, "2026-01-01T00:00:00Z", None, "info").await;
    assert_eq!(find(&ground.store, "").await, ["4", "3"]);
}

async fn entries_of_the_future_and_late_ones_keep_their_index(engine: Engine) {
    let ground = Ground::new(engine);
    let young = "2023-09-15T12:00:00Z";
    let old = "2023-09-13T12:00:00Z";
    let late = ground.index(1, young, Some("1999-01-01T00:00:00Z")).await;
    let ancient = ground.index(2, young, Some("0001-01-01T00:00:00Z")).await;
    let ahead = ground.index(3, old, Some("2031-01-01T00:00:00Z")).await;
    let beyond = ground.index(4, old, Some("2300-01-01T00:00:00Z")).await;
    let gone = ground.index(5, old, None).await;
    let report = ground.retain(older_than(DAY), young).await;
    assert_eq!(report.removed, [gone]);
    let report = ground.retain(older_than(DAY), "2023-09-16T12:00:00.002Z").await;
    assert_eq!(report.removed, [late, ancient]);
    let report = ground.retain(older_than(DAY), "2031-01-02T00:00:00.002Z").await;
    assert_eq!(report.removed, [ahead]);
    // What lies behind all that the engine knows is never known to be old.
    assert_eq!(ground.retain(older_than(DAY), "2400-01-01T00:00:00Z").await.removed, [""; 0]);
    assert_eq!(ground.indices().await[0], beyond);
}

async fn entries_that_cannot_be_searched_yet_keep_their_index(engine: Engine) {
    let ground = Ground::new(engine);
    let custom = json!({ "template": { "settings": { "index.refresh_interval": "-1" } } });
    ground.raw.put(&format!("/_component_template/logs-{}@custom", ground.pipeline), custom).await;
    ground.entry(1, "2023-09-13T12:00:00Z", None, "info").await;
    let young = json!({ "message": "young", "receivedAt": "2023-09-20T12:00:00Z" });
    store_all(&ground.store, vec![entry(2, young)]).await;
    let stream = ground.stream("default");
    ground.raw.roll_over(&stream).await;
    assert_eq!(ground.retain(older_than(DAY), "2023-09-20T13:00:00Z").await, RetentionReport::default());
    assert_eq!(ground.indices().await.len(), 2);
    let report = ground.retain(older_than(DAY), "2023-09-21T13:00:00Z").await;
    assert_eq!(report.removed.len(), 1);
}

async fn each_class_is_kept_as_long_as_it_says(engine: Engine) {
    let ground = Ground::with(engine, |options| {
        let short =
            RetentionClass { name: "short".to_owned(), levels: vec!["debug".to_owned()], keep: Some(DAY) };
        options.classes = Classes::new(options.classes.pipeline(), Some(10 * DAY), vec![short]).unwrap();
    });
    let time = "2023-09-13T12:00:00Z";
    ground.entry(1, time, None, "info").await;
    ground.entry(2, time, None, "debug").await;
    let long = ground.raw.roll_over(&ground.stream("default")).await;
    let short = ground.raw.roll_over(&ground.stream("short")).await;
    // What the policy says is for classes that say nothing.
    let policy = older_than(Duration::from_secs(1));
    assert_eq!(ground.retain(policy, "2023-09-14T11:59:59Z").await, RetentionReport::default());
    assert_eq!(ground.retain(policy, "2023-09-14T12:00:01Z").await.removed, [short]);
    assert_eq!(find(&ground.store, "").await, ["1"]);
    assert_eq!(ground.retain(policy, "2023-09-23T12:00:01Z").await.removed, [long]);
}

async fn what_was_written_longest_ago_goes_until_the_rest_fits_whatever_its_times(engine: Engine) {
    let ground = Ground::new(engine);
    let middle = ground.index(1, "2023-09-14T12:00:00Z", None).await;
    let beyond = ground.index(2, "2023-09-13T12:00:00Z", Some("2300-01-01T00:00:00Z")).await;
    let oldest = ground.index(3, "2023-09-13T12:00:00Z", None).await;
    ground.entry(4, "2023-09-15T12:00:00Z", None, "info").await;
    let written = ground.indices().await.pop().unwrap();
    ground.raw.post(&format!("/{}/_flush?force=true", ground.stream("default"))).await;
    let bytes = ground.store.health().await.unwrap().bytes;
    let now = "2023-09-15T12:00:00Z";
    assert_eq!(ground.retain(at_most(2 * bytes), now).await, RetentionReport::default());
    let report = ground.retain(at_most(bytes - 1), now).await;
    assert_eq!(report.removed, [middle]);
    let report = ground.retain(at_most(1), now).await;
    // So small a limit had the one that was written to followed by another.
    assert_eq!(report.removed, [beyond, oldest, written]);
    assert_eq!(ground.indices().await.len(), 1);
    assert_eq!(find(&ground.store, "").await, [""; 0]);
}

async fn an_idle_stream_grows_no_indices_and_emptied_ones_go(engine: Engine) {
    let ground = Ground::with(engine, |options| {
        options.layout.rollover_age = Some(Duration::from_millis(1));
    });
    ground.entry(1, "2023-09-13T12:00:00Z", None, "info").await;
    for _ in 0..4 {
        ground.retain(NOTHING, "2023-09-14T12:00:00Z").await;
        assert_eq!(ground.indices().await.len(), 2);
    }
    // Its last entry goes as any other, and nothing is made anew.
    for _ in 0..3 {
        ground.retain(older_than(DAY), "2023-10-14T12:00:00Z").await;
        assert_eq!(ground.indices().await.len(), 1);
    }
    ground.entry(2, "2023-09-13T12:00:00Z", None, "info").await;
    ground.retain(NOTHING, "2023-09-14T12:00:00Z").await;
    let emptied = ground.indices().await.remove(0);
    let hits = ground.raw.get(&format!("/{emptied}/_search")).await;
    let id = hits["hits"]["hits"][0]["_id"].as_str().unwrap();
    ground.raw.delete(&format!("/{emptied}/_doc/{id}")).await;
    ground.store.refresh().await.unwrap();
    assert_eq!(ground.retain(NOTHING, "2023-09-14T12:00:00Z").await.removed, [emptied]);
}

async fn a_read_only_index_goes_too_as_when_the_disk_is_full(engine: Engine) {
    let ground = Ground::new(engine);
    let mut indices = Vec::new();
    for number in 1..3 {
        indices.push(ground.index(number, "2023-09-13T12:00:00Z", None).await);
    }
    // The second as a process leaves it that ended just before it removed an index.
    for (index, block) in indices.iter().zip(["read_only_allow_delete", "write"]) {
        let blocked = json!({ (format!("index.blocks.{block}")): true });
        ground.raw.put(&format!("/{index}/_settings"), blocked).await;
    }
    assert_eq!(ground.retain(older_than(DAY), "2023-09-20T12:00:00Z").await.removed, indices);
}

async fn numbers_are_those_of_all_streams_and_not_of_their_copies(engine: Engine) {
    let ground = Ground::with(engine, |options| {
        let short = RetentionClass { name: "short".to_owned(), levels: vec!["debug".to_owned()], keep: None };
        options.classes = Classes::new(options.classes.pipeline(), None, vec![short]).unwrap();
        options.layout.replicas = 1;
    });
    assert_eq!(ground.store.health().await.unwrap(), Default::default());
    ground.entry(1, "2023-09-13T12:00:00Z", Some("0900-01-01T00:00:00Z"), "info").await;
    ground.raw.roll_over(&ground.stream("default")).await;
    ground.entry(2, "2023-09-13T12:00:00Z", Some("2300-01-01T00:00:00Z"), "debug").await;
    ground.entry(3, "2023-09-13T12:00:00Z", None, "info").await;
    let stats = ground.store.health().await.unwrap();
    assert_eq!(stats.entries, 3);
    assert_eq!(stats.earliest, Some(at("0900-01-01T00:00:00Z")));
    assert_eq!(stats.latest, Some(at("2300-01-01T00:00:00Z")));
    let rows = ground
        .raw
        .get(&format!(
            "/_cat/indices/logs-{}.*?format=json&bytes=b&expand_wildcards=all&h=store.size",
            ground.pipeline
        ))
        .await;
    let sizes: Vec<u64> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row: &Value| row["store.size"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(sizes.len(), 3);
    assert_eq!(stats.bytes, sizes.iter().sum::<u64>());
}

/// Paths of requests that change something, without what stands behind the question mark.
fn changes(proxy: &Proxy) -> Vec<String> {
    let is_change = |method: &str| matches!(method, "PUT" | "DELETE" | "POST");
    let reads = ["_search", "_refresh", "_bulk"];
    let requests = proxy.requests().into_iter().filter(|request| is_change(&request.method));
    let lines =
        requests.map(|request| format!("{} {}", request.method, request.path.split('?').next().unwrap()));
    lines.filter(|line| !reads.iter().any(|read| line.ends_with(read)) && !line.contains("-lease")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_comes_at_the_last_moment_on_elasticsearch_keeps_its_index() {
    last_moment(Engine::Elasticsearch).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_comes_at_the_last_moment_on_opensearch_keeps_its_index() {
    last_moment(Engine::OpenSearch).await;
}

/// Between the look at an index and its removal, as a request that was under way while it was rolled over.
async fn last_moment(engine: Engine) {
    let proxy = Proxy::to(&engine.url()).await;
    let ground = Ground::with(engine, |options| options.access.urls = vec![proxy.url()]);
    let index = ground.index(1, "2023-09-13T12:00:00Z", None).await;
    let hits = ground.raw.get(&format!("/{index}/_search")).await["hits"]["hits"].take();
    let (id, mut document) = (hits[0]["_id"].as_str().unwrap(), hits[0]["_source"].clone());
    document["receivedAt"] = json!("2023-09-20T12:00:00Z");
    proxy.rule(|request, _| match request.path.ends_with("/_block/write") {
        true => Action::Wait(Duration::from_secs(2)),
        false => Action::Pass,
    });
    let blocking = async {
        while !proxy.requests().iter().any(|request| request.path.ends_with("/_block/write")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        ground.raw.put(&format!("/{index}/_doc/{id}?if_seq_no=0&if_primary_term=1"), document).await;
    };
    let (report, ()) = tokio::join!(ground.retain(older_than(DAY), "2023-09-20T12:00:00Z"), blocking);
    assert_eq!(report, RetentionReport::default());
    assert_eq!(find(&ground.store, "").await, ["1"]);
    let settings = ground.raw.get(&format!("/{index}/_settings?flat_settings=true")).await;
    assert!(settings[&index]["settings"].get("index.blocks.write").is_none(), "{settings}");
    assert_eq!(ground.retain(older_than(DAY), "2023-09-22T12:00:00Z").await.removed, [index]);
}

/// The server is real, but the module that acts on the policy is missing: its endpoints are played.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_ism_only_what_it_would_remove_too_early_is_removed_here_checked_with_the_module_played() {
    let engine = Engine::OpenSearch;
    let proxy = Proxy::to(&engine.url()).await;
    let there = std::sync::Mutex::new(None);
    let unmanaged = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let free = std::sync::Arc::clone(&unmanaged);
    proxy.rule(move |request, _| {
        let path = request.path.split('?').next().unwrap();
        match (&request.method[..], path) {
            ("GET", "/_plugins/_ism/policies") => Action::Answer(200, json!({ "policies": [] })),
            ("GET", path) if path.starts_with("/_plugins/_ism/policies/") => match &*there.lock().unwrap() {
                None => Action::Answer(
                    404,
                    json!({ "error": { "type": "status_exception", "reason": "Policy not found" } }),
                ),
                Some(policy) => {
                    Action::Answer(200, json!({ "_seq_no": 5, "_primary_term": 2, "policy": policy }))
                }
            },
            ("PUT", path) if path.starts_with("/_plugins/_ism/policies/") => {
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                *there.lock().unwrap() = Some(body["policy"].clone());
                Action::Answer(201, json!({}))
            }
            ("GET", path) if path.starts_with("/_plugins/_ism/explain/") => {
                let name = "index.plugins.index_state_management.policy_id";
                let unmanaged = |index: &String| (index.clone(), json!({ name: null, "enabled": null }));
                let mut all: serde_json::Map<_, _> = free.lock().unwrap().iter().map(unmanaged).collect();
                let stream = path.trim_start_matches("/_plugins/_ism/explain/.ds-").trim_end_matches("-*");
                for (end, policy) in [("000009", stream), ("x-000001", "of another class")] {
                    all.insert(format!(".ds-{stream}-{end}"), json!({ name: policy }));
                }
                Action::Answer(200, Value::Object(all))
            }
            (_, path) if path.starts_with("/_plugins/_ism/remove/") => {
                free.lock().unwrap().push(path.rsplit('/').next().unwrap().to_owned());
                Action::Answer(200, json!({ "failures": false, "updated_indices": 1 }))
            }
            (_, path) if path.starts_with("/_plugins/") => Action::Answer(200, json!({ "failures": false })),
            _ => Action::Pass,
        }
    });
    let keep = |ground: &Ground, days| Classes::new(&ground.pipeline, Some(days * DAY), Vec::new()).unwrap();
    let mut ground = Ground::new(engine);
    let options = |ground: &Ground, days| {
        let mut options = engine.options(&ground.pipeline);
        options.access.urls = vec![proxy.url()];
        options.layout.lifecycle = Lifecycle::Auto;
        options.layout.rollover_age = Some(Duration::from_millis(1));
        options.classes = keep(ground, days);
        options
    };
    let open = |options| ElasticsearchStore::open_writer(options, Timestamp::MIN).unwrap();
    ground.store = open(options(&ground, 1));
    ground.index(1, "2023-09-13T12:00:00Z", None).await;
    let ahead = ground.index(2, "2023-09-13T12:00:00Z", Some("2200-01-01T00:00:00Z")).await;
    let policy = format!("/_plugins/_ism/policies/{}", ground.stream("default"));
    assert_eq!(changes(&proxy)[0], format!("PUT {policy}"));
    proxy.forget();
    assert_eq!(ground.retain(NOTHING, "2100-01-01T00:00:00Z").await, RetentionReport::default());
    assert_eq!(changes(&proxy), [format!("POST /_plugins/_ism/remove/{ahead}")]);
    assert_eq!(ground.retain(NOTHING, "2200-01-02T00:00:01Z").await.removed, [ahead]);
    // What was made before the policy is not under it.
    let before = ground.indices().await.remove(0);
    unmanaged.lock().unwrap().push(before.clone());
    assert_eq!(ground.retain(NOTHING, "2200-01-02T00:00:01Z").await.removed, [before]);
    // A policy that is there already is put only where it differs, in place of the one that was seen.
    proxy.forget();
    ground.store = open(options(&ground, 1));
    ground.entry(3, "2023-09-13T12:00:00Z", None, "info").await;
    assert!(!changes(&proxy).iter().any(|line| line.contains("_ism")), "{:?}", changes(&proxy));
    proxy.forget();
    ground.store = open(options(&ground, 2));
    ground.entry(4, "2023-09-13T12:00:00Z", None, "info").await;
    let put = proxy.requests().into_iter().find(|request| request.method == "PUT").unwrap();
    assert_eq!(put.path, format!("{policy}?if_seq_no=5&if_primary_term=2"));
    let told = format!("POST /_plugins/_ism/change_policy/.ds-{}-000009", ground.stream("default"));
    assert!(changes(&proxy).contains(&told), "{:?}", changes(&proxy));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_stream_lifecycle_is_told_of_entries_of_the_future_checked_with_the_module_played() {
    let engine = Engine::Elasticsearch;
    let proxy = Proxy::to(&engine.url()).await;
    proxy.rule(|request, _| match request.path.starts_with("/_data_stream/") {
        true => Action::Answer(200, json!({ "acknowledged": true })),
        false => Action::Pass,
    });
    let ground = Ground::with(engine, |options| {
        options.access.urls = vec![proxy.url()];
        options.layout.lifecycle = Lifecycle::Auto;
        options.layout.rollover_age = Some(Duration::from_millis(1));
        options.classes = Classes::new(options.classes.pipeline(), Some(DAY), Vec::new()).unwrap();
    });
    let old = ground.index(1, "2023-09-13T12:00:00Z", None).await;
    let ahead = ground.index(2, "2023-09-13T12:00:00Z", Some("2200-01-01T00:00:00Z")).await;
    let beyond = ground.index(3, "2023-09-13T12:00:00Z", Some("2300-01-01T00:00:00Z")).await;
    let lifecycle = format!("PUT /_data_stream/{}/_lifecycle", ground.stream("default"));
    assert!(changes(&proxy).contains(&lifecycle), "{:?}", changes(&proxy));
    // What users say otherwise counts for the stream that is there too.
    let custom = json!({ "template": { "lifecycle": { "data_retention": "90d" } } });
    ground.raw.put(&format!("/_component_template/logs-{}@custom", ground.pipeline), custom).await;
    let mut options = engine.options(&ground.pipeline);
    (options.access.urls, options.layout.lifecycle) = (vec![proxy.url()], Lifecycle::DataStream);
    let again = ElasticsearchStore::open_writer(options, Timestamp::MIN).unwrap();
    store_all(&again, vec![entry(4, json!({ "message": "4" }))]).await;
    let requests = proxy.requests();
    let last = requests.iter().rfind(|request| lifecycle == format!("PUT {}", request.path)).unwrap();
    let said: Value = serde_json::from_slice(&last.body).unwrap();
    assert_eq!(said, json!({ "enabled": true, "data_retention": "90d" }));
    for _ in 0..2 {
        proxy.forget();
        // What is old is for the engine to remove, as is rolling over.
        assert_eq!(ground.retain(NOTHING, "2400-01-01T00:00:00Z").await, RetentionReport::default());
    }
    assert_eq!(changes(&proxy), [""; 0]);
    let date = async |index: &str| {
        let settings = ground.raw.get(&format!("/{index}/_settings?flat_settings=true")).await;
        settings[index]["settings"]["index.lifecycle.origination_date"].as_str().map(str::to_owned)
    };
    assert_eq!(date(&old).await, None);
    assert_eq!(date(&ahead).await.unwrap(), "7258118400002");
    assert_eq!(date(&beyond).await.unwrap(), "253402300799999");
}
