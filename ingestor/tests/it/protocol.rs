//! What senders may send, and what they are told.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::server::{Answer, Server, gzip, ndjson, zstd};

const SAMPLE: &str = r#"{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234","timestamp":"2023-09-15T08:00:00Z","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{"parentResourceId":"server-0987"}}"#;

/// The line numbers of what was rejected.
fn rejected_lines(answer: &Answer) -> Vec<u64> {
    answer.body["rejected"].as_array().unwrap().iter().map(|line| line["line"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn every_path_takes_the_sample_entry_and_stores_it_as_it_was_sent() {
    let server = Server::start(&[]).await;
    for path in ["/", "/ingest", "/logs", "/api/v1/logs"] {
        let answer = server.post_to(path, &[], SAMPLE).await;
        assert_eq!(answer.status, 202, "{path}: {answer:?}");
        assert_eq!(answer.body["accepted"], 1);
        assert_eq!(answer.body["rejectedCount"], 0);
        assert_eq!(answer.body["rejected"], json!([]));
        assert!(!answer.body["receipt"].as_str().unwrap().is_empty());
    }
    server.settled().await;
    let sent: Value = serde_json::from_str(SAMPLE).unwrap();
    let entries = server.store.entries();
    assert_eq!(entries.len(), 4);
    for entry in entries {
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(&entry[name], value, "{name}");
        }
        assert!(entry["receivedAt"].is_string() && entry["id"].is_string());
    }
}

#[tokio::test]
async fn an_object_an_array_and_ndjson_are_taken_whatever_the_content_type() {
    let server = Server::start(&[]).await;
    let bodies = [
        (r#"{"message":"object"}"#, 1),
        ("{\n  \"message\": \"object over lines\"\n}\n", 1),
        (r#"[{"message":"a1"},{"message":"a2"}]"#, 2),
        ("{\"message\":\"n1\"}\n\n{\"message\":\"n2\"}\r\n{\"message\":\"n3\"}", 3),
        ("\u{feff}{\"message\":\"with a byte order mark\"}", 1),
    ];
    let types = [
        None,
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("application/x-ndjson"),
        Some("application/x-www-form-urlencoded"),
    ];
    for (body, count) in bodies {
        for content_type in types {
            let headers: Vec<_> = content_type.map(|value| ("content-type", value)).into_iter().collect();
            let answer = server.post_to("/logs", &headers, body).await;
            assert_eq!(
                (answer.status, &answer.body["accepted"]),
                (202, &json!(count)),
                "{body} as {content_type:?}"
            );
        }
    }
    let figures = server.settled().await;
    assert_eq!(figures["stored"], 8 * types.len());
}

#[tokio::test]
async fn compressed_and_chunked_bodies_are_taken() {
    let server = Server::start(&[]).await;
    let body = ndjson("compressed", 5_000);
    let (first, second) = body.split_at(body.find("-2500").unwrap());
    let several = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    let frames = [zstd(first.as_bytes()), zstd(second.as_bytes())].concat();
    for (coding, bytes) in [
        ("gzip", gzip(body.as_bytes())),
        ("x-gzip", gzip(body.as_bytes())),
        ("gzip", several),
        ("zstd", zstd(body.as_bytes())),
        ("zstd", frames),
        ("identity", body.clone().into_bytes()),
    ] {
        let answer = server.post_to("/logs", &[("content-encoding", coding)], bytes).await;
        assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(5_000)), "{coding}: {answer:?}");
    }
    let chunked = "POST /logs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
                   5\r\n{\"mes\r\nd\r\nsage\":\"chunk\"\r\n1\r\n}\r\n0\r\n\r\n";
    let answer = server.raw(chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 202") && answer.contains("\"accepted\":1"), "{answer}");
}

#[tokio::test]
async fn what_is_not_the_named_coding_or_is_cut_is_refused() {
    let server = Server::start(&[]).await;
    let whole = gzip(ndjson("cut", 1_000).as_bytes());
    for (coding, bytes) in [
        ("gzip", b"{\"message\":\"plain\"}".to_vec()),
        ("zstd", b"{\"message\":\"plain\"}".to_vec()),
        ("gzip", whole[..whole.len() / 2].to_vec()),
        ("zstd", zstd(&[b'x'; 1_000])[..10].to_vec()),
    ] {
        let answer = server.post_to("/logs", &[("content-encoding", coding)], bytes).await;
        assert_eq!((answer.status, answer.kind()), (400, "invalid-body"), "{coding}");
        assert!(answer.body["detail"].as_str().unwrap().contains(coding));
    }
    let answer = server.post_to("/logs", &[("content-encoding", "br")], "x").await;
    assert_eq!((answer.status, answer.kind()), (415, "unsupported-encoding"));
    assert_eq!(answer.headers["accept-encoding"], "gzip, deflate, zstd");
    assert_eq!(server.delivery().await["received"], 0);
}

#[tokio::test]
async fn bad_lines_are_rejected_with_number_field_and_reason_and_the_rest_is_taken() {
    let server = Server::start(&[]).await;
    let body = [
        r#"{"message":"good 1"}"#,
        r#"{"message":"bad time","timestamp":"yesterday"}"#,
        r#"{"level":"info"}"#,
        r#"{"message":"broken""#,
        r#"{"message":"good 5","timestamp":"2023-09-15T08:00:00.123456789+02:00"}"#,
    ];
    let answer = server.post(body.join("\n")).await;
    assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(2)));
    assert_eq!(answer.body["rejectedCount"], 3);
    assert_eq!(rejected_lines(&answer), [2, 3, 4]);
    let rejected = answer.body["rejected"].as_array().unwrap();
    assert_eq!(rejected[0]["field"], "timestamp");
    assert_eq!(rejected[1]["field"], "message");
    assert!(rejected[2].get("field").is_none());
    assert!(rejected.iter().all(|line| !line["reason"].as_str().unwrap().is_empty()));
    let figures = server.settled().await;
    assert_eq!((&figures["received"], &figures["rejected"]), (&json!(5), &json!(3)));
    assert_eq!(server.store.messages(), ["good 1", "good 5"]);
    assert_eq!(server.metric("logpipeline_ingestor_rejected_entries_total{reason=\"field\"}").await, 2.0);
    assert_eq!(server.metric("logpipeline_ingestor_rejected_entries_total{reason=\"malformed\"}").await, 1.0);
    assert_eq!(server.metric("logpipeline_ingestor_accepted_entries_total").await, 2.0);
    assert_eq!(server.metric("logpipeline_ingestor_received_entries_total").await, 5.0);
}

