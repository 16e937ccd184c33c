//! What an ingestor may answer.

use axum::http::StatusCode;

use super::from_loki_entries as entries;
use super::loki::{Limits, Loki};
use super::target::{Answer, Target};
use super::{figures, import, import_well};

const BOUNDS: [&str; 4] = ["--since", "2026-11-01T00:00:00Z", "--until", "2026-12-01T00:00:00Z"];

#[tokio::test(flavor = "multi_thread")]
async fn an_ingestor_that_is_busy_fails_or_loses_answers_gets_each_entry_once() {
    let target = Target::with(Box::new(|number, _| match number % 6 {
        1 => Answer::Status(StatusCode::TOO_MANY_REQUESTS, "the log is full"),
        2 => Answer::Status(StatusCode::SERVICE_UNAVAILABLE, "starting"),
        3 => Answer::Lost,
        4 => Answer::Items(Box::new(|place| (place % 3 == 0).then_some(429))),
        _ => Answer::Well,
    }))
    .await;
    let loki = Loki::start(entries(500), Limits::default()).await;
    let arguments =
        [&BOUNDS[..], &["--batch-size", "50", "--compression", "gzip", "--retry-for", "30s"]].concat();
    let report = import_well(&target, "loki", &loki.url, &arguments).await;
    assert_eq!(target.documents().len(), 500);
    let [read, accepted, there] = figures(&report, ["read", "accepted", "alreadyThere"]);
    // What an answer that was lost had taken is there when it is sent again.
    assert!(read == 500 && accepted + there == 500 && there > 0, "{report}");
    assert!(report["retried"].as_u64().unwrap() > 3, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_refused_are_counted_with_their_reasons_and_the_rest_goes_on() {
    let target = Target::with(Box::new(|_, _| {
        Answer::Items(Box::new(|place| match place {
            3 | 4 => Some(400),
            5 => Some(413),
            _ => None,
        }))
    }))
    .await;
    let loki = Loki::start(entries(100), Limits::default()).await;
    let ended = import(&target, "loki", &loki.url, &[&BOUNDS[..], &["--batch-size", "50"]].concat()).await;
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let report = ended.report();
    assert_eq!(figures(&report, ["read", "accepted", "rejected"]), [100, 94, 6]);
    assert_eq!(report["finished"], true);
    assert_eq!(
        report["reasons"].to_string(),
        r#"[{"reason":"type_400: reason 400","entries":4},{"reason":"type_413: reason 413","entries":2}]"#
    );
    assert!(ended.stderr.contains("6 entries rejected (type_400: reason 400)"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_too_large_is_cut_in_halves() {
    let target = Target::with(Box::new(|_, entries| match entries {
        ..=10 => Answer::Well,
        _ => Answer::Status(StatusCode::PAYLOAD_TOO_LARGE, "too large"),
    }))
    .await;
    let loki = Loki::start(entries(100), Limits::default()).await;
    let report = import_well(&target, "loki", &loki.url, &BOUNDS).await;
    assert_eq!(figures(&report, ["accepted", "rejected"]), [100, 0]);
    assert_eq!(target.documents().len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingestor_that_refuses_all_ends_the_import_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state").to_str().unwrap().to_owned();
    let loki = Loki::start(entries(100), Limits::default()).await;
    let arguments = [&BOUNDS[..], &["--batch-size", "10", "--concurrency", "1", "--state", &state]].concat();
    for (status, detail) in [
        (StatusCode::UNAUTHORIZED, "a token is needed"),
        (StatusCode::NOT_FOUND, "no such page"),
        (StatusCode::BAD_REQUEST, "odd"),
    ] {
        let target = Target::with(Box::new(move |number, _| match number {
            0 => Answer::Well,
            _ => Answer::Status(status, detail),
        }))
        .await;
        let ended = import(&target, "loki", &loki.url, &arguments).await;
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert!(
            ended.stderr.contains(detail) && ended.stderr.contains("goes on from here"),
            "{}",
            ended.stderr
        );
    }
    // Each of the three took one page: of ten entries, three a second, those of whole seconds.
    let target = Target::start().await;
    let report = import_well(&target, "loki", &loki.url, &arguments).await;
    assert_eq!((target.documents().len(), &report["resumed"]), (100 - 3 * 9, &true.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pace_is_kept() {
    let (loki, target) = (Loki::start(entries(60), Limits::default()).await, Target::start().await);
    let arguments = [&BOUNDS[..], &["--rate", "100", "--batch-size", "10", "--concurrency", "1"]].concat();
    let report = import_well(&target, "loki", &loki.url, &arguments).await;
    assert!(report["durationSeconds"].as_f64().unwrap() >= 0.6, "{report}");
}
