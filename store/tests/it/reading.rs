//! Finding: in order, page by page, within the time allowed.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use logpipeline_model::query::{Field, TimeRange};
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_store::embedded::{EmbeddedStore, Options};
use logpipeline_store::{
    FieldInfo, FieldKind, FieldValues, HistogramRequest, LogStore, Order, Position, SearchRequest,
    StoreStats, ValuesRequest,
};
use serde_json::json;

use crate::engines::on_every_engine;
use crate::ground::{
    RECEIVED, TestStore, at, entry, entry_with_id, find, id, messages, query, request, small, store_all,
};

/// Entries whose times and ids repeat and interleave, so that pages end within equal times.
fn many(from: u64, to: u64) -> Vec<logpipeline_store::NewEntry> {
    (from..to)
        .map(|n| {
            let timestamp = format!("2023-09-15T08:00:{:02}Z", n % 7);
            entry(n, json!({"message": format!("m{n}"), "timestamp": timestamp}))
        })
        .collect()
}

on_every_engine! {
    async fn an_entry_that_is_stored_has_a_place(engine: Engine) {
        let store = engine.open();
        store.put(vec![entry(1, json!({"message": "here"})), entry(2, json!({"message": "there"}))]).await;
        let place = store.place(id(at(RECEIVED), 1)).await.unwrap().unwrap();
        if engine == crate::engines::Engine::Embedded {
            assert_eq!(place, "partition live-2023-09-15.0");
        } else {
            let (stream, index) = place.strip_prefix("data stream ").unwrap().split_once(", index ").unwrap();
            assert!(stream.starts_with("logs-") && stream.ends_with(".default"), "{place}");
            assert!(index.starts_with(&format!(".ds-{stream}-")) && index.ends_with("-000001"), "{place}");
        }
        assert_eq!(store.place(id(at(RECEIVED), 3)).await.unwrap(), None);
    }

    async fn newest_first_and_by_id_among_equal_times(engine: Engine) {
        let store = engine.open();
        let times = ["08:00:01", "08:00:00", "08:00:01", "08:00:02"];
        for (n, time) in (1..).zip(times) {
            let fields = json!({"message": format!("{n}"), "timestamp": format!("2023-09-15T{time}Z")});
            store.put(vec![entry(n, fields)]).await;
        }
        assert_eq!(find(&*store, "").await, ["4", "3", "1", "2"]);
        let ascending = store.search(SearchRequest { order: Order::Asc, ..request("") }).await.unwrap();
        assert_eq!(messages(&ascending), ["2", "1", "3", "4"]);
    }

    async fn lines_of_one_request_with_equal_times_keep_their_order(engine: Engine) {
        let store = engine.open();
        let line =
            |line: u64| entry_with_id(EntryId::derived("batch-7", line), json!({"message": format!("{line}")}));
        store.put((1..=30).map(line).collect()).await;
        let lines: Vec<_> = (1..=30).map(|line: u64| line.to_string()).collect();
        let ascending = store.search(SearchRequest { order: Order::Asc, ..request("") }).await.unwrap();
        assert_eq!(messages(&ascending), lines);
        assert!(find(&*store, "").await.into_iter().rev().eq(lines));
    }

    async fn both_ends_of_the_range_are_included(engine: Engine) {
        let store = engine.open();
        for (n, time) in (1..).zip(["08:00:00", "08:00:01", "08:00:02", "08:00:03"]) {
            let fields = json!({"message": format!("{n}"), "timestamp": format!("2023-09-15T{time}Z")});
            store.put(vec![entry(n, fields)]).await;
        }
        let mut within = request("");
        within.range.first = at("2023-09-15T08:00:01Z");
        within.range.last = at("2023-09-15T08:00:02Z");
        let page = store.search(within).await.unwrap();
        assert_eq!((messages(&page), page.total), (vec!["3".to_owned(), "2".to_owned()], Some(2)));
    }

    async fn pages_neither_repeat_nor_skip_while_entries_come_in(engine: Engine) {
        for order in [Order::Desc, Order::Asc] {
            let store = engine.open();
            store.put(many(0, 300)).await;
            let (mut found, mut after, mut next) = (Vec::new(), None, 300);
            loop {
                let page = store.search(SearchRequest { order, limit: 17, after, ..request("") }).await.unwrap();
                assert_eq!(page.total, Some(next));
                found.extend(page.entries.iter().map(|entry| entry.position));
                after = found.last().copied();
                if !page.more {
                    break;
                }
                // More than a page, so that the end is only reached once nothing more is written.
                if next < 500 {
                    store.put(many(next, next + 20)).await;
                    next += 20;
                }
            }
            let ordered = match order {
                Order::Asc => found.windows(2).all(|pair| pair[0] < pair[1]),
                Order::Desc => found.windows(2).all(|pair| pair[0] > pair[1]),
            };
            assert!(ordered, "{order:?}");
            let ids: HashSet<_> = found.iter().map(|position| position.id).collect();
            let missing = (0..300).filter(|n| !ids.contains(&id(at(RECEIVED), *n))).count();
            assert_eq!(missing, 0, "{order:?}");
        }
    }

    async fn narrow_ranges_of_a_large_segment_lose_nothing(engine: Engine) {
        let store = engine.open();
        // Mostly in order, with every eleventh far behind.
        let second = |n: u64| if n.is_multiple_of(11) { n / 2 } else { n };
        let start = at("2023-09-15T00:00:00Z");
        let time = |second: u64| start.saturating_add(Duration::from_secs(second));
        let entries = (0..5_000).map(|n| {
            let fields = json!({"message": format!("{n} {}", n % 3), "timestamp": time(second(n)).to_string()});
            entry(n, fields)
        });
        store.put(entries.collect()).await;
        for (first, last) in [(0, 0), (100, 120), (1_000, 1_500), (2_499, 2_501), (4_990, 9_000), (0, 9_000)] {
            for (text, matches) in [("", &(|_| true) as &dyn Fn(u64) -> bool), ("2", &|n| n % 3 == 2 || n == 2)] {
                let mut expected: Vec<_> = (0..5_000)
                    .filter(|n| (first..=last).contains(&second(*n)) && matches(*n))
                    .map(|n| (second(n), n))
                    .collect();
                expected.sort_unstable();
                for (order, count) in
                    [(Order::Asc, true), (Order::Asc, false), (Order::Desc, true), (Order::Desc, false)]
                {
                    let range = TimeRange { first: time(first), last: time(last) };
                    let page = store
                        .search(SearchRequest { range, order, count, limit: 20, ..request(text) })
                        .await
                        .unwrap();
                    let first: Vec<_> = match order {
                        Order::Asc => expected.iter().take(20).map(|(_, n)| format!("{n} {}", n % 3)).collect(),
                        Order::Desc => {
                            expected.iter().rev().take(20).map(|(_, n)| format!("{n} {}", n % 3)).collect()
                        }
                    };
                    assert_eq!(messages(&page), first, "{range:?} {order:?} {text}");
                    assert_eq!(page.total, count.then_some(expected.len() as u64), "{range:?} {order:?} {text}");
                    assert_eq!(page.more, expected.len() > 20);
                }
            }
        }
    }

    async fn a_phrase_may_end_in_the_beginning_of_any_number_of_tokens(engine: Engine) {
        let store = engine.open();
        let entries =
            (0..6_000).map(|n| entry(n, json!({"message": format!("sent to user{n} from user{}", n + 1)})));
        store.put(entries.collect()).await;
        for (text, total) in [
            ("\"to user\"*", 6_000),
            ("\"to user1\"*", 1_111),
            ("\"from user1\"*", 1_111),
            ("\"sent user\"*", 0),
            ("\"user6000\"*", 1),
            ("-\"to user1\"*", 4_889),
        ] {
            let page = store.search(SearchRequest { limit: 0, ..request(text) }).await.unwrap();
            assert_eq!(page.total, Some(total), "{text}");
        }
    }

    async fn a_deadline_gives_what_there_is_and_says_so(engine: Engine) {
        let store = engine.open();
        store.put(many(0, 3_000)).await;
        let past = Instant::now().checked_sub(Duration::from_millis(1));
        for text in ["", "m7", "/m7/", "m*", "-m7", "id:*0"] {
            let page = store.search(SearchRequest { deadline: past, ..request(text) }).await.unwrap();
            assert!(page.partial, "{text}");
            let whole = store.search(request(text)).await.unwrap();
            assert!(!whole.partial && page.total <= whole.total, "{text}");
        }
        let ask = |deadline| HistogramRequest {
            query: query("m*"),
            range: TimeRange::ALL,
            interval: Duration::from_secs(1),
            deadline,
        };
        assert!(store.histogram(ask(past)).await.unwrap().partial);
        let whole = store.histogram(ask(None)).await.unwrap();
        assert!(!whole.partial);
        assert_eq!(whole.buckets.iter().map(|bucket| bucket.total).sum::<u64>(), 3_000);
        let ask = |deadline| ValuesRequest {
            query: query(""),
            range: TimeRange::ALL,
            field: Field::ResourceId,
            prefix: String::new(),
            limit: 10,
            deadline,
        };
        assert!(store.values(ask(past)).await.unwrap().partial);
        assert!(!store.values(ask(None)).await.unwrap().partial);
        assert!(store.fields(TimeRange::ALL, past).await.unwrap().partial);
        assert!(!store.fields(TimeRange::ALL, None).await.unwrap().partial);
    }

    async fn entries_come_in_the_order_of_their_receipt(engine: Engine) {
        let store = engine.open();
        let receipts = ["08:00:05", "08:00:04", "08:00:06", "08:00:05"];
        for (n, receipt) in (1..).zip(receipts) {
            // Among them old ones, which live in another partition.
            let timestamp = if n == 2 { "2001-01-01T00:00:00Z" } else { "2023-09-15T08:00:00Z" };
            let receipt = format!("2023-09-15T{receipt}Z");
            let fields = json!({"message": format!("{n}"), "receivedAt": receipt, "timestamp": timestamp});
            store.put(vec![entry(n, fields)]).await;
        }
        let (mut found, mut after) = (Vec::new(), Position { time: Timestamp::MIN, id: EntryId([0; 16]) });
        loop {
            let page = store.received_after(after, 1).await.unwrap();
            let Some(entry) = page.first() else { break };
            after = entry.position;
            let body: serde_json::Value = serde_json::from_slice(&entry.body).unwrap();
            assert_eq!(at(body["receivedAt"].as_str().unwrap()), after.time);
            found.push(body["message"].as_str().unwrap().to_owned());
        }
        assert_eq!(found, ["2", "1", "4", "3"]);
        assert_eq!(store.received_after(after, 10).await.unwrap().len(), 0);
    }

    async fn fields_are_listed_with_their_kinds(engine: Engine) {
        let store = engine.open();
        let fields = json!({
            "level": "error", "traceId": "t",
            "metadata": {"b": {"c": 1, "d": "x"}, "a.b": true, "n": [1, "two"], "s": ["503", "x"], "v": "1.2.3", "none": null, "empty": {}, "ключ": "v"},
        });
        let day = json!({"metadata": {"old": 1}, "timestamp": "2001-01-01T00:00:00Z"});
        store.put(vec![entry(1, fields), entry(2, day)]).await;
        let names = |fields: Vec<FieldInfo>| -> Vec<_> {
            fields.into_iter().map(|info| (info.field.to_string(), info.kind)).collect()
        };
        let range = TimeRange { first: at("2023-09-15T00:00:00Z"), last: Timestamp::MAX };
        let expected = [
            ("id", FieldKind::Keyword),
            ("level", FieldKind::Level),
            ("message", FieldKind::Text),
            ("timestamp", FieldKind::Time),
            ("receivedAt", FieldKind::Time),
            ("traceId", FieldKind::Keyword),
            ("metadata.a.b", FieldKind::Keyword),
            ("metadata.b.c", FieldKind::Number),
            ("metadata.b.d", FieldKind::Keyword),
            ("metadata.n", FieldKind::Number),
            ("metadata.s", FieldKind::Number),
            ("metadata.v", FieldKind::Keyword),
            ("metadata.ключ", FieldKind::Keyword),
        ]
        .map(|(name, kind)| (name.to_owned(), kind));
        let listed = store.fields(range, None).await.unwrap();
        assert!(!listed.partial);
        assert_eq!(names(listed.fields), expected);
        let all = names(store.fields(TimeRange::ALL, None).await.unwrap().fields);
        assert!(all.contains(&("metadata.old".to_owned(), FieldKind::Number)), "{all:?}");
    }

    async fn values_are_counted_alike_for_few_entries_and_for_many(engine: Engine) {
        // Beyond two thousand entries found in a segment, terms are counted instead of entries read.
        for count in [100, 5_000] {
            let store = engine.open();
            let entries = (0..count).map(|n| {
                let metadata =
                    json!({"status": ([200, 404, 500][n as usize % 3]), "tags": ["x", "x", format!("t{}", n % 2)]});
                entry(n, json!({"resourceId": format!("Server-{}", n % 4), "metadata": metadata}))
            });
            store.put(entries.collect()).await;
            let ask = |field: &str, prefix: &str| ValuesRequest {
                query: query("service:Server-1 OR service:Server-2"),
                range: TimeRange::ALL,
                field: Field::resolve(field),
                prefix: prefix.to_owned(),
                limit: 10,
                deadline: None,
            };
            let half = count / 2;
            let values = store.values(ask("service", "")).await.unwrap();
            let expected = [("Server-1".to_owned(), half / 2), ("Server-2".to_owned(), half / 2)];
            assert_eq!((values.values, values.with_field, values.partial), (expected.to_vec(), half, false));
            let values = store.values(ask("service", "sERVER-2")).await.unwrap();
            assert_eq!(values.values, [("Server-2".to_owned(), half / 2)]);
            let values = store.values(ask("tags", "")).await.unwrap();
            let expected = [("x".to_owned(), half), ("t0".to_owned(), half / 2), ("t1".to_owned(), half / 2)];
            assert_eq!(values.values, expected);
            let values = store.values(ask("metadata.status", "5")).await.unwrap();
            let found = (0..count).filter(|n| n % 3 == 2 && matches!(n % 4, 1 | 2)).count() as u64;
            assert_eq!(values.values, [("500".to_owned(), found)]);
            assert_eq!(store.values(ask("nowhere", "")).await.unwrap(), FieldValues::default());
        }
    }

    async fn metadata_too_bulky_to_index_is_found_all_the_same(engine: Engine) {
        let store = engine.open();
        // Its terms would take a hundred times the entry's own bytes.
        let long = "k".repeat(1_000);
        let inner: serde_json::Map<_, _> = (0..2_000).map(|n| (format!("{n}"), json!(n))).collect();
        let bulky = json!({"message": "bulky", "metadata": {"first": "x", &long: inner, "last": "Y"}});
        let plain = json!({"message": "plain", "metadata": {"first": "x", "last": "z"}});
        store.put(vec![entry(1, bulky), entry(2, plain)]).await;
        for (text, expected) in [
            ("metadata.first:x", &["plain", "bulky"][..]),
            ("metadata.last:y", &["bulky"]),
            ("-metadata.last:y", &["plain"]),
            ("metadata.last=Y OR metadata.last=z", &["plain", "bulky"]),
            ("metadata.last:*", &["plain", "bulky"]),
            (&format!("metadata.{long}.1999:[1999 TO 2000]"), &["bulky"]),
            (&format!("metadata.{long}:*"), &["bulky"]),
            ("metadata.nothing:*", &[]),
        ] {
            assert_eq!(find(&*store, text).await, expected, "{text}");
        }
        let request = ValuesRequest {
            query: query(""),
            range: TimeRange::ALL,
            field: Field::resolve("metadata.last"),
            prefix: String::new(),
            limit: 10,
            deadline: None,
        };
        let values = store.values(request).await.unwrap();
        assert_eq!(values.values, [("Y".to_owned(), 1), ("z".to_owned(), 1)]);
        let bytes = store.health().await.unwrap().bytes;
        assert!(bytes < 1 << 20, "{bytes}");
    }
}

