use serde_json::json;

use crate::browser::{Visit, certificate, visit};
use crate::places::SHOP;
use crate::sender::Sender;
use crate::site::{Site, file};

const HOST: &str = "shop.example.com";

pub fn run(site: &Site) -> String {
    let cluster = &site.cluster;
    let users = std::fs::read_to_string(file("examples/production.yaml")).unwrap();
    let line = users.lines().find(|line| line.trim_start().starts_with("oncall:")).unwrap().trim();
    cluster.secret(SHOP, "logs-users", &json!({ "users": line }));
    certificate(site, SHOP, "shop-tls", HOST);
    let ingress =
        json!({ "className": site.ingress_class, "host": HOST, "tls": { "secretName": "shop-tls" } });
    cluster.patch(SHOP, &json!({ "spec": { "query": { "insecure": false, "auth": { "usersSecretRef": { "name": "logs-users" } }, "ingress": ingress } } }));
    cluster.until_ready(SHOP);
    let report = Sender::with(site, "seen", SHOP, &["--rate", "100", "--duration", "5s"]).report();
    let search = format!("metadata.run:{}", site.run("seen"));
    let (count, first) = visit(site, &Visit { host: HOST, search: &search, picture: "behind_an_ingress" });
    assert_eq!(count, report.count("acknowledged"));
    assert!(!first.is_empty());
    assert_eq!(cluster.forward(SHOP, "logs-query", 8080).search("nobody"), 401);
    format!(
        "the page at https://{HOST}, class {}, says {count} entries, as many as were sent",
        site.ingress_class
    )
}
