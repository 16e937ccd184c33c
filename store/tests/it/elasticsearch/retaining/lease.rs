//! Several processes that would remove: one does.

use super::*;

on_both! {
    one_process_acts_while_its_lease_lives_and_another_takes_over_when_it_is_dead
    one_process_that_ends_hands_over_at_once_and_only_what_it_has
    two_processes_at_once_remove_nothing_twice
}

async fn one_process_acts_while_its_lease_lives_and_another_takes_over_when_it_is_dead(engine: Engine) {
    let ground = Ground::new(engine);
    let lease = Duration::from_secs(2);
    let (leader, follower) = (ground.another(lease), ground.another(lease));
    let first = ground.index(1, "2023-09-13T12:00:00Z", None).await;
    let now = at("2023-09-20T12:00:00Z");
    leader.retain(NOTHING, now).await.unwrap();
    let started = std::time::Instant::now();
    // As often as it asks: the leader shows that it is alive.
    while started.elapsed() < 2 * lease {
        assert_eq!(follower.retain(older_than(DAY), now).await.unwrap(), RetentionReport::default());
        leader.retain(NOTHING, now).await.unwrap();
        tokio::time::sleep(lease / 8).await;
    }
    assert_eq!(leader.retain(older_than(DAY), now).await.unwrap().removed, [first]);
    let second = ground.index(2, "2023-09-13T12:00:00Z", None).await;
    let died = std::time::Instant::now();
    let took_over = loop {
        let removed = follower.retain(older_than(DAY), now).await.unwrap().removed;
        if !removed.is_empty() {
            break removed;
        }
        assert!(died.elapsed() < 5 * lease, "nobody took over");
        tokio::time::sleep(lease / 8).await;
    };
    assert_eq!(took_over, [second]);
    assert!(died.elapsed() >= lease - lease / 8, "{:?}", died.elapsed());
    // Back from the dead, it follows.
    let third = ground.index(3, "2023-09-13T12:00:00Z", None).await;
    assert_eq!(leader.retain(older_than(DAY), now).await.unwrap(), RetentionReport::default());
    assert_eq!(follower.retain(older_than(DAY), now).await.unwrap().removed, [third]);
}

async fn one_process_that_ends_hands_over_at_once_and_only_what_it_has(engine: Engine) {
    let ground = Ground::new(engine);
    let lease = Duration::from_secs(600);
    let (leader, follower) = (ground.another(lease), ground.another(lease));
    let first = ground.index(1, "2023-09-13T12:00:00Z", None).await;
    let now = at("2023-09-20T12:00:00Z");
    leader.retain(NOTHING, now).await.unwrap();
    assert_eq!(follower.retain(older_than(DAY), now).await.unwrap(), RetentionReport::default());
    follower.stop_retaining().await.unwrap();
    assert_eq!(follower.retain(older_than(DAY), now).await.unwrap(), RetentionReport::default());
    leader.stop_retaining().await.unwrap();
    assert_eq!(follower.retain(older_than(DAY), now).await.unwrap().removed, [first]);
    // What the first gave up is the other's now, whatever the first does.
    let second = ground.index(2, "2023-09-13T12:00:00Z", None).await;
    leader.stop_retaining().await.unwrap();
    assert_eq!(leader.retain(older_than(DAY), now).await.unwrap(), RetentionReport::default());
    assert_eq!(follower.retain(older_than(DAY), now).await.unwrap().removed, [second]);
    follower.stop_retaining().await.unwrap();
    let third = ground.index(3, "2023-09-13T12:00:00Z", None).await;
    assert_eq!(leader.retain(older_than(DAY), now).await.unwrap().removed, [third]);
}

async fn two_processes_at_once_remove_nothing_twice(engine: Engine) {
    let ground = Ground::new(engine);
    let mut made = BTreeSet::new();
    for number in 0..4 {
        made.insert(ground.index(number, "2023-09-13T12:00:00Z", None).await);
    }
    let (one, other) = (ground.another(10 * DAY), ground.another(10 * DAY));
    let now = at("2023-09-20T12:00:00Z");
    let (a, b) = tokio::join!(one.retain(older_than(DAY), now), other.retain(older_than(DAY), now));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(a.removed.is_empty() != b.removed.is_empty(), "{a:?} {b:?}");
    assert_eq!(a.entries + b.entries, 4);
    assert_eq!(a.removed.into_iter().chain(b.removed).collect::<BTreeSet<_>>(), made);
    // What says who acts is not among the entries, nor shown to those who look for indices.
    let lease = format!("logpipeline-{}-lease", ground.pipeline);
    let (status, _) = ground.raw.try_ask(Method::Head, &format!("/{lease}"), None).await;
    assert_eq!(status, 200);
    let shown = ground.raw.get(&format!("/_cat/indices/logpipeline-{}*?format=json", ground.pipeline)).await;
    assert_eq!(shown, json!([]));
}
