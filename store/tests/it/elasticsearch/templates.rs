//! What the servers are told before the first entry.

use elasticsearch::http::Method;
use elasticsearch::http::transport::Transport;
use elasticsearch::ilm::IlmPutLifecycleParts;
use elasticsearch::indices::IndicesPutDataLifecycleParts;
use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{
    Classes, Definition, Features, Layout, Lifecycle, Product, RetentionClass, definitions,
};
use logpipeline_store::elasticsearch::{ElasticsearchStore, Options};
use logpipeline_store::{LogStore, StoreError};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::proxy::read_request;
use super::raw::{Raw, on_both};
use crate::engines::{Engine, unique};
use crate::ground::{entry, store_all};

async fn write(options: &Options, number: u64) {
    let store = ElasticsearchStore::open_writer(options.clone(), Timestamp::MIN).unwrap();
    store_all(&store, vec![entry(number, json!({ "message": "one" }))]).await;
}

fn two_classes(engine: Engine, pipeline: &str) -> Options {
    let day = std::time::Duration::from_secs(86_400);
    let short =
        RetentionClass { name: "short".to_owned(), levels: vec!["debug".to_owned()], keep: Some(day) };
    let mut options = engine.options(pipeline);
    options.classes = Classes::new(pipeline, Some(30 * day), vec![short]).unwrap();
    options
}

/// Everything that was put for a pipeline, with the times at which it was changed where the server says.
async fn put(raw: &Raw, pipeline: &str) -> Value {
    json!([
        raw.get(&format!("/_component_template/logs-{pipeline}*")).await,
        raw.get(&format!("/_index_template/logs-{pipeline}.*")).await,
    ])
}

on_both! {
    putting_them_twice_changes_nothing
    what_users_put_wins_and_stays
    indices_are_laid_out_as_the_templates_say
    whatever_is_sent_adds_no_field
    a_lifecycle_that_is_not_there_is_refused_where_asked_for_and_replaced_where_not
}

async fn putting_them_twice_changes_nothing(engine: Engine) {
    let pipeline = unique();
    let options = two_classes(engine, &pipeline);
    let raw = Raw::new(&engine.url());
    write(&options, 1).await;
    let first = put(&raw, &pipeline).await;
    // Settings, mappings, custom, and what ties each class to its lifecycle; a template for each class.
    assert_eq!(first[0]["component_templates"].as_array().unwrap().len(), 5);
    assert_eq!(first[1]["index_templates"].as_array().unwrap().len(), 2);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    write(&options, 2).await;
    assert_eq!(put(&raw, &pipeline).await, first);
}

async fn what_users_put_wins_and_stays(engine: Engine) {
    let pipeline = unique();
    let options = engine.options(&pipeline);
    let raw = Raw::new(&engine.url());
    let stream = format!("logs-{pipeline}.default");
    write(&options, 1).await;
    assert_eq!(raw.settings(&stream).await["refresh_interval"], "1000ms");
    let path = format!("/_component_template/logs-{pipeline}@custom");
    let custom = json!({
        "template": {
            "settings": { "index": { "refresh_interval": "7s", "number_of_replicas": "0", "codec": "default" } },
            "mappings": { "properties": { "team": { "type": "keyword" } } },
        },
    });
    raw.put(&path, custom).await;
    let before = raw.get(&path).await;
    // A process that starts again puts all the others anew.
    write(&options, 2).await;
    assert_eq!(raw.get(&path).await, before);
    raw.roll_over(&stream).await;
    let settings = raw.settings(&stream).await;
    assert_eq!(settings["refresh_interval"], "7s");
    assert_eq!(settings["codec"], "default");
    assert!(raw.fields(&stream).await.contains("team"));
    // And everything else is as it was.
    assert_eq!(settings["sort"]["field"], json!(["@timestamp", "search.era", "id"]));
}

