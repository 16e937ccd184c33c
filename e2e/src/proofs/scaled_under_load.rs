use serde_json::json;

use crate::places::{PIPELINE, PROD};
use crate::sender::{Load, Sender};
use crate::site::Site;
use crate::waiting::{eventually, pause};

pub fn run(site: &Site) -> String {
    let cluster = &site.cluster;
    let ready = |count: usize| {
        eventually(&format!("{count} ingestors are ready"), 180, || {
            (cluster.ready_pods(PROD, "ingestor").len() == count).then_some(())
        });
    };
    cluster.patch(PROD, &json!({ "spec": { "ingestor": { "autoscaling": null, "replicas": 1 } } }));
    ready(1);
    cluster.until_ready(PROD);
    let sender = Sender::start(site, &Load { name: "scaled", to: PROD, rate: 300, seconds: 90 });
    pause(5);
    let scale = |count: usize| {
        cluster.kubectl(&["scale", "-n", PROD, "logpipeline", PIPELINE, &format!("--replicas={count}")])
    };
    scale(3);
    ready(3);
    pause(10);
    scale(1);
    eventually("two ingestors have ended", 120, || (cluster.pods(PROD, "ingestor").len() == 1).then_some(()));
    sender.still_sends();
    let report = sender.report().in_words();
    cluster.until_ready(PROD);
    let claims = cluster.list(PROD, "persistentvolumeclaims", "app.kubernetes.io/component=ingestor");
    assert_eq!(claims.len(), 3, "volumes stay");
    assert_eq!(cluster.pipeline(PROD).unwrap()["status"]["replicas"], 1);
    format!("{report}, by `kubectl scale logpipeline`")
}
