//! The ports that an ingestor opens beside the one for HTTP.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use logpipeline_operator::build::build;
use logpipeline_operator::capabilities::Capabilities;
use logpipeline_operator::crd::LogPipeline;
use logpipeline_operator::fetch::{Fetched, SecretData};
use logpipeline_operator::settings::Settings;
use logpipeline_operator::validate::{Invalid, Pipeline, validate};
use serde_json::{Value, json};

use crate::support::yaml::{elasticsearch, embedded};
use crate::support::{Site, eventually};

/// A pipeline with these settings of its ingestor, and the Secrets that it names, each with what its keys hold.
fn validated(ingestor: Value, secrets: &[(&str, &str)]) -> Result<Pipeline, Vec<Invalid>> {
    let text = elasticsearch("logs", "https://es:9200", json!({ "ingestor": ingestor }));
    let mut pipeline: LogPipeline = serde_yaml::from_str(&text).unwrap();
    pipeline.metadata.namespace = Some("shop".to_owned());
    let secret = |value: &str| {
        SecretData(["sharedKey", "tokens"].map(|key| (key.to_owned(), value.as_bytes().to_vec())).into())
    };
    let secrets: BTreeMap<_, _> =
        secrets.iter().map(|(name, value)| ((*name).to_owned(), Some(secret(value)))).collect();
    validate(&pipeline, &Fetched { secrets, ..Fetched::default() })
}

fn problems(listeners: Value, secrets: &[(&str, &str)]) -> Vec<(String, &'static str)> {
    let found = validated(json!({ "listeners": listeners }), secrets).err();
    found.into_iter().flatten().map(|one| (one.to_string(), one.reason())).collect()
}

/// The ingestor's settings, and the hashes by which the pods of ingestor and query server restart.
fn settings(ingestor: Value, key: &str) -> (Value, [Value; 2]) {
    let pipeline = validated(ingestor, &[("forward", key), ("tokens", "me:0123456789abcdef")]).unwrap();
    let operands = build(&pipeline, &Settings::default(), Capabilities::default(), "a key");
    let of = |kind: &str, name: &str| {
        let found = operands.iter().find(|one| (one.kind(), one.name()) == (kind, name));
        found.unwrap().object.clone()
    };
    let hash = "/spec/template/metadata/annotations/logpipeline.dev~1config-hash";
    let hashes =
        ["logs-ingestor", "logs-query"].map(|name| of("Deployment", name).pointer(hash).unwrap().clone());
    (of("ConfigMap", "logs-ingestor")["data"].clone(), hashes)
}

fn guarded(listeners: Value) -> Value {
    json!({ "insecure": null, "tokensSecretRef": { "name": "tokens" }, "listeners": listeners })
}

#[test]
fn the_ingestor_may_open_anonymous_listeners_only_where_the_spec_says_so() {
    let forward = json!({ "protocol": "Forward", "sharedKeySecretRef": { "name": "forward" } });
    let relp = |anonymous: bool| json!({ "protocol": "Relp", "anonymous": anonymous });
    for (ingestor, allowed) in [
        (guarded(json!([])), None),
        (guarded(json!([{ "protocol": "OtlpGrpc" }, forward])), None),
        (guarded(json!([{ "protocol": "OtlpGrpc" }, relp(true)])), Some("true")),
        // Tokens are asked for nowhere: there is nothing to make an exception of.
        (json!({ "listeners": [relp(true), { "protocol": "Forward" }] }), None),
        (json!({ "listeners": [relp(false)] }), None),
    ] {
        let (variables, _) = settings(ingestor, "a key");
        let found = variables.get("LOGPIPELINE_ALLOW_ANONYMOUS_LISTENERS").and_then(Value::as_str);
        assert_eq!(found, allowed, "{variables}");
    }
}

#[test]
fn another_shared_key_restarts_the_ingestors_and_another_order_nobody() {
    let forward = json!({ "protocol": "Forward", "sharedKeySecretRef": { "name": "forward" } });
    let otlp = json!({ "protocol": "OtlpGrpc" });
    let hashes = |listeners: Value, key: &str| settings(guarded(listeners), key).1;
    let before = hashes(json!([forward, otlp]), "one");
    assert_eq!(hashes(json!([otlp, forward]), "one"), before);
    let [ingestor, query] = hashes(json!([forward, otlp]), "two");
    assert_ne!(ingestor, before[0]);
    assert_eq!(query, before[1]);
    // The port is the Service's.
    let moved = json!({ "protocol": "OtlpGrpc", "port": 443 });
    assert_eq!(hashes(json!([forward, moved]), "one"), before);
}

#[test]
fn all_that_is_wrong_with_listeners_is_told_with_its_field() {
    let blocks = |cidr: &str, except: &[&str]| json!({ "ipBlock": { "cidr": cidr, "except": except } });
    let listeners = json!([
        { "protocol": "Forward", "sharedKeySecretRef": { "name": "missing" } },
        { "protocol": "SyslogUdp", "from": [blocks("10.0.0.0/8", &["10.1.0.0/16"]), blocks("10.1.2.3/8", &[])] },
        { "protocol": "GelfUdp", "from": [blocks("the network", &[]), blocks("10.0.0.0/8", &["11.0.0.0/16"])] },
    ]);
    let expected = [
        (
            "Secret shop/missing, which ingestor.listeners[Forward].sharedKeySecretRef names, does not exist",
            "SecretNotFound",
        ),
        (
            "ingestor.listeners[SyslogUdp].from[1].ipBlock.cidr \"10.1.2.3/8\" has address bits set beyond its prefix length: write 10.0.0.0/8",
            "SpecInvalid",
        ),
        (
            "ingestor.listeners[GelfUdp].from[0].ipBlock.cidr \"the network\" is not a network: write an address and a prefix length, such as 10.0.0.0/8 or 2001:db8::/32",
            "SpecInvalid",
        ),
        (
            "ingestor.listeners[GelfUdp].from[1].ipBlock.except \"11.0.0.0/16\" is not inside 10.0.0.0/8, which it should narrow",
            "SpecInvalid",
        ),
    ];
    assert_eq!(problems(listeners, &[]), expected.map(|(text, reason)| (text.to_owned(), reason)));
}

