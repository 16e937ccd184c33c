//! Dead letters are sent once more by an ingestor, whichever way they are chosen.

use std::sync::{Arc, Mutex};

use axum::routing::post;
use axum::{Json, Router};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::server::{Server, client, clock};

/// An ingestor that takes every letter, and the ids that it was given, request by request.
async fn ingestor() -> (String, Arc<Mutex<Vec<Vec<String>>>>) {
    let given: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
    let taken = Arc::clone(&given);
    let replay = async move |Json(body): Json<Value>| {
        let ids: Vec<String> = serde_json::from_value(body["ids"].clone()).unwrap();
        let count = ids.len();
        taken.lock().unwrap().push(ids);
        Json(json!({ "found": count, "replayed": count, "alreadyStored": 0, "failedCount": 0, "failed": [] }))
    };
    let router = Router::new().route("/dead-letters/replay", post(replay));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), given)
}

async fn replay(server: &Server, body: Value) -> (StatusCode, Value) {
    let url = server.url("/api/v1/dead-letters/replay");
    let answer = client().post(url).body(body.to_string()).send().await.unwrap();
    (answer.status(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

fn bury(server: &Server, number: usize, reason: &str) -> String {
    let time = format!("2023-09-15T08:{:02}:{:02}Z", number / 60, number % 60);
    let letter = json!({ "message": "m", "timestamp": time, "metadata": { "reason": reason } });
    server.bury(&letter.to_string(), clock()).to_string()
}

#[tokio::test]
async fn letters_are_chosen_by_a_query_and_go_to_the_ingestor_by_their_ids() {
    let (url, given) = ingestor().await;
    let server = Server::of_ingestors(&[url]).await;
    server.ingest(r#"{"message":"m","metadata":{"reason":"mapping"}}"#);
    let ids: Vec<_> = (0..3).map(|number| bury(&server, number, "mapping")).collect();
    bury(&server, 3, "depth");
    for q in ["reason:mapping", "stream:dead-letters reason:mapping"] {
        let (status, report) = replay(&server, json!({ "q": q })).await;
        assert_eq!((status, &report["replayed"]), (StatusCode::OK, &json!(3)), "{report}");
        assert_eq!(given.lock().unwrap().pop().unwrap(), ids);
    }
    let (_, report) = replay(&server, json!({ "q": "", "to": "2023-09-15T08:00:00Z" })).await;
    assert_eq!(report["replayed"], 1);
    let (_, report) = replay(&server, json!({ "ids": [ids[1], ids[1]] })).await;
    assert_eq!((&report["found"], given.lock().unwrap().last().unwrap()), (&json!(1), &vec![ids[1].clone()]));
}

#[tokio::test]
async fn all_letters_go_page_by_page() {
    let (url, given) = ingestor().await;
    let server = Server::of_ingestors(&[url]).await;
    let ids: Vec<_> = (0..1_201).map(|number| bury(&server, number, "mapping")).collect();
    let (status, report) = replay(&server, json!({ "all": true })).await;
    assert_eq!((status, &report["found"]), (StatusCode::OK, &json!(1_201)));
    let given = given.lock().unwrap();
    assert!(given.iter().all(|ids| ids.len() <= 500));
    assert_eq!(given.concat(), ids);
}

/// Serves one request after the other, each by the next of `answers`, and hands out the bodies that came.
async fn scripted(answers: Vec<(StatusCode, Value)>) -> (String, Arc<Mutex<Vec<Value>>>) {
    let given: Arc<Mutex<Vec<Value>>> = Arc::default();
    let (taken, answers) = (Arc::clone(&given), Mutex::new(answers.into_iter()));
    let answers = Arc::new(answers);
    let replay = async move |Json(body): Json<Value>| {
        taken.lock().unwrap().push(body);
        let (status, answer) = answers.lock().unwrap().next().unwrap();
        (status, [("retry-after", "0")], Json(answer))
    };
    let router = Router::new().route("/dead-letters/replay", post(replay));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), given)
}

fn report(replayed: u64, remaining: &[String]) -> (StatusCode, Value) {
    let report = json!({ "found": replayed, "replayed": replayed, "alreadyStored": 0, "failedCount": 0, "failed": [],
        "remaining": remaining });
    (StatusCode::OK, report)
}

#[tokio::test]
async fn what_an_ingestor_did_not_reach_in_time_is_sent_to_it_next() {
    let ids: Vec<_> = (1..=3).map(|number| format!("018a97d2-5c00-7000-8000-00000000000{number}")).collect();
    let busy = (StatusCode::CONFLICT, json!({ "detail": "Another replay is under way." }));
    let (url, given) = scripted(vec![report(1, &ids[1..]), busy, report(2, &[])]).await;
    let server = Server::of_ingestors(&[url]).await;
    let (status, said) = replay(&server, json!({ "ids": ids })).await;
    assert_eq!((status, &said["replayed"]), (StatusCode::OK, &json!(3)), "{said}");
    let given: Vec<_> = given.lock().unwrap().iter().map(|body| body["ids"].clone()).collect();
    assert_eq!(given, [json!(ids), json!(ids[1..]), json!(ids[1..])], "a busy ingestor is asked again");
}

#[tokio::test]
async fn a_page_goes_to_no_second_ingestor_while_the_first_may_work_on_it() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    // An ingestor whose answer gets lost.
    let lossy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let first = format!("http://{}", lossy.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = lossy.accept().await.unwrap();
        let mut head = [0; 4];
        stream.read_exact(&mut head).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
    });
    let (second, given) = ingestor().await;
    let server = Server::of_ingestors(&[first, second.clone()]).await;
    let ids = json!({ "ids": ["018a97d2-5c00-7000-8000-000000000001"] });
    let (status, problem) = replay(&server, ids.clone()).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(problem["detail"].as_str().unwrap().contains("may still be at work"), "{problem}");
    assert!(given.lock().unwrap().is_empty());

    // One that cannot be reached has nothing.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let server = Server::of_ingestors(&[url, second]).await;
    assert_eq!(replay(&server, ids).await.0, StatusCode::OK);
}