#[tokio::test]
async fn another_process_sees_what_is_written_within_a_second() {
    let store = TestStore::new();
    let reader = store.reader();
    assert_eq!(find(&reader, "").await, Vec::<String>::new());
    store_all(&*store, vec![entry(1, json!({"message": "one"}))]).await;
    sees(&reader, &["one"]).await;
    let late = json!({"message": "late", "timestamp": "2001-01-01T00:00:00Z"});
    store_all(&*store, vec![entry(2, late)]).await;
    sees(&reader, &["one", "late"]).await;
    assert_eq!(reader.health().await.unwrap().entries, 2);
}

#[tokio::test]
async fn a_directory_that_does_not_exist_yet_is_an_empty_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("not/yet");
    let reader = EmbeddedStore::open_reader(&path).unwrap();
    assert_eq!(find(&reader, "").await, Vec::<String>::new());
    assert_eq!(reader.health().await.unwrap(), StoreStats::default());
    let writer = EmbeddedStore::open_writer(&path, small()).unwrap();
    store_all(&writer, vec![entry(1, json!({"message": "one"}))]).await;
    sees(&reader, &["one"]).await;
}

async fn sees(reader: &EmbeddedStore, expected: &[&str]) {
    let written = Instant::now();
    loop {
        let found = find(reader, "").await;
        if found == expected {
            return;
        }
        assert!(written.elapsed() < Duration::from_secs(1), "{found:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_million_keys_are_found_in_little_memory() {
    let store = TestStore::with(Options { memory_bytes: 30_000_000, ..Options::default() });
    let mut key = 0;
    for batch in 0..10_u64 {
        let entries = (0..100_u64).map(|n| {
            let metadata: serde_json::Map<_, _> =
                (0..1_000).map(|n| (format!("key-{}", key + n), json!(n))).collect();
            key += 1_000;
            entry(batch * 100 + n, json!({"message": format!("{batch}.{n}"), "metadata": metadata}))
        });
        store_all(&*store, entries.collect()).await;
    }
    assert_eq!(find(&*store, "metadata.key-123456:456").await, ["1.23"]);
    assert_eq!(find(&*store, "metadata.key-123456:455").await, Vec::<String>::new());
    let peak = peak_memory();
    assert!(peak < 600 << 20, "{} MiB", peak >> 20);
}

/// The most memory that this process has had resident, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
