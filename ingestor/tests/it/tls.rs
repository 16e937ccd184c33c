//! HTTPS, as senders meet it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client};

use crate::support::process::{Process, run};
use crate::support::{certificates, within};

fn flags(folder: &Path) -> [String; 2] {
    let flag = |flag: &str, name: &str| format!("--tls-{flag}-file={}", folder.join(name).display());
    [flag("certificate", "tls.crt"), flag("key", "tls.key")]
}

fn client(trusted: &[u8]) -> Client {
    let client = Client::builder().add_root_certificate(Certificate::from_pem(trusted).unwrap());
    // A connection of its own for each request.
    client.pool_max_idle_per_host(0).build().unwrap()
}

#[tokio::test]
async fn entries_come_by_https_and_a_new_certificate_is_served_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let [one, two] = ["one", "two"].map(|name| certificates::make(&at(name)));
    let link = |name: &str| {
        symlink(name, at("new")).unwrap();
        fs::rename(at("new"), at("current")).unwrap();
    };
    link("one");
    let [certificate, key] = flags(&at("current"));
    let process = Process::start(&at("data"), &[&certificate, &key]);
    let port = process.address.port();
    let post = async |trusted: &[u8]| {
        let url = format!("https://localhost:{port}/logs");
        let answer = client(trusted).post(url).body("{\"message\":\"by https\"}").send().await;
        answer.map(|answer| answer.status().as_u16())
    };
    assert_eq!(post(&one).await.unwrap(), 202);
    assert!(post(&two).await.is_err());
    let plain = reqwest::get(format!("http://localhost:{port}/api/v1/delivery")).await.unwrap();
    assert_eq!(plain.status(), 400);
    assert!(plain.text().await.unwrap().contains("Write https://"));
    // The admin port is for the cluster's own use.
    let figures = reqwest::get(format!("http://{}/delivery", process.admin)).await.unwrap();
    assert_eq!(figures.status(), 200);

    link("two");
    within(Duration::from_secs(10), "the new certificate is served", async || post(&two).await.is_ok()).await;
    assert!(post(&one).await.is_err());
}

#[test]
fn a_certificate_without_its_key_ends_the_start_with_a_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["one", "two"] {
        certificates::make(&at(name));
    }
    let [certificate, key] = flags(&at("one"));
    let [_, other_key] = flags(&at("two"));
    let [_, no_key] = flags(&at("none"));
    for (flags, expected) in [
        (&[&*certificate][..], "--tls-certificate-file needs --tls-key-file"),
        (&[&key], "--tls-key-file needs --tls-certificate-file"),
        (&[&certificate, &other_key], "two/tls.key holds the key of another certificate than the first in"),
        (&[&certificate, &no_key], "none/tls.key: No such file"),
    ] {
        let (status, log) = run(&at("data"), flags);
        assert_eq!(status.code(), Some(1));
        assert!(log.contains(expected), "{log}");
        assert!(!at("data").join("wal").exists(), "nothing was begun");
    }
}