#[tokio::test]
async fn what_is_not_clear_and_pages_of_others_are_refused() {
    let (url, given) = ingestor().await;
    let server = Server::of_ingestors(&[url]).await;
    for body in [
        json!({}),
        json!({ "all": true, "q": "a" }),
        json!({ "all": false }),
        json!([]),
        json!({ "id": "x" }),
    ] {
        let (status, problem) = replay(&server, body.clone()).await;
        assert_eq!(
            (status.as_u16(), &problem["type"]),
            (400, &json!("urn:logpipeline:problem:invalid-replay")),
            "{body}"
        );
    }
    let (status, problem) = replay(&server, json!({ "q": "(a" })).await;
    assert_eq!((status.as_u16(), &problem["type"]), (400, &json!("urn:logpipeline:problem:invalid-query")));
    let url = server.url("/api/v1/dead-letters/replay");
    let foreign = client().post(url).header("sec-fetch-site", "cross-site").body(r#"{"all":true}"#);
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    assert!(given.lock().unwrap().is_empty());
}

#[tokio::test]
async fn where_no_ingestor_takes_letters_the_answer_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Server::of_ingestors(&[gone]).await;
    bury(&server, 0, "mapping");
    let (status, problem) = replay(&server, json!({ "all": true })).await;
    assert_eq!(
        (status.as_u16(), &problem["type"]),
        (502, &json!("urn:logpipeline:problem:ingestor-unreachable"))
    );
    let (status, _) =
        replay(&Server::start().await, json!({ "ids": ["018a97d2-5c00-7000-8000-000000000001"] })).await;
    assert_eq!(status.as_u16(), 501);
}
