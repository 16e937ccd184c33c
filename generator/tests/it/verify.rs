//! Verification notices what it must.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::fake::{Attempt, Behaviour, Sabotage, Server};
use crate::process::{Ended, run_against};

const ARGUMENTS: [&str; 8] =
    ["--rate", "0", "--duration", "0", "--count", "200", "--verify", "--verify-timeout=2s"];

async fn sabotaged(sabotage: Sabotage) -> Ended {
    let server = Server::start(Behaviour { sabotage: Some(sabotage), ..Behaviour::default() }).await;
    run_against(&server, &ARGUMENTS).await
}

/// Verified, lost, duplicated, corrupted.
fn findings(report: &Value) -> [u64; 4] {
    ["verified", "lost", "duplicated", "corrupted"].map(|name| report[name].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_where_all_came_back() {
    let ended = sabotaged(Box::new(|_| {})).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.report();
    assert_eq!(findings(&report), [200, 0, 0, 0]);
    assert_eq!((&report["ok"], &report["problems"]), (&json!(true), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lost_entry_is_noticed() {
    let ended = sabotaged(Box::new(|entries| drop(entries.remove(77)))).await;
    assert_eq!(ended.code, 1);
    assert_eq!(findings(&ended.report()), [199, 1, 0, 0]);
    assert!(ended.stderr.contains("1 entry acknowledged but not found"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_duplicated_entry_is_noticed() {
    let ended = sabotaged(Box::new(|entries| entries.push(entries[5].clone()))).await;
    assert_eq!(ended.code, 1);
    assert_eq!(findings(&ended.report()), [199, 0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_corrupted_entry_is_noticed_whichever_field_it_is() {
    let changes: [fn(&mut Value); 6] = [
        |entry| entry["message"] = format!("{}.", entry["message"].as_str().unwrap()).into(),
        |entry| entry["resourceId"] = "server-0000".into(),
        |entry| entry["level"] = "nonsense".into(),
        |entry| entry["timestamp"] = "2026-01-01T00:00:00Z".into(),
        |entry| entry["metadata"]["extra"] = 1.into(),
        |entry| drop(entry.as_object_mut().unwrap().remove("message")),
    ];
    for change in changes {
        let ended = sabotaged(Box::new(move |entries| change(&mut entries[3]))).await;
        let report = ended.report();
        assert_eq!(ended.code, 1);
        assert_eq!(report["corrupted"], 1, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_may_take_their_time_to_appear() {
    let server =
        Server::start(Behaviour { visible_after: Duration::from_secs(3), ..Behaviour::default() }).await;
    let arguments = [&ARGUMENTS[..7], &["--verify-timeout", "20s"]].concat();
    let ended = run_against(&server, &arguments).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.took >= Duration::from_secs(3) && ended.took < Duration::from_secs(15), "{:?}", ended.took);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_never_appear_are_lost_when_the_time_is_over() {
    let server =
        Server::start(Behaviour { visible_after: Duration::from_secs(600), ..Behaviour::default() }).await;
    let ended = run_against(&server, &ARGUMENTS).await;
    assert_eq!(ended.code, 1);
    assert_eq!(findings(&ended.report()), [0, 200, 0, 0]);
    assert!(ended.took < Duration::from_secs(20), "{:?}", ended.took);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_without_an_acknowledgement_is_counted_and_no_fault_of_the_store() {
    let fault = Box::new(|attempt: &Attempt| {
        (attempt.store)();
        (attempt.batch == 0).then(|| (StatusCode::INTERNAL_SERVER_ERROR, "no").into_response())
    });
    let server = Server::start(Behaviour { fault: Some(fault), ..Behaviour::default() }).await;
    let arguments = [&ARGUMENTS[..], &["--retry-for", "0", "--batch-size", "10"]].concat();
    let report = run_against(&server, &arguments).await.report();
    assert_eq!(findings(&report), [190, 0, 0, 0]);
    assert_eq!((&report["failed"], &report["unacknowledgedFound"]), (&json!(10), &json!(10)));
}
