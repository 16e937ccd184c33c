use serde_json::json;

use super::installed_by_helm::PREVIOUS;
use crate::places::{PIPELINE, RELEASE, SHOP};
use crate::sender::{Load, Sender};
use crate::site::Site;

pub fn run(site: &Site) -> String {
    let cluster = &site.cluster;
    let with_field = json!({
        "apiVersion": "logpipeline.dev/v1alpha1", "kind": "LogPipeline", "metadata": { "name": PIPELINE },
        "spec": {
            "storage": { "embedded": { "size": "20Gi" } }, "ingestor": { "insecure": true }, "query": { "insecure": true },
            "retention": { "maxSize": "10Gi" },
        },
    });
    let refusal = cluster.try_apply(SHOP, &with_field).unwrap_err();
    assert!(refusal.contains("maxSize"), "{refusal}");
    let before = cluster.ready_pods(SHOP, "store");
    let sender = Sender::start(site, &Load { name: "upgrade", to: SHOP, rate: 200, seconds: 60 });
    // What cannot be watched is looked at more often than usual, so that the suite is short.
    cluster.upgrade("resync=5s");
    sender.still_sends();
    assert_eq!(cluster.ready_pods(SHOP, "store"), before, "the pods were replaced");
    let releases: serde_json::Value =
        serde_json::from_str(&cluster.helm(&["list", "--namespace", RELEASE, "-o", "json"])).unwrap();
    assert_eq!(releases[0]["chart"], format!("logpipeline-{}", env!("CARGO_PKG_VERSION")));
    cluster.apply(SHOP, &with_field);
    assert_eq!(cluster.pipeline(SHOP).unwrap()["spec"]["retention"]["maxSize"], "10Gi");
    cluster.until_ready(SHOP);
    let report = sender.report().in_words();
    format!(
        "from a chart with the version {PREVIOUS}, whose definition refused `retention.maxSize`, to {}, which takes it: {report}; pods stayed the same",
        env!("CARGO_PKG_VERSION")
    )
}
