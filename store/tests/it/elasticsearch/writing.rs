//! Each entry is confirmed and there once, whatever becomes of requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use logpipeline_model::EntryId;
use logpipeline_store::elasticsearch::ElasticsearchStore;
use logpipeline_store::{LogStore, NewEntry, StoreError, WriteOutcome};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::proxy::Action;
use super::{Site, on_each};
use crate::engines::Engine;
use crate::ground::{RECEIVED, at, entry, entry_with_id};

fn entries(numbers: std::ops::Range<u64>) -> Vec<NewEntry> {
    numbers.map(|number| entry(number, json!({ "message": format!("m{number}") }))).collect()
}

fn ids(entries: &[NewEntry]) -> Vec<EntryId> {
    entries.iter().map(|entry| entry.id).collect()
}

fn reason(outcome: &WriteOutcome) -> &str {
    let WriteOutcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    reason
}

fn unavailable(result: Result<Vec<WriteOutcome>, StoreError>) -> String {
    let Err(StoreError::Unavailable { reason }) = result else { panic!("{result:?}") };
    reason
}

async fn write(store: &ElasticsearchStore, batch: &[NewEntry]) -> Vec<WriteOutcome> {
    store.write(batch.to_vec()).await.unwrap()
}

async fn assert_stored(store: &ElasticsearchStore, batch: &[NewEntry]) {
    assert_eq!(write(store, batch).await, vec![WriteOutcome::Stored; batch.len()]);
}

