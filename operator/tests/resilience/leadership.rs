//! Of several operators one writes, whoever ends and however.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::StatefulSet;
use serde_json::json;

use crate::cluster::Cluster;
use crate::support::process::Process;
use crate::support::yaml::embedded;
use crate::support::{Site, eventually};
use crate::{ALONE, audit};

/// Pipelines that are made meanwhile, one each quarter of a second.
const PIPELINES: usize = 60;
/// Seconds that a Lease holds.
const LEASE: f64 = 15.0;

#[tokio::test]
async fn no_write_of_the_next_leader_comes_before_the_last_of_the_one_that_ended_or_was_killed() {
    let _alone = ALONE.lock().await;
    let cluster = Cluster::audited();
    let site = Site::on(cluster.client().await, "handover").await;
    let start = |identity: &str| {
        let lease = ["--lease-namespace", "default", "--identity", identity];
        Process::start(&cluster.named(identity), &lease)
    };
    let leads = |process: &Process| process.log().contains("\"leading\"");
    let first = start("first");
    eventually("the first leads", async || leads(&first).then_some(())).await;
    let mut second = start("second");
    eventually("the second waits", async || second.log().contains("waiting to lead").then_some(())).await;

    let feed = async {
        for number in 0..PIPELINES {
            let load = json!({ "generators": [{ "name": "load" }] });
            site.apply(&embedded(&format!("logs-{number}"), load)).await;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let shift = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        first.terminate();
        eventually("the second leads", async || leads(&second).then_some(())).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let third = start("third");
        eventually("the third waits", async || third.log().contains("waiting to lead").then_some(())).await;
        second.child.kill().unwrap();
        let killed = Instant::now();
        eventually("the third leads", async || leads(&third).then_some(())).await;
        (third, killed.elapsed())
    };
    let ((), (third, taken)) = tokio::join!(feed, shift);
    eventually("every pipeline is made", async || {
        let sets = site.api::<StatefulSet>().list(&Default::default()).await.unwrap();
        (sets.items.len() == PIPELINES).then_some(())
    })
    .await;
    let waiting = async || third.figure("logpipeline_operator_queue_length", |_| true).await;
    eventually("nothing waits", async || (waiting().await == 0.0).then_some(())).await;

    let writes = audit::writes(cluster.path());
    let handed = audit::gap(&writes, "first", "second");
    let seized = audit::gap(&writes, "second", "third");
    println!("handed over within {handed:.1} s, taken over {seized:.1} s after a kill");
    assert!((0.0..10.0).contains(&handed), "{handed}");
    // Nobody can tell one that was killed from one that cannot be reached before its Lease has run out.
    assert!((0.0..2.0 * LEASE).contains(&seized) && taken.as_secs_f64() < 2.0 * LEASE, "{seized} {taken:?}");
    let twice: Vec<_> = audit::made(&writes).into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
