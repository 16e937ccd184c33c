use serde_json::{Value, json};

use crate::cluster::curl;
use crate::places::SEARCH;
use crate::sender::Sender;
use crate::site::{Site, example};
use crate::waiting::eventually;

const NAME: &str = "audit";
const SERVICE: &str = "opensearch-cluster-master";

pub fn run(site: &Site) -> String {
    let cluster = &site.cluster;
    cluster.namespace(SEARCH);
    let port = site.opensearch_port;
    cluster.service_of(SEARCH, SERVICE, &site.elasticsearch.address, port);
    for mut object in example("opensearch.yaml") {
        if object["kind"] == "LogPipeline" {
            object["spec"]["deletionPolicy"] = json!("Delete");
            object["spec"]["storage"]["elasticsearch"]["replicas"] = json!(0);
            object["spec"]["storage"]["elasticsearch"]["url"] = json!(format!("http://{SERVICE}:{port}"));
        }
        cluster.apply(SEARCH, &object);
    }
    eventually("the pipeline is ready", 180, || {
        let found = cluster.get(SEARCH, &["logpipeline", NAME])?;
        let conditions = found["status"]["conditions"].as_array()?.clone();
        conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True").then_some(())
    });
    let report =
        Sender::with(site, "opensearch", SEARCH, &["--rate", "100", "--duration", "5s"]).report().in_words();
    let of = |path: &str| {
        let (status, body) =
            curl(&[&format!("http://{}:{}{path}", site.elasticsearch.address, site.opensearch_port)]);
        (status, serde_json::from_str::<Value>(&body).unwrap_or_default())
    };
    let there = || {
        let (_, streams) = of("/_data_stream/logs-audit.*");
        let templates = ["_index_template/logs-audit.default", "_component_template/logs-audit@mappings"];
        let found = templates.map(|template| of(&format!("/{template}")).0);
        (streams["data_streams"].as_array().unwrap().len(), found)
    };
    assert_eq!(there(), (1, [200, 200]));
    cluster.kubectl(&["delete", "-n", SEARCH, "logpipeline", NAME, "--wait=true", "--timeout=120s"]);
    assert_eq!(there(), (0, [404, 404]));
    format!("{report}; after the deletion no data stream and no template is left")
}
