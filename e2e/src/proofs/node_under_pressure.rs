use std::collections::BTreeSet;

use serde_json::Value;

use super::Seen;
use crate::places::{PROD, RELEASE, SHOP};
use crate::sender::{Load, Sender};
use crate::site::Site;
use crate::waiting::eventually;

pub fn run(site: &Site) -> Seen {
    let cluster = &site.cluster;
    if site.pressure.is_none() {
        return Seen::NotHere("nodes of this cluster cannot be put under pressure from outside".to_owned());
    }
    let embedded = Sender::start(site, &Load { name: "pressed-embedded", to: SHOP, rate: 100, seconds: 150 });
    let production =
        Sender::start(site, &Load { name: "pressed-production", to: PROD, rate: 100, seconds: 150 });
    let of = |component: &str| format!("app.kubernetes.io/component={component}");
    let all = [
        (SHOP, of("store")),
        (PROD, of("ingestor")),
        (PROD, of("query")),
        (RELEASE, "app.kubernetes.io/name=logpipeline-operator".to_owned()),
    ];
    let before: Vec<_> =
        all.iter().flat_map(|(namespace, pods)| cluster.ready(namespace, pods)).map(|(_, uid)| uid).collect();
    assert_eq!(before.len(), 6, "a store, two ingestors, two query servers, and the operator");
    let pressure = site.press();
    eventually("the node says that it is under pressure", 60, || {
        let nodes = cluster.get("default", &["nodes"])?;
        let conditions = nodes["items"][0]["status"]["conditions"].as_array()?.clone();
        conditions.iter().any(|one| one["type"] == "PIDPressure" && one["status"] == "True").then_some(())
    });
    eventually("all of them are evicted", 240, || {
        let pods = all.iter().flat_map(|(namespace, pods)| cluster.list(namespace, "pods", pods));
        let pods: Vec<_> = pods.collect();
        let runs = |pod: &Value| pod["status"]["phase"] == "Running";
        let old = |pod: &Value| before.iter().any(|uid| pod["metadata"]["uid"] == **uid);
        (!pods.iter().any(|pod| runs(pod) && old(pod))).then_some(())
    });
    let events = cluster.get("default", &["events", "-A", "--field-selector", "reason=Evicted"]).unwrap();
    let evicted: BTreeSet<_> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["involvedObject"]["uid"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(before.iter().all(|uid| evicted.contains(uid)), "{before:?} are not all of {evicted:?}");
    let evicted = evicted.len();
    embedded.still_sends();
    production.still_sends();
    drop(pressure);
    cluster.until_operator_ready();
    cluster.until_ready(SHOP);
    cluster.until_ready(PROD);
    eventually("as many pods are ready again", 120, || {
        let now = all.iter().flat_map(|(namespace, pods)| cluster.ready(namespace, pods)).count();
        (now == before.len()).then_some(())
    });
    Seen::Proved(format!(
        "{evicted} pods evicted for lack of process ids, those of the operator among them; embedded: {}; production: {}",
        embedded.report().in_words(),
        production.report().in_words()
    ))
}
