//! Removing what is too old or too much, and nothing else.

use std::time::Duration;

use logpipeline_store::embedded::Options;
use logpipeline_store::{LogStore, NewEntry, RetentionPolicy, RetentionReport};
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

/// Ten entries received at the time of day given, with the timestamp given.
fn received(number: u64, message: &str, time: &str, timestamp: &str) -> Vec<NewEntry> {
    let received_at = format!("2023-09-15T{time}Z");
    let timestamp = if timestamp.is_empty() { &received_at } else { timestamp };
    let fields = json!({"message": message, "timestamp": timestamp, "receivedAt": received_at});
    (number * 10..(number + 1) * 10).map(|number| entry(number, fields.clone())).collect()
}

async fn kept(store: &TestStore) -> Vec<String> {
    let mut kept = find(&**store, "").await;
    kept.sort();
    kept.dedup();
    kept
}

#[tokio::test]
async fn what_was_received_longest_ago_goes_first_whatever_its_time() {
    const AHEAD: &str = "2099-01-01T00:00:00Z";
    const BEHIND: &str = "1999-01-01T00:00:00Z";
    let store = TestStore::with(Options { partition_bytes: 1, ..crate::ground::small() });
    let batches = [
        ("ahead 1", "08:00:00", AHEAD),
        ("late 1", "08:10:00", BEHIND),
        ("ahead 2", "08:20:00", AHEAD),
        ("live", "08:30:00", ""),
        ("late 2", "08:40:00", BEHIND),
        ("ahead 3", "08:50:00", AHEAD),
    ];
    for (number, (message, time, timestamp)) in batches.into_iter().enumerate() {
        store_all(&*store, received(number as u64, message, time, timestamp)).await;
    }
    let now = at("2023-09-15T09:00:00Z");
    for gone in 0..batches.len() {
        let mut left: Vec<_> = batches[gone..].iter().map(|(message, ..)| (*message).to_owned()).collect();
        left.sort();
        assert_eq!(kept(&store).await, left);
        let bytes = store.health().await.unwrap().bytes;
        store.retain(RetentionPolicy { max_age: None, max_bytes: Some(bytes - 1) }, now).await.unwrap();
    }
    // What came in last stays.
    assert_eq!(kept(&store).await, ["ahead 3"]);
}

#[tokio::test]
async fn a_flood_of_mis_dated_entries_does_not_take_what_is_being_written() {
    for timestamp in ["2099-01-01T00:00:00Z", "1999-01-01T00:00:00Z"] {
        let store = TestStore::new();
        let limit = RetentionPolicy { max_age: None, max_bytes: Some(1) };
        store.retain(limit, at("2023-09-15T08:00:00Z")).await.unwrap();
        store_all(&*store, received(0, "flood 0", "08:00:00", timestamp)).await;
        store_all(&*store, received(1, "now", "08:00:01", "")).await;
        for number in 2..5 {
            let message = format!("flood {number}");
            store_all(&*store, received(number, &message, "08:00:02", timestamp)).await;
        }
        store.retain(limit, at("2023-09-15T08:00:10Z")).await.unwrap();
        assert_eq!(kept(&store).await, ["flood 4", "now"]);
        // Later it goes in its turn.
        store.retain(limit, at("2023-09-15T08:10:00Z")).await.unwrap();
        assert_eq!(kept(&store).await, ["flood 4"]);
    }
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
