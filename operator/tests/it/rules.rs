//! What a LogPipeline may be: the same rules, run here and by the API server.

use logpipeline_operator::crd::LogPipeline;
use serde_json::{Value, json};

mod listeners;

use crate::support::Site;
use crate::support::yaml::{elasticsearch, embedded};

const URL: &str = "https://es:9200";

struct Case {
    name: &'static str,
    yaml: String,
    /// Part of the message; none where it is fine.
    refused: Option<&'static str>,
}

fn on_disk(name: &'static str, changes: Value, refused: Option<&'static str>) -> Case {
    Case { name, yaml: embedded(name, changes), refused }
}

fn on_cluster(name: &'static str, changes: Value, refused: Option<&'static str>) -> Case {
    Case { name, yaml: elasticsearch(name, URL, changes), refused }
}

fn cases() -> Vec<Case> {
    let tokens = json!({ "tokensSecretRef": { "name": "tokens" }, "insecure": null });
    let users = json!({ "auth": { "usersSecretRef": { "name": "users" } }, "insecure": null });
    let ingress = json!({ "host": "logs.example.com" });
    let generator = |name: &str| json!({ "name": name });
    let mut cases = vec![
        on_disk("plain", json!({}), None),
        on_cluster("plain-cluster", json!({}), None),
        on_disk(
            "two-stores",
            json!({ "storage": { "elasticsearch": { "url": URL } } }),
            Some("exactly one of storage.embedded and storage.elasticsearch"),
        ),
        on_disk(
            "no-store",
            json!({ "storage": { "embedded": null } }),
            Some("exactly one of storage.embedded and storage.elasticsearch"),
        ),
        on_cluster(
            "two-addresses",
            json!({ "storage": { "elasticsearch": { "eckRef": { "name": "es" } } } }),
            Some("exactly one of url and eckRef"),
        ),
        on_cluster(
            "address-with-password",
            json!({ "storage": { "elasticsearch": { "url": "https://me:secret@es:9200" } } }),
            Some("without user or password"),
        ),
        on_cluster(
            "several-addresses",
            json!({ "storage": { "elasticsearch": { "url": "https://a:9200,https://b:9200" } } }),
            None,
        ),
        on_disk(
            "nobody-named",
            json!({ "ingestor": { "insecure": null } }),
            Some("no access policy for senders"),
        ),
        on_disk(
            "no-reader-named",
            json!({ "query": { "insecure": null } }),
            Some("no access policy for readers"),
        ),
        on_disk(
            "tokens-and-insecure",
            json!({ "ingestor": { "tokensSecretRef": { "name": "tokens" } } }),
            Some("exclude each other"),
        ),
        on_disk("guarded", json!({ "ingestor": tokens, "query": users }), None),
        on_disk(
            "published",
            json!({ "query": { "ingress": ingress } }),
            Some("an Ingress must not publish logs to anybody"),
        ),
        on_disk(
            "published-ingest",
            json!({ "ingestor": { "ingress": ingress } }),
            Some("an Ingress must not let anybody send"),
        ),
        on_disk(
            "scaled-disk",
            json!({ "ingestor": { "replicas": 2 } }),
            Some("the embedded store has one writer"),
        ),
        on_disk(
            "autoscaled-disk",
            json!({ "ingestor": { "autoscaling": { "maxReplicas": 2 } } }),
            Some("the embedded store has one writer"),
        ),
        on_disk(
            "readers-on-disk",
            json!({ "query": { "replicas": 2 } }),
            Some("the embedded store is read beside its one writer"),
        ),
        on_disk(
            "log-on-disk",
            json!({ "ingestor": { "wal": { "size": "1Gi" } } }),
            Some("leave ingestor.wal out"),
        ),
        on_disk(
            "levels-on-disk",
            json!({ "retention": { "byLevel": [{ "levels": ["debug"], "keep": "1d" }] } }),
            Some("leave retention.byLevel out"),
        ),
        on_disk(
            "lifecycle-on-disk",
            json!({ "retention": { "lifecycle": "ILM" } }),
            Some("leave retention.lifecycle out"),
        ),
        on_disk(
            "rollover-on-disk",
            json!({ "retention": { "rollover": { "maxAge": "1d" } } }),
            Some("leave retention.rollover out"),
        ),
        on_disk("nobody-reads", json!({ "query": { "replicas": 0 } }), Some("query.replicas must be 1")),
        on_disk(
            "users-and-insecure",
            json!({ "query": { "auth": { "usersSecretRef": { "name": "users" } } } }),
            Some("exclude each other"),
        ),
        on_disk("own-lifecycle-on-disk", json!({ "retention": { "lifecycle": "Ingestor" } }), None),
        on_cluster(
            "bounds",
            json!({ "ingestor": { "autoscaling": { "minReplicas": 3, "maxReplicas": 2 } } }),
            Some("autoscaling.minReplicas must not be above"),
        ),
        on_cluster(
            "class-without-size",
            json!({ "ingestor": { "wal": { "storageClassName": "fast", "durability": "Pod" } } }),
            Some("set ingestor.wal.size too"),
        ),
        on_cluster(
            "volume-without-size",
            json!({ "ingestor": { "wal": { "durability": "Volume" } } }),
            Some("durability: Volume needs ingestor.wal.size"),
        ),
        on_cluster(
            "size-of-a-pod",
            json!({ "ingestor": { "wal": { "size": "1Gi", "durability": "Pod" } } }),
            Some("Pod excludes it"),
        ),
        on_cluster("a-volume", json!({ "ingestor": { "wal": { "size": "1Gi" } } }), None),
        on_cluster(
            "unknown-level",
            json!({ "retention": { "byLevel": [{ "levels": ["debugg"], "keep": "1d" }] } }),
            Some("levels must be of trace, debug, info, warn, error, fatal"),
        ),
        on_cluster(
            "level-twice",
            json!({ "retention": { "byLevel": [
                { "levels": ["debug", "trace"], "keep": "1d" }, { "levels": ["debug"], "keep": "2d" }] } }),
            Some("a level is in two groups"),
        ),
        on_cluster(
            "class-default",
            json!({ "retention": { "byLevel": [{ "levels": ["debug"], "keep": "1d", "class": "default" }] } }),
            Some("choose another name"),
        ),
        on_cluster(
            "keeps-nothing",
            json!({ "retention": { "byLevel": [{ "levels": ["debug"], "keep": "0d" }] } }),
            Some("keep would keep nothing"),
        ),
        on_disk("default-nothing", json!({ "retention": { "default": "0s" } }), Some("would keep nothing")),
        on_disk("forever", json!({ "retention": { "default": "forever" } }), None),
        on_disk("generators", json!({ "generators": [generator("a"), generator("b")] }), None),
        on_disk(
            "instant-generator",
            json!({ "generators": [{ "name": "a", "duration": "0s" }] }),
            Some("duration would send nothing"),
        ),
        on_disk("a-name-that-is-much-too-long-for-pods", json!({}), Some("at most 32 lower-case letters")),
    ];
    cases.extend(listeners::cases());
    cases
}

