//! What an earlier choice of lifecycle left behind stops removing entries. The servers are real, but the modules
//! that act on lifecycles are missing in the test builds: their endpoints are played.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use elasticsearch::Elasticsearch;
use elasticsearch::http::Method;
use elasticsearch::ilm::{IlmDeleteLifecycleParts, IlmGetLifecycleParts, IlmRemovePolicyParts};
use elasticsearch::indices::{IndicesDeleteDataLifecycleParts, IndicesGetDataLifecycleParts};
use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{Classes, Left, Lifecycle, Undo};
use logpipeline_store::elasticsearch::ElasticsearchStore;
use serde_json::{Value, json};

use super::proxy::{Action, Request};
use super::raw::Raw;
use super::templates::requested;
use super::{Site, on_each};
use crate::engines::{Engine, unique};
use crate::ground::{entry, store_all};

const DAY: Duration = Duration::from_secs(86_400);

/// What the modules hold, by the path of their endpoint.
type Held = Arc<Mutex<BTreeMap<String, Value>>>;

fn name_of(path: &str) -> String {
    path.trim_end_matches("/_lifecycle").rsplit('/').next().unwrap().to_owned()
}

/// The policies that indices are under.
type Managed = Arc<Mutex<BTreeMap<String, String>>>;

/// Plays data stream lifecycle, ILM with its setting of indices, and ISM.
fn play(held: &Held, managed: &Managed) -> impl Fn(&Request, usize) -> Action + use<> {
    let (held, managed) = (Arc::clone(held), Arc::clone(managed));
    move |request, _| {
        let mut held = held.lock().unwrap();
        let (path, method) = (request.path.split('?').next().unwrap(), &request.method[..]);
        let body = || serde_json::from_slice::<Value>(&request.body).unwrap();
        let missing = || Action::Answer(404, json!({ "error": { "type": "not_found", "reason": path } }));
        let done = || Action::Answer(200, json!({ "acknowledged": true }));
        match method {
            _ if path.starts_with("/_data_stream/") && method == "GET" => {
                let all = held.iter().filter(|(path, _)| path.starts_with("/_data_stream/"));
                let pattern = name_of(path);
                let named = all.map(|(path, found)| json!({ "name": name_of(path), "lifecycle": found }));
                let is_asked = |one: &Value| {
                    pattern == one["name"]
                        || one["name"].as_str().unwrap().starts_with(pattern.trim_end_matches('*'))
                };
                let mut streams: Vec<_> = named.filter(is_asked).collect();
                if streams.is_empty() && !pattern.ends_with('*') {
                    streams.push(json!({ "name": pattern }));
                }
                Action::Answer(200, json!({ "data_streams": streams }))
            }
            _ if path == "/_ilm/status" => Action::Answer(200, json!({ "operation_mode": "RUNNING" })),
            _ if path == "/_ilm/policy" => {
                let all = held.iter().filter(|(path, _)| path.starts_with("/_ilm/policy/"));
                Action::Answer(200, all.map(|(path, found)| (name_of(path), found.clone())).collect())
            }
            _ if path == "/_plugins/_ism/policies" => {
                let all = held.iter().filter(|(path, _)| path.starts_with("/_plugins/_ism/policies/"));
                let one = |(path, found): (&String, &Value)| json!({ "_id": name_of(path), "policy": found["policy"] });
                Action::Answer(200, json!({ "policies": all.map(one).collect::<Vec<_>>() }))
            }
            _ if path.starts_with("/_plugins/_ism/explain/") => {
                let name = "index.plugins.index_state_management.policy_id";
                let one = |(index, policy): (&String, &String)| (index.clone(), json!({ name: policy }));
                Action::Answer(200, managed.lock().unwrap().iter().map(one).collect())
            }
            _ if path.ends_with("/_settings/index.lifecycle.name") => {
                let one = |(index, policy): (&String, &String)| {
                    (index.clone(), json!({ "settings": { "index.lifecycle.name": policy } }))
                };
                Action::Answer(200, managed.lock().unwrap().iter().map(one).collect())
            }
            // The server does not know the setting.
            "PUT" if path.ends_with("@lifecycle") && body()["template"]["settings"].is_object() => {
                held.insert(path.to_owned(), body());
                Action::Instead(json!({ "template": {}, "_meta": body()["_meta"] }))
            }
            "PUT" if path.ends_with("@lifecycle") => {
                held.remove(path);
                Action::Pass
            }
            "GET" if path.ends_with("@lifecycle") && held.contains_key(path) => {
                let found = json!({ "name": name_of(path), "component_template": held[path] });
                Action::Answer(200, json!({ "component_templates": [found] }))
            }
            _ if path.ends_with("/_ilm/remove") || path.starts_with("/_plugins/_ism/remove/") => {
                Action::Answer(200, json!({ "has_failures": false, "failures": false, "updated_indices": 1 }))
            }
            _ if !["/_data_stream/", "/_ilm/", "/_plugins/"].iter().any(|one| path.starts_with(one)) => {
                Action::Pass
            }
            "GET" => match held.get(path) {
                Some(policy) if path.starts_with("/_ilm") => {
                    Action::Answer(200, json!({ (name_of(path)): policy }))
                }
                Some(policy) => Action::Answer(200, policy.clone()),
                None => missing(),
            },
            "PUT" => {
                held.insert(path.to_owned(), body());
                done()
            }
            "DELETE" => match held.remove(path) {
                Some(_) => done(),
                None => missing(),
            },
            _ => panic!("{method} {path}"),
        }
    }
}

