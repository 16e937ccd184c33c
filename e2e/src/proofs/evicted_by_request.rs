use crate::places::PROD;
use crate::sender::{Load, Sender};
use crate::site::Site;
use crate::waiting::eventually;

pub fn run(site: &Site) -> String {
    let cluster = &site.cluster;
    cluster.until_ready(PROD);
    let sender = Sender::start(site, &Load { name: "evicted", to: PROD, rate: 200, seconds: 75 });
    let before = cluster.ready_pods(PROD, "ingestor");
    let [(first, _), (second, _)] = &before[..] else { panic!("two ingestors are needed: {before:?}") };
    cluster.evict(PROD, first).unwrap();
    let refusal = cluster.evict(PROD, second).unwrap_err();
    assert!(refusal.contains("disruption budget"), "{refusal}");
    eventually("the second may go once the first is back", 120, || cluster.evict(PROD, second).ok());
    eventually("both have been replaced", 120, || {
        let now = cluster.ready_pods(PROD, "ingestor");
        (now.len() == 2 && now.iter().all(|pod| !before.contains(pod))).then_some(())
    });
    sender.still_sends();
    format!("the second was refused until the first was back: {}", sender.report().in_words())
}
