use std::collections::BTreeSet;

use serde_json::Value;

use super::loki::{Entry, Labels, Limits, Loki, labels};
use super::target::Target;
use super::{figures, import, import_well};

const NOON: i64 = 1_796_040_000_000_000_000;
const SINCE: &str = "2026-11-01T00:00:00Z";
const UNTIL: &str = "2026-12-02T00:00:00Z";

fn entry(stream: &[(&str, &str)], time: i64, line: &str) -> Entry {
    Entry { labels: labels(stream), time: NOON + time, line: line.to_owned(), metadata: Labels::new() }
}

/// Streams without a label in common, equal lines, and many at one moment.
fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for n in 0..400 {
        entries.push(entry(&[("app", "shop"), ("env", "prod")], n * 1_000_000, &format!("request {n}")));
    }
    for n in 0..60 {
        entries.push(entry(&[("host", "a")], n / 20 * 7_200_000_000_000, "the same line"));
        entries.push(entry(&[("zone", "b")], 5, &format!("at one moment {n}")));
        entries.push(entry(&[("zone", "c")], 5, &format!("at one moment {n}")));
    }
    for n in 0..3 {
        let metadata = labels(&[("trace_id", ["a", "b", "c"][n])]);
        entries.push(Entry { metadata, ..entry(&[("app", "shop")], -1, "told apart by metadata") });
    }
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_of_every_stream_comes_once_however_it_is_cut() {
    let all = entries();
    let total = all.len() as u64;
    let mut ids = BTreeSet::new();
    for (batch, concurrency) in [("1000", "4"), ("70", "1"), ("13", "5")] {
        let (loki, target) = (Loki::start(all.clone(), Limits::default()).await, Target::start().await);
        let arguments =
            ["--since", SINCE, "--until", UNTIL, "--batch-size", batch, "--concurrency", concurrency];
        let report = import_well(&target, "loki", &loki.url, &arguments).await;
        let expected = [total, total, total, 0, 0];
        let names = ["total", "read", "accepted", "alreadyThere", "rejected"];
        assert_eq!(figures(&report, names), expected, "{batch}: {report}");
        assert!(target.sizes().iter().all(|size| *size <= batch.parse().unwrap()));
        let documents = target.documents();
        assert_eq!(documents.len(), all.len(), "{batch}");
        ids.insert(documents.into_keys().collect::<Vec<_>>());
    }
    assert_eq!(ids.len(), 1, "ids don't depend on how batches are cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_comes_with_its_labels_and_its_metadata() {
    let (loki, target) = (Loki::start(entries(), Limits::default()).await, Target::start().await);
    import_well(&target, "loki", &loki.url, &["--since", SINCE, "--until", UNTIL]).await;
    let documents = target.parsed();
    let of =
        |message: &str| documents.iter().filter(|entry| entry["message"] == message).collect::<Vec<&Value>>();
    let request = of("request 7");
    assert_eq!(
        request[0].to_string(),
        r#"{"@timestamp":"2026-11-30T12:00:00.007Z","message":"request 7","app":"shop","env":"prod"}"#
    );
    let traces: BTreeSet<_> =
        of("told apart by metadata").iter().map(|entry| entry["trace_id"].as_str().unwrap()).collect();
    assert_eq!(traces, BTreeSet::from(["a", "b", "c"]));
    assert!(target.documents().keys().all(|(index, _)| index == "loki"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_and_bounds_choose_what_is_imported() {
    let (loki, target) = (Loki::start(entries(), Limits::default()).await, Target::start().await);
    let query = r#"{app="shop", env="prod"}"#;
    // From the tenth request to before the thirtieth.
    let bounds = ["--since", "2026-11-30T12:00:00.010Z", "--until", "2026-11-30T12:00:00.030Z"];
    let report = import_well(&target, "loki", &loki.url, &[&bounds[..], &["--query", query]].concat()).await;
    assert_eq!(figures(&report, ["read", "accepted"]), [20, 20]);
    let messages: BTreeSet<_> = target.parsed().iter().map(|entry| entry["message"].to_string()).collect();
    assert!(messages.contains("\"request 10\"") && messages.contains("\"request 29\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_loki_with_narrow_limits_is_read_to_its_end() {
    let limits = Limits { entries: 100, length: 3_600_000_000_000, is_old: true, ..Limits::default() };
    // A bounded span, for windows are narrow.
    let all: Vec<Entry> = entries().into_iter().filter(|entry| entry.time < NOON + 1_000_000_000).collect();
    let (loki, target) = (Loki::start(all.clone(), limits).await, Target::start().await);
    let arguments = ["--since", "2026-11-30T11:30:00Z", "--until", "2026-11-30T12:25:00Z"];
    let report = import_well(&target, "loki", &loki.url, &arguments).await;
    assert_eq!(report["total"], Value::Null);
    assert_eq!(target.documents().len(), all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_and_a_token_are_shown_and_waits_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (token, ingest) = (folder.path().join("token"), folder.path().join("ingest"));
    std::fs::write(&token, "secret\n").unwrap();
    std::fs::write(&ingest, "for-the-ingestor").unwrap();
    let limits = Limits {
        tenant: Some("team-1"),
        authorization: Some("Bearer secret"),
        failing: |number| [None, Some(429), None, Some(503), Some(503), None].get(number).copied().flatten(),
        ..Limits::default()
    };
    let (loki, target) = (Loki::start(entries(), limits).await, Target::start().await);
    let arguments = ["--since", SINCE, "--until", UNTIL, "--source-token-file", token.to_str().unwrap()];
    let arguments = [&arguments[..], &["--token-file", ingest.to_str().unwrap()]].concat();
    let refused = import(&target, "loki", &loki.url, &arguments).await;
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("401 Unauthorized: no org id"), "{}", refused.stderr);

    let report =
        import_well(&target, "loki", &loki.url, &[&arguments[..], &["--source-tenant", "team-1"]].concat())
            .await;
    assert!(report["retried"].as_u64().unwrap() >= 2, "{report}");
    assert_eq!(target.documents().len(), entries().len());
    let is_shown = |headers: &axum::http::HeaderMap| headers["authorization"] == "Bearer for-the-ingestor";
    assert!(target.headers().iter().all(is_shown));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_entries_of_a_stream_at_one_moment_end_the_import_with_what_to_do() {
    let crowd: Vec<Entry> = (0..30).map(|n| entry(&[("app", "a")], 0, &format!("{n}"))).collect();
    let limits = Limits { entries: 20, ..Limits::default() };
    let (loki, target) = (Loki::start(crowd, limits).await, Target::start().await);
    let ended = import(&target, "loki", &loki.url, &["--since", SINCE, "--until", UNTIL]).await;
    assert_eq!(ended.code, 1);
    let report = ended.report();
    assert_eq!(report["finished"], false);
    assert!(
        report["problems"][0].as_str().unwrap().contains("raise its max_entries_limit_per_query"),
        "{report}"
    );
    assert!(!loki.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_is_refused_before_anything_is_asked() {
    let (loki, target) = (Loki::start(Vec::new(), Limits::default()).await, Target::start().await);
    for (from, address, arguments, hint) in [
        ("loki", loki.url.as_str(), &[][..], "--since 30d"),
        ("victorialogs", &loki.url, &["--source-tenant", "x"], "ACCOUNT:PROJECT"),
        ("elasticsearch", &loki.url, &[], "names no indices"),
        ("elasticsearch", "http://u:geheim@127.0.0.1:1/logs", &[], "--source-password-file"),
        ("elasticsearch", "http://127.0.0.1:1/logs", &["--query", "x"], "--query is for Loki"),
        ("loki", &loki.url, &["--since", "1d", "--source-token-file", "no-such-file"], "no-such-file"),
    ] {
        let ended = import(&target, from, address, arguments).await;
        assert_eq!(ended.code, 2, "{from} {address}: {}", ended.stderr);
        assert!(ended.stderr.contains(hint) && !ended.stderr.contains("geheim"), "{}", ended.stderr);
    }
    assert!(loki.requests().is_empty());
    let unreachable = import(&target, "loki", "http://127.0.0.1:1", &["--since", "1d", "--wait", "0"]).await;
    assert_eq!(unreachable.code, 3, "{}", unreachable.stderr);
}