fn read(yaml: &str) -> LogPipeline {
    serde_yaml::from_str(yaml).unwrap()
}

#[test]
fn rules_hold_here() {
    for Case { name, yaml, refused } in cases() {
        let checked = read(&yaml).validate_cel();
        match (checked, refused) {
            (Ok(()), None) => {}
            (Err(errors), Some(refused)) => {
                let text = errors.to_string();
                assert!(text.contains(refused), "{name}: {text}");
            }
            (checked, refused) => panic!("{name}: {checked:?}, expected {refused:?}"),
        }
    }
}

#[tokio::test]
async fn rules_hold_at_the_api_server() {
    let site = Site::bare("rules").await;
    for Case { name, yaml, refused } in cases() {
        match (site.try_apply(&yaml).await, refused) {
            (Ok(_), None) => {}
            (Err(error), Some(refused)) => {
                let text = error.to_string();
                assert!(text.contains(refused), "{name}: {text}");
            }
            (applied, refused) => panic!("{name}: {applied:?}, expected {refused:?}"),
        }
    }
}

/// What the schema itself refuses, beside the rules.
#[tokio::test]
async fn malformed_values_are_refused_by_the_api_server_with_their_field() {
    let site = Site::bare("schema").await;
    for (changes, field) in [
        (json!({ "retention": { "default": "soon" } }), "spec.retention.default"),
        (json!({ "storage": { "embedded": { "size": "20 GB" } } }), "spec.storage.embedded.size"),
        (json!({ "generators": [{ "name": "a" }, { "name": "a" }] }), ".spec.generators: duplicate entries"),
        (json!({ "generators": [{ "name": "a", "rate": 0 }] }), "spec.generators[0].rate"),
        (json!({ "deletionPolicy": "Maybe" }), "spec.deletionPolicy"),
        (json!({ "ingestor": { "replicas": -1 } }), "spec.ingestor.replicas"),
        (
            json!({ "ingestor": { "listeners": [{ "protocol": "Carrier" }] } }),
            "spec.ingestor.listeners[0].protocol",
        ),
        (
            json!({ "ingestor": { "listeners": [{ "protocol": "Relp", "port": 0 }] } }),
            "spec.ingestor.listeners[0].port",
        ),
        (
            json!({ "ingestor": { "listeners": [{ "protocol": "Relp", "from": [] }] } }),
            "spec.ingestor.listeners[0].from",
        ),
    ] {
        let error = site.try_apply(&embedded("bad", changes)).await.unwrap_err().to_string();
        assert!(error.contains(field), "{field}: {error}");
    }
}

