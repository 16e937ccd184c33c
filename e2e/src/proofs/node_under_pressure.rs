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
    let embedded = Sender::start(site, &Load { name: "pressed-embedded", to: SHOP, rate: 100, seconds: 60 });
    let production =
        Sender::start(site, &Load { name: "pressed-production", to: PROD, rate: 100, seconds: 60 });
    let uids = || -> Vec<String> {
        let all = [(SHOP, "store"), (PROD, "ingestor")]
            .map(|(namespace, component)| cluster.ready_pods(namespace, component));
        all.into_iter().flatten().map(|(_, uid)| uid).collect()
    };
    let before = uids();
    site.press(true);
    eventually("the node says that it is under pressure", 60, || {
        let nodes = cluster.get("default", &["nodes"])?;
        let conditions = nodes["items"][0]["status"]["conditions"].as_array()?.clone();
        conditions.iter().any(|one| one["type"] == "PIDPressure" && one["status"] == "True").then_some(())
    });
    let evicted = eventually("the store and an ingestor are evicted", 240, || {
        let events = cluster.get("default", &["events", "-A", "--field-selector", "reason=Evicted"])?;
        let events = events["items"].as_array()?.clone();
        let of = |event: &Value, namespace: &str, prefix: &str| {
            let pod = &event["involvedObject"];
            pod["namespace"] == namespace && pod["name"].as_str().is_some_and(|name| name.starts_with(prefix))
        };
        let both = events.iter().any(|event| of(event, SHOP, "logs-store-"))
            && events.iter().any(|event| of(event, PROD, "logs-ingestor-"));
        both.then_some(events.len())
    });
    site.press(false);
    eventually("the operator is ready", 180, || {
        let found = cluster.get(RELEASE, &["deployment", "logpipeline-operator"])?;
        (found["status"]["readyReplicas"] == 1).then_some(())
    });
    cluster.until_ready(SHOP);
    cluster.until_ready(PROD);
    let after = uids();
    assert!(before.iter().any(|uid| !after.contains(uid)), "no pod was replaced");
    format!(
        "{evicted} evictions; embedded: {}; production: {}",
        embedded.report().in_words(),
        production.report().in_words()
    )
}
