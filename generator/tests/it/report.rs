//! The report, the summary, and the exit codes.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::fake::{Behaviour, Server};
use crate::process::{Ended, command, finish, run, run_against};

const README: &str = include_str!("../../README.md");

fn paths(value: &Value, prefix: &str, into: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().unwrap() {
        let path = format!("{prefix}{name}");
        match value {
            Value::Object(_) => paths(value, &format!("{path}."), into),
            _ => drop(into.insert(path)),
        }
    }
}

/// The members in a section's table.
pub(crate) fn documented(section: &str) -> BTreeSet<String> {
    let (_, section) = README.split_once(&format!("## {section}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let names = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    names.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_has_the_members_that_the_readme_documents() {
    let server = Server::start(Behaviour::default()).await;
    let ended = run_against(&server, &["--rate", "500", "--duration", "500ms", "--verify"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let mut written = BTreeSet::new();
    paths(&ended.report(), "", &mut written);
    assert_eq!(written, documented("The report"));
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_the_report_agree_with_what_happened() {
    let server = Server::start(Behaviour::default()).await;
    let ended = run_against(
        &server,
        &["--rate", "200", "--duration", "1s", "--seed", "9", "--run-id", "r-1", "--verify"],
    )
    .await;
    let report = ended.report();
    for (name, value) in [
        ("run", Value::from("r-1")),
        ("mode", "run".into()),
        ("seed", 9.into()),
        ("sent", 200.into()),
        ("acknowledged", 200.into()),
        ("rejected", 0.into()),
        ("failed", 0.into()),
        ("unsent", 0.into()),
        ("retried", 0.into()),
        ("verified", 200.into()),
        ("lost", 0.into()),
        ("duplicated", 0.into()),
        ("corrupted", 0.into()),
        ("unacknowledgedFound", 0.into()),
        ("alreadyStored", 0.into()),
        ("ok", true.into()),
    ] {
        assert_eq!(report[name], value, "{name}");
    }
    assert_eq!(report["rate"]["asked"], 200.0);
    let latency = |name: &str| report["latencyMs"][name].as_f64().unwrap();
    assert!(latency("p50") > 0.0 && latency("p50") <= latency("p99") && latency("p99") <= latency("max"));
    assert_eq!(report["bytes"]["entries"], server.body_bytes());
    assert_eq!(report["bytes"]["wire"], server.body_bytes());
    // With the report on standard output, the summary is on standard error.
    assert!(ended.stderr.contains("run r-1: 200 sent, 200 acknowledged"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_file_is_written_and_the_summary_is_one_line_of_the_log() {
    let server = Server::start(Behaviour::default()).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("report.json");
    std::fs::write(&file, "older and longer than the new one".repeat(200)).unwrap();
    let url = server.url();
    let ended = run(&[
        "run",
        "--target",
        &url,
        "--rate",
        "0",
        "--duration",
        "0",
        "--count",
        "50",
        "--report",
        file.to_str().unwrap(),
    ])
    .await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    let last: Value = serde_json::from_str(ended.stderr.lines().last().unwrap()).unwrap();
    let summary = last["message"].as_str().unwrap();
    assert!(summary.contains(": 50 sent, 50 acknowledged") && summary.ends_with(": ok"), "{summary}");
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!((&report["sent"], &report["verified"]), (&Value::from(50), &Value::Null));
}

/// The keys of a JSON object as they are written, which a parser that takes the last of twins would hide.
fn keys(line: &str) -> Vec<String> {
    struct Keys(Vec<String>);
    impl<'de> serde::Deserialize<'de> for Keys {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Keys;
                fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    formatter.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                    let mut keys = Vec::new();
                    while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                        keys.push(key);
                    }
                    Ok(Keys(keys))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Keys>(line).unwrap_or_else(|error| panic!("{error}: {line}")).0
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_the_log_is_json_and_names_nothing_twice() {
    let server = Server::start(Behaviour::default()).await;
    let url = server.url();
    let ended = interrupted(&["--target", &url, "--query-url", &url, "--duration", "0", "--verify"]).await;
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.lines().count() >= 3, "{}", ended.stderr);
    for line in ended.stderr.lines() {
        let mut keys = keys(line);
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{line}");
    }
}

/// Runs until SIGTERM comes under load.
async fn interrupted(arguments: &[&str]) -> Ended {
    let child = command(arguments).spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let ended = finish(child).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_leaves_the_time_that_requests_and_verification_may_take() {
    let server = Server::start(Behaviour::default()).await;
    let url = server.url();
    let arguments = ["--target", &url, "--query-url", &url, "--duration", "0", "--timeout", "7s"];
    for (verify, seconds) in [(&[][..], 52.0), (&["--verify", "--verify-timeout", "100s"], 152.0)] {
        let ended = interrupted(&[&arguments, verify].concat()).await;
        let lines: Vec<Value> =
            ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let signal = lines.iter().find(|line| line["message"] == "shutting down").unwrap();
        assert_eq!(signal["drain_seconds"], seconds);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_exit_code_2() {
    for (arguments, hint) in [
        (&["--rate", "fast"][..], "entries a second"),
        (&["--no-such-flag"], "--no-such-flag"),
        (&["replay"], "FILE"),
        (&["replay", "/no/such/file.log"], "/no/such/file.log"),
        (&["--report", "/no/such/folder/report.json"], "/no/such/folder/report.json"),
    ] {
        let ended = run(arguments).await;
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(hint), "{arguments:?}: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_server_is_exit_code_3() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{free}");
    let ended = run(&["--target", &nobody, "--wait", "200ms"]).await;
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("failed to reach the ingestor") && ended.stderr.contains(&nobody),
        "{}",
        ended.stderr
    );
    let server = Server::start(Behaviour::default()).await;
    let ended =
        run(&["--target", &server.url(), "--query-url", &nobody, "--wait", "200ms", "--verify"]).await;
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(ended.stderr.contains("failed to reach the query server"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_can_come_from_the_environment() {
    let server = Server::start(Behaviour::default()).await;
    let child = crate::process::command(&[])
        .env("LOGPIPELINE_TARGET", server.url())
        .env("LOGPIPELINE_QUERY_URL", server.url())
        .env("LOGPIPELINE_RATE", "100")
        .env("LOGPIPELINE_DURATION", "500ms")
        .env("LOGPIPELINE_VERIFY", "true")
        .env("LOGPIPELINE_REPORT", "-")
        .spawn()
        .unwrap();
    let ended = crate::process::finish(child).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.report()["verified"], 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_of_a_run_does_not_disturb_a_replay() {
    let server = Server::start(Behaviour::default()).await;
    let child = crate::process::command(&["replay", &crate::process::fixture("dpkg.log")])
        .env("LOGPIPELINE_TARGET", server.url())
        .env("LOGPIPELINE_RATE", "100")
        .env("LOGPIPELINE_DURATION", "500ms")
        .env("LOGPIPELINE_REPORT", "-")
        .spawn()
        .unwrap();
    let ended = crate::process::finish(child).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.report();
    assert_eq!(
        (&report["sent"], &report["mode"], &report["seed"]),
        (&Value::from(3), &Value::from("replay"), &Value::Null)
    );
}