#[test]
fn a_shared_key_is_text_that_is_there() {
    let forward = json!([{ "protocol": "Forward", "sharedKeySecretRef": { "name": "forward" } }]);
    assert_eq!(problems(forward.clone(), &[("forward", "a key\n")]), []);
    let message = "the key sharedKey of Secret shop/forward is empty".to_owned();
    assert_eq!(problems(forward, &[("forward", "\n")]), [(message, "SecretInvalid")]);
}

fn ports(service: &Service) -> Vec<(String, i32, String)> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let mut ports: Vec<_> =
        ports.map(|one| (one.name.clone().unwrap(), one.port, one.protocol.clone().unwrap())).collect();
    ports.sort();
    ports
}

fn port(name: &str, number: i32, transport: &str) -> (String, i32, String) {
    (name.to_owned(), number, transport.to_owned())
}

#[tokio::test]
async fn listeners_come_and_go_with_their_ports_policies_and_settings() {
    let site = Site::new("listeners").await;
    site.secret("tokens", &[("tokens", "me:0123456789abcdef")]).await;
    site.secret("forward", &[("sharedKey", "one")]).await;
    let with = |listeners: Value| embedded("logs", json!({ "ingestor": guarded(listeners) }));
    let syslog = |protocol: &str| {
        json!({ "protocol": protocol, "port": 514, "anonymous": true,
            "from": [{ "ipBlock": { "cidr": "10.0.0.0/8" } }] })
    };
    let forward = json!({ "protocol": "Forward", "sharedKeySecretRef": { "name": "forward" } });
    site.apply(&with(json!([syslog("SyslogUdp"), syslog("SyslogTcp"), forward]))).await;
    let expected = [
        port("forward", 24224, "TCP"),
        port("http", 3000, "TCP"),
        port("syslog-tcp", 514, "TCP"),
        port("syslog-udp", 514, "UDP"),
    ];
    let service =
        eventually("the Service is made", async || site.get::<Service>("logs-ingestor").await).await;
    assert_eq!(ports(&service), expected);
    let (reason, message) = site.until_condition("logs", "ConfigValid", "True").await;
    assert_eq!(reason, "Insecure");
    assert!(message.contains("listeners accept entries without a token: SyslogUdp, SyslogTcp"), "{message}");
    let policy =
        eventually("the policy is made", async || site.get::<NetworkPolicy>("logs-store").await).await;
    let rules = serde_json::to_value(policy.spec.unwrap().ingress).unwrap();
    assert_eq!(
        rules[1],
        json!({ "from": [{ "ipBlock": { "cidr": "10.0.0.0/8" } }], "ports": [{ "port": 5514, "protocol": "UDP" }] })
    );
    assert_eq!(rules.as_array().unwrap().len(), 4);

    let pod = eventually("the pod is made", async || site.get::<Pod>("logs-store-0").await).await;
    let container = &pod.spec.as_ref().unwrap().containers[0];
    let opened: Vec<_> = container.ports.iter().flatten().map(|one| one.container_port).collect();
    assert_eq!(opened, [3000, 9090, 5514, 5514, 24224]);
    let hash = async || {
        let set = site.get::<k8s_openapi::api::apps::v1::StatefulSet>("logs-store").await?;
        set.spec?.template.metadata?.annotations?.get("logpipeline.dev/config-hash").cloned()
    };
    let before = hash().await.unwrap();
    site.secret("forward", &[("sharedKey", "two")]).await;
    eventually("another key restarts the pod", async || hash().await.filter(|now| *now != before)).await;

    site.apply(&with(json!([{ "protocol": "OtlpGrpc" }]))).await;
    eventually("the Service has other ports", async || {
        let found = ports(&site.get::<Service>("logs-ingestor").await?);
        (found == [port("http", 3000, "TCP"), port("otlp-grpc", 4317, "TCP")]).then_some(())
    })
    .await;
    eventually("the settings are others", async || {
        let data = site.get::<ConfigMap>("logs-ingestor").await?.data?;
        let listens: Vec<_> =
            data.keys().filter(|name| name.contains("LISTEN") || name.contains("FORWARD")).collect();
        (listens == ["LOGPIPELINE_OTLP_GRPC_LISTEN"]).then_some(())
    })
    .await;
    eventually("the policy has other rules", async || {
        let rules = site.get::<NetworkPolicy>("logs-store").await?.spec?.ingress?;
        (rules.len() == 2).then_some(())
    })
    .await;
    // The query server of this pipeline lets anybody read: that remains.
    eventually("the listeners are told of no more", async || {
        let (_, _, message) = site.condition("logs", "ConfigValid").await?;
        (!message.contains("listeners") && message.contains("query.insecure")).then_some(())
    })
    .await;
}
