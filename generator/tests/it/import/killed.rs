//! An import that is broken off goes on where it stopped.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::elastic::{Elastic, Options, Trouble};
use super::from_elasticsearch::{come, documents, expected};
use super::from_loki_entries as entries;
use super::loki::{Limits, Loki};
use super::target::Target;
use super::{figures, import, import_well};
use crate::process::{command, finish};
use crate::report::documented;

/// Kills an import after so many requests at a time until one reaches the end; returns how many were killed.
async fn kill_until_it_is_done(target: &Target, arguments: &[&str], kills: &[usize]) -> usize {
    for (killed, after) in kills.iter().enumerate() {
        let due = target.after(*after);
        let mut child = command(arguments).spawn().unwrap();
        let mut watched = tokio::task::spawn(due);
        let is_over = loop {
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if tokio::time::timeout(Duration::from_millis(2), &mut watched).await.is_ok() {
                break false;
            }
        };
        if is_over {
            watched.abort();
            return killed;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ended = finish(command(arguments).spawn().unwrap()).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    kills.len()
}

/// Kills an import after a while; whether it ran still.
pub(super) async fn kill_after(arguments: &[&str], after: Duration) -> bool {
    let mut child = command(arguments).spawn().unwrap();
    tokio::time::sleep(after).await;
    let runs_still = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    runs_still
}

/// Numbers of requests after which to kill, drawn anew each time the test runs.
fn moments(count: usize, most: usize) -> Vec<usize> {
    let random = |n: usize| {
        use std::hash::{BuildHasher, RandomState};
        usize::try_from(RandomState::new().hash_one(n) % most as u64).unwrap() + 1
    };
    (0..count).map(random).collect()
}

fn path(folder: &Path) -> String {
    folder.join("state").to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_elasticsearch_that_is_killed_many_times_brings_each_document_once() {
    let all = documents(1_500);
    for (version, distribution) in [("9.4.3", None), ("6.8.23", None), ("2.19.4", Some("opensearch"))] {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { version, distribution, trouble: |_| Trouble::None };
        let (elastic, target) = (Elastic::start(all.clone(), options).await, Target::start().await);
        let (address, state) = (format!("{}/logs-*", elastic.url), path(folder.path()));
        // Another size each time: ids must not depend on it.
        let kills = moments(8, 12);
        let mut killed = 0;
        for (size, after) in ["20", "31", "17", "50", "23", "40", "29", "37"].iter().zip(&kills) {
            let arguments = [
                "replay",
                "--from",
                "elasticsearch",
                &address,
                "--target",
                target.url(),
                "--state",
                &state,
                "--batch-size",
                size,
                "--concurrency",
                "2",
            ];
            killed += kill_until_it_is_done(&target, &arguments, &[*after]).await;
            if killed == 0 {
                break;
            }
        }
        assert!(killed > 0, "{version}: {kills:?}");
        let report = import_well(&target, "elasticsearch", &address, &["--state", &state]).await;
        assert_eq!(come(&target), expected(&all), "{version}: {kills:?}");
        assert_eq!(report["resumed"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_loki_that_is_killed_many_times_brings_each_entry_once() {
    let folder = tempfile::tempdir().unwrap();
    let (loki, target) = (Loki::start(entries(3_000), Limits::default()).await, Target::start().await);
    let state = path(folder.path());
    let arguments = [
        "replay",
        "--from",
        "loki",
        &loki.url,
        "--target",
        target.url(),
        "--state",
        &state,
        "--batch-size",
        "40",
        "--concurrency",
        "2",
        "--since",
        "2026-11-01T00:00:00Z",
        "--until",
        "2026-12-01T00:00:00Z",
    ];
    let kills = moments(10, 12);
    assert!(kill_until_it_is_done(&target, &arguments, &kills).await > 3);
    assert_eq!(target.documents().len(), 3_000, "{kills:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_finished_asks_nothing_more_and_one_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (loki, target) = (Loki::start(entries(100), Limits::default()).await, Target::start().await);
    let state = path(folder.path());
    let arguments = ["--since", "2026-11-01T00:00:00Z", "--until", "2026-12-01T00:00:00Z", "--state", &state];
    let first = import_well(&target, "loki", &loki.url, &arguments).await;
    assert_eq!(first["resumed"], false);
    let members: BTreeSet<String> = first.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, documented("The report of an import"));
    let (asked, sent) = (loki.requests().len(), target.sizes().len());
    let ended = import(&target, "loki", &loki.url, &arguments).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("the import is finished already"), "{}", ended.stderr);
    let names = ["read", "accepted", "rejected", "total"];
    assert_eq!(figures(&ended.report(), names), figures(&first, names));
    assert_eq!((loki.requests().len(), target.sizes().len()), (asked, sent));

    let other = [&arguments[..], &["--query", r#"{app="a"}"#]].concat();
    let ended = import(&target, "loki", &loki.url, &other).await;
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("belongs to another import: --query was not given"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_state_a_repeated_import_stores_nothing_twice() {
    let (loki, target) = (Loki::start(entries(300), Limits::default()).await, Target::start().await);
    let bounds = ["--since", "2026-11-01T00:00:00Z", "--until", "2026-12-01T00:00:00Z"];
    import_well(&target, "loki", &loki.url, &bounds).await;
    let again =
        import_well(&target, "loki", &loki.url, &[&bounds[..], &["--batch-size", "17"]].concat()).await;
    assert_eq!(figures(&again, ["read", "accepted", "alreadyThere"]), [300, 0, 300]);
    assert_eq!(target.documents().len(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_with_what_is_delivered_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (loki, target) = (Loki::start(entries(5_000), Limits::default()).await, Target::start().await);
    let state = path(folder.path());
    let arguments = [
        "replay",
        "--from",
        "loki",
        &loki.url,
        "--target",
        target.url(),
        "--state",
        &state,
        "--batch-size",
        "10",
        "--concurrency",
        "1",
        "--since",
        "2026-11-01T00:00:00Z",
        "--until",
        "2026-12-01T00:00:00Z",
    ];
    let due = target.after(20);
    let child = command(&arguments).spawn().unwrap();
    due.await;
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let ended = finish(child).await;
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("interrupted; the same command again goes on from here"),
        "{}",
        ended.stderr
    );
    let so_far = target.documents().len() as u64;
    assert!(so_far < 5_000);
    let more = finish(command(&arguments).spawn().unwrap()).await;
    assert_eq!(more.code, 0, "{}", more.stderr);
    assert!(more.stderr.contains("going on where the import stopped"), "{}", more.stderr);
    let taken: usize = target.sizes().iter().sum();
    assert_eq!((target.documents().len(), taken), (5_000, 5_000), "nothing was sent twice");
}
