use std::collections::BTreeSet;

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
        let mut names = BTreeSet::new();
        for list in ["index_template", "component_template"] {
            let (_, found) = of(&format!("/_{list}"));
            let found = found[format!("{list}s")].as_array().unwrap().clone();
            names.extend(found.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        }
        names.retain(|name| name.starts_with("logs-audit"));
        (streams["data_streams"].as_array().unwrap().len(), names)
    };
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let (streams, templates) = there();
    assert_eq!(streams, 1);
    assert!(
        templates.is_superset(&named(&["logs-audit.default", "logs-audit@mappings", "logs-audit@settings"])),
        "{templates:?}"
    );
    cluster.kubectl(&["delete", "-n", SEARCH, "logpipeline", NAME, "--wait=true", "--timeout=120s"]);
    assert_eq!(there(), (0, named(&["logs-audit@custom"])));
    assert_eq!(of("/logpipeline-audit-lease").0, 404);
    format!(
        "{report}; after the deletion no data stream is left, and of templates `logs-audit@custom`, which is the user's"
    )
}
