//! Every answer that has a place for a receipt has one, and it is known.

use logpipeline_ingestor::intake::Protocol;
use serde_json::{Value, json};

use super::requests::ask;
use crate::support::server::{Server, ndjson};

#[tokio::test]
async fn each_protocol_gives_receipts_that_are_known() {
    let server = Server::start(&[]).await;
    let json = ("content-type", "application/json");
    let otlp = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"m"}}]}]}]}"#;
    let loki = r#"{"streams":[{"stream":{"app":"a"},"values":[["1700000000000000000","m"]]}]}"#;
    let sent: [(&str, &str, (&str, &str), String); 9] = [
        ("json", "/logs", json, ndjson("m", 1)),
        ("text", "/logs", ("content-type", "text/plain"), "a line\n".to_owned()),
        ("bulk", "/_bulk", json, "{\"create\":{\"_index\":\"a\"}}\n{\"message\":\"m\"}\n".to_owned()),
        ("otlp_http", "/v1/logs", json, otlp.to_owned()),
        ("loki", "/loki/api/v1/push", json, loki.to_owned()),
        ("hec", "/services/collector", json, "{\"event\":\"m\"}".to_owned()),
        ("datadog", "/api/v2/logs", json, "[{\"message\":\"m\"}]".to_owned()),
        ("jsonline", "/insert/jsonline", json, "{\"_msg\":\"m\"}\n".to_owned()),
        ("journal", "/upload", ("content-type", "application/vnd.fdo.journal"), "MESSAGE=m\n\n".to_owned()),
    ];
    for (protocol, path, header, body) in sent {
        let answer = server.post_to(path, &[header], body).await;
        assert!((200..300).contains(&answer.status), "{protocol}: {answer:?}");
        let header = answer.headers.get("x-logpipeline-receipt").map(|value| value.to_str().unwrap());
        let receipt =
            header.or_else(|| answer.body["receipt"].as_str()).unwrap_or_else(|| panic!("{protocol}"));
        let known = ask(&server, receipt).await;
        assert_eq!(known.status, 200, "{protocol}: {known:?}");
        assert_eq!((&known.body["protocol"], &known.body["accepted"]), (&json!(protocol), &json!(1)));
    }
}

#[tokio::test]
async fn an_answer_to_a_request_of_which_nothing_is_usable_has_a_receipt_that_is_known() {
    let server = Server::start(&["--max-entry=1KiB"]).await;
    let (json, long) = (("content-type", "application/json"), "x".repeat(2_000));
    let loki =
        format!(r#"{{"streams":[{{"stream":{{"app":"a"}},"values":[["1700000000000000000","{long}"]]}}]}}"#);
    let otlp = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"{long}"}}}}]}}]}}]}}"#
    );
    for (path, body, rejected) in [
        ("/logs", "{}".to_owned(), 1),
        ("/logs", " ".to_owned(), 0),
        ("/_bulk", format!("{{\"create\":{{}}}}\n{{\"message\":\"{long}\"}}\n"), 1),
        ("/app/_doc", format!("{{\"message\":\"{long}\"}}"), 1),
        ("/v1/logs", otlp, 1),
        ("/loki/api/v1/push", loki, 1),
        ("/services/collector", "{\"event\":\"\"}".to_owned(), 1),
        ("/services/collector", " ".to_owned(), 0),
        ("/services/collector/raw", "\n".to_owned(), 0),
        ("/api/v2/logs", format!("[{{\"message\":\"{long}\"}}]"), 1),
        ("/insert/jsonline", "{".to_owned(), 1),
        ("/gelf", format!("{{\"short_message\":\"{long}\"}}"), 1),
    ] {
        let answer = server.post_to(path, &[json], body).await;
        let header = answer.headers.get("x-logpipeline-receipt").map(|value| value.to_str().unwrap());
        let receipt = header.or_else(|| answer.body["receipt"].as_str());
        let known = ask(&server, receipt.unwrap_or_else(|| panic!("{path}: {answer:?}"))).await;
        let counts = (&known.body["accepted"], &known.body["rejected"]);
        assert_eq!(counts, (&json!(0), &json!(rejected)), "{path}: {answer:?}");
    }
    // The entries before the fault were kept.
    let journal = ("content-type", "application/vnd.fdo.journal");
    let answer = server.post_to("/upload", &[journal], "MESSAGE=m\n\nno journal\n").await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let known = ask(&server, answer.headers["x-logpipeline-receipt"].to_str().unwrap()).await;
    assert_eq!(known.body["accepted"], 1, "{known:?}");
}

#[tokio::test]
async fn an_answer_to_nothing_has_a_receipt_that_is_known_too() {
    let server = Server::start(&[]).await;
    for (path, body) in [("/insert/jsonline", ""), ("/upload", "")] {
        let answer = server.post_to(path, &[("content-type", "application/vnd.fdo.journal")], body).await;
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        let receipt = answer.headers["x-logpipeline-receipt"].to_str().unwrap().to_owned();
        let known = ask(&server, &receipt).await;
        assert_eq!((known.status, &known.body["accepted"]), (200, &json!(0)), "{path}: {known:?}");
    }
}

#[tokio::test]
async fn an_entry_of_a_stream_leads_to_the_batch_that_brought_it() {
    use tokio::io::AsyncWriteExt;
    let server = Server::start(&["--syslog-tcp-listen=127.0.0.1:0", "--allow-anonymous-listeners"]).await;
    let address = server.listeners.get(Protocol::SyslogTcp).unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"<14>1 2026-11-30T10:00:00Z host app - - - hello\n").await.unwrap();
    crate::support::eventually("it is stored", async || server.store.len() == 1).await;
    server.settled().await;
    let id = server.store.entries()[0]["id"].as_str().unwrap().to_owned();
    let answer = server.get(&format!("/api/v1/logs/{id}/delivery"), &[]).await;
    let request: &Value = &answer.body["request"];
    assert_eq!(
        (&request["protocol"], &request["peer"]),
        (&json!("syslog_tcp"), &json!("127.0.0.1")),
        "{answer:?}"
    );
}