#[tokio::test]
async fn a_body_without_one_usable_line_is_a_400_that_lists_them() {
    let server = Server::start(&[]).await;
    let answer = server.post("limit reached\n{\"level\":\"info\"}").await;
    assert_eq!((answer.status, answer.kind()), (400, "nothing-usable"));
    assert_eq!(rejected_lines(&answer), [1, 2]);
    let reason = answer.body["rejected"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("not JSON") && reason.contains("found \"limit reached\""), "{reason}");
    assert_eq!(server.metric("logpipeline_ingestor_rejected_entries_total{reason=\"malformed\"}").await, 1.0);
    assert_eq!(answer.body["rejectedCount"], 2);
    let figures = server.delivery().await;
    assert_eq!((&figures["received"], &figures["rejected"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn an_empty_array_is_nothing_and_an_empty_body_is_a_mistake() {
    let server = Server::start(&[]).await;
    for body in ["[]", " [ ] \n"] {
        let answer = server.post(body).await;
        assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(0)), "{body:?}");
    }
    for body in ["", " \r\n\t\n"] {
        let answer = server.post(body).await;
        assert_eq!((answer.status, answer.kind()), (400, "empty-body"), "{body:?}");
    }
    assert_eq!(server.delivery().await["received"], 0);
}

#[tokio::test]
async fn at_most_a_thousand_rejected_lines_are_listed_and_all_are_counted() {
    let server = Server::start(&[]).await;
    let body = format!("{}{{\"message\":\"good\"}}\n", "x\n".repeat(25_000));
    let answer = server.post(body).await;
    assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(1)));
    assert_eq!(answer.body["rejectedCount"], 25_000);
    assert_eq!(rejected_lines(&answer), (1..=1_000).collect::<Vec<_>>());
    assert_eq!(server.settled().await["rejected"], 25_000);
}

