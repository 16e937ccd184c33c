//! The live tail.

use std::time::Duration;

use logpipeline_query::config::Limits;
use reqwest::Response;
use serde_json::{Value, json};

use crate::server::{Server, clock, eventually};

/// Reads server-sent events.
struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    /// Subscribes; nothing that is accepted before is followed.
    async fn open(server: &Server, q: &str) -> Self {
        let response = server.send("/tail", &[("q", q)]).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(!response.headers().contains_key("content-encoding"));
        let mut events = Self { response, buffer: String::new() };
        let (name, data) = events.next().await.unwrap();
        assert_eq!(name, "ready");
        assert!(data["from"].is_string());
        events
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.buffer = rest;
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                if let (Some(name), Some(data)) = (field("event:"), field("data:")) {
                    return Some((name.to_owned(), serde_json::from_str(data).unwrap()));
                }
                continue;
            }
            let chunk =
                tokio::time::timeout(Duration::from_secs(10), self.response.chunk()).await.expect("an event");
            self.buffer.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    async fn message(&mut self) -> String {
        let (name, data) = self.next().await.unwrap();
        assert_eq!(name, "entry", "{data}");
        data["message"].as_str().unwrap().to_owned()
    }
}

fn message(text: &str) -> String {
    json!({ "message": text }).to_string()
}

#[tokio::test]
async fn the_tail_starts_at_now_whatever_the_timestamps_say() {
    let server = Server::start().await;
    server.ingest(&message("before"));
    tokio::time::sleep(Duration::from_millis(5)).await;
    let mut events = Events::open(&server, "").await;
    server.ingest(r#"{"message":"old","timestamp":"2001-01-01T00:00:00Z"}"#);
    assert_eq!(events.message().await, "old");
    server.ingest(r#"{"message":"future","timestamp":"2999-01-01T00:00:00Z"}"#);
    assert_eq!(events.message().await, "future");
}

#[tokio::test]
async fn each_client_has_its_own_query() {
    let server = Server::start().await;
    let mut errors = Events::open(&server, "level>=error").await;
    let mut payments = Events::open(&server, "payments -level:debug").await;
    for (level, text) in
        [("info", "payments up"), ("error", "disk full"), ("debug", "payments"), ("fatal", "payments down")]
    {
        server.ingest(&json!({ "message": text, "level": level }).to_string());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!([errors.message().await, errors.message().await], ["disk full", "payments down"]);
    assert_eq!([payments.message().await, payments.message().await], ["payments up", "payments down"]);
}

#[tokio::test]
async fn an_entry_that_becomes_visible_late_comes_once() {
    let server = Server::start().await;
    let mut events = Events::open(&server, "").await;
    let received = clock();
    server.ingest_at(&message("first"), received + Duration::from_secs(1));
    assert_eq!(events.message().await, "first");
    // Accepted before the first, stored after it.
    server.ingest_at(&message("late"), received);
    assert_eq!(events.message().await, "late");
    server.ingest_at(&message("last"), received + Duration::from_secs(2));
    assert_eq!(events.message().await, "last", "each entry comes once");
    server.ingest_at(&message("far ahead"), received + Duration::from_secs(8));
    assert_eq!(events.message().await, "far ahead");
    server.ingest_at(&message("very late"), received + Duration::from_millis(1_500));
    assert_eq!(events.message().await, "very late");
}

#[tokio::test]
async fn nothing_is_lost_between_thousands() {
    let server = Server::with(Limits {
        tail_interval: Duration::from_millis(20),
        tail_queue: 20_000,
        ..Limits::default()
    })
    .await;
    let mut events = Events::open(&server, "").await;
    for index in 0..10_000 {
        server.ingest(&message(&index.to_string()));
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..10_000 {
        assert!(seen.insert(events.message().await));
    }
    assert_eq!(seen.len(), 10_000);
}

#[tokio::test]
async fn a_slow_reader_is_told_how_many_entries_it_missed() {
    let server = Server::with(Limits {
        tail_interval: Duration::from_millis(20),
        tail_queue: 50,
        ..Limits::default()
    })
    .await;
    let mut slow = Events::open(&server, "").await;
    let filler = "x".repeat(10_000);
    let sent = 3_000;
    for index in 0..sent {
        server.ingest(&json!({ "message": filler, "metadata": { "n": index } }).to_string());
    }
    eventually(async || server.metric("logpipeline_query_tail_dropped_total") > 0.0, "drops").await;
    let (mut entries, mut dropped) = (0, 0);
    while entries + dropped < sent {
        match slow.next().await.unwrap() {
            (name, data) if name == "dropped" => dropped += data["count"].as_u64().unwrap(),
            (name, _) => {
                assert_eq!(name, "entry");
                entries += 1;
            }
        }
    }
    assert!(dropped > 0);
    assert_eq!(
        (entries + dropped, server.metric("logpipeline_query_tail_dropped_total") as u64),
        (sent, dropped)
    );
    server.ingest(&message("and on"));
    assert_eq!(slow.message().await, "and on");
}

#[tokio::test]
async fn clients_are_counted_and_bounded() {
    let server =
        Server::with(Limits { max_tails: 2, tail_interval: Duration::from_millis(20), ..Limits::default() })
            .await;
    let first = Events::open(&server, "").await;
    let _second = Events::open(&server, "").await;
    assert_eq!(server.metric("logpipeline_query_tail_clients"), 2.0);
    let refused = server.send("/tail", &[]).await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "10"));
    drop(first);
    eventually(async || server.metric("logpipeline_query_tail_clients") == 1.0, "the client that left").await;
    Events::open(&server, "").await;
}

#[tokio::test]
async fn the_stream_ends_when_the_server_stops() {
    let server = Server::start().await;
    let mut events = Events::open(&server, "").await;
    server.shutdown.trigger();
    assert_eq!(events.next().await, None);
    let ended =
        tokio::time::timeout(Duration::from_secs(5), server.shutdown.finished(Duration::from_secs(5))).await;
    assert_eq!(ended, Ok(true), "the task that follows the store ends");
}

#[tokio::test]
async fn dead_letters_are_followed_by_those_who_ask_for_them() {
    let server = Server::start().await;
    let mut logs = Events::open(&server, "").await;
    let mut letters = Events::open(&server, "stream:dead-letters -ignored").await;
    server.bury(&message("an ignored letter"), clock());
    server.bury(&message("a letter"), clock());
    server.ingest(&message("an entry"));
    assert_eq!(letters.message().await, "a letter");
    assert_eq!(logs.message().await, "an entry");
}

#[tokio::test]
async fn clients_of_both_streams_share_the_places() {
    let server = Server::with(Limits { max_tails: 1, ..Limits::default() }).await;
    let _logs = Events::open(&server, "").await;
    assert_eq!(server.send("/tail", &[("q", "stream:dead-letters")]).await.status(), 503);
}
