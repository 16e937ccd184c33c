//! Who may send, and who is refused.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::eventually;
use crate::support::process::{Process, run_as_given};
use crate::support::server::{Server, ndjson};

const TOKEN: &str = "0123456789abcdef-of-shop";
const OTHER: &str = "0123456789abcdef-of-edge";

fn tokens_file(folder: &Path, content: &str) -> (PathBuf, String) {
    let path = folder.join("tokens");
    fs::write(&path, content).unwrap();
    let flag = format!("--tokens-file={}", path.display());
    (path, flag)
}

/// A server that wants a token; the folder holds its file.
async fn guarded() -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (_, flag) = tokens_file(folder.path(), &format!("shop:{TOKEN}\n"));
    (Server::start(&[&flag]).await, folder)
}

/// The only line of an ingestor that did not start.
fn last_words(folder: &Path, flags: &[&str]) -> String {
    let (status, log) = run_as_given(folder, flags);
    assert_eq!(status.code(), Some(1), "{log}");
    assert_eq!(log.trim_end().lines().count(), 1, "{log}");
    let event: Value = serde_json::from_str(&log).unwrap();
    event["error"].as_str().unwrap().to_owned()
}

#[test]
fn it_starts_only_where_it_is_said_who_may_send() {
    let folder = tempfile::tempdir().unwrap();
    let error = last_words(folder.path(), &[]);
    assert!(error.contains("--tokens-file FILE") && error.contains("--insecure"), "{error}");
    let error = last_words(folder.path(), &["--insecure", "--tokens-file=tokens"]);
    assert!(error.contains("leave out --insecure") && error.contains("or --tokens-file"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was begun");
}

#[test]
fn a_tokens_file_that_is_of_no_use_is_named_with_its_line_and_without_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let (path, flag) = tokens_file(folder.path(), &format!("shop:{TOKEN}\nsecret\n"));
    let error = last_words(&folder.path().join("data"), &[&flag]);
    assert!(error.starts_with("failed to load the access policy: "), "{error}");
    assert!(error.contains(&format!("{}: line 2: there is no colon", path.display())), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn without_tokens_the_log_says_aloud_what_anybody_may_do() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[]);
    let log = process.log.lock().unwrap().join("\n");
    let warning = log.lines().find(|line| line.contains("\"WARN\"")).unwrap();
    assert!(
        warning.contains("started with --insecure: anybody who reaches this address can send"),
        "{warning}"
    );
    assert!(warning.contains(&process.address.to_string()), "{warning}");
}

#[tokio::test]
async fn every_path_that_takes_or_tells_of_entries_wants_a_token() {
    let (server, _folder) = guarded().await;
    let bearer = |token: &str| format!("Bearer {token}");
    let ways = [None, Some(bearer("another-token-0123456789")), Some(bearer("")), Some(TOKEN.to_owned())];
    for way in &ways {
        let headers: Vec<(&str, &str)> = way.iter().map(|way| ("authorization", way.as_str())).collect();
        for path in ["/", "/ingest", "/logs", "/api/v1/logs"] {
            let answer = server.post_to(path, &headers, ndjson("refused", 3)).await;
            assert_eq!((answer.status, answer.kind()), (401, "unauthorized"), "{path} {way:?}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
        let answer = server.get("/api/v1/delivery", &headers).await;
        assert_eq!((answer.status, answer.kind()), (401, "unauthorized"), "{way:?}");
    }
    assert_eq!(server.metric("logpipeline_ingestor_requests_total{outcome=\"unauthorized\"}").await, 16.0);

    // "anybody:" and the token.
    let basic = "Basic YW55Ym9keTowMTIzNDU2Nzg5YWJjZGVmLW9mLXNob3A=";
    for (count, way) in [(1, bearer(TOKEN)), (2, basic.to_owned())] {
        let headers = [("authorization", way.as_str())];
        let answer = server.post_to("/logs", &headers, ndjson("taken", 1)).await;
        assert_eq!((answer.status, &answer.body["accepted"]), (202, &Value::from(1)));
        assert_eq!(server.get("/api/v1/delivery", &headers).await.body["received"], count);
    }
}

#[tokio::test]
async fn the_admin_port_tells_how_many_entries_there_are_without_a_token() {
    let (server, _folder) = guarded().await;
    let headers = [("authorization", &*format!("Bearer {TOKEN}"))];
    assert_eq!(server.post_to("/logs", &headers, "{\"message\":\"for no one else\"}").await.status, 202);
    let settled = async || {
        let (status, text) = server.admin("/delivery").await;
        assert_eq!(status, 200);
        assert!(!text.contains("for no one else"), "{text}");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    eventually("the entry is stored", async || settled().await["stored"] == 1).await;
    let mut same = server.get("/api/v1/delivery", &headers).await.body;
    let mut figures = settled().await;
    // The moment of reading may show here, and nowhere else.
    for figures in [&mut same, &mut figures] {
        figures.as_object_mut().unwrap().remove("oldestWaitingSeconds");
    }
    assert_eq!(figures, same);
    assert_eq!(server.admin("/readyz").await.0, 200);
}

#[tokio::test]
async fn who_has_no_token_is_answered_before_the_body_is_read() {
    let (server, _folder) = guarded().await;
    let begun = Instant::now();
    for expectation in ["", "Expect: 100-continue\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!("POST /logs HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n{expectation}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 401", "{expectation}");
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(server.metric("logpipeline_ingestor_in_flight_bytes").await, 0.0);
    // Who sends all the same gets to read the answer.
    let answer = server.post(vec![b'x'; 30 << 20]).await;
    assert_eq!((answer.status, answer.kind()), (401, "unauthorized"));
}

#[tokio::test]
async fn a_token_that_is_replaced_while_it_runs_opens_no_more_and_the_new_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // As Kubernetes writes a Secret: the link is swapped, and what it led to goes.
    let write = |version: &str, content: String| {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("tokens"), content).unwrap();
        symlink(version, at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
    };
    write("..1", format!("shop:{TOKEN}\n"));
    symlink("..data/tokens", at("tokens")).unwrap();
    let process = Process::start(&at("data"), &[&format!("--tokens-file={}", at("tokens").display())]);
    let client = reqwest::Client::new();
    let post = async |token: &str| {
        let request = client.post(format!("http://{}/logs", process.address)).bearer_auth(token);
        request.body("{\"message\":\"m\"}").send().await.unwrap().status().as_u16()
    };
    assert_eq!((post(TOKEN).await, post(OTHER).await), (202, 401));
    write("..2", format!("edge:{OTHER}\n"));
    fs::remove_dir_all(at("..1")).unwrap();
    eventually("the new token is taken", async || post(OTHER).await == 202).await;
    assert_eq!(post(TOKEN).await, 401);
    // A mistake is warned of, once, and shuts nobody out.
    write("..3", "edge\n".to_owned());
    let warnings = || {
        let log = process.log.lock().unwrap();
        log.iter().filter(|line| line.contains("line 1: there is no colon")).count()
    };
    eventually("the mistake is warned of", async || warnings() > 0).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!((warnings(), post(OTHER).await), (1, 202));
    let log = process.log.lock().unwrap().join("\n");
    assert!(!log.contains(TOKEN) && !log.contains(OTHER), "{log}");
    assert!(!log.contains("--insecure"), "{log}");
}