fn changes_over_time() -> Vec<(&'static str, String, String, Option<&'static str>)> {
    let volume = |size: &str, class: Option<&str>| {
        let class = class.map(str::to_owned);
        json!({ "ingestor": { "wal": { "size": size, "storageClassName": class } } })
    };
    let disk = |size: &str| json!({ "storage": { "embedded": { "size": size } } });
    let cluster = |name, changes| elasticsearch(name, URL, changes);
    vec![
        (
            "switch",
            embedded("switch", json!({})),
            cluster("switch", json!({ "storage": { "embedded": null } })),
            Some("the store cannot be switched"),
        ),
        (
            "shrink",
            embedded("shrink", disk("2Gi")),
            embedded("shrink", disk("2047Mi")),
            Some("a volume cannot shrink"),
        ),
        ("grow", embedded("grow", disk("2Gi")), embedded("grow", disk("0.01Ti")), None),
        (
            "shrink-log",
            cluster("shrink-log", volume("2Gi", None)),
            cluster("shrink-log", volume("1Gi", None)),
            Some("ingestor.wal.size may only grow"),
        ),
        (
            "drop-log",
            cluster("drop-log", volume("2Gi", None)),
            cluster("drop-log", json!({ "ingestor": { "wal": null } })),
            Some("ingestor.wal.size cannot be removed"),
        ),
        (
            "move-log",
            cluster("move-log", volume("2Gi", Some("fast"))),
            cluster("move-log", volume("2Gi", Some("slow"))),
            Some("ingestor.wal.storageClassName cannot change"),
        ),
        (
            "rename",
            cluster("rename", json!({ "storage": { "elasticsearch": { "pipelineName": "a" } } })),
            cluster("rename", json!({ "storage": { "elasticsearch": { "pipelineName": "b" } } })),
            Some("pipelineName cannot change"),
        ),
    ]
}

#[test]
fn what_would_lose_data_cannot_be_changed_here() {
    for (name, before, after, refused) in changes_over_time() {
        let checked = read(&after).validate_cel_update(&read(&before));
        match (checked, refused) {
            (Ok(()), None) => {}
            (Err(errors), Some(refused)) => {
                assert!(errors.to_string().contains(refused), "{name}: {errors}");
            }
            (checked, refused) => panic!("{name}: {checked:?}, expected {refused:?}"),
        }
    }
}

#[tokio::test]
async fn what_would_lose_data_cannot_be_changed_at_the_api_server() {
    let site = Site::bare("changes").await;
    for (name, before, after, refused) in changes_over_time() {
        site.apply(&before).await;
        match (site.try_apply(&after).await, refused) {
            (Ok(_), None) => {}
            (Err(error), Some(refused)) => {
                assert!(error.to_string().contains(refused), "{name}: {error}");
            }
            (applied, refused) => panic!("{name}: {applied:?}, expected {refused:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_left_out_gets_its_default_from_the_api_server() {
    let site = Site::bare("defaults").await;
    let spec =
        site.apply(&elasticsearch("defaults", URL, json!({ "generators": [{ "name": "a" }], "ingestor": { "listeners": [{ "protocol": "OtlpGrpc" }] } }))).await.spec;
    let told = serde_json::to_value(&spec).unwrap();
    for (pointer, expected) in [
        ("/retention/default", json!("30d")),
        ("/retention/lifecycle", json!("Ingestor")),
        ("/ingestor/replicas", json!(1)),
        ("/ingestor/listeners/0/anonymous", json!(false)),
        ("/query/replicas", json!(1)),
        ("/storage/elasticsearch/shards", json!(1)),
        ("/storage/elasticsearch/replicas", json!(1)),
        ("/storage/elasticsearch/refreshInterval", json!("1s")),
        ("/generators/0/rate", json!(200)),
        ("/generators/0/verify", json!(true)),
        ("/deletionPolicy", json!("Retain")),
        ("/paused", json!(false)),
    ] {
        assert_eq!(told.pointer(pointer), Some(&expected), "{pointer}");
    }
}
