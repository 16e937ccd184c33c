//! Finding while servers fail, indices come and go, and counts are spread over shards.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use logpipeline_model::query::{Field, TimeRange};
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_store::elasticsearch::ElasticsearchStore;
use logpipeline_store::{
    FieldKind, FieldList, HistogramRequest, LogStore, NewEntry, Order, Position, SearchRequest, StoreError,
    ValuesRequest,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::proxy::Action;
use super::{Site, on_each};
use crate::engines::Engine;
use crate::ground::{RECEIVED, at, entry, id, query, request, store_all};

fn numbered(numbers: impl IntoIterator<Item = u64>) -> Vec<NewEntry> {
    let one = |n: u64| {
        entry(n, json!({"message": format!("m{n}"), "level": "info", "resourceId": format!("r{}", n % 3)}))
    };
    numbers.into_iter().map(one).collect()
}

fn histogram(text: &str, deadline: Option<Instant>) -> HistogramRequest {
    HistogramRequest {
        query: query(text),
        range: TimeRange::ALL,
        interval: Duration::from_secs(60),
        deadline,
    }
}

fn values(field: Field, limit: usize, deadline: Option<Instant>) -> ValuesRequest {
    ValuesRequest { query: query(""), range: TimeRange::ALL, field, prefix: String::new(), limit, deadline }
}

async fn filled(site: &Site, entries: Vec<NewEntry>) -> ElasticsearchStore {
    let store = site.store();
    store_all(&store, entries).await;
    store.refresh().await.unwrap();
    store
}

fn first() -> Position {
    Position { time: Timestamp::MIN, id: EntryId([0; 16]) }
}

on_each! {
    async fn a_server_that_does_not_answer_is_waited_for_until_the_deadline(engine: Engine) {
        let site = Site::new(engine).await;
        let mut options = site.options();
        options.access.timeout = Duration::from_secs(5);
        let store = ElasticsearchStore::open_writer(options, Timestamp::MIN).unwrap();
        store_all(&store, numbered(0..10)).await;
        store.refresh().await.unwrap();
        let held = Arc::new(Semaphore::new(0));
        site.proxy.rule(move |_, _| Action::Hold(Arc::clone(&held)));
        // Once while nothing is known of the entries, and once when it is.
        for _ in 0..2 {
            for text in ["", "/m1$/"] {
                let asked = Instant::now();
                let deadline = Some(asked + Duration::from_millis(300));
                let page = store.search(SearchRequest { deadline, ..request(text) }).await.unwrap();
                assert!(page.partial && page.entries.is_empty() && page.total == Some(0), "{text}");
                assert!(store.histogram(histogram(text, deadline)).await.unwrap().partial);
                assert!(store.values(values(Field::ResourceId, 5, deadline)).await.unwrap().partial);
                assert!(asked.elapsed() < Duration::from_secs(4), "{text}: {:?}", asked.elapsed());
            }
            site.proxy.pass();
            assert_eq!(store.search(request("/m1$/")).await.unwrap().total, Some(1));
            let held = Arc::new(Semaphore::new(0));
            site.proxy.rule(move |_, _| Action::Hold(Arc::clone(&held)));
        }
        // Without a deadline, for the time-out that requests have.
        let asked = Instant::now();
        let error = store.search(request("")).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!((Duration::from_secs(4)..Duration::from_secs(12)).contains(&asked.elapsed()), "{:?}", asked.elapsed());
    }

    async fn what_an_index_without_a_server_leaves_out_is_said(engine: Engine) {
        let site = Site::new(engine).await;
        let store = filled(&site, numbered(0..10)).await;
        // Nowhere is there a server of that name.
        let nowhere = json!({ "template": { "settings": { "index.routing.allocation.require._name": "nowhere" } } });
        site.call("PUT", &format!("/_component_template/logs-{}@custom", site.pipeline), nowhere).await;
        site.call("POST", &format!("{}?wait_for_active_shards=0", site.rollover()), Value::Null).await;
        for text in ["", "/m/"] {
            let page = store.search(request(text)).await.unwrap();
            assert_eq!((page.total, page.partial), (Some(10), true), "{text}");
            assert!(store.histogram(histogram(text, None)).await.unwrap().partial, "{text}");
        }
        // By an interval that servers don't cut by: entries are read.
        let odd = HistogramRequest { interval: Duration::from_nanos(60_000_000_001), ..histogram("", None) };
        assert!(store.histogram(odd).await.unwrap().partial);
        assert!(store.values(values(Field::ResourceId, 5, None)).await.unwrap().partial);
        let known = id(at(RECEIVED), 3);
        assert_eq!(store.get(known).await.unwrap().unwrap().position.id, known);
        for error in [
            store.get(id(at(RECEIVED), 99)).await.unwrap_err(),
            store.received_after(first(), 100).await.unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        }
    }

    async fn a_point_in_time_that_is_lost_midway_costs_no_entries_or_is_said(engine: Engine) {
        let site = Site::new(engine).await;
        let store = filled(&site, numbered(0..2_500)).await;
        // An interval that servers don't cut by: entries are read.
        let ask = || HistogramRequest { interval: Duration::from_nanos(60_000_000_001), ..histogram("", None) };
        let lose = |pages: std::ops::Range<usize>| {
            let page = AtomicUsize::new(0);
            site.proxy.rule(move |request, _| {
                let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                let id = match body["pit"]["id"].as_str() {
                    Some(id) if pages.contains(&page.fetch_add(1, Ordering::Relaxed)) => id,
                    _ => return Action::Pass,
                };
                let (path, body) = match engine {
                    Engine::OpenSearch => ("/_search/point_in_time", json!({ "pit_id": [id] })),
                    _ => ("/_pit", json!({ "id": id })),
                };
                Action::Behind { method: "DELETE", path, body }
            });
        };
        let counted = async || {
            let found = store.histogram(ask()).await.unwrap();
            (found.buckets.iter().map(|bucket| bucket.total).sum::<u64>(), found.partial)
        };
        assert_eq!(counted().await, (2_500, false));
        for page in 0..3 {
            lose(page..page + 1);
            assert_eq!(counted().await, (2_500, false), "{page}");
        }
        lose(1..usize::MAX);
        assert_eq!(counted().await, (1_000, true));
        lose(0..usize::MAX);
        assert_eq!(counted().await, (0, true));
    }

    async fn pages_go_on_while_indices_come_and_go(engine: Engine) {
        for order in [Order::Asc, Order::Desc] {
            let site = Site::new(engine).await;
            let store = filled(&site, numbered(0..100)).await;
            let oldest = site.stored().await.remove(0).1;
            site.roll_over().await;
            store_all(&store, numbered(100..200)).await;
            store.refresh().await.unwrap();
            let (mut seen, mut after): (Vec<Position>, _) = (Vec::new(), None);
            loop {
                let page = store.search(SearchRequest { order, limit: 30, after, ..request("") }).await.unwrap();
                assert!(!page.partial);
                seen.extend(page.entries.iter().map(|entry| entry.position));
                after = seen.last().copied();
                match seen.len() {
                    30 => {
                        site.roll_over().await;
                        store_all(&store, numbered(200..250)).await;
                        store.refresh().await.unwrap();
                    }
                    60 => drop(site.call("DELETE", &format!("/{oldest}"), Value::Null).await),
                    _ => {}
                }
                if !page.more {
                    break;
                }
            }
            let ids: HashSet<_> = seen.iter().map(|position| position.id).collect();
            assert_eq!(ids.len(), seen.len(), "{order:?}: none twice");
            let kept = (100..200).filter(|n| ids.contains(&id(at(RECEIVED), *n))).count();
            assert_eq!(kept, 100, "{order:?}: all that stayed there");
        }
    }

    async fn who_follows_misses_nothing_that_becomes_visible_late(engine: Engine) {
        let site = Site::new(engine).await;
        // Each stream is refreshed at times of its own.
        let store = Arc::new(filled(&site, numbered(0..1)).await);
        site.roll_over().await;
        let now = || Timestamp::from_unix_nanos(
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as i128,
        );
        let started = now();
        let writers: Vec<_> = (0..3_u64).map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for turn in 0..15_u64 {
                    let stamp = now();
                    let entries: Vec<_> = (0..20).map(|n| {
                        entry(1 + writer * 1_000 + turn * 20 + n, json!({"message": "m", "receivedAt": stamp.to_string()}))
                    }).collect();
                    tokio::time::sleep(Duration::from_millis(writer * 150)).await;
                    store_all(&*store, entries).await;
                }
            })
        }).collect();
        let (mut seen, mut newest) = (BTreeSet::new(), started);
        let until = Instant::now() + Duration::from_secs(40);
        while seen.len() < 900 && Instant::now() < until {
            let mut after = Position { time: newest - Duration::from_secs(2), id: EntryId([0; 16]) };
            loop {
                let page = store.received_after(after, 100).await.unwrap();
                assert!(page.windows(2).all(|pair| pair[0].position < pair[1].position));
                let full = page.len() == 100;
                for found in page.iter().filter(|found| found.position.time >= started) {
                    newest = newest.max(found.position.time);
                    seen.insert(found.position.id);
                }
                after = page.last().map_or(after, |last| last.position);
                if !full {
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(seen.len(), 900);
    }

    async fn counts_over_shards_say_when_they_may_be_too_low(engine: Engine) {
        let site = Site::new(engine).await;
        let mut options = site.options();
        options.layout.shards = 3;
        let store = ElasticsearchStore::open_writer(options, Timestamp::MIN).unwrap();
        // Each value a few times, spread over the shards.
        let one = |n: u64| entry(n, json!({"message": "m", "traceId": format!("t{}", n % 9_000), "level": (["info", "warn"][n as usize % 2])}));
        store_all(&store, (0..20_000).map(one).collect()).await;
        store.refresh().await.unwrap();
        let few = store.values(values(Field::Level, 5, None)).await.unwrap();
        assert_eq!(few.values, [("info".to_owned(), 10_000), ("warn".to_owned(), 10_000)]);
        assert!(!few.approximate && !few.partial && few.with_field == 20_000);
        let many = store.values(values(Field::TraceId, 5, None)).await.unwrap();
        assert!(many.approximate);
        assert_eq!((many.values.len(), many.with_field), (5, 20_000));
        assert!(many.values.iter().all(|(_, count)| (1..=3).contains(count)), "{many:?}");
        let found = store.histogram(histogram("", None)).await.unwrap();
        assert_eq!(found.buckets[0].levels, [("warn".to_owned(), 10_000), ("info".to_owned(), 10_000)]);
        assert_eq!(store.search(request("level:info")).await.unwrap().total, Some(10_000));
    }

    async fn more_levels_than_servers_tell_apart_are_counted_one_by_one(engine: Engine) {
        let site = Site::new(engine).await;
        let one = |n: u64| entry(n, json!({"message": "m", "level": format!("level{n}")}));
        let store = filled(&site, (0..1_500).map(one).collect()).await;
        let found = store.histogram(histogram("", None)).await.unwrap();
        assert_eq!((found.buckets.len(), found.buckets[0].total, found.buckets[0].levels.len()), (1, 1_500, 1_500));
        assert!(!found.partial);
    }

    async fn more_than_ten_thousand_paths_are_listed(engine: Engine) {
        let site = Site::new(engine).await;
        let one = |n: u64| {
            let keys: serde_json::Map<_, _> = (0..600).map(|key| (format!("k{n}"), json!({format!("p{key}"): key}))).fold(
                serde_json::Map::new(),
                |mut all, (outer, inner)| {
                    let object = all.entry(outer).or_insert_with(|| json!({}));
                    object.as_object_mut().unwrap().extend(inner.as_object().unwrap().clone());
                    all
                },
            );
            entry(n, json!({"message": "m", "metadata": keys}))
        };
        let store = filled(&site, (0..20).map(one).collect()).await;
        let FieldList { fields, partial } = store.fields(TimeRange::ALL, None).await.unwrap();
        assert!(!partial);
        let paths: Vec<_> = fields.iter().filter(|info| matches!(info.field, Field::Metadata(_))).collect();
        assert_eq!(paths.len(), 12_000);
        assert!(paths.iter().all(|info| info.kind == FieldKind::Number));
    }

    async fn a_list_of_paths_that_is_cut_says_so(engine: Engine) {
        let site = Site::new(engine).await;
        let one = |n: u64| {
            let keys: serde_json::Map<_, _> = (0..1_000).map(|key| (format!("k{n}-{key}"), json!("v"))).collect();
            entry(n, json!({"message": "m", "metadata": keys}))
        };
        let store = filled(&site, (0..40).map(one).collect()).await;
        let listed = async || {
            let found = store.fields(TimeRange::ALL, None).await.unwrap();
            let paths = found.fields.iter().filter(|info| matches!(info.field, Field::Metadata(_))).count();
            (paths, found.partial)
        };
        assert_eq!(listed().await, (40_000, false));
        store_all(&store, vec![one(40)]).await;
        store.refresh().await.unwrap();
        assert_eq!(listed().await, (40_000, true));
    }

    async fn values_are_counted_for_prefixes_longer_than_servers_take(engine: Engine) {
        let site = Site::new(engine).await;
        let long = "k".repeat(8_000);
        let one = |n: u64| {
            let value = format!("{long}{n}");
            entry(n, json!({"message": "m", "resourceId": value, "metadata": {"a": value}}))
        };
        let store = filled(&site, (0..3).map(one).collect()).await;
        for field in [Field::ResourceId, Field::resolve("a")] {
            // Each k stands for four characters of the expression: one of them is the sign of the Kelvin.
            let request = ValuesRequest { prefix: long.to_uppercase(), ..values(field, 5, None) };
            let found = store.values(request).await.unwrap();
            assert_eq!((found.values.len(), found.with_field, found.partial), (3, 3, false));
        }
    }

    async fn what_queries_must_know_of_entries_is_learnt_within_moments(engine: Engine) {
        let site = Site::new(engine).await;
        let store = filled(&site, numbered(0..1)).await;
        // Another process reads, and has learnt that there is nothing special.
        let reader = ElasticsearchStore::open_reader(site.options()).unwrap();
        assert_eq!(reader.search(request("/x$/")).await.unwrap().total, Some(0));
        store_all(&store, vec![entry(5, json!({"message": "\0 x"}))]).await;
        let written = Instant::now();
        while reader.search(request("/x$/")).await.unwrap().total != Some(1) {
            assert!(written.elapsed() < Duration::from_secs(8));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