async fn indices_are_laid_out_as_the_templates_say(engine: Engine) {
    let pipeline = unique();
    let mut options = engine.options(&pipeline);
    options.layout.shards = 2;
    let raw = Raw::new(&engine.url());
    write(&options, 1).await;
    let stream = format!("logs-{pipeline}.default");
    let settings = raw.settings(&stream).await;
    assert_eq!(settings["codec"], "best_compression");
    assert_eq!(settings["sort"]["field"], json!(["@timestamp", "search.era", "id"]));
    assert_eq!(settings["sort"]["order"], json!(["desc", "desc", "desc"]));
    assert_eq!(settings["number_of_shards"], "2");
    assert_eq!(settings["number_of_replicas"], "0");
    assert_eq!(settings["mapping"]["total_fields"]["limit"], "1000");
    assert_eq!(settings["hidden"], "true");
    let index = raw.indices(&stream).await.pop().unwrap();
    let mappings = raw.get(&format!("/{index}/_mapping")).await[&index]["mappings"].take();
    let fields = &mappings["properties"];
    assert_eq!(mappings["dynamic"], "false");
    assert_eq!(fields["@timestamp"]["type"], "date_nanos");
    assert_eq!(fields["receivedAt"]["type"], "date_nanos");
    assert_eq!(fields["message"]["type"], "text");
    assert_eq!(fields["resourceId"]["fields"]["folded"]["normalizer"], "folded");
    assert_eq!(fields["metadata"]["enabled"], false);
    let caps = raw.get(&format!("/{index}/_field_caps?fields=message.raw&include_unmapped=true")).await;
    let has_wildcard = caps["fields"]["message.raw"].get("wildcard").is_some()
        || caps["fields"]["message.raw"].get("keyword").is_some();
    let wanted = features(&raw, engine).await.wildcard;
    assert_eq!(has_wildcard, wanted && knows_wildcard(&raw).await, "{caps}");
}

/// What a server of that version is asked for.
async fn features(raw: &Raw, engine: Engine) -> Features {
    let version = raw.get("/").await["version"]["number"].as_str().unwrap().to_owned();
    let mut numbers = version.split('.').map(|part| part.parse().unwrap());
    let product = if engine == Engine::OpenSearch { Product::OpenSearch } else { Product::Elasticsearch };
    Features::of(product, (numbers.next().unwrap(), numbers.next().unwrap()))
}

/// Whether the server has the type's module, which the test build of Elasticsearch lacks.
async fn knows_wildcard(raw: &Raw) -> bool {
    let index = format!("/{}", unique());
    let body = json!({ "mappings": { "properties": { "any": { "type": "wildcard" } } } });
    let (status, answer) = raw.try_ask(Method::Put, &index, Some(body)).await;
    if status == 200 {
        raw.delete(&index).await;
    }
    assert!(status == 200 || answer.to_string().contains("type [wildcard]"), "{answer}");
    status == 200
}

async fn whatever_is_sent_adds_no_field(engine: Engine) {
    let pipeline = unique();
    let options = engine.options(&pipeline);
    let raw = Raw::new(&engine.url());
    write(&options, 1).await;
    let stream = format!("logs-{pipeline}.default");
    let before = raw.fields(&stream).await;
    let many: serde_json::Map<_, _> = (0..3_000)
        .map(|n| (format!("k{n}"), if n % 2 == 0 { json!(n) } else { json!("2023-09-15") }))
        .collect();
    let store = ElasticsearchStore::open_writer(options, Timestamp::MIN).unwrap();
    let conflict = |value: Value| json!({ "message": "m", "metadata": { "a": value, "many": many } });
    let entries = [json!(1), json!("one"), json!({ "b": 1 }), json!([true, null])];
    let entries = (2..).zip(entries).map(|(number, value)| entry(number, conflict(value)));
    store_all(&store, entries.collect()).await;
    store.refresh().await.unwrap();
    assert_eq!(store.health().await.unwrap().entries, 5);
    assert_eq!(raw.fields(&stream).await, before);
    let names: Vec<_> = before.iter().filter(|name| !name.starts_with('_')).collect();
    assert!(names.len() < 30, "{names:?}");
}