/// A process starts with a lifecycle and writes an entry: what it changed in the modules, and how often it looked.
async fn start(
    site: &Site,
    lifecycle: Lifecycle,
    keep: Option<Duration>,
    number: u64,
) -> (Vec<String>, usize) {
    site.proxy.forget();
    let mut options = site.options();
    options.layout.lifecycle = lifecycle;
    options.classes = Classes::new(&site.pipeline, keep, Vec::new()).unwrap();
    let store = ElasticsearchStore::open_writer(options, Timestamp::MIN).unwrap();
    for more in [0, 100] {
        store_all(&store, vec![entry(number + more, json!({ "message": "one" }))]).await;
    }
    let of_modules = |path: &str| ["_data_stream/", "_ilm/", "_ism/"].iter().any(|one| path.contains(one));
    let requests = site.proxy.requests();
    let (looks, changes): (Vec<_>, Vec<_>) = requests
        .iter()
        .filter(|request| of_modules(&request.path))
        .partition(|request| request.method == "GET");
    let changes = changes.iter().map(|request| format!("{} {}", request.method, request.path)).collect();
    (changes, looks.len())
}

on_each! {
    async fn a_server_without_the_modules_is_asked_once_for_each(engine: Engine) {
        let site = Site::new(engine).await;
        let looks = if engine == Engine::OpenSearch { 1 } else { 2 };
        assert_eq!(start(&site, Lifecycle::Ingestor, Some(DAY), 1).await, (vec![], looks));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_stream_lifecycle_is_left_unless_users_gave_it_checked_with_the_module_played() {
    let site = Site::new(Engine::Elasticsearch).await;
    let (held, managed) = (Held::default(), Managed::default());
    site.proxy.rule(play(&held, &managed));
    let lifecycle = format!("/_data_stream/{}/_lifecycle", site.stream());
    // Of a class that is no more, and of another pipeline.
    let (gone, other) = (format!("logs-{}.gone", site.pipeline), format!("logs-{}-b.default", site.pipeline));
    let set = |stream: &str| {
        let kept = json!({ "enabled": true, "data_retention": "86400s" });
        held.lock().unwrap().insert(format!("/_data_stream/{stream}/_lifecycle"), kept);
    };
    let (changes, _) = start(&site, Lifecycle::DataStream, Some(DAY), 1).await;
    assert_eq!(changes, [format!("PUT {lifecycle}")]);
    for stream in [&gone, &other] {
        set(stream);
    }
    // The class that is no more had templates that gave it its lifecycle.
    let component = json!({ "template": { "lifecycle": { "data_retention": "86400s" } } });
    site.call("PUT", &format!("/_component_template/{gone}@lifecycle"), component).await;
    let template = json!({
        "index_patterns": [gone], "data_stream": {}, "priority": 500, "composed_of": [format!("{gone}@lifecycle")],
    });
    site.call("PUT", &format!("/_index_template/{gone}"), template).await;
    let (changes, _) = start(&site, Lifecycle::Ingestor, Some(DAY), 2).await;
    assert_eq!(changes, [format!("DELETE {lifecycle}"), format!("DELETE /_data_stream/{gone}/_lifecycle")]);
    assert_eq!(held.lock().unwrap().len(), 1, "that of the other pipeline stays");
    assert_eq!(start(&site, Lifecycle::Ingestor, Some(DAY), 3).await, (vec![], 2));
    // What users ask for in their component stays.
    let custom = json!({ "template": { "lifecycle": { "data_retention": "90d" } } });
    site.call("PUT", &format!("/_component_template/logs-{}@custom", site.pipeline), custom).await;
    set(&site.stream());
    assert_eq!(start(&site, Lifecycle::Ingestor, Some(DAY), 4).await.0, [""; 0]);
    assert_eq!(held.lock().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ilm_is_left_by_indices_that_are_under_our_policy_checked_with_the_module_played() {
    let site = Site::new(Engine::Elasticsearch).await;
    let (held, managed) = (Held::default(), Managed::default());
    site.proxy.rule(play(&held, &managed));
    let policy = format!("/_ilm/policy/{}", site.stream());
    assert_eq!(start(&site, Lifecycle::Ilm, Some(DAY), 1).await.0, [format!("PUT {policy}")]);
    let component = format!("/_component_template/{}@lifecycle", site.stream());
    assert_eq!(
        held.lock().unwrap()[&component]["template"]["settings"]["index"]["lifecycle"]["name"],
        site.stream()
    );
    let [theirs, second, third] = [1, 2, 3].map(|n| format!(".ds-{}-{n}", site.stream()));
    let under =
        [(theirs, "theirs".to_owned()), (second.clone(), site.stream()), (third.clone(), site.stream())];
    managed.lock().unwrap().extend(under);
    let (changes, _) = start(&site, Lifecycle::Ingestor, Some(DAY), 2).await;
    assert_eq!(changes, [format!("POST /{second},{third}/_ilm/remove"), format!("DELETE {policy}")]);
    assert_eq!(start(&site, Lifecycle::Ingestor, Some(DAY), 3).await, (vec![], 2));
    // A policy of the same name that is not ours stays, and what is under it.
    held.lock().unwrap().insert(policy, json!({ "policy": { "phases": {} } }));
    assert_eq!(start(&site, Lifecycle::Ingestor, Some(DAY), 4).await, (vec![], 2));
    // Who may not look at policies takes out the indices all the same.
    let play = play(&held, &managed);
    site.proxy.rule(move |request, others| match &request.path[..] {
        path if path.starts_with("/_ilm/policy") => {
            Action::Answer(403, json!({ "error": { "type": "security_exception", "reason": "no" } }))
        }
        _ => play(request, others),
    });
    let (changes, _) = start(&site, Lifecycle::Ingestor, Some(DAY), 5).await;
    assert_eq!(changes, [format!("POST /{second},{third}/_ilm/remove")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ism_is_left_by_indices_that_are_under_our_policy_checked_with_the_module_played() {
    let site = Site::new(Engine::OpenSearch).await;
    let (held, managed, stream) = (Held::default(), Managed::default(), site.stream());
    site.proxy.rule(play(&held, &managed));
    let longer = format!("{stream}-x");
    for (index, policy) in [("000001", &stream[..]), ("000002", "theirs"), ("x-000001", &longer)] {
        managed.lock().unwrap().insert(format!(".ds-{stream}-{index}"), policy.to_owned());
    }
    let policy = format!("/_plugins/_ism/policies/{stream}");
    assert_eq!(start(&site, Lifecycle::Ism, Some(DAY), 1).await.0, [format!("PUT {policy}")]);
    let (changes, _) = start(&site, Lifecycle::Ingestor, Some(DAY), 2).await;
    assert_eq!(
        changes,
        [format!("POST /_plugins/_ism/remove/.ds-{stream}-000001"), format!("DELETE {policy}")]
    );
    assert_eq!(start(&site, Lifecycle::Ingestor, Some(DAY), 3).await, (vec![], 1));
    let theirs = json!({ "policy": { "description": "Mine.", "states": [] } });
    held.lock().unwrap().insert(policy, theirs);
    assert_eq!(start(&site, Lifecycle::Ingestor, Some(DAY), 4).await, (vec![], 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeping_entries_for_ever_takes_back_that_they_were_removed_checked_with_the_modules_played() {
    for (engine, lifecycle, path) in [
        (Engine::Elasticsearch, Lifecycle::Ilm, "/_ilm/policy/STREAM"),
        (Engine::Elasticsearch, Lifecycle::DataStream, "/_data_stream/STREAM/_lifecycle"),
        (Engine::OpenSearch, Lifecycle::Ism, "/_plugins/_ism/policies/STREAM"),
    ] {
        let site = Site::new(engine).await;
        let held = Held::default();
        site.proxy.rule(play(&held, &Managed::default()));
        let path = path.replace("STREAM", &site.stream());
        let removes = |text: &str| ["delete", "data_retention"].iter().any(|word| text.contains(word));
        let component = format!("/_component_template/{}@lifecycle", site.stream());
        let found = async || {
            let of_stream = held.lock().unwrap()[&path].to_string();
            let of_templates = site.call("GET", &component, Value::Null).await.to_string();
            (removes(&of_stream), removes(&of_templates))
        };
        start(&site, lifecycle, Some(DAY), 1).await;
        assert_eq!(found().await, (true, lifecycle == Lifecycle::DataStream));
        assert_eq!(start(&site, lifecycle, Some(DAY), 2).await.0, [""; 0], "{lifecycle:?}");
        let (changes, _) = start(&site, lifecycle, None, 3).await;
        assert!(changes[0].starts_with(&format!("PUT {path}")), "{changes:?}");
        assert_eq!(found().await, (false, false));
    }
}

/// The published client's requests are made from the specification.
#[tokio::test]
async fn requests_that_leave_a_lifecycle_checked_against_the_rest_specification_only() {
    let classes = Classes::new("shop", None, Vec::new()).unwrap();
    let stream = "logs-shop.default";
    let (path, _) = requested(async |transport| {
        let client = Elasticsearch::new(transport);
        let ilm = client.ilm();
        let parts = ilm.get_lifecycle(IlmGetLifecycleParts::None).filter_path(&["logs-shop*.policy._meta"]);
        parts.send().await.unwrap();
    })
    .await;
    assert_eq!(path.replace("%2A", "*"), format!("GET {}", Left::Ilm.look(&classes)));
    let pattern = classes.pattern();
    let (path, _) = requested(async |transport| {
        let client = Elasticsearch::new(transport);
        let parts = IndicesGetDataLifecycleParts::Name(&[&pattern]);
        client.indices().get_data_lifecycle(parts).send().await.unwrap();
    })
    .await;
    assert_eq!(path.replace("%2A", "*"), format!("GET {}", Left::DataStream.look(&classes)));
    let (delete, _) = requested(async |transport| {
        let parts = IndicesDeleteDataLifecycleParts::Name(&[stream]);
        Elasticsearch::new(transport).indices().delete_data_lifecycle(parts).send().await.unwrap();
    })
    .await;
    assert_eq!(Left::DataStream.untie(stream, &[]), [Undo::Delete(delete.replace("DELETE ", ""))]);
    let (remove, _) = requested(async |transport| {
        let parts = IlmRemovePolicyParts::Index("a,b");
        Elasticsearch::new(transport).ilm().remove_policy(parts).send().await.unwrap();
    })
    .await;
    let path = remove.replace("POST ", "").replace("%2C", ",");
    assert_eq!(Left::Ilm.untie(stream, &["a".to_owned(), "b".to_owned()]), [Undo::Post(path)]);
    let (delete, _) = requested(async |transport| {
        let parts = IlmDeleteLifecycleParts::Policy(stream);
        Elasticsearch::new(transport).ilm().delete_lifecycle(parts).send().await.unwrap();
    })
    .await;
    assert_eq!(Left::Ilm.remove(stream), Some(Undo::Delete(delete.replace("DELETE ", ""))));
}

/// The whole of Elasticsearch 6.8 is published, with these requests.
#[tokio::test]
#[ignore = "needs ELASTICSEARCH_6_URL, the address of an Elasticsearch 6.8"]
async fn indices_leave_ilm_and_the_policy_goes_on_elasticsearch_6() {
    let raw = Raw::new(&std::env::var("ELASTICSEARCH_6_URL").unwrap());
    let name = unique();
    let policy =
        json!({ "policy": { "phases": { "delete": { "min_age": "30d", "actions": { "delete": {} } } } } });
    raw.put(&format!("/_ilm/policy/{name}"), policy).await;
    for (number, policy) in [(1, &name[..]), (2, "")] {
        let settings = if policy.is_empty() { json!({}) } else { json!({ "index.lifecycle.name": policy }) };
        let body = json!({ "settings": settings, "aliases": { &name: {} } });
        raw.put(&format!("/{name}-{number}"), body).await;
    }
    let tied = async || Left::Ilm.tied(&name, &raw.get(&Left::Ilm.look_at_indices(&name).unwrap()).await);
    let undo = async |step: Undo| match step {
        Undo::Post(path) => raw.try_ask(Method::Post, &path, None).await,
        Undo::Delete(path) => raw.try_ask(Method::Delete, &path, None).await,
    };
    assert_eq!(tied().await, [format!("{name}-1")]);
    assert_eq!(undo(Left::Ilm.remove(&name).unwrap()).await.0, 400, "it is in use");
    for step in Left::Ilm.untie(&name, &tied().await) {
        let (status, answer) = undo(step).await;
        assert_eq!((status, &answer["has_failures"]), (200, &json!(false)), "{answer}");
    }
    assert!(tied().await.is_empty());
    assert_eq!(undo(Left::Ilm.remove(&name).unwrap()).await.0, 200);
    assert_eq!(undo(Left::Ilm.remove(&name).unwrap()).await.0, 404);
    raw.delete(&format!("/{name}-*")).await;
}
