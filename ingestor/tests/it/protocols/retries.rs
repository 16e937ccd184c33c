//! What is one request sent again, and what is another that looks like it.

use std::net::{IpAddr, Ipv4Addr};

use logpipeline_ingestor::intake::Protocol;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::eventually;
use crate::support::server::Server;

const PUSH: &str = "/loki/api/v1/push";

/// Figures of what is stored and what was sent again.
async fn counts(server: &Server) -> (u64, u64) {
    let figures = server.settled().await;
    (figures["stored"].as_u64().unwrap(), figures["duplicates"].as_u64().unwrap())
}

fn push(time: &str) -> String {
    json!({"streams": [{"stream": {"app": "shop"}, "values": [[time, "a line"]]}]}).to_string()
}

/// Entries of a bulk request that is longer than one that could be repeated by chance.
fn long_bulk(time: &str) -> String {
    format!("{{\"create\":{{}}}}\n{{\"@timestamp\":\"{time}\",\"message\":\"a line\"}}\n").repeat(100)
}

/// Posts as a sender at another address of the loopback network would.
async fn post_from(server: &Server, host: u8, path: &str, body: String) {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, host));
    let client = reqwest::Client::builder().local_address(address).build().unwrap();
    let response = client.post(format!("http://{}{path}", server.address)).body(body).send().await.unwrap();
    assert!(response.status().is_success(), "{response:?}");
}

#[tokio::test]
async fn the_same_bytes_for_another_tenant_index_or_tag_are_other_entries() {
    let server = Server::start(&[]).await;
    let bulk = long_bulk("2026-11-30T10:00:00.123456Z");
    let datadog = json!([{"message": "a line", "timestamp": 1_796_000_000_123_456_789u64}]).to_string();
    let jsonline = "{\"_msg\":\"a line\",\"_time\":\"2026-11-30T10:00:00.123456789Z\"}\n";
    let tenant = |name| [("x-scope-orgid", name)];
    let fields = |value| [("vl-extra-fields", value)];
    for _ in 0..2 {
        let line = push("1796000000123456789");
        for (path, headers, body) in [
            (PUSH, &tenant("a")[..], line.as_str()),
            (PUSH, &tenant("b"), &line),
            (PUSH, &[], &line),
            ("/a/_bulk", &[], &bulk),
            ("/b/_bulk", &[], &bulk),
            ("/api/v2/logs?ddtags=team:a", &[], &datadog),
            ("/api/v2/logs?ddtags=team:b", &[], &datadog),
            ("/insert/jsonline", &fields("team=a"), jsonline),
            ("/insert/jsonline", &fields("team=b"), jsonline),
        ] {
            let answer = server.post_to(path, headers, body.to_owned()).await;
            assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        }
    }
    assert_eq!(counts(&server).await, (3 + 200 + 2 + 2, 3 + 200 + 2 + 2));
    let entries = server.store.entries();
    let of = |field: &str, value: &str| {
        entries.iter().filter(|entry| entry["metadata"][field] == json!(value)).count()
    };
    assert_eq!((of("tenant", "a"), of("tenant", "b")), (1, 1));
    assert_eq!((of("index", "a"), of("index", "b")), (100, 100));
}

#[tokio::test]
async fn an_idempotency_key_is_its_senders_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    std::fs::write(&file, "shop:0123456789abcdef-of-shop\nedge:0123456789abcdef-of-edge\n").unwrap();
    let server = Server::start(&[&format!("--tokens-file={}", file.display())]).await;
    for sender in ["shop", "edge", "shop"] {
        let token = format!("Bearer 0123456789abcdef-of-{sender}");
        let headers = [("authorization", token.as_str()), ("idempotency-key", "batch-1")];
        let answer = server.post_to("/logs", &headers, format!("{{\"message\":\"of {sender}\"}}")).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let figures = async || -> Value { serde_json::from_str(&server.admin("/delivery").await.1).unwrap() };
    eventually("all are settled", async || figures().await["waiting"] == 0).await;
    let figures = figures().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(2), &json!(1)));
    let mut messages = server.store.messages();
    messages.sort();
    assert_eq!(messages, ["of edge", "of shop"]);
}

#[tokio::test]
async fn digits_that_happen_to_be_zeros_do_not_make_a_time_coarse() {
    let server = Server::start(&["--relp-listen=127.0.0.1:0"]).await;
    let whole = json!([{"ddsource": "x".repeat(5_000), "message": "m", "timestamp": 1_796_000_000_000u64}]);
    let event = json!({"time": "1796000000.000000", "event": "m"}).to_string();
    for _ in 0..2 {
        for (path, body) in [
            ("/_bulk", long_bulk("2026-11-30T10:00:00.000Z")),
            (
                "/_bulk",
                "{\"create\":{}}\n{\"@timestamp\":\"2026-11-30T10:00:00.000000Z\",\"message\":\"m\"}\n"
                    .to_owned(),
            ),
            ("/api/v2/logs", whole.to_string()),
            ("/services/collector/event", event.clone()),
        ] {
            let answer = server.post_to(path, &[], body).await;
            assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        }
        let mut relp = TcpStream::connect(server.listeners.get(Protocol::Relp).unwrap()).await.unwrap();
        let message = "<158>1 2026-11-30T11:47:06.000000+00:00 vm shop - - - by relp";
        relp.write_all(
            format!("1 open 14 relp_version=0\n2 syslog {} {message}\n", message.len()).as_bytes(),
        )
        .await
        .unwrap();
        let mut answers = BufReader::new(relp).lines();
        while !answers.next_line().await.unwrap().unwrap().starts_with("2 rsp ") {}
    }
    assert_eq!(counts(&server).await, (100 + 1 + 1 + 1 + 1, 100 + 1 + 1 + 1 + 1));
}

#[tokio::test]
async fn a_retry_through_another_proxy_is_a_retry_where_times_tell_hosts_apart() {
    let server = Server::start(&[]).await;
    for host in [1, 2] {
        post_from(&server, host, PUSH, push("1796000000123456789")).await;
        // Two hosts may well log the same lines in the same millisecond.
        post_from(&server, host, "/_bulk", long_bulk("2026-11-30T10:00:00.123Z")).await;
    }
    assert_eq!(counts(&server).await, (1 + 200, 1));
}

#[tokio::test]
async fn entries_before_the_one_that_tells_a_request_apart_are_stored_once_too() {
    let server = Server::start(&[]).await;
    let body = "starting\n  at main\nno time here\n2026-11-30T10:00:00.123456Z INFO ready\ndone\n";
    for _ in 0..2 {
        assert_eq!(server.post_to("/logs", &[("content-type", "text/plain")], body).await.status, 202);
    }
    assert_eq!(counts(&server).await, (4, 4));
    let entries = server.store.entries();
    let ids: std::collections::BTreeSet<&str> =
        entries.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 4);
    let prefix = |entry: &Value| entry["id"].as_str().unwrap()[..28].to_owned();
    assert!(entries.iter().all(|entry| prefix(entry) == prefix(&entries[0])), "{ids:?}");
}
