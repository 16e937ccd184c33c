//! What an earlier replay stored is recognised, and nothing else is taken for it.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::fake::{Behaviour, Server};
use crate::process::{fixture, run_against};

/// Replays, and returns how many entries were acknowledged, were stored before, and are in the store now.
async fn replay(server: &Server, arguments: &[&str]) -> [u64; 3] {
    let ended = run_against(server, &[&["replay"], arguments, &["--verify"]].concat()).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.report();
    assert_eq!(report["verified"], report["acknowledged"], "{report}");
    let figure = |name: &str| report[name].as_u64().unwrap();
    [figure("acknowledged"), figure("alreadyStored"), server.entries().len() as u64]
}

fn lines(range: std::ops::Range<u32>) -> String {
    range.fold(String::new(), |mut text, number| {
        writeln!(text, "2026-11-23 22:55:01 request {number}").unwrap();
        text
    })
}

fn file(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_is_stored_once_whatever_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(Behaviour::default()).await;
    let path = file(directory.path(), "app.log", &lines(0..25));
    assert_eq!(replay(&server, &[&path]).await, [25, 0, 25]);
    assert_eq!(replay(&server, &[&path]).await, [25, 25, 25]);
    let rotated = file(directory.path(), "app.log.1", &lines(0..25));
    assert_eq!(replay(&server, &[&rotated]).await, [25, 25, 25]);
    assert_eq!(replay(&server, &[&path, "--again"]).await, [25, 0, 50]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_file_that_grew_only_the_last_request_is_stored_again() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(Behaviour::default()).await;
    let path = file(directory.path(), "app.log", &lines(0..25));
    assert_eq!(replay(&server, &[&path]).await, [25, 0, 25]);
    file(directory.path(), "app.log", &lines(0..48));
    // Lines 0 to 19 went in two full requests of ten.
    assert_eq!(replay(&server, &[&path]).await, [48, 20, 53]);
    assert_eq!(replay(&server, &[&path]).await, [48, 48, 53]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_begin_alike_are_all_stored_when_they_are_sent_together() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(Behaviour::default()).await;
    let paths = ["a.log", "b.log"].map(|name| file(directory.path(), name, &lines(0..25)));
    let both = [paths[0].as_str(), paths[1].as_str()];
    assert_eq!(replay(&server, &both).await, [50, 0, 50]);
    assert_eq!(replay(&server, &both).await, [50, 50, 50]);
    // Requests end with a file, so each file is recognised without the other too.
    assert_eq!(replay(&server, &both[1..]).await, [25, 25, 50]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_lines_at_another_place_or_of_another_resource_are_new() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(Behaviour::default()).await;
    let path = file(directory.path(), "app.log", &"the same line\n".repeat(30));
    assert_eq!(replay(&server, &[&path]).await, [30, 0, 30]);
    assert_eq!(replay(&server, &[&path, "--resource-id", "server-9"]).await, [30, 0, 60]);
    assert_eq!(replay(&server, &[&path, "--timezone", "+02:00"]).await, [30, 0, 90]);
    let moved = file(directory.path(), "app.log", &format!("one above\n{}", "the same line\n".repeat(29)));
    assert_eq!(replay(&server, &[&moved]).await[1], 20, "the second and third ten are where they were");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_always_new() {
    let server = Server::start(Behaviour::default()).await;
    for stored in [3, 6] {
        let url = server.url();
        let mut command = crate::process::command(&["replay", "-", "--target", &url]);
        let input = std::fs::File::open(fixture("dpkg.log")).unwrap();
        let ended = crate::process::finish(command.stdin(input).spawn().unwrap()).await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(server.entries().len(), stored);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_copy_that_is_lost_or_damaged_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "app.log", &lines(0..25));
    for (name, expected) in [("lost", [24, 1, 0]), ("corrupted", [24, 0, 1])] {
        let run = std::sync::Mutex::new(None);
        let sabotage = Box::new(move |entries: &mut Vec<Value>| {
            // The first run is left in peace; of the second, only entries of the first are there.
            let Some(seq) = entries.iter().position(|entry| entry["metadata"]["seq"] == 7) else { return };
            let mut calls = run.lock().unwrap();
            *calls = Some(calls.unwrap_or(0) + 1);
            if calls.is_some_and(|calls| calls > 2) {
                match name {
                    "lost" => drop(entries.remove(seq)),
                    _ => entries[seq]["message"] = "request 0".into(),
                }
            }
        });
        let server = Server::start(Behaviour { sabotage: Some(sabotage), ..Behaviour::default() }).await;
        assert_eq!(replay(&server, &[&path]).await, [25, 0, 25]);
        let ended = run_against(&server, &["replay", &path, "--verify", "--verify-timeout", "1s"]).await;
        let report = ended.report();
        assert_eq!(ended.code, 1, "{name}: {report}");
        let found = ["verified", "lost", "corrupted"].map(|name| report[name].as_u64().unwrap());
        assert_eq!(found, expected, "{name}: {report}");
        assert_eq!(report["ok"], json!(false));
    }
}