/// Writes a batch as often as it takes.
async fn write_through(store: &ElasticsearchStore, batch: &[NewEntry]) -> Vec<WriteOutcome> {
    loop {
        match store.write(batch.to_vec()).await {
            Ok(outcomes) => return outcomes,
            Err(StoreError::Unavailable { .. }) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

on_each! {
    async fn a_cut_answer_before_a_rollover_leaves_one_copy(engine: Engine) {
        let site = Site::new(engine).await;
        let store = site.store();
        let batch = entries(1..11);
        let rollover = site.rollover();
        site.proxy.once(move || Action::Cut { then: Some(rollover.clone()) });
        assert_stored(&store, &batch).await;
        assert_eq!(site.proxy.bulks().len(), 1);
        site.assert_once(ids(&batch)).await;
        let more = entries(11..12);
        assert_stored(&store, &more).await;
        let stored = site.stored().await;
        assert_ne!(stored[0].1, stored[10].1, "was it rolled over?");
    }

    async fn a_cut_answer_and_one_that_half_arrived_leave_one_copy_each(engine: Engine) {
        let site = Site::new(engine).await;
        let store = site.store();
        let batch = entries(1..11);
        let rollover = site.rollover();
        // Of the second request only some come to the server.
        let turn = std::sync::atomic::AtomicUsize::new(0);
        site.proxy.rule(move |request, _| {
            if !request.is_bulk() {
                return Action::Pass;
            }
            match turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Action::Items(|at| (at % 2 == 1).then_some((503, "unavailable_shards_exception"))),
                1 => Action::Cut { then: Some(rollover.clone()) },
                _ => Action::Pass,
            }
        });
        assert_stored(&store, &batch).await;
        site.assert_once(ids(&batch)).await;
    }

    async fn a_replay_by_the_next_process_after_a_rollover_leaves_one_copy(engine: Engine) {
        let site = Site::new(engine).await;
        let batch = entries(1..11);
        {
            let store = site.store();
            site.proxy.rule(|request, _| {
                if request.is_bulk() { Action::Cut { then: None } } else { Action::Pass }
            });
            // The process ends before it knows.
            let write = tokio::time::timeout(Duration::from_millis(50), store.write(batch.clone()));
            let _ = write.await;
            while site.proxy.bulks().is_empty() {
                let _ = tokio::time::timeout(Duration::from_secs(1), store.write(batch.clone())).await;
            }
        }
        while site.call("GET", &format!("/_resolve/index/{}", site.stream()), Value::Null).await["data_streams"]
            .as_array()
            .is_none_or(Vec::is_empty)
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        site.roll_over().await;
        site.proxy.pass();
        let opened = at("2024-01-01T00:00:00Z");
        let store = ElasticsearchStore::open_writer(site.options(), opened).unwrap();
        assert_stored(&store, &batch).await;
        site.assert_once(ids(&batch)).await;
    }

    async fn a_senders_retry_after_a_rollover_is_a_duplicate(engine: Engine) {
        let site = Site::new(engine).await;
        let store = site.store();
        let id = EntryId::derived("order-17", 1);
        assert_stored(&store, &[entry_with_id(id, json!({ "message": "first" }))]).await;
        site.roll_over().await;
        let retry = [entry_with_id(id, json!({ "message": "retry" })), entry(1, json!({ "message": "other" }))];
        assert_eq!(write(&store, &retry).await, [WriteOutcome::Duplicate, WriteOutcome::Stored]);
        site.assert_once([id, retry[1].id]).await;
        let found = store.get(id).await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&found.body).contains("first"));
    }

    async fn a_request_executed_late_behind_a_rollover_leaves_one_copy_in_the_end(engine: Engine) {
        let site = Site::new(engine).await;
        let mut options = site.options();
        options.access.timeout = Duration::from_secs(1);
        let store = ElasticsearchStore::open_writer(options, at("2000-01-01T00:00:00Z")).unwrap();
        assert_stored(&store, &entries(100..101)).await;
        let batch = entries(1..11);
        let gate = Arc::new(Semaphore::new(0));
        let late = Arc::clone(&gate);
        site.proxy.once(move || Action::Late(Arc::clone(&late)));
        // The retry is confirmed while the first request is still under way.
        assert_stored(&store, &batch).await;
        assert_eq!(site.proxy.bulks().len(), 3);
        site.roll_over().await;
        gate.add_permits(1);
        let begun = Instant::now();
        while site.proxy.late_answers().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let answer = site.proxy.late_answers().remove(0);
        assert_eq!(answer.matches("\"status\":201").count(), 10, "{answer}");
        while site.stored().await.len() > 11 {
            assert!(begun.elapsed() < Duration::from_secs(30), "the second copies stay");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        site.assert_once(ids(&batch).into_iter().chain(ids(&entries(100..101)))).await;
    }

    async fn a_write_that_nobody_waits_for_any_more_leaves_one_copy(engine: Engine) {
        let site = Site::new(engine).await;
        let store = Arc::new(site.store());
        let batch = entries(1..11);
        let held = Arc::new(Semaphore::new(0));
        let gate = Arc::clone(&held);
        site.proxy.once(move || Action::Hold(Arc::clone(&gate)));
        let writing = tokio::spawn({
            let (store, batch) = (Arc::clone(&store), batch.clone());
            async move { store.write(batch).await }
        });
        while site.proxy.late_answers().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        writing.abort();
        assert!(writing.await.unwrap_err().is_cancelled());
        site.roll_over().await;
        assert_stored(&store, &batch).await;
        site.assert_once(ids(&batch)).await;
    }

    async fn items_that_the_server_is_too_busy_for_are_sent_again_alone(engine: Engine) {
        let site = Site::new(engine).await;
        let store = site.store();
        let batch = entries(1..11);
        site.proxy.once(|| {
            Action::Items(|at| match at {
                2 => Some((429, "es_rejected_execution_exception")),
                5 => Some((503, "unavailable_shards_exception")),
                7 => Some((403, "cluster_block_exception")),
                _ => None,
            })
        });
        assert_stored(&store, &batch).await;
        let bulks = site.proxy.bulks();
        let again: Vec<_> = [2, 5, 7].iter().map(|at: &usize| batch[*at].id.to_string()).collect();
        assert_eq!(bulks.iter().map(|bulk| bulk.ids().len()).collect::<Vec<_>>(), [10, 3]);
        assert_eq!(bulks[1].ids(), again);
        site.assert_once(ids(&batch)).await;
    }

    async fn a_request_refused_as_a_whole_is_sent_again(engine: Engine) {
        let site = Site::new(engine).await;
        let store = site.store();
        for (n, (status, kind)) in [
            (429, "circuit_breaking_exception"),
            (429, "cluster_block_exception"),
            (403, "cluster_block_exception"),
            (500, "exception"),
            (502, "bad_gateway"),
            (503, "master_not_discovered_exception"),
            (504, "gateway_timeout"),
        ]
        .into_iter()
        .enumerate()
        {
            let body = json!({ "error": { "type": kind, "reason": "by the test" }, "status": status });
            site.proxy.once(move || Action::Answer(status, body.clone()));
            let first = 10 * n as u64;
            assert_stored(&store, &entries(first..first + 10)).await;
        }
        site.assert_once(ids(&entries(0..70))).await;
    }

    async fn what_the_mapping_does_not_take_is_refused_with_the_reason_and_alone(engine: Engine) {
        let site = Site::new(engine).await;
        let custom = format!("/_component_template/logs-{}@custom", site.pipeline);
        let users = json!({ "template": { "mappings": { "properties": { "resourceId": { "type": "long" } } } } });
        site.call("PUT", &custom, users.clone()).await;
        let store = site.store();
        let batch = [
            entry(1, json!({ "resourceId": "17" })),
            entry(2, json!({ "resourceId": "server-17" })),
            entry(3, json!({ "message": "fine" })),
        ];
        let outcomes = write(&store, &batch).await;
        assert_eq!((&outcomes[0], &outcomes[2]), (&WriteOutcome::Stored, &WriteOutcome::Stored));
        let reason = reason(&outcomes[1]);
        assert!(reason.contains("resourceId") && reason.contains("long"), "{reason}");
        site.assert_once([batch[0].id, batch[2].id]).await;
        let now = site.call("GET", &custom, Value::Null).await;
        let now = &now["component_templates"][0]["component_template"];
        assert_eq!(now["template"]["mappings"], users["template"]["mappings"]);
    }

    async fn requests_that_are_too_large_are_halved_down_to_the_entry(engine: Engine) {
        let site = Site::new(engine).await;
        let store = site.store();
        let mut batch = entries(1..21);
        batch.push(entry(50, json!({ "message": "x".repeat(20_000) })));
        site.proxy.rule(|request, _| {
            if request.is_bulk() && request.body.len() > 3_000 {
                Action::Answer(413, json!({ "error": "Request Entity Too Large" }))
            } else {
                Action::Pass
            }
        });
        let outcomes = write(&store, &batch).await;
        assert_eq!(outcomes[..20], vec![WriteOutcome::Stored; 20]);
        let reason = reason(&outcomes[20]);
        assert!(reason.contains("larger than the server takes"), "{reason}");
        site.assert_once(ids(&batch[..20])).await;
    }

    async fn a_read_only_index_is_waited_for(engine: Engine) {
        let site = Site::new(engine).await;
        let store = site.store();
        assert_stored(&store, &entries(1..2)).await;
        for (block, numbers) in [("index.blocks.write", 10..20), ("index.blocks.read_only_allow_delete", 20..30)] {
            site.set(json!({ block: true })).await;
            let batch = entries(numbers);
            let begun = Instant::now();
            let reason = unavailable(store.write(batch.clone()).await);
            assert!(reason.contains("blocked by"), "{reason}");
            assert!(begun.elapsed() < Duration::from_secs(30));
            // And within one write, where it passes soon.
            let later = async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                site.set(json!({ block: null })).await;
            };
            let (outcomes, ()) = tokio::join!(store.write(batch.clone()), later);
            assert_eq!(outcomes.unwrap(), vec![WriteOutcome::Stored; 10]);
        }
        site.assert_once(ids(&entries(1..2)).into_iter().chain(ids(&entries(10..30)))).await;
    }

    async fn a_batch_given_back_remembers_what_it_stored(engine: Engine) {
        let site = Site::new(engine).await;
        let store = site.store();
        let mut batch = entries(1..11);
        // The same id again: what is known of it must not pass for the first's outcome.
        batch.push(batch[1].clone());
        let busy: fn(usize) -> Option<(u16, &'static str)> =
            |at| (at % 2 == 1).then_some((429, "es_rejected_execution_exception"));
        site.proxy.rule(move |request, _| match request.is_bulk() {
            true if request.ids().len() == 10 => Action::Items(busy),
            true => Action::Answer(429, json!({ "error": { "type": "busy", "reason": "too busy" } })),
            false => Action::Pass,
        });
        let begun = Instant::now();
        let reason = unavailable(store.write(batch.clone()).await);
        assert!(begun.elapsed() < Duration::from_secs(30));
        assert!(reason.contains("too busy"), "{reason}");
        site.proxy.pass();
        site.proxy.forget();
        let outcomes = write(&store, &batch).await;
        assert_eq!(outcomes[..10], vec![WriteOutcome::Stored; 10]);
        assert_eq!(outcomes[10], WriteOutcome::Duplicate);
        let sent = site.proxy.bulks();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].ids().len(), 5, "what is settled is not sent again");
        site.assert_once(ids(&batch[..10])).await;
    }

    async fn requests_at_once_are_as_many_as_the_server_takes(engine: Engine) {
        let site = Site::new(engine).await;
        let mut options = site.options();
        options.most_writes = 8;
        let store = ElasticsearchStore::open_writer(options, at("2000-01-01T00:00:00Z")).unwrap();
        assert_stored(&store, &entries(1..2)).await;
        // So many small batches at once stand for the requests of a large one.
        let round = async |first: u64, count: u64| {
            let writes = (0..count).map(|n| {
                let (store, batch) = (&store, entries(first + n..first + n + 1));
                async move { write_through(store, &batch).await }
            });
            for outcomes in futures::future::join_all(writes).await {
                assert_eq!(outcomes, [WriteOutcome::Stored]);
            }
        };
        site.proxy.rule(|request, _| {
            if request.is_bulk() { Action::Wait(Duration::from_millis(30)) } else { Action::Pass }
        });
        site.proxy.forget();
        let mut rounds = 0;
        while site.proxy.most_at_once() < 8 {
            assert!(rounds < 20, "they do not grow to the most allowed: {}", site.proxy.most_at_once());
            round(10_000 + 100 * rounds, 40).await;
            rounds += 1;
        }
        round(1_000, 40).await;
        assert_eq!(site.proxy.most_at_once(), 8, "they grow beyond the most allowed");

        site.proxy.rule(|request, others| match (request.is_bulk(), others) {
            (false, _) => Action::Pass,
            (true, 0..2) => Action::Wait(Duration::from_millis(30)),
            (true, _) => Action::Answer(429, json!({ "error": { "type": "busy", "reason": "too busy" } })),
        });
        round(2_000, 20).await;
        site.proxy.forget();
        round(3_000, 40).await;
        assert!(site.proxy.most_at_once() <= 4, "{} at once", site.proxy.most_at_once());

        // The more at once, the slower each: as many as help.
        site.proxy.rule(|request, others| {
            let slow = Duration::from_millis(30 + 150 * others.saturating_sub(1) as u64);
            if request.is_bulk() { Action::Wait(slow) } else { Action::Pass }
        });
        round(4_000, 20).await;
        site.proxy.forget();
        round(5_000, 40).await;
        assert!(site.proxy.most_at_once() <= 5, "{} at once", site.proxy.most_at_once());
        let grown = (0..rounds).flat_map(|round| 10_000 + 100 * round..10_040 + 100 * round);
        let all = grown.chain(1_000..1_040).chain(2_000..2_020).chain(3_000..3_040).chain(4_000..4_020).chain(5_000..5_040);
        let all = all.flat_map(|n| ids(&entries(n..n + 1))).chain(ids(&entries(1..2)));
        site.assert_once(all).await;
    }

    async fn compressed_bodies_are_stored_alike(engine: Engine) {
        let site = Site::new(engine).await;
        let mut options = site.options();
        options.access.gzip = true;
        let store = ElasticsearchStore::open_writer(options, at("2000-01-01T00:00:00Z")).unwrap();
        let batch = entries(1..101);
        assert_stored(&store, &batch).await;
        let requests = site.proxy.requests();
        let bulk = requests.iter().find(|request| request.path.starts_with("/_bulk")).unwrap();
        assert_eq!(bulk.headers["content-encoding"], "gzip");
        let plain: usize = batch.iter().map(|entry| entry.body.len()).sum();
        assert!(bulk.body.starts_with(&[0x1f, 0x8b]) && bulk.body.len() < plain / 3, "{}", bulk.body.len());
        site.assert_once(ids(&batch)).await;
        assert_eq!(store.get(batch[7].id).await.unwrap().unwrap().body, batch[7].body);
    }

    async fn templates_stand_before_the_first_entry_and_come_back_when_removed(engine: Engine) {
        let site = Site::new(engine).await;
        let store = site.store();
        // Nothing is written, but the templates are put.
        assert_eq!(write(&store, &[]).await, []);
        let template = format!("/_index_template/{}", site.stream());
        site.call("GET", &template, Value::Null).await;
        site.call("DELETE", &template, Value::Null).await;
        let batch = entries(1..11);
        assert_stored(&store, &batch).await;
        site.assert_once(ids(&batch)).await;
        let stored = site.stored().await;
        assert!(stored.iter().all(|(_, index)| index.starts_with(".ds-")), "{stored:?}");
        site.call("GET", &template, Value::Null).await;
        let puts = site.proxy.requests();
        let first = puts.iter().position(|request| request.is_bulk()).unwrap();
        assert!(puts[..first].iter().any(|request| request.method == "PUT" && request.path == template));
    }

    async fn an_index_in_a_data_streams_place_is_never_written_to_or_removed(engine: Engine) {
        let site = Site::new(engine).await;
        site.call("PUT", &format!("/{}/_doc/1", site.stream()), json!({ "somebody": "else's" })).await;
        let store = site.store();
        let batch = entries(1..3);
        let reason = unavailable(store.write(batch.clone()).await);
        assert!(reason.contains(&site.stream()) && reason.contains("data stream"), "{reason}");
        site.call("GET", &format!("/{}/_doc/1", site.stream()), Value::Null).await;
        // Once it is out of the way, nothing was lost.
        site.call("DELETE", &format!("/{}", site.stream()), Value::Null).await;
        assert_stored(&store, &batch).await;
        site.assert_once(ids(&batch)).await;
    }
}

#[test]
fn the_entries_of_these_tests_were_received_before_a_later_process_began() {
    assert!(at(RECEIVED) < at("2024-01-01T00:00:00Z") && at(RECEIVED) > at("2000-01-01T00:00:00Z"));
}
