use serde_json::{Value, json};

use crate::browser::{Visit, certificate, visit};
use crate::places::{PIPELINE, PROD, SHOP};
use crate::sender::Sender;
use crate::site::{SENDER_TOKEN, Site, example};

pub const STREAM: &str = "logs-prod-logs.default";
pub const SHORT: &str = "logs-prod-logs.trace-debug";

pub fn run(site: &Site) -> String {
    let (cluster, elasticsearch) = (&site.cluster, &site.elasticsearch);
    cluster.namespace(PROD);
    elasticsearch.as_eck(cluster, PROD);
    let objects = adapted(site);
    let host = objects.iter().find_map(|object| object["spec"]["query"]["ingress"]["host"].as_str()).unwrap();
    certificate(site, PROD, "logs-example-com-tls", host);
    for object in &objects {
        cluster.apply(PROD, object);
    }
    cluster.until_ready(PROD);
    assert_eq!(cluster.ready_pods(PROD, "ingestor").len(), 2, "the autoscaler's least");

    let report =
        Sender::with(site, "production", PROD, &["--rate", "300", "--duration", "20s", "--batch-size", "50"])
            .report();
    let words = report.in_words();
    let run = site.run("production");
    let (count, _) = visit(
        site,
        &Visit { host, search: &format!("metadata.run:{run}"), picture: "production_on_elasticsearch" },
    );
    assert_eq!(count, report.count("acknowledged"));
    refused_without_token(site);
    let query = cluster.forward(PROD, "logs-query", 8080);
    assert_eq!(query.search(SENDER_TOKEN), 401, "who sends may not read");
    assert_eq!(query.sign_in("oncall", "not-the-password"), 401);

    for stream in [STREAM, SHORT] {
        let template =
            &elasticsearch.get(&format!("/_index_template/{stream}"))["index_templates"][0]["index_template"];
        assert!(template["data_stream"].is_object(), "{template}");
        assert!(!elasticsearch.indices(stream).is_empty(), "{stream}");
    }
    for part in ["settings", "mappings", "custom"] {
        elasticsearch.get(&format!("/_component_template/logs-prod-logs@{part}"));
    }
    let settings = &elasticsearch.get("/_component_template/logs-prod-logs@settings")["component_templates"]
        [0]["component_template"];
    let settings = settings["template"]["settings"].to_string();
    assert!(settings.contains("\"number_of_shards\":\"2\""), "{settings}");
    let levels = json!({ "terms": { "level": ["debug", "trace"] } });
    let of = |stream: &str, query: Value| elasticsearch.count(stream, &query);
    let (short, long) =
        (of(SHORT, levels.clone()), of(STREAM, json!({ "bool": { "must_not": levels.clone() } })));
    assert_eq!(of(SHORT, json!({ "bool": { "must_not": levels.clone() } })), 0);
    assert_eq!(of(STREAM, levels), 0);
    assert!(short > 0 && long > 0);
    assert_eq!(short + long, report.count("acknowledged"), "{short} and {long}");
    format!(
        "{words}; the browser finds as many; {long} in `{STREAM}`, {short} in `{SHORT}`; a wrong token, a sender's token at the query server and a wrong password get 401"
    )
}

/// The example, with the cluster's class of Ingress, less of a processor for each pod, and a token in place of the placeholder.
fn adapted(site: &Site) -> Vec<Value> {
    let mut objects = example("production.yaml");
    for object in &mut objects {
        match object["metadata"]["name"].as_str() {
            Some("logs") => {
                object["spec"]["query"]["ingress"]["className"] = json!(site.ingress_class);
                object["spec"]["ingestor"]["resources"]["requests"] =
                    json!({ "cpu": "100m", "memory": "256Mi" });
            }
            Some("logs-tokens") => {
                object["stringData"]["tokens"] = json!(format!("checkout:{SENDER_TOKEN}\n"))
            }
            _ => {}
        }
    }
    objects
}

fn refused_without_token(site: &Site) {
    let forward = site.cluster.forward(PROD, "logs-ingestor", 3000);
    assert_eq!(forward.send("not-a-token-of-anybody"), 401);
    assert_eq!(forward.send(&site.internal_token(SHOP, PIPELINE)), 401);
}
