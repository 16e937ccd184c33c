//! Real formats, end to end.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::fake::{Behaviour, Server};
use crate::process::{command, finish, fixture, run_against};

/// Replays one fixture with verification, and returns its entries without the tags.
async fn replayed(name: &str) -> Vec<Value> {
    let server = Server::start(Behaviour::default()).await;
    let path = fixture(name);
    let ended = run_against(&server, &["replay", &path, "--verify", "--verify-timeout", "5s"]).await;
    assert_eq!(ended.code, 0, "{name}: {}", ended.stderr);
    let mut entries = server.entries();
    for entry in &mut entries {
        let metadata = entry["metadata"].as_object_mut().unwrap();
        assert_eq!(metadata.shift_remove("file"), Some(Value::from(path.as_str())));
        for tag in ["run", "seq", "check"] {
            assert!(metadata.shift_remove(tag).is_some());
        }
    }
    entries
}

/// Level, timestamp, resource, message.
fn heads(entries: &[Value]) -> Vec<[&str; 4]> {
    entries
        .iter()
        .map(|entry| {
            ["level", "timestamp", "resourceId", "message"].map(|name| entry[name].as_str().unwrap_or(""))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_format() {
    let entries = replayed_lossless("own.ndjson").await;
    assert_eq!(entries.len(), 3);
    let sample = &entries[0];
    assert!(sample.starts_with(r#"{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234","timestamp":"2023-09-15T08:00:00Z","traceId":"abc-xyz-123","spanId":"span-456","commit":"5e5342f","metadata":{"#), "{sample}");
    assert!(sample.contains(r#""parentResourceId":"server-0987""#), "{sample}");
    assert!(
        !entries[1].contains("\"timestamp\"") && entries[1].contains("\"resourceId\":\"own.ndjson\""),
        "{}",
        entries[1]
    );
    assert!(
        entries[2].contains(r#""exp":1e999"#)
            && entries[2].contains("123456789012345678901234567890")
            && entries[2].contains("12.50"),
        "{}",
        entries[2]
    );
}

/// The lines as they would be sent, without a JSON parser between.
async fn replayed_lossless(name: &str) -> Vec<String> {
    use logpipeline_generator::replay::{Offset, Replay, ReplayOptions};
    use logpipeline_generator::source::{Next, Source};

    let options = ReplayOptions {
        run: "r".to_owned(),
        files: vec![fixture(name).into()],
        resource_id: None,
        offset: Offset::default(),
        now: "2026-11-24T00:00:00Z".parse().unwrap(),
        batch_entries: 10,
        again: false,
    };
    let mut source = Replay::open(options).unwrap();
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        match source.append_next(&mut line, std::time::Duration::from_secs(1)) {
            Next::Appended => lines.push(String::from_utf8(line).unwrap()),
            Next::Waiting | Next::Cut => {}
            Next::End => return lines,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_logs_of_pino_docker_and_journald() {
    let entries = replayed("pino.ndjson").await;
    assert_eq!(
        heads(&entries),
        [
            ["info", "2026-11-23T21:55:01.123Z", "api-1", "request completed"],
            ["error", "2026-11-23T21:55:02Z", "api-1", "request failed"],
            ["", "", "pino.ndjson", r#"{"level":20,"time":1795470902"#],
        ]
    );
    assert_eq!(
        entries[0]["metadata"],
        json!({"level": 30, "line": 1, "pid": 4711, "reqId": "r-1", "responseTime": 12.5})
    );
    assert_eq!(entries[1]["metadata"]["err"]["type"], "TypeError");

    let entries = replayed("docker-json.log").await;
    assert_eq!(
        heads(&entries),
        [
            ["", "2026-11-23T22:55:01.123456789Z", "docker-json.log", "listening on :8080"],
            ["error", "2026-11-23T22:55:02Z", "docker-json.log", "ERROR cannot bind"],
        ]
    );

    let entries = replayed("journal.json").await;
    assert_eq!(
        heads(&entries),
        [
            ["6", "2026-11-23T21:55:01.123456Z", "web-1", "Started nginx.service"],
            ["3", "2026-11-23T21:55:02Z", "web-1", "bad \u{fffd}"],
        ]
    );
    assert_eq!(entries[0]["metadata"]["SYSLOG_IDENTIFIER"], "systemd");
}

#[tokio::test(flavor = "multi_thread")]
async fn syslog_of_both_standards() {
    let entries = replayed("syslog-3164.log").await;
    let october = entries[0]["timestamp"].as_str().unwrap();
    assert!(october.ends_with("-10-11T22:14:15Z"), "{october}");
    assert_eq!(entries[0]["level"], "crit");
    assert_eq!(
        entries[0]["metadata"],
        json!({"facility": 4, "severity": "crit", "line": 1, "process": {"name": "su", "pid": 230}})
    );
    assert_eq!(entries[1]["message"], "(root) CMD (test -x /usr/sbin/anacron)");
    assert_eq!(
        heads(&entries)[2],
        [
            "error",
            "2026-11-03T03:05:07.000001Z",
            "web-1",
            "error: kex_exchange_identification: Connection closed"
        ]
    );

    let entries = replayed("syslog-5424.log").await;
    assert_eq!(
        heads(&entries),
        [
            ["notice", "2003-10-11T22:14:15.003Z", "mymachine.example.com", "An application event log entry"],
            ["err", "2026-11-23T22:55:01Z", "web-1", "payment failed"],
        ]
    );
    assert_eq!(
        entries[0]["metadata"]["structuredData"],
        json!({"exampleSDID@32473": {"eventSource": "Application", "iut": "3"}})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn package_managers() {
    let entries = replayed("dpkg.log").await;
    assert_eq!(
        heads(&entries),
        [
            ["", "2026-09-22T04:55:01Z", "dpkg.log", "startup archives unpack"],
            ["", "2026-09-22T04:55:01Z", "dpkg.log", "install libssl3:amd64 <none> 3.0.17-1"],
            ["", "2026-09-22T04:55:02Z", "dpkg.log", "status installed libssl3:amd64 3.0.17-1"],
        ]
    );

    let entries = replayed("apt-history.log").await;
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["level"], "info");
    assert_eq!(entries[0]["timestamp"], "2026-09-22T04:54:58Z");
    assert_eq!(entries[0]["message"].as_str().unwrap().lines().count(), 5);
    assert_eq!(
        entries[0]["metadata"],
        json!({"apt": {"commandLine": "apt-get install -y libssl3", "ended": "2026-09-22T04:55:03Z", "requestedBy": "deploy (1000)"}, "line": 2})
    );
    assert_eq!((&entries[1]["level"], &entries[1]["metadata"]["line"]), (&json!("error"), &json!(8)));
}

#[tokio::test(flavor = "multi_thread")]
async fn access_logs_klog_and_logfmt() {
    let entries = replayed("access.log").await;
    let levels: Vec<[&str; 2]> = heads(&entries).iter().map(|head| [head[0], head[1]]).collect();
    assert_eq!(
        levels,
        [
            ["info", "2026-11-23T22:55:01Z"],
            ["error", "2026-11-23T22:55:02Z"],
            ["warn", "2026-11-23T22:55:03Z"]
        ]
    );
    assert_eq!(entries[1]["metadata"]["http"]["status"], 502);
    assert_eq!(entries[0]["metadata"]["http"]["user"], "alice");

    let entries = replayed("klog.log").await;
    assert_eq!(entries[0]["level"], "info");
    assert_eq!(entries[1]["message"], "failed to list *v1.Pod: connection refused");
    assert!(entries[1]["timestamp"].as_str().unwrap().ends_with("-11-03T22:55:02.500Z"), "{}", entries[1]);

    let entries = replayed("logfmt.log").await;
    assert_eq!(
        heads(&entries),
        [
            ["info", "2026-11-23T22:55:01Z", "logfmt.log", "listening"],
            ["error", "2026-11-23T21:55:02.500Z", "logfmt.log", "query failed: \"timeout\""],
        ]
    );
    assert_eq!(entries[1]["traceId"], "4bf92f3577b34da6");
    assert_eq!(entries[1]["metadata"]["duration_ms"], 1_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn stack_traces_are_one_entry_with_the_line_that_logs_them() {
    let entries = replayed("java.log").await;
    assert_eq!(entries.len(), 3);
    let error = entries[1]["message"].as_str().unwrap();
    assert!(
        error.starts_with("[http-1] com.shop.Checkout - Order 4711 failed\njava.lang.Illegal"),
        "{error}"
    );
    assert!(error.ends_with("Caused by: java.sql.SQLException: deadlock\n\t... 12 more"), "{error}");
    assert_eq!(
        entries.iter().map(|entry| entry["level"].as_str().unwrap()).collect::<Vec<_>>(),
        ["info", "error", "warn"]
    );
    assert_eq!(entries[2]["metadata"]["line"], 8);

    let entries = replayed("python.log").await;
    assert_eq!(entries.len(), 2);
    assert!(entries[0]["message"].as_str().unwrap().ends_with("    self.step()\nValueError: bad state"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_without_structure_and_with_bad_bytes() {
    let entries = replayed("plain.txt").await;
    assert_eq!(
        heads(&entries),
        [
            ["", "", "plain.txt", "no structure at all"],
            ["error", "", "plain.txt", "error: something broke"],
            ["", "", "plain.txt", "bad bytes \u{fffd}\u{fffd} here\n  indented, belongs to the line above"],
            ["", "", "plain.txt", "last line without an end"],
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_and_an_offset_can_be_given_and_gzip_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dpkg.log.1.gz");
    let mut encoder =
        flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::default());
    encoder.write_all(&std::fs::read(fixture("dpkg.log")).unwrap()).unwrap();
    encoder.finish().unwrap();
    let server = Server::start(Behaviour::default()).await;
    let arguments = ["replay", path.to_str().unwrap(), "--resource-id", "server-9", "--timezone", "+02:00"];
    let ended = run_against(&server, &arguments).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let entries = server.entries();
    assert_eq!(
        heads(&entries)[2],
        ["", "2026-09-22T02:55:02Z", "server-9", "status installed libssl3:amd64 3.0.17-1"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_sent_as_it_comes() {
    let server = Server::start(Behaviour::default()).await;
    let mut child =
        command(&["replay", "-", "--target", &server.url(), "--batch-size", "1000", "--report", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"2026-11-23 22:55:01 ERROR first\n\tat frame\n").unwrap();
    stdin.flush().unwrap();
    let waited = std::time::Instant::now();
    while server.entries().is_empty() {
        assert!(waited.elapsed().as_secs() < 20, "the first entry was not sent while the stream was open");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stdin.write_all(b"2026-11-23 22:55:02 INFO second\n").unwrap();
    drop(stdin);
    let ended = finish(child).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(
        heads(&server.entries()),
        [
            ["error", "2026-11-23T22:55:01Z", "stdin", "first\n\tat frame"],
            ["info", "2026-11-23T22:55:02Z", "stdin", "second"],
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_file_is_reported_and_the_others_are_sent() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("torn.gz");
    std::fs::write(&path, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]).unwrap();
    let server = Server::start(Behaviour::default()).await;
    let ended = run_against(&server, &["replay", path.to_str().unwrap(), &fixture("dpkg.log")]).await;
    assert_eq!(ended.code, 1);
    let report = ended.report();
    assert_eq!(report["sent"], 3);
    assert!(report["problems"][0].as_str().unwrap().contains("torn.gz"), "{report}");
}

/// Replays a log that some program of this machine wrote, and checks that all of it arrived.
async fn replayed_whole(path: &str, expected: usize) -> Vec<Value> {
    assert!(expected > 0, "{path} is empty");
    let server = Server::start(Behaviour::default()).await;
    let ended = run_against(&server, &["replay", path, "--batch-size", "500", "--verify"]).await;
    assert_eq!(ended.code, 0, "{path}: {}", ended.stderr);
    assert_eq!(ended.report()["verified"], expected, "{path}");
    let entries = server.entries();
    assert!(entries.iter().all(|entry| entry["timestamp"].is_string()), "every entry of {path} has a time");
    entries
}

fn filled_lines(text: &str) -> usize {
    text.lines().filter(|line| !line.trim().is_empty()).count()
}

/// What the machine itself has logged: its package manager (they are Debian's paths) and its journal.
#[tokio::test(flavor = "multi_thread")]
async fn real_logs_of_this_machine() {
    let skip = |what: &str| writeln!(std::io::stderr(), "skipped: {what} is not on this machine").unwrap();
    let mut replayed = 0;
    for (path, stanzas) in [("/var/log/dpkg.log", false), ("/var/log/apt/history.log", true)] {
        let text = std::fs::read(Path::new(path)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let expected = if stanzas {
            text.lines().filter(|line| line.starts_with("Start-Date:")).count()
        } else {
            filled_lines(&text)
        };
        if expected == 0 {
            skip(path);
            continue;
        }
        replayed_whole(path, expected).await;
        replayed += 1;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dev/journal.sh");
    let journal = std::process::Command::new(script).arg("500").output().unwrap();
    let text = String::from_utf8_lossy(&journal.stdout).into_owned();
    if filled_lines(&text) == 0 {
        skip(&format!("a journal ({})", String::from_utf8_lossy(&journal.stderr).trim()));
    } else {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.json");
        std::fs::write(&path, &text).unwrap();
        replayed_whole(path.to_str().unwrap(), filled_lines(&text)).await;
        replayed += 1;
    }
    assert!(replayed > 0, "there is no real log on this machine: neither dpkg's, nor apt's, nor a journal");
}

/// The log of this very program: every component writes JSON lines like these.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_json_log() {
    let server = Server::start(Behaviour::default()).await;
    let mut talkative = command(&["--target", &server.url(), "--rate", "0", "--count", "20"]);
    let ended = finish(talkative.env("RUST_LOG", "debug").spawn().unwrap()).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("component.log");
    std::fs::write(&path, &ended.stderr).unwrap();
    let entries = replayed_whole(path.to_str().unwrap(), filled_lines(&ended.stderr)).await;
    let complete = |entry: &Value| entry["level"].is_string() && entry["message"].is_string();
    assert!(entries.iter().all(complete), "{entries:?}");
}
