use std::collections::BTreeSet;

use serde_json::Value;

use crate::places::{PROD, RELEASE, SHOP};
use crate::sender::{Load, Sender};
use crate::site::Site;
use crate::waiting::eventually;

pub fn run(site: &Site) -> String {
    let cluster = &site.cluster;
    if site.pressure.is_none() {
        return "not proved here: the cluster's nodes cannot be put under pressure from outside".to_owned();
    }
    let embedded = Sender::start(site, &Load { name: "pressed-embedded", to: SHOP, rate: 100, seconds: 150 });
    let production =
        Sender::start(site, &Load { name: "pressed-production", to: PROD, rate: 100, seconds: 150 });
    let uids = || -> Vec<String> {
        let all = [(SHOP, "store"), (PROD, "ingestor")]
            .map(|(namespace, component)| cluster.ready_pods(namespace, component));
        all.into_iter().flatten().map(|(_, uid)| uid).collect()
    };
    let before = uids();
    let pressure = site.press();
    eventually("the node says that it is under pressure", 60, || {
        let nodes = cluster.get("default", &["nodes"])?;
        let conditions = nodes["items"][0]["status"]["conditions"].as_array()?.clone();
        conditions.iter().any(|one| one["type"] == "PIDPressure" && one["status"] == "True").then_some(())
    });
    eventually("the store and the ingestors are evicted", 240, || {
        let pods = [(SHOP, "store"), (PROD, "ingestor")].map(|(namespace, component)| {
            cluster.list(namespace, "pods", &format!("app.kubernetes.io/component={component}"))
        });
        let runs = |pod: &Value| pod["status"]["phase"] == "Running";
        let old = |pod: &Value| before.iter().any(|uid| pod["metadata"]["uid"] == **uid);
        (!pods.iter().flatten().any(|pod| runs(pod) && old(pod))).then_some(())
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
    assert!(!embedded.has_ended() && !production.has_ended(), "the load ended before the pressure did");
    drop(pressure);
    eventually("the operator is ready", 180, || {
        let found = cluster.get(RELEASE, &["deployment", "logpipeline-operator"])?;
        (found["status"]["readyReplicas"] == 1).then_some(())
    });
    cluster.until_ready(SHOP);
    cluster.until_ready(PROD);
    format!(
        "{evicted} pods evicted, those of the operator among them; embedded: {}; production: {}",
        embedded.report().in_words(),
        production.report().in_words()
    )
}