#[tokio::test]
async fn json_of_any_depth_is_refused_without_harm() {
    let server = Server::start(&[]).await;
    for depth in [65, 1_000, 100_000, 1_000_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let open_only = open.repeat(depth);
            for (value, closed) in [(nested, true), (open_only, false)] {
                let body = format!(
                    "{{\"message\":\"deep\",\"metadata\":{value}}}\n{{\"message\":\"after {depth}\"}}"
                );
                let answer = server.post(body).await;
                if closed {
                    assert_eq!(answer.status, 202, "{depth} of {open}: {answer:?}");
                    assert_eq!(
                        (&answer.body["accepted"], &answer.body["rejectedCount"]),
                        (&json!(1), &json!(1))
                    );
                } else {
                    // What does not end may take the next line with it.
                    assert!(matches!(answer.status, 202 | 400), "{depth} of {open}: {answer:?}");
                }
                assert_eq!(answer.body["rejected"][0]["line"], 1);
                let alone = server.post(value).await;
                assert_eq!(alone.status, 400, "{depth} of {open}");
            }
        }
    }
    let at_limit =
        format!("{{\"message\":\"just right\",\"metadata\":{}1{}}}", "{\"a\":".repeat(63), "}".repeat(63));
    assert_eq!(server.post(at_limit).await.status, 202);
    server.settled().await;
    assert!(server.store.messages().contains(&"just right".to_owned()));
    for depth in [65, 1_000, 100_000, 1_000_000] {
        let after = format!("after {depth}");
        let found = server.store.messages().iter().filter(|message| **message == after).count();
        assert!(found >= 2, "{after} is found {found} times");
    }
    assert!(!server.store.messages().contains(&"deep".to_owned()));
}

#[tokio::test]
async fn bytes_that_are_no_text_cost_their_line_only() {
    let server = Server::start(&[]).await;
    let mut body = Vec::new();
    for line in [
        &b"{\"message\":\"raw nul \0\"}"[..],
        b"{\"message\":\"invalid utf-8 \xff\xfe\"}",
        b"{\"message\":\"control \x01\"}",
        br#"{"message":"escaped nul \u0000"}"#,
        br#"{"message":"lone surrogate \ud800"}"#,
        br#"{"message":"numbers","metadata":{"a":18446744073709551616,"b":1e999,"a":2}}"#,
        br#"{"message":"twice","message":"twice"}"#,
        b"\xff\xfe\x00\x01",
    ] {
        body.extend_from_slice(line);
        body.push(b'\n');
    }
    let answer = server.post(body).await;
    assert_eq!(rejected_lines(&answer), [1, 2, 3, 7, 8]);
    server.settled().await;
    let messages: BTreeSet<_> = server.store.messages().into_iter().collect();
    assert_eq!(messages, ["escaped nul \0", "lone surrogate \u{fffd}", "numbers"].map(str::to_owned).into());
}

