//! Access as the process's flags set it.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::{PASSWORD, TOKEN, hash, pair};
use crate::process::{Process, command_as_given, free_port};

/// What was logged by a process that ends by itself.
fn refusal(data: &Path, flags: &[&str]) -> String {
    let mut command = command_as_given(data, free_port(), free_port());
    let output = command.args(flags).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    let last: Value = serde_json::from_str(log.trim_end().lines().last().unwrap()).unwrap();
    assert_eq!(last["message"], "the query server ended with an error");
    last["error"].as_str().unwrap().to_owned()
}

#[test]
fn it_does_not_start_before_it_is_told_who_may_search() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let error = refusal(folder.path(), &[]);
    assert!(error.starts_with("no access policy: "), "{error}");
    for way in ["--users-file FILE", "--tokens-file FILE", "--insecure"] {
        assert!(error.contains(way), "{error}");
    }
    assert_eq!(error.lines().count(), 1);
    let error = refusal(folder.path(), &["--insecure", "--users-file", &at("users")]);
    assert!(error.starts_with("--insecure and --users-file exclude each other: leave out"), "{error}");
    let error = refusal(folder.path(), &["--users-file", &at("users")]);
    assert!(
        error.starts_with(&format!("failed to load the access policy: failed to read {}", at("users"))),
        "{error}"
    );
    std::fs::write(at("users"), "ada:secret").unwrap();
    let error = refusal(folder.path(), &["--users-file", &at("users")]);
    assert!(error.contains(": line 1: the hash of ada is none") && !error.contains("secret"), "{error}");
}

#[test]
fn a_password_is_hashed_from_standard_input() {
    let run = |password: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logpipeline-query"));
        command.arg("hash-password").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, hash, error) = run("correct horse\r\n");
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(
        hash.starts_with("$argon2id$v=19$") && hash.ends_with('\n') && hash.lines().count() == 1,
        "{hash}"
    );
    let (code, hash, error) = run("short\n");
    assert_eq!((code, hash.as_str()), (1, ""));
    assert!(error.starts_with("the password has fewer than 8 characters"), "{error}");
}

/// The flags of a server with a user and a token.
fn known(folder: &TempDir) -> Vec<String> {
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("users"), format!("ada:{}", hash(PASSWORD))).unwrap();
    std::fs::write(at("tokens"), format!("grafana:{TOKEN}")).unwrap();
    std::fs::write(at("key"), "0123456789abcdef0123456789abcdef\n").unwrap();
    let flag = |flag: &str, name: &str| format!("--{flag}-file={}", at(name));
    vec![flag("users", "users"), flag("tokens", "tokens"), flag("session-key", "key")]
}

async fn start(folder: &TempDir, flags: &[String]) -> Process {
    let with = |data: &Path, api: SocketAddr, admin: SocketAddr| {
        let mut command = command_as_given(data, api, admin);
        command.args(flags).stderr(Stdio::piped());
        command
    };
    Process::spawn(with, folder.path()).await
}

/// Signs in at one replica, searches at the other with the cookie; the statuses.
async fn at_two(one: &str, other: &str, client: &Client) -> [u16; 2] {
    let body = json!({ "user": "ada", "password": PASSWORD }).to_string();
    let request = client.post(format!("{one}/api/v1/session")).header("content-type", "application/json");
    let signed_in = request.body(body).send().await.unwrap();
    let search = client.get(format!("{other}/api/v1/search")).header("cookie", pair(&signed_in));
    [signed_in.status().as_u16(), search.send().await.unwrap().status().as_u16()]
}

#[tokio::test]
async fn replicas_with_one_key_share_sessions_and_no_secret_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let flags = known(&folder);
    let (mut one, other) = (start(&folder, &flags).await, start(&folder, &flags).await);
    let client = Client::new();
    let url = |process: &Process| format!("http://{}", process.api);
    assert_eq!(at_two(&url(&one), &url(&other), &client).await, [200, 200]);
    let alone = start(&folder, &flags[..2]).await;
    assert_eq!(at_two(&url(&one), &url(&alone), &client).await, [200, 401], "its key is its own");
    for body in
        [json!({ "user": PASSWORD, "password": "ada" }), json!({ "user": "ada", "password": "a wrong one" })]
    {
        let request = client.post(format!("{}/api/v1/session", url(&one)));
        let answer = request.header("content-type", "application/json").body(body.to_string()).send().await;
        assert_eq!(answer.unwrap().status(), 401);
    }
    let answer = client.get(format!("{}/api/v1/search", url(&one))).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(answer.status(), 200);

    let mut log = String::new();
    let mut stderr = one.child.stderr.take().unwrap();
    one.terminate();
    stderr.read_to_string(&mut log).unwrap();
    assert!(log.contains("\"signed in\"") && log.contains("an attempt to sign in failed"), "{log}");
    for secret in [PASSWORD, TOKEN, "a wrong one", "argon2id", "0123456789abcdef", "--insecure"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn a_server_that_asks_nobody_says_it_aloud_in_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = start(&folder, &["--insecure".to_owned()]).await;
    let mut log = String::new();
    let mut stderr = process.child.stderr.take().unwrap();
    process.terminate();
    stderr.read_to_string(&mut log).unwrap();
    let warning = log.lines().find(|line| line.contains("--insecure")).unwrap();
    let warning: Value = serde_json::from_str(warning).unwrap();
    assert_eq!(warning["level"], "WARN");
    assert!(
        warning["message"].as_str().unwrap().contains("anybody who reaches this address can read these logs")
    );
}

#[tokio::test]
async fn people_sign_in_over_https() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = "req -x509 -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10 \
                   -subj /CN=query -addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:localhost \
                   -keyout tls.key -out tls.crt";
    let made =
        Command::new("openssl").current_dir(&folder).args(openssl.split_whitespace()).output().unwrap();
    assert!(made.status.success());
    let mut flags = known(&folder);
    let at = |name: &str| folder.path().join(name).display().to_string();
    flags.push(format!("--tls-certificate-file={}", at("tls.crt")));
    let error = refusal(folder.path(), &flags.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(error.starts_with("--tls-certificate-file needs --tls-key-file"), "{error}");
    flags.push(format!("--tls-key-file={}", at("tls.key")));
    let process = start(&folder, &flags).await;
    let certificate = Certificate::from_pem(&std::fs::read(at("tls.crt")).unwrap()).unwrap();
    let client = Client::builder().add_root_certificate(certificate).build().unwrap();
    let url = format!("https://localhost:{}", process.api.port());
    assert_eq!(at_two(&url, &url, &client).await, [200, 200]);
    let plain = reqwest::get(format!("http://{}/api/v1/session", process.api)).await.unwrap();
    assert_eq!(plain.status(), 400);
}
