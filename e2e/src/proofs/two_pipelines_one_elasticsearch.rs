use serde_json::json;

use super::production_on_elasticsearch::STREAM;
use crate::cluster::{curl, get_json};
use crate::places::{AUDIT, PIPELINE, PROD};
use crate::sender::Sender;
use crate::site::Site;

pub const OTHER: &str = "logs-audit-logs.default";

pub fn run(site: &Site) -> String {
    let (cluster, elasticsearch) = (&site.cluster, &site.elasticsearch);
    cluster.namespace(AUDIT);
    elasticsearch.user("audit-writer", "audit-writer-secret", "audit-logs");
    let authority = std::fs::read_to_string(&elasticsearch.authority).unwrap();
    cluster.secret(AUDIT, "es-ca", &json!({ "ca.crt": authority }));
    cluster.secret(
        AUDIT,
        "es-user",
        &json!({ "username": "audit-writer", "password": "audit-writer-secret" }),
    );
    let pipeline = json!({
        "apiVersion": "logpipeline.dev/v1alpha1", "kind": "LogPipeline", "metadata": { "name": PIPELINE },
        "spec": {
            "storage": { "elasticsearch": {
                "url": "https://logs-es-http.prod.svc:9200", "credentialsSecretRef": { "name": "es-user" }, "caSecretRef": { "name": "es-ca" },
                "replicas": 0,
            } },
            "ingestor": { "replicas": 1, "insecure": true }, "query": { "replicas": 1, "insecure": true },
        },
    });
    cluster.apply(AUDIT, &pipeline);
    cluster.until_ready(AUDIT);
    let there = Sender::with(site, "there", AUDIT, &["--rate", "100", "--duration", "5s"]).report();
    let here = Sender::with(site, "here", PROD, &["--rate", "100", "--duration", "5s"]).report();

    let found = |namespace: &str, run: &str| {
        let forward = cluster.forward(namespace, "logs-query", 8080);
        let token = site.internal_token(namespace, PIPELINE);
        let search = format!("/api/v1/search?limit=1&q=metadata.run:{}", site.run(run));
        get_json(&forward.url(&search), Some(&token))["total"].as_u64().unwrap()
    };
    let seen = [found(AUDIT, "there"), found(AUDIT, "here"), found(PROD, "here"), found(PROD, "there")];
    assert_eq!(seen, [there.count("acknowledged"), 0, here.count("acknowledged"), 0]);
    assert!(!elasticsearch.indices(OTHER).is_empty() && !elasticsearch.indices(STREAM).is_empty());
    let all = elasticsearch.count(OTHER, &json!({ "match_all": {} }));
    let search = ["-u", "audit-writer:audit-writer-secret", "--cacert", &elasticsearch.authority];
    let url = format!("https://{}:{}/{STREAM}/_search", elasticsearch.address, elasticsearch.port);
    assert_eq!(curl(&[&search[..], &[&url]].concat()).0, 403, "its user may not read the other's");
    let [own, stranger, ..] = seen;
    format!(
        "each finds its own ({own} and {}) and {stranger} of the other's; `{OTHER}` holds {all}, written by a user who has no rights on `{STREAM}`",
        seen[2]
    )
}