#[tokio::test]
async fn an_oversize_entry_is_rejected_alone_and_one_at_the_limit_is_taken() {
    let server = Server::start(&[]).await;
    let entry = |length: usize| format!("{{\"message\":\"{}\"}}", "m".repeat(length - 14));
    let (largest, too_large) = (entry(1 << 20), entry((1 << 20) + 1));
    assert_eq!(largest.len(), 1 << 20);
    let answer = server.post(format!("{largest}\n{too_large}\n{{\"message\":\"small\"}}")).await;
    assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(2)));
    assert_eq!(rejected_lines(&answer), [2]);
    assert_eq!(server.metric("logpipeline_ingestor_rejected_entries_total{reason=\"limit\"}").await, 1.0);
    assert_eq!(server.settled().await["stored"], 2);
}

#[tokio::test]
async fn an_idempotency_key_makes_a_retry_store_nothing_twice() {
    let server = Server::start(&[]).await;
    let body = ndjson("once", 10);
    for _ in 0..3 {
        let answer = server.post_to("/logs", &[("idempotency-key", "batch-7")], body.clone()).await;
        assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(10)));
    }
    // Another encoding of the same lines is the same batch.
    let answer = server
        .post_to(
            "/logs",
            &[("idempotency-key", "batch-7"), ("content-encoding", "gzip")],
            gzip(body.as_bytes()),
        )
        .await;
    assert_eq!(answer.status, 202);
    server.post_to("/logs", &[("idempotency-key", "batch-8")], body.clone()).await;
    server.post(body).await;
    let figures = server.settled().await;
    assert_eq!((&figures["stored"], &figures["duplicates"]), (&json!(30), &json!(30)));
    assert_eq!(server.store.len(), 30);

    let long = "k".repeat(256);
    for key in ["", " ", "a b", "a\tb", &long] {
        let answer = server.post_to("/logs", &[("idempotency-key", key)], "{\"message\":\"m\"}").await;
        assert_eq!((answer.status, answer.kind()), (400, "invalid-idempotency-key"), "{key}");
    }
}

#[tokio::test]
async fn wrong_methods_and_paths_are_explained() {
    let server = Server::start(&[]).await;
    let client = reqwest::Client::new();
    let get = async |path: &str| client.get(format!("http://{}{path}", server.address)).send().await.unwrap();
    let response = get("/logs").await;
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"POST".parse().unwrap()));
    assert!(response.text().await.unwrap().contains("method-not-allowed"));
    let answer = server.post_to("/api/v1/delivery", &[], "x").await;
    assert_eq!((answer.status, answer.kind()), (405, "method-not-allowed"));
    assert_eq!(answer.headers["allow"], "GET, HEAD");
    let answer = server.post_to("/nowhere", &[], "x").await;
    assert_eq!((answer.status, answer.kind()), (404, "no-such-path"));
}

#[tokio::test]
async fn a_sender_that_waits_for_100_continue_gets_it() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start(&[]).await;
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let body = "{\"message\":\"after continue\"}";
    let head = format!(
        "POST /logs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 202"), "{rest}");

    // What is refused by its head alone gets no invitation.
    let head = "POST /logs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n";
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn fifty_senders_at_once_are_each_answered_for_their_own() {
    let server = Server::start(&[]).await;
    let requests: Vec<_> = (0..50)
        .map(|sender| {
            let url = format!("http://{}/logs", server.address);
            tokio::spawn(async move {
                let client = reqwest::Client::new();
                for round in 0..20 {
                    let count = 1 + (sender + round) % 5;
                    let body = ndjson(&format!("s{sender}-r{round}"), count);
                    let response = client.post(&url).body(body).send().await.unwrap();
                    assert_eq!(response.status(), 202);
                    let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
                    assert_eq!(answer["accepted"], count);
                }
            })
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
    let figures = server.settled().await;
    assert_eq!(figures["stored"], 50 * 20 * 3);
    let messages: BTreeSet<_> = server.store.messages().into_iter().collect();
    assert_eq!(messages.len(), 50 * 20 * 3);
    // Singles of many senders share syncs.
    let commits = server.metric("logpipeline_ingestor_wal_commit_seconds_count").await;
    assert!(commits < 1_000.0, "{commits} commits for 1,000 requests");
}
