//! Deadlines that pass in the middle of the work: the answer comes soon after, with what there is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use logpipeline_model::query::{Field, TimeRange};
use logpipeline_store::embedded::Options;
use logpipeline_store::{HistogramRequest, LogStore, SearchRequest, ValuesRequest};
use serde_json::json;

use crate::ground::{TestStore, entry, query, request, store_all};

/// Few enough that each is worth a look at the clock.
const ENTRIES: u64 = 1_000;

/// Hard to test a value for; of message, entry by entry, of values of their own, term by term.
const SLOW: [&str; 2] = ["/([a-f]+ ?){8,40}[g-z]/", "resourceId:/([a-f]+-?){8,40}[g-z]/"];

/// All entries in one segment, so that looks at the clock between segments don't help.
async fn one_segment() -> TestStore {
    let store =
        TestStore::with(Options { memory_bytes: 400_000_000, open_partitions: 1, ..Options::default() });
    let value = |n: u64, words: u64, separator: &str| {
        let words = (0..words).map(|word| ["deaf", "bead", "face", "cafe"][(n >> (word % 12)) as usize % 4]);
        format!("{} {n}", words.collect::<Vec<_>>().join(separator))
    };
    let entries = (0..ENTRIES).map(|n| {
        entry(
            n,
            json!({"message": value(n, 6_000, " "), "resourceId": value(n, 1_500, "-"), "level": "info"}),
        )
    });
    store_all(&*store, entries.collect()).await;
    let folder = store.directory.path().join("partitions/live-2023-09-15.0");
    let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(names.filter(|name| name.as_encoded_bytes().ends_with(b".store")).count(), 1);
    store
}

/// How long `work` takes without a deadline, and with one that is a tenth of that from now. It is given
/// the deadline and whether its answer is to be partial.
async fn cut(work: impl AsyncFn(Option<Instant>, bool)) -> (Duration, Duration) {
    let (mut whole, mut cut) = (Duration::MAX, Duration::MAX);
    // The least of some, as others use the processor too.
    for _ in 0..3 {
        let started = Instant::now();
        work(None, false).await;
        whole = whole.min(started.elapsed());
    }
    for _ in 0..3 {
        let started = Instant::now();
        work(Some(started + whole / 10), true).await;
        cut = cut.min(started.elapsed());
    }
    (whole, cut)
}

fn assert_soon(what: &str, (whole, cut): (Duration, Duration)) {
    assert!(cut < whole / 2, "{what}: {cut:?} instead of {whole:?}");
    assert!(whole > Duration::from_millis(30), "{what} takes too little to be cut: {whole:?}");
}

#[tokio::test]
async fn a_search_ends_soon_after_its_deadline() {
    let store = &one_segment().await;
    for text in SLOW {
        let took = cut(async |deadline, partial| {
            let page = store.search(SearchRequest { deadline, ..request(text) }).await.unwrap();
            assert_eq!(page.partial, partial, "{text}");
        });
        assert_soon(text, took.await);
    }
}

#[tokio::test]
async fn figures_end_soon_after_their_deadline() {
    let store = &one_segment().await;
    for text in SLOW {
        let (query, range) = (&query(text), TimeRange::ALL);
        let took = cut(async |deadline, partial| {
            let query = Arc::clone(query);
            let request = HistogramRequest { query, range, interval: Duration::from_secs(1), deadline };
            assert_eq!(store.histogram(request).await.unwrap().partial, partial, "{text}");
        });
        assert_soon(text, took.await);
        let took = cut(async |deadline, partial| {
            let (query, field, prefix) = (Arc::clone(query), Field::Level, String::new());
            let request = ValuesRequest { query, range, field, prefix, limit: 10, deadline };
            assert_eq!(store.values(request).await.unwrap().partial, partial, "{text}");
        });
        assert_soon(text, took.await);
    }
}

#[tokio::test]
async fn a_list_of_fields_ends_soon_after_its_deadline() {
    let store =
        &TestStore::with(Options { memory_bytes: 400_000_000, open_partitions: 1, ..Options::default() });
    let entries = (0..100_u64).map(|n| {
        let metadata: serde_json::Map<_, _> =
            (0..1_000).map(|key| (format!("key-{}", n * 1_000 + key), json!(key))).collect();
        entry(n, json!({"metadata": metadata}))
    });
    store_all(&**store, entries.collect()).await;
    let took = cut(async |deadline, partial| {
        let listed = store.fields(TimeRange::ALL, deadline).await.unwrap();
        let paths = listed.fields.iter().filter(|info| matches!(info.field, Field::Metadata(_))).count();
        assert_eq!((listed.partial, paths < 100_000), (partial, partial), "{paths} paths");
    });
    assert_soon("fields", took.await);
}
