use serde_json::Value;

use crate::places::{PROD, RELEASE, SHOP};
use crate::sender::{Load, Sender};
use crate::site::Site;
use crate::waiting::eventually;

pub fn run(site: &Site) -> String {
    let cluster = &site.cluster;
    let embedded = Sender::start(site, &Load { name: "roll-embedded", to: SHOP, rate: 200, seconds: 150 });
    let production =
        Sender::start(site, &Load { name: "roll-production", to: PROD, rate: 200, seconds: 150 });
    let tag = &site.next_tag;
    let tags =
        format!("image.tag={tag},components.ingestor.image.tag={tag},components.query.image.tag={tag}");
    cluster.upgrade(&tags);
    for namespace in [SHOP, PROD] {
        eventually(&format!("all pods of {namespace} have the new image"), 240, || {
            let pods =
                cluster.list(namespace, "pods", "app.kubernetes.io/component in (store,ingestor,query)");
            let image = |container: &Value| container["image"].as_str().unwrap().to_owned();
            let images: Vec<_> = pods
                .iter()
                .flat_map(|pod| pod["spec"]["containers"].as_array().unwrap())
                .map(image)
                .collect();
            (!images.is_empty() && images.iter().all(|image| image.ends_with(&format!(":{tag}"))))
                .then_some(())
        });
        cluster.until_ready(namespace);
    }
    let operator = cluster.get(RELEASE, &["deployment", "logpipeline-operator"]).unwrap();
    let image = &operator["spec"]["template"]["spec"]["containers"][0]["image"];
    assert!(image.as_str().unwrap().ends_with(&format!(":{tag}")), "{image}");
    embedded.still_sends();
    production.still_sends();
    format!("embedded: {}; production: {}", embedded.report().in_words(), production.report().in_words())
}
