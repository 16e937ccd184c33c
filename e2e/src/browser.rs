//! A browser outside of the pods.

use std::process::Command;

use serde_json::{Value, json};

use crate::cluster::text;
use crate::site::{READER, Site, file};

pub struct Visit<'a> {
    pub host: &'a str,
    /// In the query language.
    pub search: &'a str,
    /// Names the screenshot.
    pub picture: &'a str,
}

/// Signs in at the web UI through the Ingress, and tells how many entries the page says there are, and the first row's text.
pub fn visit(site: &Site, visit: &Visit<'_>) -> (u64, String) {
    let wish = json!({
        "host": visit.host, "address": site.ingress_address, "search": visit.search, "name": READER.0, "password": READER.1,
        "picture": site.state.join(format!("{}.png", visit.picture)),
    });
    let script = file("e2e/browser.mjs");
    let output = Command::new("node").args([&script, &wish.to_string()]).output().unwrap();
    let said: Value = serde_json::from_str(&text(output, &["node", &script])).unwrap();
    (said["count"].as_u64().unwrap(), said["first"].as_str().unwrap().to_owned())
}

/// A certificate that the Ingress controller shows, for `host`, as a Secret of the type kubernetes.io/tls.
pub fn certificate(site: &Site, namespace: &str, name: &str, host: &str) {
    let path = |kind: &str| site.state.join(format!("{host}.{kind}")).to_str().unwrap().to_owned();
    let (key, certificate, subject, names) =
        (path("key"), path("crt"), format!("/CN={host}"), format!("subjectAltName=DNS:{host}"));
    let args = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "7",
        "-subj",
        &subject,
        "-addext",
        &names,
        "-keyout",
        &key,
        "-out",
        &certificate,
    ];
    text(Command::new("openssl").args(args).output().unwrap(), &["openssl"]);
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let data = json!({ "tls.crt": read(&certificate), "tls.key": read(&key) });
    site.cluster.apply(namespace, &json!({ "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": { "name": name }, "stringData": data }));
}
