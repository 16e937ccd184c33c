//! Which listeners an ingestor may have.

use logpipeline_operator::crd::ListenerProtocol;
use serde_json::{Value, json};

use super::{Case, on_disk};

/// Under tokens, which HTTP asks for.
fn guarded(name: &'static str, listeners: Value, refused: Option<&'static str>) -> Case {
    let tokens = json!({ "tokensSecretRef": { "name": "tokens" }, "insecure": null, "listeners": listeners });
    on_disk(name, json!({ "ingestor": tokens }), refused)
}

fn open(name: &'static str, listeners: Value, refused: Option<&'static str>) -> Case {
    on_disk(name, json!({ "ingestor": { "listeners": listeners } }), refused)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = authentication();
    cases.extend(ports());
    cases.extend(peers());
    cases
}

fn authentication() -> Vec<Case> {
    let key = json!({ "name": "forward" });
    let unasked = Some("cannot ask senders for a token: set anonymous: true");
    let tls = |name, tls: Value, refused| {
        let ingestor =
            json!({ "tlsSecretRef": tls, "listeners": [{ "protocol": "SyslogTls", "anonymous": true }] });
        on_disk(name, json!({ "ingestor": ingestor }), refused)
    };
    vec![
        guarded("otlp", json!([{ "protocol": "OtlpGrpc" }]), None),
        guarded(
            "anonymous-otlp",
            json!([{ "protocol": "OtlpGrpc", "anonymous": true }]),
            Some("an OtlpGrpc listener asks for the same tokens as HTTP"),
        ),
        guarded("forward-with-key", json!([{ "protocol": "Forward", "sharedKeySecretRef": key }]), None),
        guarded("forward-without-key", json!([{ "protocol": "Forward" }]), unasked),
        guarded("forward-anonymous", json!([{ "protocol": "Forward", "anonymous": true }]), None),
        guarded(
            "forward-both",
            json!([{ "protocol": "Forward", "anonymous": true, "sharedKeySecretRef": key }]),
            Some("sharedKeySecretRef and anonymous: true exclude each other"),
        ),
        guarded(
            "relp-with-key",
            json!([{ "protocol": "Relp", "anonymous": true, "sharedKeySecretRef": key }]),
            Some("only Forward has a shared key"),
        ),
        guarded("syslog-udp", json!([{ "protocol": "SyslogUdp" }]), unasked),
        guarded("syslog-tcp", json!([{ "protocol": "SyslogTcp", "anonymous": false }]), unasked),
        guarded("relp", json!([{ "protocol": "Relp" }]), unasked),
        guarded("lumberjack", json!([{ "protocol": "Lumberjack" }]), unasked),
        guarded("gelf-tcp", json!([{ "protocol": "GelfTcp" }]), unasked),
        guarded("gelf-udp", json!([{ "protocol": "GelfUdp" }]), unasked),
        guarded(
            "one-of-two-unasked",
            json!([{ "protocol": "GelfTcp", "anonymous": true }, { "protocol": "GelfUdp" }]),
            unasked,
        ),
        guarded("syslog-anonymous", json!([{ "protocol": "SyslogUdp", "anonymous": true }]), None),
        open("syslog-insecure", json!([{ "protocol": "SyslogUdp" }, { "protocol": "Forward" }]), None),
        open("key-though-insecure", json!([{ "protocol": "Forward", "sharedKeySecretRef": key }]), None),
        tls("syslog-tls", json!({ "name": "certificate" }), None),
        tls("syslog-tls-without", Value::Null, Some("a SyslogTls listener shows the ingestor's certificate")),
    ]
}

fn ports() -> Vec<Case> {
    let same_port = Some("two listeners have the same port of the Service");
    let mut every: Vec<_> = ListenerProtocol::ALL.iter().map(|one| json!({ "protocol": one })).collect();
    every.retain(|one| one["protocol"] != "SyslogTls");
    vec![
        open("every-usual-port", json!(every), None),
        open(
            "udp-and-tcp",
            json!([{ "protocol": "SyslogUdp", "port": 514 }, { "protocol": "SyslogTcp", "port": 514 }]),
            None,
        ),
        open(
            "two-at-one-port",
            json!([{ "protocol": "Relp", "port": 514 }, { "protocol": "SyslogTcp", "port": 514 }]),
            same_port,
        ),
        open(
            "at-a-usual-port",
            json!([{ "protocol": "Relp", "port": 12201 }, { "protocol": "GelfTcp" }]),
            same_port,
        ),
        open(
            "at-the-usual-port-of-udp",
            json!([{ "protocol": "Relp", "port": 5514 }, { "protocol": "SyslogUdp" }]),
            None,
        ),
        open(
            "ports-exchanged",
            json!([{ "protocol": "Relp", "port": 5044 }, { "protocol": "Lumberjack", "port": 2514 }]),
            None,
        ),
        open(
            "a-protocol-twice",
            json!([{ "protocol": "Relp" }, { "protocol": "Relp", "port": 2515 }]),
            Some("protocol"),
        ),
        open(
            "the-port-of-http",
            json!([{ "protocol": "GelfTcp", "port": 3000 }]),
            Some("port 3000 of the Service is the one for HTTP"),
        ),
        open("udp-beside-http", json!([{ "protocol": "GelfUdp", "port": 3000 }]), None),
    ]
}

fn peers() -> Vec<Case> {
    let from = |peer: Value| json!([{ "protocol": "GelfUdp", "from": [peer] }]);
    let either = Some("a peer in from is either an ipBlock");
    let block = json!({ "cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"] });
    let team = json!({ "matchLabels": { "team": "shop" } });
    vec![
        open("from-a-network", from(json!({ "ipBlock": block })), None),
        open("from-a-namespace", from(json!({ "namespaceSelector": team })), None),
        open("from-pods", from(json!({ "namespaceSelector": {}, "podSelector": team })), None),
        open("from-nobody", from(json!({})), either),
        open("from-both", from(json!({ "ipBlock": block, "podSelector": team })), either),
    ]
}