async fn a_lifecycle_that_is_not_there_is_refused_where_asked_for_and_replaced_where_not(engine: Engine) {
    let raw = Raw::new(&engine.url());
    let own = if engine == Engine::OpenSearch { Lifecycle::Ism } else { Lifecycle::DataStream };
    let probe = own.probe().unwrap();
    let (_, answer) = raw.try_ask(Method::Get, probe, None).await;
    let missing = answer["error"].as_str().is_some_and(|error| error.contains("no handler found"));
    for (asked, taken) in [
        (Lifecycle::Auto, true),
        (own, !missing),
        (if own == Lifecycle::Ism { Lifecycle::Ilm } else { Lifecycle::Ism }, false),
    ] {
        let mut options = engine.options(&unique());
        options.layout.lifecycle = asked;
        let store = ElasticsearchStore::open_writer(options, Timestamp::MIN).unwrap();
        let written = store.write(vec![entry(1, json!({ "message": "one" }))]).await;
        match written {
            Ok(_) => assert!(taken, "{asked:?}"),
            Err(StoreError::Unsupported { reason }) => {
                assert!(!taken && reason.contains("take "), "{asked:?}: {reason}");
            }
            Err(error) => panic!("{asked:?}: {error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logsdb_is_the_mode_of_new_indices_where_asked_for() {
    let pipeline = unique();
    let mut options = Engine::Elasticsearch.options(&pipeline);
    options.logsdb = true;
    let raw = Raw::new(&Engine::Elasticsearch.url());
    write(&options, 1).await;
    let settings = raw.settings(&format!("logs-{pipeline}.default")).await;
    if !features(&raw, Engine::Elasticsearch).await.logsdb {
        assert_eq!(settings["mode"], Value::Null);
        return;
    }
    assert_eq!(settings["mode"], "logsdb");
    assert_eq!(settings["mapping"]["source"]["mode"], "stored");
}

fn of_lifecycle(lifecycle: Lifecycle, product: Product) -> (Classes, Vec<Definition>) {
    let options = two_classes_of("shop-eu");
    let layout = Layout { lifecycle, replicas: 0, ..Layout::default() };
    let features = Features { wildcard: false, ..Features::of(product, (9, 0)) };
    let all = definitions(&options, &features, &layout);
    (options, all)
}

fn two_classes_of(pipeline: &str) -> Classes {
    let day = std::time::Duration::from_secs(86_400);
    let short =
        RetentionClass { name: "short".to_owned(), levels: vec!["debug".to_owned()], keep: Some(day) };
    Classes::new(pipeline, None, vec![short]).unwrap()
}

/// The server parses the block and keeps it; what acts on it is missing in the test build.
#[tokio::test]
async fn a_data_stream_lifecycle_is_accepted_and_users_can_change_it() {
    let raw = Raw::new(&Engine::Elasticsearch.url());
    let pipeline = unique();
    let classes = two_classes_of(&pipeline);
    let layout = Layout { lifecycle: Lifecycle::DataStream, replicas: 0, ..Layout::default() };
    let features = Features { wildcard: false, ..Features::of(Product::Elasticsearch, (9, 0)) };
    for one in definitions(&classes, &features, &layout) {
        if one.path.contains("_template/") {
            raw.put(&one.path, one.body).await;
        }
    }
    let of = |class: &str| format!("/_index_template/_simulate_index/logs-{pipeline}.{class}");
    let simulated = raw.post(&of("short")).await;
    assert_eq!(simulated["template"]["lifecycle"], json!({ "enabled": true, "data_retention": "86400s" }));
    let simulated = raw.post(&of("default")).await;
    assert_eq!(simulated["template"]["lifecycle"], json!({ "enabled": true }));
    let custom = json!({ "template": { "lifecycle": { "data_retention": "90d" } } });
    raw.put(&format!("/_component_template/logs-{pipeline}@custom"), custom).await;
    let simulated = raw.post(&of("short")).await;
    assert_eq!(simulated["template"]["lifecycle"]["data_retention"], "90d");
}

/// A request as a server gets it: method and path, and the body.
pub async fn requested(send: impl AsyncFnOnce(Transport)) -> (String, Value) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let request = read_request(&mut socket).await.unwrap();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        socket.write_all(answer.as_bytes()).await.unwrap();
        let body = serde_json::from_slice(&request.body).unwrap_or_default();
        (format!("{} {}", request.method, request.path), body)
    });
    send(Transport::single_node(&url).unwrap()).await;
    tokio::time::timeout(std::time::Duration::from_secs(10), serve).await.unwrap().unwrap()
}

async fn as_put(definition: &Definition) -> (String, Value) {
    let Definition { path, body, .. } = definition.clone();
    requested(async move |transport| {
        let headers = elasticsearch::http::headers::HeaderMap::new();
        let body = Some(body.to_string());
        transport.send(Method::Put, &path, headers, None::<&()>, body, None).await.unwrap();
    })
    .await
}

