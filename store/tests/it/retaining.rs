//! Removing what is too old or too much, and nothing else.

use std::time::Duration;

use logpipeline_store::embedded::Options;
use logpipeline_store::{LogStore, RetentionPolicy, RetentionReport};
use serde_json::json;

use crate::ground::{TestStore, at, entry, find, store_all};

const DAY: Duration = Duration::from_secs(86_400);

fn older_than(age: Duration) -> RetentionPolicy {
    RetentionPolicy { max_age: Some(age), max_bytes: None }
}

async fn three_days(store: &TestStore) {
    for day in 13..16 {
        let time = format!("2023-09-{day}T12:00:00Z");
        let fields = json!({"message": format!("{day}"), "timestamp": time, "receivedAt": time});
        store_all(&**store, vec![entry(day, fields)]).await;
    }
}

#[tokio::test]
async fn whole_days_go_once_their_last_entry_is_too_old() {
    let store = TestStore::new();
    three_days(&store).await;
    let nothing = store.retain(older_than(2 * DAY), at("2023-09-15T12:00:00Z")).await.unwrap();
    assert_eq!(nothing, RetentionReport::default());
    let report = store.retain(older_than(2 * DAY), at("2023-09-15T12:00:01Z")).await.unwrap();
    assert_eq!((report.entries, report.removed), (1, vec!["live-2023-09-13.0".to_owned()]));
    assert!(report.bytes > 0);
    assert_eq!(find(&*store, "").await, ["15", "14"]);
    assert_eq!(store.partitions(), ["live-2023-09-14.0", "live-2023-09-15.0"]);
    let again = store.retain(older_than(2 * DAY), at("2023-09-15T12:00:01Z")).await.unwrap();
    assert_eq!(again, RetentionReport::default());
    // The partition that was removed was open for writing.
    let time = "2023-09-13T12:00:00Z";
    store_all(&*store, vec![entry(20, json!({"message": "again", "timestamp": time, "receivedAt": time}))])
        .await;
    assert_eq!(find(&*store, "").await, ["15", "14", "again"]);
}

#[tokio::test]
async fn old_events_stay_as_long_as_their_receipt_is_young() {
    let store = TestStore::new();
    let old = json!({"message": "old", "timestamp": "1999-01-01T00:00:00Z"});
    let ahead = json!({"message": "ahead", "timestamp": "2031-01-01T00:00:00Z"});
    store_all(&*store, vec![entry(1, old), entry(2, ahead)]).await;
    store.retain(older_than(DAY), at("2023-09-16T08:00:05Z")).await.unwrap();
    assert_eq!(find(&*store, "").await, ["ahead", "old"]);
    store.retain(older_than(DAY), at("2023-09-16T08:00:06Z")).await.unwrap();
    assert_eq!(find(&*store, "").await, ["ahead"]);
}

#[tokio::test]
async fn the_oldest_go_until_the_rest_fits() {
    let store = TestStore::new();
    three_days(&store).await;
    let bytes = store.health().await.unwrap().bytes;
    let at_most = |bytes| RetentionPolicy { max_age: None, max_bytes: Some(bytes) };
    let now = at("2023-09-15T12:00:00Z");
    assert_eq!(store.retain(at_most(bytes), now).await.unwrap(), RetentionReport::default());
    let report = store.retain(at_most(bytes - 1), now).await.unwrap();
    assert_eq!(report.removed, ["live-2023-09-13.0"]);
    assert_eq!(find(&*store, "").await, ["15", "14"]);
    // However little is allowed, what came in last stays.
    store.retain(at_most(1), now).await.unwrap();
    assert_eq!(find(&*store, "").await, ["15"]);
    // A limit this low gives every batch a partition of its own, so that the next round frees it.
    let time = "2023-09-15T12:00:01Z";
    store_all(&*store, vec![entry(30, json!({"message": "16", "timestamp": time, "receivedAt": time}))])
        .await;
    assert_eq!(store.partitions(), ["live-2023-09-15.0", "live-2023-09-15.1"]);
    store.retain(at_most(1), now).await.unwrap();
    assert_eq!(find(&*store, "").await, ["16"]);
}

#[tokio::test]
async fn a_partition_that_grows_large_gets_a_successor_and_ids_stay_unique() {
    let store = TestStore::with(Options { partition_bytes: 2_000, ..crate::ground::small() });
    let batch = |n: u64| -> Vec<_> {
        (n * 100..(n + 1) * 100).map(|n| entry(n, json!({"message": format!("message {n}")}))).collect()
    };
    for n in 0..5 {
        store_all(&*store, batch(n)).await;
    }
    assert!(store.partitions().len() > 1, "{:?}", store.partitions());
    for n in 0..5 {
        let outcomes = store.write(batch(n)).await.unwrap();
        assert!(outcomes.iter().all(|outcome| *outcome == logpipeline_store::WriteOutcome::Duplicate));
    }
    assert_eq!(find(&*store, "message").await.len(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_are_not_disturbed_when_partitions_go() {
    let store = TestStore::new();
    let reader = store.reader();
    let searching = tokio::spawn(async move {
        let (mut searches, mut last) = (0, 0);
        while last < 30 {
            let found = find(&reader, "message:day").await;
            let days: Vec<u64> = found.iter().map(|message| message[4..].parse().unwrap()).collect();
            // Never a gap: retention takes the oldest, writing adds the newest.
            assert!(days.windows(2).all(|pair| pair[0] == pair[1] + 1), "{days:?}");
            last = days.first().copied().unwrap_or(last).max(last);
            searches += 1;
        }
        searches
    });
    for day in 1..=30 {
        let time = format!("2023-09-{day:02}T12:00:00Z");
        let fields = json!({"message": format!("day {day}"), "timestamp": time, "receivedAt": time});
        store_all(&*store, vec![entry(day, fields)]).await;
        store.retain(older_than(2 * DAY), at(&time)).await.unwrap();
    }
    let searches = tokio::time::timeout(Duration::from_secs(20), searching).await.unwrap().unwrap();
    assert!(searches > 3, "{searches}");
    assert_eq!(store.partitions().len(), 3);
}

#[tokio::test]
async fn what_a_crash_leaves_of_a_removal_goes_at_the_next_start() {
    let store = TestStore::new();
    three_days(&store).await;
    let partitions = store.directory.path().join("partitions");
    // As a crash right behind the rename leaves it, and one while a partition is being made.
    std::fs::rename(partitions.join("live-2023-09-13.0"), partitions.join(".removed-live-2023-09-13.0"))
        .unwrap();
    std::fs::create_dir(partitions.join(".new-live-2023-09-16.0")).unwrap();
    let store = store.reopen();
    assert_eq!(store.partitions(), ["live-2023-09-14.0", "live-2023-09-15.0"]);
    assert_eq!(find(&*store, "").await, ["15", "14"]);
}
