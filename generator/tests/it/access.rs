//! Servers that want a token, and servers that are reached by HTTPS.

use std::path::{Path, PathBuf};
use std::process::Command;

use logpipeline_service::http_server::Tls;

use crate::fake::{Behaviour, Server};
use crate::process::run_against;

const ARGUMENTS: [&str; 9] =
    ["--rate", "0", "--duration", "0", "--count", "50", "--verify", "--verify-timeout=2s", "--retry-for=0"];

fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_is_shown_its_own_token() {
    let behaviour = || Behaviour {
        ingest_token: Some("for-the-ingestor"),
        query_token: Some("for-the-query-server"),
        ..Behaviour::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let ingest = file(folder.path(), "ingest", "for-the-ingestor\n");
    let query = file(folder.path(), "query", "for-the-query-server\n");

    let server = Server::start(behaviour()).await;
    let both = [&ARGUMENTS[..], &["--token-file", &ingest, "--query-token-file", &query]].concat();
    let ended = run_against(&server, &both).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.report()["verified"], 50);
    assert!(!ended.stderr.contains("for-the-"), "{}", ended.stderr);

    let server = Server::start(behaviour()).await;
    let one = [&ARGUMENTS[..], &["--token-file", &ingest]].concat();
    let ended = run_against(&server, &one).await;
    assert_eq!((ended.code, &ended.report()["acknowledged"]), (1, &50.into()));
    assert!(ended.stderr.contains("the query server answered 401"), "{}", ended.stderr);

    let server = Server::start(behaviour()).await;
    let ended = run_against(&server, &ARGUMENTS).await;
    assert_eq!((ended.code, &ended.report()["rejected"]), (1, &50.into()));
    assert!(ended.stderr.contains("401 Unauthorized: A token is needed."), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_certificate_of_ones_own_authority_is_trusted_where_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = self_signed(folder.path());
    let tls = || Some(Tls::open(&certificate, &key).unwrap());
    let authority = certificate.to_str().unwrap();

    let server = Server::start(Behaviour { tls: tls(), ..Behaviour::default() }).await;
    let trusting = [&ARGUMENTS[..], &["--ca-file", authority]].concat();
    let ended = run_against(&server, &trusting).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.report()["verified"], 50);

    let server = Server::start(Behaviour { tls: tls(), ..Behaviour::default() }).await;
    let ended = run_against(&server, &ARGUMENTS).await;
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(ended.stderr.contains("certificate"), "{}", ended.stderr);
    assert!(server.entries().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_missing_is_a_wrong_command_line() {
    let server = Server::start(Behaviour::default()).await;
    let ended = run_against(&server, &["--token-file", "no-such-file"]).await;
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("failed to read --token-file no-such-file"), "{}", ended.stderr);
}

fn self_signed(folder: &Path) -> (PathBuf, PathBuf) {
    let arguments = "req -x509 -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10 \
                     -subj /CN=both -addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:localhost \
                     -keyout tls.key -out tls.crt";
    let output = Command::new("openssl").current_dir(folder).args(arguments.split_whitespace()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (folder.join("tls.crt"), folder.join("tls.key"))
}