/// The published client's requests are made from the specification.
#[tokio::test]
async fn ilm_policies_checked_against_the_rest_specification_only() {
    let (classes, all) = of_lifecycle(Lifecycle::Ilm, Product::Elasticsearch);
    let policies: Vec<_> = all.iter().filter(|one| one.path.starts_with("/_ilm")).collect();
    assert_eq!(policies.len(), 2);
    for (class, policy) in classes.iter().zip(policies) {
        let stream = classes.stream(class);
        let specified = requested(async |transport| {
            let client = elasticsearch::Elasticsearch::new(transport);
            let parts = IlmPutLifecycleParts::Policy(&stream);
            client.ilm().put_lifecycle(parts).body(policy.body.clone()).send().await.unwrap();
        });
        assert_eq!(as_put(policy).await, specified.await);
        // Of the body it requires a policy, with phases of actions.
        let phases = policy.body["policy"]["phases"].as_object().unwrap();
        assert!(phases.values().all(|phase| phase["actions"].is_object() && phase["min_age"].is_string()));
    }
}

#[tokio::test]
async fn data_stream_lifecycles_checked_against_the_rest_specification_only() {
    let (classes, all) = of_lifecycle(Lifecycle::DataStream, Product::Elasticsearch);
    let lifecycles: Vec<_> = all.iter().filter(|one| one.path.starts_with("/_data_stream")).collect();
    assert_eq!(lifecycles.len(), 2);
    for (class, lifecycle) in classes.iter().zip(lifecycles) {
        let stream = classes.stream(class);
        let specified = requested(async |transport| {
            let client = elasticsearch::Elasticsearch::new(transport);
            let names = [stream.as_str()];
            let parts = IndicesPutDataLifecycleParts::Name(&names);
            client.indices().put_data_lifecycle(parts).body(lifecycle.body.clone()).send().await.unwrap();
        });
        assert_eq!(as_put(lifecycle).await, specified.await);
    }
}

/// The whole of Elasticsearch 6.8 is published, and its ILM is of the same policies but for two names.
#[tokio::test]
#[ignore = "needs ELASTICSEARCH_6_URL, the address of an Elasticsearch 6.8, and half a minute"]
async fn an_ilm_policy_rolls_over_and_removes_on_elasticsearch_6() {
    let raw = Raw::new(&std::env::var("ELASTICSEARCH_6_URL").unwrap());
    let second = std::time::Duration::from_secs(1);
    let pipeline = unique();
    let classes = Classes::new(&pipeline, Some(second), Vec::new()).unwrap();
    let layout = Layout { lifecycle: Lifecycle::Ilm, rollover_age: Some(second), ..Layout::default() };
    let all = definitions(&classes, &Features::of(Product::Elasticsearch, (8, 0)), &layout);
    let mut policy = all[0].clone();
    let inner = policy.body["policy"].as_object_mut().unwrap();
    inner.remove("_meta");
    let rollover = inner["phases"]["hot"]["actions"]["rollover"].as_object_mut().unwrap();
    let size = rollover.remove("max_primary_shard_size").unwrap();
    rollover.insert("max_size".to_owned(), size);
    raw.put(&policy.path, policy.body).await;
    let name = policy.path.trim_start_matches("/_ilm/policy/");
    raw.put("/_cluster/settings", json!({ "transient": { "indices.lifecycle.poll_interval": "1s" } })).await;
    let settings = json!({
        "index.lifecycle.name": name, "index.lifecycle.rollover_alias": name,
        "index.number_of_replicas": 0, "index.number_of_shards": 1,
    });
    let template = json!({ "index_patterns": [format!("{name}-*")], "settings": settings });
    raw.put(&format!("/_template/{name}"), template).await;
    let first = format!("/{name}-000001");
    let alias = json!({ "aliases": { name: { "is_write_index": true } } });
    raw.put(&first, alias).await;
    raw.ask(Method::Post, &format!("/{name}/_doc"), Some(json!({ "message": "one" }))).await;
    let status = async |path: &str| raw.try_ask(Method::Get, path, None).await.0;
    let started = std::time::Instant::now();
    while status(&format!("/{name}-000002")).await != 200 || status(&first).await != 404 {
        assert!(started.elapsed() < 60 * second, "{}", raw.get(&format!("/{name}-*/_ilm/explain")).await);
        tokio::time::sleep(second / 2).await;
    }
    raw.delete(&format!("/_template/{name}")).await;
    raw.delete(&format!("/{name}-*")).await;
    raw.delete(&policy.path).await;
}
