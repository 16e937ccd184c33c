use serde_json::json;

use crate::places::PROD;
use crate::sender::{Load, Sender};
use crate::site::{SENDER_TOKEN, Site};
use crate::waiting::eventually;

pub fn run(site: &Site) -> String {
    let (cluster, elasticsearch) = (&site.cluster, &site.elasticsearch);
    cluster.patch(PROD, &json!({ "spec": { "ingestor": { "autoscaling": null, "replicas": 2 } } }));
    let take = |user: &str| {
        elasticsearch.user(user, &format!("{user}-secret"), "prod-logs");
        cluster.secret(PROD, "es-writer", &json!({ "username": user, "password": format!("{user}-secret") }));
    };
    take("writer-1");
    cluster.patch(PROD, &json!({ "spec": { "storage": { "elasticsearch": { "credentialsSecretRef": { "name": "es-writer" } } } } }));
    cluster.until_ready(PROD);

    let sender = Sender::start(site, &Load { name: "rotated", to: PROD, rate: 200, seconds: 150 });
    let before = cluster.ready_pods(PROD, "ingestor");
    take("writer-2");
    eventually("both ingestors have been replaced", 180, || {
        let now = cluster.ready_pods(PROD, "ingestor");
        (now.len() == 2 && now.iter().all(|pod| !before.contains(pod))).then_some(())
    });
    cluster.until_ready(PROD);
    let (status, answer) = elasticsearch.ask("DELETE", "/_security/user/writer-1", None);
    assert_eq!(status, 200, "{answer}");

    let pods = cluster.ready_pods(PROD, "ingestor");
    tokens(site);
    assert_eq!(cluster.ready_pods(PROD, "ingestor"), pods, "tokens need no restart");
    sender.still_sends();
    let report = sender.report().in_words();
    cluster.until_ready(PROD);
    format!(
        "{report}, with the first user of Elasticsearch removed meanwhile; a new token is taken and a removed one refused without a restart"
    )
}

fn tokens(site: &Site) {
    let new = "another-token-of-the-checkout-service";
    // Each ingestor reads its files by itself.
    let answers = |token: &str, wanted: u16| {
        for (pod, _) in site.cluster.ready_pods(PROD, "ingestor") {
            let forward = site.cluster.forward(PROD, &format!("pod/{pod}"), 3000);
            eventually(&format!("{token} gets {wanted} of {pod}"), 120, || {
                (forward.send(token) == wanted).then_some(())
            });
        }
    };
    answers(new, 401);
    let both = format!("checkout:{SENDER_TOKEN}\nnew:{new}\nold:a-token-that-will-be-removed\n");
    site.cluster.secret(PROD, "logs-tokens", &json!({ "tokens": both }));
    answers(new, 202);
    answers("a-token-that-will-be-removed", 202);
    site.cluster.secret(
        PROD,
        "logs-tokens",
        &json!({ "tokens": format!("checkout:{SENDER_TOKEN}\nnew:{new}\n") }),
    );
    answers("a-token-that-will-be-removed", 401);
}
